"""Numbers scattered over buckets, so that equal ones meet in one that fits in memory.

A number's bucket is its remainder by a prime, so that neither runs of numbers nor a step between
them fill some buckets and leave others empty. Within a bucket the quotient stands for the number.

One file. Rows are gathered to a block, put in order of their buckets, and appended: the quotients
of all, then the row ids of all. What a bucket holds is then one slice of each block, in row order.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dedupe.scratch import ScratchFile

__all__ = ("BUCKETS", "Bucket", "Buckets", "Group")

BUCKETS = 1021
"""A prime. A thousandth of a list is handled at a time."""
BLOCK = 1 << 20
"""Rows that are held until they are written; they are put in order while they fit the cache."""
GROUP = 1 << 20
"""Rows of neighbouring buckets that are read together."""
MOST = 1 << 22
"""Rows of one bucket that are looked at together."""
LARGEST = 10**15 - 1
"""An MSISDN has at most 15 digits (E.164)."""

_WIDTH = 8


class Bucket(NamedTuple):
    """Rows of one bucket, in row order."""

    whole: bool
    """All of them; false where only so many are given at a time as fit."""
    quotients: NDArray[np.uint64]
    row_ids: NDArray[np.int64]


Group = Iterator[Bucket]
"""Buckets that are read together, or one that is too large, in several pieces."""


class Buckets:
    """Numbers and row ids in a file: `add` all in row order, `finish`, then take the `groups`."""

    def __init__(
        self, file: ScratchFile, *, block: int = BLOCK, group: int = GROUP, most: int = MOST
    ) -> None:
        self._file = file
        self._block, self._group, self._most = block, min(group, most), most
        self._held: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []
        self._rows = 0
        self._offsets: list[NDArray[np.int64]] = []
        """Of each block: where in it each bucket begins."""
        self._begins: list[int] = []

    def add(self, numbers: NDArray[np.uint64], row_ids: NDArray[np.int64]) -> None:
        """Take in rows; both arrays are as long. Raises `StorageError`."""
        begin = 0
        while len(numbers) - begin >= (missing := self._block - self._rows):
            self._held.append((numbers[begin : begin + missing], row_ids[begin : begin + missing]))
            begin += missing
            self._write()
        if begin < len(numbers):
            self._held.append((numbers[begin:], row_ids[begin:]))
            self._rows += len(numbers) - begin

    def _write(self) -> None:
        if not self._held:
            return
        numbers = np.concatenate([part for part, _ in self._held])
        row_ids = np.concatenate([part for _, part in self._held])
        self._held, self._rows = [], 0
        if int(numbers.max()) > LARGEST:
            raise ValueError("an MSISDN of more than 15 digits")
        quotients = numbers // BUCKETS
        bucket = (numbers - quotients * BUCKETS).astype(np.uint16)
        order = np.argsort(bucket, kind="stable")  # a radix sort, as long as the type has 16 bits
        counts = np.bincount(bucket, minlength=BUCKETS)
        self._offsets.append(np.concatenate(([0], np.cumsum(counts))))
        self._begins.append(int(row_ids[0]))
        self._file.append(quotients.take(order, mode="clip"))
        self._file.append(row_ids.take(order, mode="clip"))

    def finish(self) -> list[int]:
        """Write what is held; returns the first row id of each block. Raises `StorageError`."""
        self._write()
        return self._begins

    def groups(self) -> Iterator[Group]:
        """All buckets, in groups that fit in memory; each is read when it is iterated over.

        That raises `CheckpointError` that names the file when it is cut short.
        """
        if not self._offsets:
            return
        sizes = np.diff(np.array(self._offsets)).sum(axis=0)
        first = rows = 0
        for bucket, size in enumerate(sizes.tolist()):
            if rows and rows + size > self._group:
                yield self._read(first, bucket)
                first, rows = bucket, 0
            rows += size
        yield self._read(first, BUCKETS)

    def _read(self, first: int, last: int) -> Group:
        """Buckets from `first` to before `last`, so many blocks at a time as fit in memory."""
        held: list[_Rows] = []
        rows, whole = 0, True
        for block in range(len(self._offsets)):
            there = self._slice(block, first, last)
            if held and rows + there.height > self._most:
                whole = False
                yield from _by_bucket(held, whole)
                held, rows = [], 0
            held.append(there)
            rows += there.height
        yield from _by_bucket(held, whole)

    def _slice(self, block: int, first: int, last: int) -> "_Rows":
        offsets = self._offsets[block]
        begin, count = int(offsets[first]), int(offsets[last] - offsets[first])
        # All blocks but the last are equally long.
        start = _WIDTH * (2 * self._block * block + begin)
        return _Rows(
            self._file.read(start, count, np.uint64),
            self._file.read(start + _WIDTH * int(offsets[-1]), count, np.int64),
            offsets[first : last + 1] - begin,
        )

    def __repr__(self) -> str:
        return f"<Buckets: {len(self._offsets)} blocks written, {self._rows} held>"


class _Rows(NamedTuple):
    """What one block has of neighbouring buckets."""

    quotients: NDArray[np.uint64]
    row_ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    """Where each bucket begins, and where the last one ends."""

    @property
    def height(self) -> int:
        """Rows."""
        return len(self.row_ids)


def _by_bucket(blocks: list[_Rows], whole: bool) -> Iterator[Bucket]:
    offsets = np.array([rows.offsets for rows in blocks])
    for at in np.flatnonzero(np.diff(offsets).any(axis=0)).tolist():
        parts = [
            (rows, slice(begin, end))
            for rows, (begin, end) in zip(blocks, offsets[:, at : at + 2].tolist(), strict=True)
        ]
        yield Bucket(
            whole,
            np.concatenate([rows.quotients[here] for rows, here in parts]),
            np.concatenate([rows.row_ids[here] for rows, here in parts]),
        )
