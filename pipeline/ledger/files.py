"""The one seam for everything that must survive a crash: each durable file operation goes through it.

Rules:
- Every operation is one call of `Files.perform`, so that a test can fail the n-th one, end the
  process there, or note what was not yet synced.
- A file appears under its final name only complete: temporary name in the same directory, fsync,
  read back, rename, fsync of the directory. `publish` is the only way to make one, a journal
  (journal.py) the only file that grows.
- No link is followed, neither at the end of a path nor on the way to it (nofollow.py).
- A failed fsync is never tried again: afterwards the kernel may call lost pages clean
  (PostgreSQL's lesson of 2018), so the error ends the run.
- What it makes belongs to its owner alone (files 0600, directories 0700): the lists are personal
  data.
"""

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import msgspec

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.failures import storage_error
from pipeline.ledger.nofollow import (
    is_directory,
    kept_in,
    mode_of,
    not_a_directory,
    open_nofollow,
    parent_of,
)
from pipeline.ledger.opening import open_own

__all__ = (
    "Files",
    "Written",
    "from_json",
    "read_bytes",
    "read_json",
    "sha256_of",
    "storage_error",
    "to_json",
)

T = TypeVar("T")

_BUFFER = 1 << 20


class Written(NamedTuple):
    """A file that is complete under its final name."""

    size: int
    sha256: str


class Files:
    """Durable file operations on the local file system. It holds no state.

    Every method raises `StorageError`, which names the path and what to do about it.
    """

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        """Carry out one operation on `path`. The place to count, to fail and to stop in tests."""
        try:
            return call()
        except OSError as error:
            raise storage_error(operation, path, error) from error

    # One system call each

    def create(self, path: Path) -> int:
        """Open a new, empty file for writing; what a dead process left there is cleared."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        return self.perform("create", path, lambda: open_nofollow(path, flags))

    def open_to_append(self, path: Path) -> int:
        """Open an existing file; every write goes to its end."""
        return self.perform("open", path, lambda: open_nofollow(path, os.O_WRONLY | os.O_APPEND))

    def write(self, fd: int, data: bytes | memoryview, path: Path) -> None:
        """Write all of `data`: normally one system call, more where the kernel takes less."""
        left = memoryview(data)
        while left:
            rest = left
            left = left[self.perform("write", path, lambda rest=rest: os.write(fd, rest)) :]  # type: ignore[misc]

    def truncate(self, fd: int, size: int, path: Path) -> None:
        """Cut a file to `size` bytes."""
        self.perform("truncate", path, lambda: os.ftruncate(fd, size))

    def fsync(self, fd: int, path: Path) -> None:
        """Return when data and metadata of the file are on the device."""
        self.perform("fsync", path, lambda: os.fsync(fd))

    def fdatasync(self, fd: int, path: Path) -> None:
        """Return when the data of the file, and its size, are on the device."""
        sync = getattr(os, "fdatasync", os.fsync)  # macOS has none
        self.perform("fdatasync", path, lambda: sync(fd))

    def close(self, fd: int, path: Path) -> None:
        """Close a file; some file systems report a failed write only here."""
        self.perform("close", path, lambda: os.close(fd))

    def rename(self, path: Path, target: Path) -> None:
        """Give a file or directory its new name, in place of what had it before."""

        def rename() -> None:
            with parent_of(path) as (here, name), parent_of(target) as (there, new):
                os.replace(name, new, src_dir_fd=here, dst_dir_fd=there)

        self.perform("rename", target, rename)

    def unlink(self, path: Path) -> None:
        """Remove a file, or a link by itself, if it is there."""

        def unlink() -> None:
            with contextlib.suppress(FileNotFoundError), parent_of(path) as (fd, name):
                os.unlink(name, dir_fd=fd)

        self.perform("unlink", path, unlink)

    def remove_directory(self, path: Path) -> None:
        """Remove an empty directory."""

        def remove() -> None:
            with parent_of(path) as (fd, name):
                os.rmdir(name, dir_fd=fd)

        self.perform("rmdir", path, remove)

    def fsync_directory(self, path: Path) -> None:
        """Return when the names in a directory are on the device."""

        def sync() -> None:
            fd = open_nofollow(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

        self.perform("fsync_directory", path, sync)

    # Made of the above

    def make_directory(self, path: Path) -> None:
        """Make a directory and what is missing above it, durably; none is fine if it is there.

        Of one that is there the name is made sure of: whoever made it may have been killed before that.
        """
        if is_directory(path):
            if os.access(path.parent, os.R_OK):  # else the user has made it
                self.fsync_directory(path.parent)
            return
        if not is_directory(path.parent) and path.parent != path:
            self.make_directory(path.parent)

        def make() -> None:
            with parent_of(path) as (fd, name):
                try:
                    os.mkdir(name, 0o700, dir_fd=fd)
                except FileExistsError:
                    # Another process of the same run may have been faster.
                    if not is_directory(path):
                        raise not_a_directory(path) from None

        self.perform("mkdir", path, make)
        self.fsync_directory(path.parent)

    def remove_tree(self, path: Path) -> None:
        """Remove a directory with everything in it, if it is there; links in it by themselves."""
        if not mode_of(path):
            return
        for inside in kept_in(path):
            if stat.S_ISDIR(mode_of(inside)):
                self.remove_tree(inside)
            else:
                self.unlink(inside)
        self.remove_directory(path)

    def sweep(self, folder: Path, patterns: Iterable[str] = (".*.tmp",)) -> int:
        """Remove what a dead process left in `folder` under such names; returns how many files."""
        kept = kept_in(folder)
        named = [path for path in kept if any(fnmatchcase(path.name, p) for p in patterns)]
        found = [path for path in named if not is_directory(path)]  # which none of ours is
        for leftover in found:
            self.unlink(leftover)
        return len(found)

    def publish(
        self, path: Path, fill: Callable[[BinaryIO], None], check: Callable[[Path], None]
    ) -> Written:
        """Make the file `path` at once, complete or not at all.

        `fill` writes it; `check` reads it back under its temporary name and raises if it is not
        what was meant. Only then does it take its final name.
        """
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            draft = _Draft(self, temporary)
            try:
                buffer = io.BufferedWriter(draft, _BUFFER)  # type: ignore[type-var]  # typeshed wants Buffer
                fill(buffer)
                buffer.flush()
                self.fsync(draft.fd, temporary)
            finally:
                draft.close()
            self._check_size(temporary, draft.size)
            check(temporary)
            self.rename(temporary, path)
        except BaseException:
            # Only tidiness: a temporary that stays is swept by the next run.
            with contextlib.suppress(StorageError):
                self.unlink(temporary)
            raise
        self.fsync_directory(path.parent)
        return Written(draft.size, draft.hash.hexdigest())

    def _check_size(self, path: Path, size: int) -> None:
        if self.perform("stat", path, path.lstat).st_size != size:
            raise StorageError(f"{path}: it read back shorter than written: check the disk")

    def publish_bytes(self, path: Path, data: bytes) -> Written:
        """Make a file of these bytes at once, and read them back."""

        def check(temporary: Path) -> None:
            if read_bytes(temporary) != data:
                raise StorageError(f"{path}: it read back different from written: check the disk")

        def fill(sink: BinaryIO) -> None:
            sink.write(data)

        return self.publish(path, fill, check)

    def tell_json(self, path: Path, value: object) -> None:
        """Make a small JSON file for whoever looks, at once and unsynced: nothing is built on it."""
        temporary = path.with_name(f".{path.name}.tmp")
        fd = self.create(temporary)
        try:
            self.write(fd, to_json(value), temporary)
        finally:
            self.close(fd, temporary)
        self.rename(temporary, path)

    def publish_json(self, path: Path, value: object) -> Written:
        """Make a JSON file at once; equal values give equal bytes."""
        return self.publish_bytes(path, to_json(value))


class _Draft(io.RawIOBase):
    """The file under its temporary name; counts and hashes what goes through."""

    def __init__(self, files: Files, path: Path) -> None:
        self.files = files
        self.path = path
        self.size = 0
        self.hash = hashlib.sha256()
        self.fd = files.create(path)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        view = memoryview(data)
        self.files.write(self.fd, view, self.path)
        self.hash.update(view)
        self.size += view.nbytes
        return view.nbytes

    def close(self) -> None:
        if not self.closed:
            super().close()
            self.files.close(self.fd, self.path)


def to_json(value: object) -> bytes:
    """Indented JSON with sorted keys and a final newline."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


