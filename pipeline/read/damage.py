"""Which records of a block of CSV are sound, and what is wrong with the others? Pure.

The same answers as `records.py`, for all lines of a block at once. What a run of quotes does is
known from its length and its two neighbours, whatever came before, so each physical line is a
function from "outside" or "inside a quoted field" at its start to outside, inside, or at fault at
its end. A line that leaves a quote open goes on to the first line that closes it; where that one
is at fault, or none comes within `LONGEST` bytes, the line that opened is bad, and reading goes on
with the very next.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.read.records import LONGEST, Dialect

__all__ = ("COUNT", "FAULTS", "Sorted", "sort_records")

Ints = NDArray[np.int64]
States = NDArray[np.int8]
Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

_LF, _CR = 10, 13
_OUTSIDE, _INSIDE, _AT_FAULT = np.int8(0), np.int8(1), np.int8(2)

_SOUND, COUNT, _TEXT_FOLLOWS, _UNCLOSED, _UNDECODABLE = range(5)
_UNFINISHED = -1
FAULTS = ("", "", "text follows a closing quote", "a quote is never closed", "cannot be decoded")
"""What is wrong with a record, by `Sorted.fault`; of `COUNT`, a wrong count, `Sorted.fields` says more."""

MOST_RUNS = 1 << 16
"""Runs of quotes in a line; a longer walk is left to `records.py`."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """The records of a block, blank lines left out; arrays have one entry for each record."""

    starts: Ints
    stops: Ints
    """Without the line end."""
    ends: Ints
    """With it."""
    line: Ints
    """The physical line of the block, from 0, on which it begins."""
    fault: States
    """0 where it is sound; an index into `FAULTS`."""
    fields: Ints
    literal: Mask
    """A quote in it is a character like any other."""
    quoted: Mask
    """A field of it is quoted."""
    size: int
    """Bytes of the block that they and the blank lines take up."""
    lines: int
    """Physical lines in these."""


class _Lines(NamedTuple):
    """Physical lines: where each begins, where its text stops, where the next one begins."""

    starts: Ints
    stops: Ints
    ends: Ints


class _Runs(NamedTuple):
    """Runs of quotes: where, in which line, and the state behind each by the state at line start."""

    starts: Ints
    line: Ints
    opens: Mask
    """It begins where a field does."""
    from_outside: States
    from_inside: States


class _Walk(NamedTuple):
    """What a line does when it starts outside, and when it starts inside a quoted field."""

    outside: States
    inside: States
    fields_outside: Ints
    """Delimiters that part fields."""
    fields_inside: Ints


class _Found(NamedTuple):
    """Of a record that begins on each line."""

    fault: States
    last: Ints
    """Its last line."""
    delimiters: Ints
    """Those that part its fields, on all its lines."""


def sort_records(
    block: bytes,
    dialect: Dialect,
    width: int,
    *,
    final: bool,
    fewest: int | None = None,
    spare: bool = True,
) -> Sorted | None:
    """Tell the records of `width` fields that `block` begins with from bad ones.

    `final`: nothing follows. Sound are also those of `fewest` fields or more, and with `spare`
    those whose fields beyond `width` are empty. None where it takes `records.py`: for a delimiter of several
    bytes, for odd quoting, and for tens of thousands of quotes in a line.
    """
    delimiter, quote = dialect.delimiter, dialect.quote
    if not dialect.plain:
        return None
    if delimiter is not None and (len(delimiter) > 1 or delimiter in (quote, b"\n", b"\r")):
        return None
    view = np.frombuffer(block, np.uint8)
    lines = _lines(view, final=final)
    runs = None
    if quote in block:
        quotes = np.flatnonzero(view[: lines.ends[-1] if lines.ends.size else 0] == quote[0])
        runs = _runs(view, quotes, lines, dialect) if quotes.size else None
        if runs is not None and runs.from_outside.size < runs.starts.size:
            return None
    walk = _walk(view, lines, runs, dialect)
    counts = _Counts(block, delimiter or b"", quote * 2, width, fewest or width, spare)
    found = _faults(lines, walk, counts, view.size, final=final)
    heads, last = _heads(found.fault, found.last)
    return _sorted(block, lines, runs, _Found(found.fault, last, found.delimiters), heads)


def _lines(view: Bytes, *, final: bool) -> _Lines:
    is_end = view == _LF
    is_cr = view == _CR
    if is_cr.any():
        lone = is_cr.copy()
        lone[:-1] &= ~is_end[1:]
        lone[-1] &= final  # it may yet be half of a CRLF
        is_end |= lone
    at = np.flatnonzero(is_end)
    ends = at + 1
    # The text of a line that ends in CRLF stops before the CR.
    stops = at - ((view[at] == _LF) & (at > 0) & is_cr[at - 1])
    if final and view.size and (not at.size or ends[-1] < view.size):
        ends, stops = np.append(ends, view.size), np.append(stops, view.size)
    starts = np.append(0, ends[:-1]) if ends.size else ends
    return _Lines(starts, np.maximum(stops, starts), ends)


def _runs(view: Bytes, at: Ints, lines: _Lines, dialect: Dialect) -> _Runs:
    first = np.flatnonzero(np.diff(at, prepend=-2) > 1)
    last = np.append(first[1:], at.size) - 1
    begin, end = at[first], at[last]
    line = np.searchsorted(lines.ends, begin, "right")
    opens = begin == lines.starts[line]
    closes = end + 1 >= lines.stops[line]
    if dialect.delimiter:
        padded = np.append(view, np.uint8(0))
        opens |= padded[begin - 1] == dialect.delimiter[0]
        closes |= padded[end + 1] == dialect.delimiter[0]
    odd = (end - begin) % 2 == 0
    behind = np.where(closes, _OUTSIDE, _AT_FAULT)
    # By the state before: outside, inside, at fault.
    step = np.stack(
        [
            np.where(opens, np.where(odd, _INSIDE, behind), _OUTSIDE),
            np.where(odd, behind, _INSIDE),
            np.full(begin.size, _AT_FAULT),
        ]
    )
    return _Runs(begin, line, opens, *_walked(step, line))


def _walked(step: States, line: Ints) -> tuple[States, States]:
    """The state behind each run: one step a run, in all lines at once; empty if there are too many."""
    rank = np.arange(line.size) - np.searchsorted(line, line)
    if rank.max() > MOST_RUNS:
        return np.empty(0, np.int8), np.empty(0, np.int8)
    order = np.argsort(rank, kind="stable")
    counts = np.bincount(rank)
    found = np.full((2, line.size), _OUTSIDE)
    found[1] = _INSIDE
    done = 0
    for count in counts.tolist():
        here = order[done : done + count]
        if done == 0:
            found[0, here], found[1, here] = step[0, here], step[1, here]
        else:
            # The run before is the previous one of the same line.
            found[0, here] = step[found[0, here - 1], here]
            found[1, here] = step[found[1, here - 1], here]
        done += count
    return found[0], found[1]


def _walk(view: Bytes, lines: _Lines, runs: _Runs | None, dialect: Dialect) -> _Walk:
    height = lines.ends.size
    outside = np.full(height, _OUTSIDE)
    inside = np.full(height, _INSIDE)
    none = np.zeros(height, np.int64)
    if runs is not None:
        # Runs come in order, so that the last one of a line stays.
        outside[runs.line], inside[runs.line] = runs.from_outside, runs.from_inside
    if not dialect.delimiter:
        return _Walk(outside, inside, none, none)
    at = np.flatnonzero(view[: lines.ends[-1] if height else 0] == dialect.delimiter[0])
    line = np.searchsorted(lines.ends, at, "right")
    if runs is None:
        return _Walk(outside, inside, np.bincount(line, minlength=height), none)
    before = np.searchsorted(runs.starts, at) - 1
    there = (before >= 0) & (runs.line[before] == line)
    parts = there & (runs.from_outside[before] == _OUTSIDE) | ~there
    parts_inside = there & (runs.from_inside[before] == _OUTSIDE)
    return _Walk(
        outside,
        inside,
        np.bincount(line[parts], minlength=height),
        np.bincount(line[parts_inside], minlength=height),
    )


class _Counts(NamedTuple):
    """Which numbers of fields are sound."""

    block: bytes
    delimiter: bytes
    empty: bytes
    """A cell that is quoted and has nothing in it."""
    width: int
    fewest: int
    spare: bool

    def fault(self, delimiters: Ints, stops: Ints) -> States:
        """Of records with so many delimiters that stop there: `_SOUND` or `COUNT`."""
        sound = (delimiters < self.width) & (delimiters >= self.fewest - 1)
        wide = np.flatnonzero(delimiters >= self.width if self.spare else delimiters < 0)
        spare = (delimiters[wide] - self.width + 1).tolist()
        for at, count, stop in zip(wide.tolist(), spare, stops[wide].tolist(), strict=True):
            sound[at] = self._ends_in_empty(count, stop)
        return np.where(sound, _SOUND, COUNT).astype(np.int8)

    def _ends_in_empty(self, count: int, stop: int) -> bool:
        """Whether the last `count` cells of a record that stops there are empty, quoted or not."""
        if self.block.endswith(self.delimiter * count, 0, stop):
            return True
        for _ in range(count):
            # Behind a delimiter, two quotes at the end of a record that is closed are a whole cell.
            if self.block.endswith(self.delimiter + self.empty, 0, stop):
                stop -= len(self.empty)
            if not self.block.endswith(self.delimiter, 0, stop):
                return False
            stop -= len(self.delimiter)
        return True


def _faults(lines: _Lines, walk: _Walk, counts: _Counts, size: int, *, final: bool) -> _Found:
    """For a record that begins on each line: what is wrong with it, and what there is of it."""
    height = lines.ends.size
    last = np.arange(height)
    delimiters = walk.fields_outside.copy()
    fault = counts.fault(walk.fields_outside, lines.stops)
    fault[walk.outside == _AT_FAULT] = _TEXT_FOLLOWS
    opening = np.flatnonzero(walk.outside == _INSIDE)
    if not opening.size:
        return _Found(fault, last, delimiters)
    closing = np.flatnonzero(walk.inside != _INSIDE)
    following = np.searchsorted(closing, opening + 1)
    closed = following < closing.size
    to = np.append(closing, height - 1)[following]
    length = np.where(closed, lines.stops[to], size) - lines.starts[opening]
    counted = np.append(0, np.cumsum(walk.fields_inside))
    fields = walk.fields_outside[opening] + counted[to + 1] - counted[opening + 1]
    found = counts.fault(fields, lines.stops[to])
    found[walk.inside[to] == _AT_FAULT] = _TEXT_FOLLOWS
    found[~closed] = _UNCLOSED if final else _UNFINISHED
    found[length > LONGEST] = _UNCLOSED
    fault[opening] = found
    last[opening] = np.where(found == _SOUND, to, opening)
    delimiters[opening] = fields
    return _Found(fault, last, delimiters)


def _heads(fault: NDArray[np.int8], last: Ints) -> tuple[Mask, Ints]:
    """The lines on which a record begins, and its last line; unfinished ones end them."""
    height = fault.size
    heads = np.ones(height, np.bool_)
    many = np.flatnonzero(last > np.arange(height))
    if many.size:
        # From each record of several lines to the next that begins behind it, by doubled steps.
        step = np.append(np.searchsorted(many, last[many], "right"), many.size)
        reached = np.zeros(many.size + 1, np.bool_)
        reached[0] = True
        while True:
            before = np.count_nonzero(reached)
            reached[step[reached]] = True
            step = step[step]
            if np.count_nonzero(reached) == before:
                break
        real = many[reached[:-1]]
        change = np.zeros(height + 1, np.int64)
        change[real + 1] += 1
        change[last[real] + 1] -= 1
        heads = np.cumsum(change[:-1]) == 0
    unfinished = np.flatnonzero(heads & (fault == _UNFINISHED))
    if unfinished.size:
        heads[unfinished[0] :] = False
    return heads, last


def _sorted(
    block: bytes,
    lines: _Lines,
    runs: _Runs | None,
    found: _Found,
    heads: Mask,
) -> Sorted:
    fault, last, delimiters = found
    at = np.flatnonzero(heads)
    count = int(last[at[-1]]) + 1 if at.size else 0
    size = int(lines.ends[count - 1]) if count else 0
    # Which record each line belongs to.
    record = np.cumsum(heads[:count]) - 1
    fault = fault[at].copy()
    fault[(fault == _SOUND) & _undecodable(block, lines, record, size)] = _UNDECODABLE
    literal, quoted = _uses_of_quotes(runs, heads, record, at.size)
    starts, stops = lines.starts[at], lines.stops[last[at]]
    kept = stops > starts
    return Sorted(
        starts=starts[kept],
        stops=stops[kept],
        ends=lines.ends[last[at]][kept],
        line=at[kept],
        fault=fault[kept],
        fields=delimiters[at][kept] + 1,
        literal=literal[kept],
        quoted=quoted[kept],
        size=size,
        lines=count,
    )


def _undecodable(block: bytes, lines: _Lines, record: Ints, size: int) -> Mask:
    """The records with bytes that are no UTF-8."""
    found = np.zeros(record[-1] + 1 if record.size else 0, np.bool_)
    if block.isascii():
        return found
    text = block[:size].decode("utf-8", "surrogateescape")
    characters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    escaped = (characters >= 0xDC80) & (characters <= 0xDCFF)
    if escaped.any():
        length = np.ones(characters.size, np.int8)
        for first in (0x80, 0x800, 0x10000):
            length += characters >= first
        length[escaped] = 1
        at = np.cumsum(length, dtype=np.int64)[escaped] - 1
        found[record[np.searchsorted(lines.ends, at, "right")]] = True
    return found


def _uses_of_quotes(
    runs: _Runs | None, heads: Mask, record: Ints, height: int
) -> tuple[Mask, Mask]:
    """For each record, whether a quote in it is a mere character, and whether one is more."""
    literal, quoted = np.zeros((2, height), np.bool_)
    if runs is None:
        return literal, quoted
    whole = int(np.searchsorted(runs.line, record.size))
    line = runs.line[:whole]
    head = heads[line]
    inside_before = ~head
    behind = np.where(head, runs.from_outside[:whole], runs.from_inside[:whole])
    # Behind the run before, where that is in the same line.
    inside_before[1:] = np.where(line[1:] == line[:-1], behind[:-1] == _INSIDE, inside_before[1:])
    literal[record[line[~inside_before & ~runs.opens[:whole]]]] = True
    quoted[record[line[inside_before | runs.opens[:whole]]]] = True
    return literal, quoted
