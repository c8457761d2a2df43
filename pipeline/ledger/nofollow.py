"""Paths that lead through no link: each directory on the way is opened by itself.

A link that somebody planted, or that a user made to another disk, would have us write, empty or
believe what lies elsewhere. So no part of a path is followed, the last one included, and whoever
swaps a directory for a link meanwhile is too late: what is open stays what it was.

Rule: a place that the user named (`--out`, the temporary directory) may be a link, and is resolved
once (`resolved`); from there on paths are as they are given here.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.ledger.failures import storage_error

__all__ = (
    "is_directory",
    "is_file",
    "is_there",
    "kept_in",
    "mode_of",
    "not_a_directory",
    "open_nofollow",
    "opened_directory",
    "parent_of",
    "resolved",
)

# A directory that may only be passed through need not be readable, where the system knows that.
_WAY = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})


def resolved(path: Path) -> Path:
    """The path without links: as it is given, unless there is one on the way."""
    here = path
    while here != here.parent:
        if here.is_symlink():
            return Path(os.path.realpath(path))
        here = here.parent
    return path


def _step(fd: int, name: str, flags: int = _WAY) -> int:
    """Open a directory in another one. Raises `OSError`: ELOOP where it is a link."""
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
    except OSError as error:
        # Linux says of a link that it is no directory.
        if error.errno == errno.ENOTDIR and _is_link(fd, name):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error
        raise


def _is_link(fd: int, name: str) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)


@contextmanager
def opened_directory(path: Path) -> Iterator[int]:
    """A descriptor to reach what is in a directory. Raises `OSError`."""
    fd = os.open(path.anchor or ".", _WAY | os.O_CLOEXEC)
    try:
        for name in path.parts[1:] if path.anchor else path.parts:
            below = _step(fd, name)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


@contextmanager
def parent_of(path: Path) -> Iterator[tuple[int, str]]:
    """The directory of a path, and the name in it. Raises `OSError`."""
    with opened_directory(path.parent) as fd:
        yield fd, path.name or "."


def open_nofollow(path: Path, flags: int, mode: int = 0o600) -> int:
    """As `os.open`. Raises `OSError`: ELOOP where the file is a link, or one is on the way."""
    with parent_of(path) as (fd, name):
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=fd)


def mode_of(path: Path) -> int:
    """What stands there, as `stat` has it, a link by itself; 0 for nothing. Raises `StorageError`."""
    try:
        with parent_of(path) as (fd, name):
            return os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
    except OSError as error:
        if error.errno in _GONE:
            return 0
        raise storage_error("open", path, error) from error


def not_a_directory(path: Path) -> OSError:
    """Why what stands there cannot be used as a directory."""
    code = errno.ELOOP if stat.S_ISLNK(mode_of(path)) else errno.EEXIST
    return OSError(code, os.strerror(code))


def is_there(path: Path) -> bool:
    """Something has this name, be it a link that leads nowhere. Raises `StorageError`."""
    return mode_of(path) != 0


def is_file(path: Path) -> bool:
    """It is a file by itself. Raises `StorageError`."""
    return stat.S_ISREG(mode_of(path))


def is_directory(path: Path) -> bool:
    """It is a directory by itself. Raises `StorageError`."""
    return stat.S_ISDIR(mode_of(path))


def kept_in(folder: Path) -> list[Path]:
    """What is in a directory, by name; nothing where there is none. Raises `StorageError`."""
    try:
        with parent_of(folder) as (fd, name):
            inside = _step(fd, name, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno in _GONE and not mode_of(folder):
            return []
        raise storage_error("open", folder, error) from error
    try:
        return sorted(folder / name for name in os.listdir(inside))  # noqa: PTH208
    finally:
        os.close(inside)