def from_json(data: bytes, of: type[T], path: Path) -> T:
    """The value in a JSON file of ours. Raises `CheckpointError` where it is damaged or foreign."""
    try:
        return msgspec.json.decode(data, type=of)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CheckpointError(
            f"{path}: damaged, or not of this program ({error}): restore it, or add --restart"
        ) from None


def read_bytes(path: Path) -> bytes:
    """The content of a file of ours. Raises `StorageError`, and `CheckpointError` for what is no file."""
    try:
        with open_own(path) as file:
            return file.read()
    except OSError as error:
        raise storage_error("read", path, error) from error


def read_json(path: Path, of: type[T]) -> T:
    """Read a JSON file of ours. Raises `StorageError` or `CheckpointError`."""
    return from_json(read_bytes(path), of, path)


def sha256_of(path: Path, size: int | None = None) -> str:
    """SHA-256 of a file of ours, or its first `size` bytes, in hexadecimal. Raises as `read_bytes`."""
    try:
        with open_own(path) as content:
            if size is None:
                return hashlib.file_digest(content, "sha256").hexdigest()
            digest = hashlib.sha256()
            while size and (chunk := content.read(min(size, _BUFFER))):
                digest.update(chunk)
                size -= len(chunk)
            return digest.hexdigest()
    except OSError as error:
        raise storage_error("read", path, error) from error
