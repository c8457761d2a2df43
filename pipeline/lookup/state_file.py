"""One small block that processes share through a file, and that nobody can hold up or spoil.

Rules:
- The block is read whole, checked, changed and written whole, under a lock that nobody waits for: who
  finds it held comes again. It holds no promise that a crash could break, so nothing is synced.
- Who finds it held for long, and the block unchanged meanwhile, puts a new file in its place, of which
  nothing is known; so does who finds it damaged, or of another version. A holder that
  was suspended then works on a file without a name, notices, and what it did there is void.
- No link is followed and nothing is waited for: what is not a plain file is refused. Its room is
  allocated when it is made.
"""

import contextlib
import errno
import fcntl
import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from typing import Final

from pipeline.errors import StorageError

__all__ = ("RECENT", "StateFile")

_HEAD: Final = Struct("=8sQQ")
_MAGIC: Final = b"msisdn\x00\x03"
"""The last byte is the version of the block."""
_STUCK: Final = 0.25
"""Seconds after which a holder that changes nothing is taken to be suspended."""
RECENT: Final = 1.01
"""Seconds after which nothing that left before, or was about to, matters to any second."""
_UNKNOWN: Final = 0
"""The count of changes in a file that took the place of another."""
_NEW: Final = 1


class StateFile:
    """`block` is what was read by the last `enter`, and what `leave` writes.

    Raises `StorageError` when the file cannot be made, read or written.
    """

    def __init__(self, path: Path, size: int, warn: Callable[[str], object]) -> None:
        self._path = path
        self._warn = warn
        self._buffer = memoryview(bytearray(_HEAD.size + size))
        self.block = self._buffer[_HEAD.size :]
        self.is_unknown = False
        """Nothing is known of what was done before: set by `enter`."""
        self._lost = False
        self._changes = 0
        self._busy_since: float | None = None
        self._entered = self._written = -1e9
        self._fd = self._folder = -1
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._open(_NEW)
        except OSError as error:
            self.close()
            raise self._error(error) from None
        except StorageError:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<StateFile {self._path}, {self._changes} changes>"

    def close(self) -> None:
        """Let go of the file. A second call does nothing."""
        for fd in (self._fd, self._folder):
            if fd >= 0:
                os.close(fd)
        self._fd = self._folder = -1

    def enter(self, now: float) -> bool:
        """Lock and read the block; false where that cannot be at once: come again a little later."""
        try:
            if not self._lock(now):
                return False
            if not self._read():
                self._lost = self._lost or now - self._written < RECENT
                if os.fstat(self._fd).st_nlink:
                    self._tell_damage()
                    self._replace()
                else:  # somebody else has seen to it
                    self._open(_UNKNOWN)
                return False
        except OSError as error:
            raise self._error(error) from None
        self.is_unknown = self._changes == _UNKNOWN or self._lost
        self._lost, self._entered = False, now
        return True

    def leave(self) -> bool:
        """Write the block and unlock it; false where what was done is void.

        So it is where the file's place was taken, or it was deleted, before or meanwhile.
        """
        self._changes += 1
        _HEAD.pack_into(self._buffer, 0, _MAGIC, 0, self._changes)
        _HEAD.pack_into(self._buffer, 0, _MAGIC, self._sum(), self._changes)
        try:
            os.pwrite(self._fd, self._buffer, 0)
            if os.fstat(self._fd).st_nlink:
                fcntl.flock(self._fd, fcntl.LOCK_UN)
                self._written = self._entered
                return True
            # The successor does not know what left a moment ago.
            self._lost = self._lost or self._entered - self._written < RECENT
            self._open(_UNKNOWN)
        except OSError as error:
            raise self._error(error) from None
        return False

    def _lock(self, now: float) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            head = os.pread(self._fd, _HEAD.size, 0)
            changes = _HEAD.unpack(head)[2] if len(head) == _HEAD.size else -1
            if self._busy_since is None or changes != self._changes:
                self._changes, self._busy_since = changes, now
            elif now - self._busy_since > _STUCK:
                self._busy_since = None
                self._replace()
            return False
        self._busy_since = None
        return True

    def _tell_damage(self) -> None:
        self._warn(
            f"{self._path}: the state shared by jobs of one account is damaged or of another version;"
            " it is made anew, and a second is waited so that no rate is exceeded"
        )

    def _read(self) -> bool:
        """Read the block; false where it is none."""
        if os.preadv(self._fd, [self._buffer], 0) < len(self._buffer):
            return False
        magic, checksum, self._changes = _HEAD.unpack_from(self._buffer)
        return bool(magic == _MAGIC and checksum == self._sum())

    def _sum(self) -> int:
        return zlib.crc32(self._buffer[16:])

    def _open(self, changes: int) -> None:
        """Open the file under this name, or make one that counts from `changes`."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._fd = os.open(self._path.name, flags, dir_fd=self._folder)
        except FileNotFoundError:
            self._make(changes, replace=False)
            self._fd = os.open(self._path.name, flags, dir_fd=self._folder)
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")

    def _replace(self) -> None:
        """Put a file in its place of which nothing is known, unless somebody else just did."""
        with contextlib.suppress(FileNotFoundError):
            here = os.stat(self._path.name, dir_fd=self._folder, follow_symlinks=False)
            if os.path.samestat(here, os.fstat(self._fd)):
                self._make(_UNKNOWN, replace=True)
        self._open(_UNKNOWN)

    def _make(self, changes: int, *, replace: bool) -> None:
        """Make a whole file with all its room, and give it its name in one step."""
        name = f".{self._path.name}-{os.getpid()}"
        buffer = bytearray(len(self._buffer))
        _HEAD.pack_into(buffer, 0, _MAGIC, 0, changes)
        _HEAD.pack_into(buffer, 0, _MAGIC, zlib.crc32(memoryview(buffer)[16:]), changes)
        with contextlib.suppress(FileNotFoundError):  # of a process that was killed here
            os.unlink(name, dir_fd=self._folder)
        fd = os.open(
            name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._folder
        )
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(fd, 0, len(buffer))
            os.pwrite(fd, buffer, 0)
            self._name(name, replace=replace)
        finally:
            os.close(fd)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._folder)

    def _name(self, name: str, *, replace: bool) -> None:
        folder = self._folder
        if not replace:
            try:
                os.link(name, self._path.name, src_dir_fd=folder, dst_dir_fd=folder)
            except FileExistsError:  # another job was first
                return
            except OSError:  # a file system without links
                pass
            else:
                return
        os.rename(name, self._path.name, src_dir_fd=folder, dst_dir_fd=folder)

    def _error(self, error: OSError) -> StorageError:
        reason = {
            errno.ELOOP: "it is a link, which is not followed: remove it",
            errno.EISDIR: "it is a directory: remove it",
            errno.ENXIO: "it is no plain file: remove it",
            errno.EINVAL: "it is no plain file: remove it",
            errno.ENOSPC: "the disk is full: free some space",
        }.get(error.errno or 0, f"{error.strerror or error}")
        return StorageError(
            f"{self._path}: the state shared by jobs of one account cannot be used: {reason}, or"
            " choose another place with --state-dir"
        )
