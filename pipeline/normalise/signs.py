"""Which signs a cell holds, told from its bytes, so that costly patterns see few cells.

Rules: NumPy over the bytes of a whole column, a table look-up a byte; nothing is decided here. A
bit that is set says "may matter": steps that ask for it look closer, others are spared.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.normalise.cells import bytes_of

__all__ = (
    "AMPERSAND", "BRACKET", "COLON", "COMMA", "DOT", "EDGE", "HASH", "HYPHEN", "LETTER", "LETTER_E", "LINE",
    "OTHER", "PERCENT", "PLUS", "QUOTE", "SLASH", "SPACE", "SPLIT", "UNUSUAL", "Signs", "digits_of", "signs_of",
)  # fmt: skip

Bits = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.int64]

(
    PLUS, DOT, SLASH, COMMA, BRACKET, HYPHEN, LINE, QUOTE, LETTER, LETTER_E,
    SPLIT, AMPERSAND, PERCENT, HASH, COLON, OTHER, UNUSUAL, EDGE, SPACE,
) = (1 << place for place in range(19))  # fmt: skip
"""`SPLIT` is ; and |. `UNUSUAL` is no printable ASCII. `EDGE`: begins or ends with no digit, sign or bracket."""

_SIGNS = {
    PLUS: "+", DOT: ".", SLASH: "/\\", COMMA: ",", BRACKET: "([", HYPHEN: "-", LINE: "\r\n", QUOTE: "=\"'`",
    LETTER_E: "eE", SPLIT: ";|", AMPERSAND: "&", PERCENT: "%", HASH: "#", COLON: ":", SPACE: " ",
}  # fmt: skip
_PLAIN = "0123456789)]~"


def _kinds() -> Bits:
    """For each byte the bit that it sets."""
    kinds = np.full(256, OTHER, np.uint32)
    kinds[:32] = kinds[127:] = UNUSUAL | OTHER
    # Of a letter outside ASCII the bytes tell nothing: it may be one.
    kinds[128:] |= LETTER
    for letters in (range(ord("A"), ord("Z") + 1), range(ord("a"), ord("z") + 1)):
        kinds[letters.start : letters.stop] = LETTER
    for bit, signs in _SIGNS.items():
        for sign in signs:
            kinds[ord(sign)] = bit
    kinds[[ord(sign) for sign in _PLAIN]] = 0
    return kinds


_KINDS = _kinds()
_IS_DIGIT = np.zeros(256, np.bool_)
_IS_DIGIT[48:58] = True
_AT_EDGE = ~_IS_DIGIT
_AT_EDGE[[ord(sign) for sign in "+()"]] = False


class Signs(NamedTuple):
    """What the cells hold, an element a cell."""

    kinds: Bits
    digits: Counts


def _cells(texts: pl.Series) -> tuple[npt.NDArray[np.uint8], Counts]:
    text, begins = bytes_of(texts)
    return text[begins[0] : begins[-1]], begins - begins[0]


def signs_of(texts: pl.Series) -> Signs:
    """The signs of each text of a String column without nulls."""
    signs = Signs(np.zeros(len(texts), np.uint32), np.zeros(len(texts), np.int64))
    if texts.is_empty():
        return signs
    data, offsets = _cells(texts)
    full = np.flatnonzero(np.diff(offsets))
    if full.size:
        # Empty texts are left out: `reduceat` would give them the byte of their neighbour.
        starts = offsets[:-1][full]
        kinds = np.bitwise_or.reduceat(_KINDS[data], starts)
        edge = _AT_EDGE[data[starts]] | _AT_EDGE[data[offsets[1:][full] - 1]]
        signs.kinds[full] = kinds | np.where(edge, np.uint32(EDGE), np.uint32(0))
        signs.digits[full] = np.add.reduceat(_IS_DIGIT[data], starts, dtype=np.int64)
    return signs


def digits_of(texts: pl.Series, sound: npt.NDArray[np.bool_] | None = None) -> pl.Series:
    """The ASCII digits of each text and nothing else; null where it is not `sound`."""
    data, offsets = _cells(texts)
    digit = _IS_DIGIT[data]
    before = np.zeros(data.size + 1, np.int64)
    np.cumsum(digit, out=before[1:])
    places, kept = pa.py_buffer(before[offsets]), pa.py_buffer(data[digit])
    known = None if sound is None else pa.py_buffer(np.packbits(sound, bitorder="little"))
    array = pa.LargeStringArray.from_buffers(len(texts), places, kept, known)
    return pl.Series(texts.name, array, pl.String)
