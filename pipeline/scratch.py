"""A temporary directory that does not outlive its use for long, even when its process is killed.

Rules: its lock is the kernel's, so a dead process holds none; whoever comes next removes what is
ours and not locked. It is ours if a file in it says so of this very directory, never by its name alone.
It gets its name only when it is locked and marked.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ("scratch",)

_NAMED = "msisdn-"
_MARK = ".made-by-msisdn"
"""A file that holds the numbers of the directory that it is in."""


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty directory of this user alone; it is removed at the end, and leftovers at once."""
    folder = Path(tempfile.gettempdir())
    _sweep(folder)
    made = Path(tempfile.mkdtemp(prefix=f".{_NAMED}", dir=folder))
    held = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # no locks here: then nobody sweeps either
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (made / _MARK).write_text(_said_of(held), "ascii")
        made = made.rename(folder / made.name[1:])
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(held)


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{_NAMED}*"):
        with suppress(OSError):
            about = left.lstat()
            ours = stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()
            if ours and not stat.S_IMODE(about.st_mode) & 0o077:
                _remove(left)


def _remove(left: Path) -> None:
    """Remove a directory that is ours, unless somebody works in it. `rmtree` follows no links."""
    fd = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_marked(left, fd):
            return
        for inside in left.iterdir():  # the mark last, for whoever comes next
            if inside.is_dir() and not inside.is_symlink():
                shutil.rmtree(inside, ignore_errors=True)
            elif inside.name != _MARK:
                inside.unlink()
        shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(fd)


def _is_marked(left: Path, fd: int) -> bool:
    mark = os.open(left / _MARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(mark, "rb") as file:
        return file.read(100) == _said_of(fd).encode()


def _said_of(directory: int) -> str:
    about = os.fstat(directory)
    return f"{about.st_dev} {about.st_ino}"
