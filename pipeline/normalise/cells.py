"""Columns of cells → columns of digits: the bytes of many cells at once, no cell by itself.

Rule: what needs no second thought is read here, digits with at most one plus sign in front and
the usual noise between; every other cell is left to `repair.py`.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from pipeline.numbering.digits import ROOM, Digits, with_room

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ("Tidy", "bytes_of", "digits_of", "tidy_cells")

_LEAST, _MOST = 4, 15
"""Digits of a tidy cell. Fewer may be a word for nothing, more may be two numbers."""
_LONGEST = 64
"""Bytes of a tidy cell."""
_NOISE = b" ()-"
_COUNT, _HYPHEN, _PLUS, _OTHER = 1, 1 << 32, 1 << 40, 1 << 48
"""What a byte adds to its cell's tally: four kinds of bytes are counted in one sum."""
_DATE_DIGITS = (5, 8)

_TALLY = np.full(256, _OTHER, np.uint64)
_TALLY[list(_NOISE)] = 0
_TALLY[list(b"0123456789")] = _COUNT
_TALLY[ord("-")] = _HYPHEN
_TALLY[ord("+")] = _PLUS


class Tidy(NamedTuple):
    """What can be told of cells at first sight."""

    tidy: "NDArray[np.bool_]"
    """Whether the cell is; the digits of the others mean nothing."""
    digits: Digits
    plus: "NDArray[np.bool_]"


def bytes_of(texts: pl.Series) -> "tuple[NDArray[np.uint8], NDArray[np.int64]]":
    """The UTF-8 of all texts, one after the other, and where each begins and the last one ends.

    A null takes no bytes. The offsets are those of the array, from whatever number they begin.
    """
    arrow = texts.rechunk().to_arrow()
    _, offsets, data = arrow.buffers()
    begins = np.frombuffer(offsets, np.int64)[arrow.offset : arrow.offset + len(arrow) + 1]
    text = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return text, begins


def digits_of(texts: pl.Series) -> Digits:
    """The digits of texts that hold nothing else; null has none."""
    text, begins = bytes_of(texts)
    flat = with_room(text[begins[0] : begins[-1]] - np.uint8(ord("0")))
    return Digits(flat, begins[1:] - begins[0] + ROOM, np.diff(begins))


def tidy_cells(text: "NDArray[np.uint8]", begins: "NDArray[np.int64]") -> Tidy:
    """Which cells need no second thought, and their digits. Arguments as `bytes_of` gives them."""
    begin, end = begins[0], begins[-1]
    text, begins = text[begin:end], begins - begin
    tally = _TALLY[text]
    tally[_doubtful_brackets(text)] = _OTHER
    tallies = np.zeros(len(text) + 1, np.uint64)
    np.cumsum(tally, out=tallies[1:])
    counted = tallies[begins[1:]] - tallies[begins[:-1]]
    count = (counted & np.uint64(_HYPHEN - 1)).astype(np.int64)
    others = counted >> np.uint64(40)  # plus signs in the lower byte of it
    size = np.diff(begins)
    values = text - np.uint8(ord("0"))
    digits = Digits(with_room(values[values < 10]), np.cumsum(count) + ROOM, count)

    plus = others == 1
    first = np.append(text, np.uint8(0))[begins[:-1]]
    begins_well = (first - np.uint8(ord("0")) < 10) | (first == ord("("))
    fits = (count >= _LEAST) & (count <= _MOST) & (size <= _LONGEST)
    # 2024-01-05 is a date, 20-12-34 is not: not to be told at first sight.
    shortest, longest = _DATE_DIGITS
    hyphens = counted >> np.uint64(32) & np.uint64(0xFF)
    fits &= plus | (hyphens != 2) | (size != count + 2) | (count < shortest) | (count > longest)
    # +0… is an international number with a stray zero, or a national one with a stray plus.
    sound = np.where(plus, (first == ord("+")) & (digits.place(0) != 0), begins_well)
    return Tidy(fits & sound & (others <= 1), digits, plus)


def _doubtful_brackets(text: "NDArray[np.uint8]") -> "NDArray[np.int64]":
    """Where a bracket opens that may hold nothing but a zero: (0), ( 0 )."""
    opening = np.flatnonzero(text == ord("("))
    after = np.append(text, np.zeros(2, np.uint8))
    inside, behind = after[opening + 1], after[opening + 2]
    zero = (inside == ord("0")) & ((behind == ord(")")) | (behind == ord(" ")))
    return opening[zero | (inside == ord(" "))]
