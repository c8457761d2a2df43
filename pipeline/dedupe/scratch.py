"""A file of arrays that this process writes and reads back, and nobody else ever does."""

import os
from bisect import bisect_right
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import CheckpointError
from pipeline.ledger.files import Files
from pipeline.ledger.nofollow import open_nofollow

__all__ = ("ScratchFile", "damaged")

Scalar = TypeVar("Scalar", bound=np.generic)


class ScratchFile:
    """Arrays are appended; slices of them are read by whoever knows where they lie.

    The first `hold` bytes stay in memory. Used as a context, which removes the file. Threads may
    read at the same time.
    """

    def __init__(self, path: Path, files: Files, hold: int = 0) -> None:
        self._path, self._files = path, files
        self.size = 0
        """Bytes, those in memory too."""
        self._hold = hold
        self._held: list[NDArray[np.uint8]] = []
        self._begins: list[int] = []
        """Where each array begins that is in memory."""
        self._kept = 0
        """Bytes in memory."""
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        self._fd = files.perform("create", path, lambda: open_nofollow(path, flags))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)
        self._files.unlink(self._path)

    def append(self, array: NDArray[Any]) -> None:
        """Put an array, which belongs to this file from now on, behind what is there.

        Raises `StorageError`.
        """
        if self.size == self._kept and self.size + array.nbytes <= self._hold:
            self._begins.append(self.size)
            self._held.append(array.view(np.uint8))
            self._kept += array.nbytes
        else:
            self._files.write(self._fd, array.data.cast("B"), self._path)
        self.size += array.nbytes

    def read(self, at: int, count: int, kind: type[Scalar]) -> NDArray[Scalar]:
        """`count` values of one array, of which the first is at byte `at`.

        Raises `CheckpointError` that names the file when it is cut short, and `StorageError`.
        """
        size = count * np.dtype(kind).itemsize
        if at < self._kept:
            held = bisect_right(self._begins, at) - 1
            begin = at - self._begins[held]
            return self._held[held][begin : begin + size].view(kind)
        there = at - self._kept
        found = self._files.perform("read", self._path, lambda: os.pread(self._fd, size, there))
        if len(found) != size:
            raise damaged(self._path, "cut short")
        return np.frombuffer(found, kind)

    def __repr__(self) -> str:
        return f"<ScratchFile {self._path.name}, {self.size} bytes>"


def damaged(path: Path, how: str) -> CheckpointError:
    """The error for a file that is not as it was written."""
    return CheckpointError(
        f"{path}: this part of the checkpoint is missing or damaged ({how}); "
        "begin again with --restart"
    )
