"""Columns of digits: the digits of many rows in one array.

What is looked up for every row is taken with `take` and `mode="clip"`, which takes half the time of an
index in brackets; all of them lie within what is looked in.

A row knows where its digits end and how many they are, so that taking a prefix off is a smaller
count, and no digit is moved.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64] | NDArray[np.bool_] | slice
    """Places of rows, a mask over all of them, or some in a row."""

__all__ = ("BLANK", "ROOM", "Digits", "with_room")

BLANK = 10
"""Stands in a matrix of digits where a row has none."""

ROOM = 32
"""Unused places before the first and after the last digit, so that no window leaves the array."""

_FIRST = 24
"""Digits at the front in which prefixes are looked for; no pattern of one reaches further."""
_LAST = 16
"""Digits at the end that are looked at: E.164 allows fifteen."""

_TENS = 10 ** np.arange(4, dtype=np.int64)
_POWERS = np.array([10**digits for digits in range(_LAST + 1)], np.uint64)


class Digits(NamedTuple):
    """The digits of many rows."""

    flat: "NDArray[np.uint8]"
    """Values from 0 to 9 of all rows, with `ROOM` at both ends."""
    end: "NDArray[np.int64]"
    """Where in `flat` each row's digits end."""
    length: "NDArray[np.int64]"
    """How many each row has."""

    def at(self, rows: "Rows") -> "Digits":
        """These rows alone."""
        return Digits(self.flat, self.end[rows], self.length[rows])

    def without(self, digits: "NDArray[np.int64] | int") -> "Digits":
        """The same rows without so many digits in front."""
        return Digits(self.flat, self.end, np.maximum(self.length - digits, 0))

    def place(self, number: int) -> "NDArray[np.uint8]":
        """Each row's digit at a place from 0 to 2; anything where it has none."""
        return self.flat.take(self.end - self.length + number, mode="clip")

    def place_or_blank(self, number: int) -> "NDArray[np.uint8]":
        """Each row's digit at a place from 0 to 2; `BLANK` where it has none."""
        return np.where(self.length > number, self.place(number), np.uint8(BLANK))

    def head(self) -> "NDArray[np.int64]":
        """The number that the first three digits make; anything where there are fewer."""
        begin = self.end - self.length
        first, second, third = (
            self.flat.take(begin + at, mode="clip").astype(np.int64) for at in range(3)
        )
        return first * 100 + second * 10 + third

    def begins(
        self, number: "NDArray[np.int64] | int", digits: "NDArray[np.int64] | int"
    ) -> "NDArray[np.bool_]":
        """Whether a row's digits begin with this number of one to three digits."""
        return (self.head() // _TENS[3 - np.asarray(digits)] == number) & (self.length >= digits)

    def first(self) -> "NDArray[np.uint8]":
        """The first digits, then `BLANK`: a matrix of 24 columns."""
        return _windows(self.flat, self.end - self.length, self.length, _FIRST_ONLY)

    def last(self) -> "NDArray[np.uint8]":
        """`BLANK`, then the last digits: a matrix of 16 columns."""
        return _windows(self.flat, self.end - _LAST, self.length, _LAST_ONLY)

    def value(self) -> "NDArray[np.uint64]":
        """The number that the last 16 digits make."""
        high, low = _cut(self.flat, self.end - _LAST, _LAST).view(">u8").astype(np.uint64).T
        found = _of_eight(high) * np.uint64(10**8) + _of_eight(low)
        return found % self.power()  # what stands before a row's digits is worth more than they

    def power(self) -> "NDArray[np.uint64]":
        """Ten to the count of digits, at most 16: the number that the next digit in front is worth."""
        return _POWERS.take(self.length, mode="clip")


def with_room(values: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """The digits of many rows, with `ROOM` at both ends."""
    flat = np.zeros(len(values) + 2 * ROOM, np.uint8)
    flat[ROOM:-ROOM] = values
    return flat


def _covers(width: int, *, at_end: bool) -> "NDArray[np.uint8]":
    """For each count of digits, the bits that make `BLANK`s of the places which have none."""
    covers = np.zeros((width + 1, width), np.uint8)
    for count in range(width + 1):
        covers[count, slice(0, width - count) if at_end else slice(count, width)] = 0xF0
    return covers


_FIRST_ONLY = _covers(_FIRST, at_end=False)
_LAST_ONLY = _covers(_LAST, at_end=True)


def _windows(
    flat: "NDArray[np.uint8]",
    begin: "NDArray[np.int64]",
    count: "NDArray[np.int64]",
    covers: "NDArray[np.uint8]",
) -> "NDArray[np.uint8]":
    """As many digits as `covers` is wide, from `begin` on, those that are not the row's `BLANK`."""
    width = covers.shape[1]
    found = _cut(flat, begin, width)
    found |= _cut(covers.ravel(), width * np.minimum(count, width), width)
    return np.minimum(found, np.uint8(BLANK), out=found)


def _cut(flat: "NDArray[np.uint8]", begin: "NDArray[np.int64]", width: int) -> "NDArray[np.uint8]":
    """A matrix of `width` columns, from each of these places on."""
    # Each window is copied as one item of `width` bytes, five times as fast as byte by byte.
    item = np.dtype((np.void, width))
    every = np.ndarray((len(flat) - width + 1,), item, flat, strides=(1,))
    return every[begin].view(np.uint8).reshape(-1, width)


def _of_eight(packed: "NDArray[np.uint64]") -> "NDArray[np.uint64]":
    """The number that eight digits make, each in a byte of its own, the first in the highest."""
    for width, tens in ((8, 10), (16, 100), (32, 10**4)):
        low = np.uint64(sum(((1 << width) - 1) << shift for shift in range(0, 64, 2 * width)))
        packed = (packed >> np.uint64(width) & low) * np.uint64(tens) + (packed & low)
    return packed
