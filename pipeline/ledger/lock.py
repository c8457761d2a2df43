"""One run at a time on an output directory.

Rules:
- The lock is the kernel's (flock), on the directory itself: no file is left behind, and a dead
  process holds nothing. The descriptor is not inherited; workers are started afresh, never forked.
- Where directories cannot be locked (some network file systems), the file `.lock` in it is.
- Who holds it is told by `owner.json`, which is only words for the message and locks nothing.
"""

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import CheckpointError, LockedError, StorageError
from pipeline.ledger.files import Files, read_json, storage_error
from pipeline.ledger.records import Identity, Owner

__all__ = ("Lock", "hold", "holder")

_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
_UNSUPPORTED = {errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}


class Lock:
    """A held lock. Used as a context, or released with `release`."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    def release(self) -> None:
        """Let others in. A second call does nothing."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<Lock on {self.path}, {'held' if self._fd >= 0 else 'released'}>"


def hold(out: Path, files: Files) -> Lock:
    """Lock an output directory, which is made if it is not there.

    Raises `LockedError`, which says who holds it, or `StorageError`.
    """
    files.make_directory(out)
    lock = _lock(out, out, os.O_RDONLY | os.O_DIRECTORY)
    if lock is None:
        name = out / ".lock"
        lock = _lock(out, name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    if lock is None:
        raise StorageError(
            f"{out}: its file system has no locks, so two runs could spoil each other: choose an"
            " --out on a local disk"
        )
    return lock


def _lock(out: Path, path: Path, flags: int) -> Lock | None:
    """Lock `path`; None where its file system cannot."""
    try:
        fd = os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error("lock", path, error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if error.errno in _UNSUPPORTED:
            return None
        if error.errno in _HELD:
            raise LockedError(_who(out)) from None
        raise storage_error("lock", path, error) from error
    return Lock(out, fd)


def _who(out: Path) -> str:
    return (
        f"{out}: another run holds this output ({_owner(out)}): wait for it to end, or choose"
        " another --out"
    )


def _owner(out: Path) -> str:
    """Who left word of working here; the words may be older than the lock."""
    try:
        owner = read_json(out / ".checkpoint" / "owner.json", Owner)
    except (CheckpointError, StorageError):
        return "another process"
    if owner.run_id != _run_id(out) or (
        owner.host == os.uname().nodename and not _is_alive(owner.pid)
    ):
        return "another process"
    return f"process {owner.pid} on {owner.host}, since {owner.since}"


def _run_id(out: Path) -> str:
    """Of the run that is here; empty where none can be read."""
    try:
        return read_json(out / ".checkpoint" / "run.json", Identity).run_id
    except (CheckpointError, StorageError):
        return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def holder(out: Path) -> str:
    """Who works on an output directory now, in words; empty for nobody. Disturbs no one."""
    try:
        fd = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return _owner(out) if error.errno in _HELD else ""
    finally:
        os.close(fd)
    return ""
