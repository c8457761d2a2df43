"""Where do the records of a block of CSV end, and is every quote where it should be? Pure.

Whole-block arithmetic instead of a walk. Every quote flips between inside and outside a quoted
field; if each one that opens stands at the start of a field or right behind one that closed, and
each one that closes stands at the end of a field or right before one that opens, then flipping is
the same as parsing, and all line ends and delimiters outside quotes are known at once. Where that
does not hold, the block is left to `records.py`.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.read.records import LONGEST, Dialect

__all__ = ("Survey", "survey")

Bytes = NDArray[np.uint8]
Bits = NDArray[np.uint8]
"""Eight yes-or-no answers a byte, the first in the highest bit: what is done to masks of a block is
bound by memory, so that eighths cost an eighth."""
Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]

_LF, _CR = 10, 13

_BYTES = np.arange(256, dtype=np.uint8)
_FLIPPED: Bits = (_BYTES ^ (_BYTES >> 1)).astype(np.uint8)
_FLIPPED ^= _FLIPPED >> 2
_FLIPPED ^= _FLIPPED >> 4
"""Of a byte of bits: each bit, flipped by all before it and itself."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The whole records at the beginning of a block, blank lines among them."""

    data: bytes
    """They themselves; each ends in LF or CRLF, the very last of a file perhaps in nothing."""
    size: int
    """Bytes that they take up in the block."""
    records: int
    """Line ends outside quotes."""
    lines: int
    """Physical lines."""
    delimiters: int
    """Delimiters outside quotes."""
    line_of: Positions | None = None
    """The physical line, from 0, at which each record begins; None: one record, one line."""


def survey(block: bytes, dialect: Dialect, *, final: bool) -> Survey | None:
    """What whole records `block` begins with; None if it takes a walk to say.

    `final`: nothing follows, so that the last record needs no line end.
    """
    view = np.frombuffer(block, np.uint8)
    lone_cr = b"\r" in block and bool((lone := _lone_cr(view, final=final)).any())
    if dialect.quote in block:
        return _quoted(block, dialect, lone if lone_cr else None, final=final)
    if lone_cr:
        view = np.where(lone, np.uint8(_LF), view)
        block = view.tobytes()
    size = len(block) if final else block.rfind(b"\n") + 1
    data = block if size == len(block) else block[:size]
    delimiters = 0
    if dialect.delimiter:
        delimiters = int(np.count_nonzero(view[:size] == dialect.delimiter[0]))
    records = int(np.count_nonzero(view == _LF)) + (size > 0 and not data.endswith(b"\n"))
    return Survey(data, size, records, records, delimiters)


def _quoted(block: bytes, dialect: Dialect, lone: Mask | None, *, final: bool) -> Survey | None:
    # With a line end on either side, the first and the last quote have neighbours as well.
    padded = np.frombuffer(b"\n%b\n" % block, np.uint8)
    view = padded[1:-1]
    is_quote = view == dialect.quote[0]
    at = np.flatnonzero(is_quote)
    if final and at.size % 2:
        return None
    # They open and close in turn; from `padded`, a quote at `at` has its neighbours at 0 and 2.
    surrounds = _surrounds(dialect)
    if not surrounds[padded[at[::2]]].all() or not surrounds[padded[at[1::2] + 2]].all():
        return None
    inside = _inside(np.packbits(is_quote))
    breaks = np.packbits(view == _LF if lone is None else (view == _LF) | lone)
    return _measured(block, dialect, lone, _Masks(view, inside, breaks), final=final)


class _Masks(NamedTuple):
    view: Bytes
    inside: Bits
    """From a quote that opens to the last byte before the one that closes."""
    breaks: Bits
    """Where physical lines end."""


def _measured(
    block: bytes, dialect: Dialect, lone: Mask | None, masks: _Masks, *, final: bool
) -> Survey | None:
    view, inside, breaks = masks
    is_end = breaks & ~inside
    size = view.size if final else _last(is_end) + 1
    if not size:
        return Survey(b"", 0, 0, 0, 0)
    broken_off = not _bit(is_end, size - 1)
    records = _count(is_end) + broken_off
    lines = _count(_until(breaks, size)) + broken_off
    if lone is not None:
        outside = ~np.unpackbits(inside, count=view.size).view(np.bool_)
        block = np.where(lone & outside, np.uint8(_LF), view).tobytes()
    delimiters = 0
    if dialect.delimiter:
        is_delimiter = np.packbits(view == dialect.delimiter[0])
        delimiters = _count(_until(is_delimiter & ~inside, size))
    found = Survey(block[:size], size, records, lines, delimiters)
    if lines == records:
        return found
    ends = _positions(is_end, view.size)
    if broken_off:
        ends = np.append(ends, size - 1)
    starts = np.append(0, ends[:-1] + 1)
    if (ends - starts).max() > LONGEST:
        return None
    line_of = np.searchsorted(_positions(breaks, view.size), starts)
    return replace(found, line_of=line_of)


def _inside(quotes: Bits) -> Bits:
    flipped: Bits = _FLIPPED[quotes]
    odd_before = np.bitwise_xor.accumulate(flipped & 1)
    flipped[1:] ^= -odd_before[:-1]
    return flipped


def _surrounds(dialect: Dialect) -> Mask:
    """Of all bytes, those that stand before a quote that opens, and behind one that closes."""
    marks = np.zeros(256, np.bool_)
    marks[[_LF, _CR, dialect.quote[0], *(dialect.delimiter or b"")]] = True
    return marks


def _lone_cr(view: Bytes, *, final: bool) -> Mask:
    """Each CR that no LF follows; one that ends the block may yet be half of a CRLF."""
    lone: Mask = view == _CR
    lone[:-1] &= view[1:] != _LF
    lone[-1] &= final
    return lone


def _count(bits: Bits) -> int:
    return int(np.bitwise_count(bits).sum())


def _bit(bits: Bits, at: int) -> bool:
    return bool(bits[at >> 3] >> (7 - (at & 7)) & 1)


def _last(bits: Bits) -> int:
    """Position of the last bit that is set; -1 if none is."""
    filled = np.flatnonzero(bits)
    if not filled.size:
        return -1
    at = int(filled[-1])
    lowest = int(bits[at])
    return 8 * at + 8 - (lowest & -lowest).bit_length()


def _until(bits: Bits, size: int) -> Bits:
    """The first `size` bits; the others are cleared."""
    kept = bits[: (size + 7) >> 3].copy()
    if size & 7:
        kept[-1] &= 0xFF << (8 - (size & 7)) & 0xFF
    return kept


def _positions(bits: Bits, size: int) -> Positions:
    return np.flatnonzero(np.unpackbits(bits, count=size))
