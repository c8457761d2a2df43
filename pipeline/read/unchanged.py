"""What was read is what was hashed: every reading of a file is held against the first look at it.

A list may be cut, appended to, replaced or written over while it is read, by the job that makes it
for example. State (size, times) tells of it while nothing is hashed yet; from then on the hash
decides, since times can be set back, and since `touch` is no change. A whole reading hashes what
passes by; where a format reads here and there, the file is hashed again at the end.
"""

import hashlib
import os
from dataclasses import dataclass
from io import BufferedReader
from typing import IO, NamedTuple

from pipeline.errors import InputError

__all__ = ("Seen", "State", "Witness", "changed", "hash_again", "state_of")


class State(NamedTuple):
    """What the system says of a file; another state may be another content."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int
    """Nanoseconds; unlike `modified`, nobody can set this one."""


@dataclass(slots=True)
class Seen:
    """What was found at the first look at a file; None: nobody has looked."""

    state: State | None = None
    sha256: str | None = None


def state_of(found: os.stat_result) -> State:
    """The part of a `stat` that matters."""
    return State(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def changed(name: str, then: str = "run again with --restart") -> InputError:
    """The error for a file that is not what it was."""
    return InputError(
        f"{name}: changed while it was read: wait until whoever writes it has finished, then {then}"
    )


def hash_again(file: BufferedReader, name: str, seen: Seen) -> None:
    """Hash an open file from its beginning. Raises `InputError` if it is not what was seen."""
    if seen.sha256 is None:
        return
    file.seek(0)
    if hashlib.file_digest(file, "sha256").hexdigest() != seen.sha256:
        raise changed(name)


class Witness:
    """A binary stream that hashes what is read from a file, once from beginning to end."""

    def __init__(self, file: IO[bytes], name: str, size: int, seen: Seen) -> None:
        self._file, self._name = file, name
        self._left, self._seen = size, seen
        self._hash = hashlib.sha256()
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes. Raises `InputError` where there are more than there were.

        So a list that somebody appends to for ever is not read for ever.
        """
        piece = self._file.read(size)
        self._hash.update(piece)
        self._left -= len(piece)
        if self._left < 0:
            raise changed(self._name)
        return piece

    def close(self) -> None:
        """Take part in the protocol of streams; the file is its owner's."""

    def finish(self) -> None:
        """Read what nobody wanted. Raises `InputError` if the file is not what was seen."""
        while self.read(1 << 20):
            pass
        if self._left or self._seen.sha256 not in (None, self._hash.hexdigest()):
            raise changed(self._name)
