"""Each bucket on its own → what is known of the rows whose number other rows have too.

Rows that stand alone, most of any list, are not mentioned: a row of which nothing is known is the
first and only one of its number. Within a bucket, quotient and place make one integer of 64 bits;
sorted, equal numbers stand together with the first row in front, and a plain sort (12 ns a row) does
what a stable one would take three times as long for.

What is found is put in order of row ids and, where it is much, kept in a file, a segment at a time.
The second pass goes through all segments at once, one stretch of row ids after the other.
"""

from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dedupe.buckets import Bucket, Group
from pipeline.dedupe.scratch import ScratchFile

__all__ = ("Known", "Repeats")

HOLD = 1 << 22
"""Rows that are held until they are written."""

_PLACE = np.uint64(24)
"""Bits of a place in a bucket; 40 are left for the quotient, which has no more."""
_MASK = np.uint64((1 << 24) - 1)
_WIDTH = 8


class Known(NamedTuple):
    """What is known of some rows."""

    row_ids: NDArray[np.int64]
    told: NDArray[np.int64]
    """Of a later row: the first row of its number. Of a first row: minus its occurrences."""

    @classmethod
    def nothing(cls) -> "Known":
        """Of no row."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def all_of(cls, parts: "list[Known]") -> "Known":
        """One after the other."""
        parts = [cls.nothing(), *parts]
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def by_row(self) -> "Known":
        """The same in order of row ids."""
        order = np.argsort(self.row_ids)
        return Known(self.row_ids[order], self.told[order])

    def cut(self, begin: int, end: int) -> "Known":
        """A slice."""
        return Known(self.row_ids[begin:end], self.told[begin:end])


class Repeats:
    """What is known of repeated numbers: `take` all groups, then ask for rows in ascending order.

    `begins` are ascending row ids; what lies between two of them has to fit in memory.
    """

    def __init__(self, file: ScratchFile, begins: list[int], hold: int = HOLD) -> None:
        self._file = file
        self._begins = np.array(begins, np.int64)
        self._hold = hold
        self._lock = Lock()
        self._held: list[Known] = []
        self._rows = 0
        self._segments: list[tuple[int, NDArray[np.int64]]] = []
        """Where each lies in the file, and where in it each stretch begins."""
        self._last: Known | None = None
        self._stretch = -1
        self._here = Known.nothing()

    def take(self, group: Group) -> None:
        """Find the repeated numbers of some buckets. Threads may call it, in any order."""
        found: list[Known] = []
        table = _Table()
        for bucket in group:
            if bucket.whole:
                found.append(_in_whole(bucket))
            else:  # what comes of one piece may be much
                self._add(table.later(bucket))
        self._add(Known.all_of([*found, table.firsts()]))

    def _add(self, found: Known) -> None:
        with self._lock:
            self._held.append(found)
            self._rows += len(found.row_ids)
            if self._rows > self._hold:
                self._write()

    def _write(self) -> None:
        segment, self._held, self._rows = Known.all_of(self._held).by_row(), [], 0
        self._segments.append((self._file.size, self._cuts(segment)))
        for column in segment:
            self._file.append(column)

    def _cuts(self, segment: Known) -> NDArray[np.int64]:
        return np.append(
            np.searchsorted(segment.row_ids, self._begins), len(segment.row_ids)
        ).astype(np.int64)

    def between(self, low: int, high: int) -> Known:
        """What is known of rows from `low` to `high`, in their order. Never goes back.

        Raises `CheckpointError` that names the file when it is cut short.
        """
        parts = [_within(self._here, low, high)]
        while self._stretch + 1 < len(self._begins) and self._begins[self._stretch + 1] <= high:
            self._stretch += 1
            self._here = self._read(self._stretch)
            parts.append(_within(self._here, low, high))
        return Known.all_of(parts)

    def _read(self, stretch: int) -> Known:
        if self._last is None:
            self._last, self._held = Known.all_of(self._held).by_row(), []
        cuts = self._cuts(self._last)
        parts = [self._last.cut(cuts[stretch], cuts[stretch + 1])]
        for at, bounds in self._segments:
            begin, end, rows = (int(bounds[place]) for place in (stretch, stretch + 1, -1))
            starts = (at + _WIDTH * begin, at + _WIDTH * (rows + begin))
            parts.append(
                Known(*(self._file.read(start, end - begin, np.int64) for start in starts))
            )
        return Known.all_of(parts).by_row()

    def __repr__(self) -> str:
        return f"<Repeats: {len(self._segments)} segments, {self._rows} rows held>"


def _within(known: Known, low: int, high: int) -> Known:
    begin, end = np.searchsorted(known.row_ids, (low, high + 1))
    return known.cut(begin, end)


def _in_whole(bucket: Bucket) -> Known:
    keys = _sorted(bucket)
    quotients = keys >> _PLACE
    again = np.flatnonzero(quotients[1:] == quotients[:-1]) + 1
    if not again.size:
        return Known.nothing()
    # Neighbours among `again` have the same number; the first row of it stands before the first.
    starts = np.flatnonzero(np.diff(again, prepend=-1) != 1)
    more = np.diff(starts, append=again.size)
    firsts = bucket.row_ids[keys[again[starts] - 1] & _MASK]
    later = bucket.row_ids[keys[again] & _MASK]
    told = np.concatenate((-1 - more, np.repeat(firsts, more)))
    return Known(np.concatenate((firsts, later)), told)


def _sorted(bucket: Bucket) -> NDArray[np.uint64]:
    keys = bucket.quotients << _PLACE
    keys |= np.arange(len(keys), dtype=np.uint64)
    keys.sort()
    return keys


class _Table:
    """The numbers of a bucket that comes in pieces, as far as they were met."""

    def __init__(self) -> None:
        self._quotients = np.empty(0, np.uint64)
        self._firsts = np.empty(0, np.int64)
        self._counts = np.empty(0, np.int64)

    def later(self, piece: Bucket) -> Known:
        """The rows of the next piece that are not the first of their number."""
        keys = _sorted(piece)
        row_ids = piece.row_ids[keys & _MASK]
        quotients = keys >> _PLACE
        starts = np.flatnonzero(np.diff(quotients, prepend=~quotients[:1]))
        found, counts = quotients[starts], np.diff(starts, append=len(keys))
        firsts = row_ids[starts]
        at = np.searchsorted(self._quotients, found)
        known = np.zeros(len(found), np.bool_)
        inside = at < len(self._quotients)
        known[inside] = self._quotients[at[inside]] == found[inside]
        firsts[known] = self._firsts[at[known]]
        self._counts[at[known]] += counts[known]
        new = ~known
        self._quotients = np.insert(self._quotients, at[new], found[new])
        self._firsts = np.insert(self._firsts, at[new], firsts[new])
        self._counts = np.insert(self._counts, at[new], counts[new])
        is_later = np.ones(len(row_ids), np.bool_)
        is_later[starts[new]] = False
        return Known(row_ids[is_later], np.repeat(firsts, counts)[is_later])

    def firsts(self) -> Known:
        """When all pieces were met: the first rows of numbers that came again."""
        many = self._counts > 1
        return Known(self._firsts[many], -self._counts[many])
