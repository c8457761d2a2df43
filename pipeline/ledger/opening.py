"""How a file of our own is opened to be read: that file itself, and nothing else.

Rule: no link is followed and no pipe, device or socket is opened, whatever lies under the name. This
program never makes one there, and a pipe that nobody writes to would be waited for without end.
"""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from pipeline.errors import CheckpointError
from pipeline.ledger.nofollow import open_nofollow

__all__ = ("DESCRIPTORS", "open_own")

_NOT_A_FILE = {errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR}
"""What the system says of links (Linux, FreeBSD), of sockets, and of directories."""


DESCRIPTORS = Path("/dev/fd")
"""Files that have no name are known by these paths, to the process that holds them."""


def open_own(path: Path) -> BufferedReader:
    """Open a regular file.

    Raises `CheckpointError` where a link, a directory or the like has its name, and `OSError`.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags) if path.parent == DESCRIPTORS else open_nofollow(path, flags)
    except OSError as error:
        if error.errno in _NOT_A_FILE:
            raise _foreign(path) from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _foreign(path)
    return os.fdopen(fd, "rb")


def _foreign(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path}: it is a link, a folder or the like, where this program keeps a file: move it"
        " away, and put the file back"
    )
