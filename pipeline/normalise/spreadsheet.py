"""What spreadsheets and engines did to a whole column of numbers, told from how its cells end.

- A spreadsheet shows a long number with six digits and an exponent, and writes what it shows; read
  in and formatted as a number again, the cell is digits with zeros at the end, and sound to look at.
  By chance one number in 100,000 ends in five zeros.
- Arrow, Java and Python write a float with as many digits as tell it from all others. Where numbers
  stand in scientific notation with every digit, those with fewer have zeros there, nothing is lost.
"""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipeline.normalise.writing import SCIENTIFIC

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ("exact_digits", "is_rounded", "with_zeros", "zeros_at_end")

_SHOWN = 6
"""Digits that a spreadsheet shows in scientific notation; a cell with more of them is not rounded."""
_BY_THOUSANDS = r"^[1-9][0-9]{0,2}(?:[,.' \x{00A0}\x{202F}][0-9]{3}){2,}$"
_BARE = "^[1-9][0-9]{7,14}$"
_LONG = "^[1-9][0-9]{9,14}$"
"""A number that is shown in scientific notation, where the column is not very narrow."""
_SURE, _NARROW = 5, 4
"""Zeros at the end: of numbers with eleven digits and more; of those with ten, of which companies have such."""
_SHARE = {_SURE: 0.005, _NARROW: 0.25}
"""Of the bare cells so many different ones end like that: with five zeros 500 times as many as by chance."""
_LEAST = {_SURE: 3, _NARROW: 3}
_FAR, _LEAST_FAR = 6, 2
"""Two with six zeros are enough."""
_ALIKE = 0.5
"""The share of cells that may all be the same one: a column that was rounded to three digits."""


def zeros_at_end(cells: pl.Series) -> int:
    """In how many zeros rounded cells of this column end at least, 0 where it was not rounded."""
    suspects = cells.filter(cells.str.contains("000", literal=True).fill_null(value=False))
    if len(suspects) < _LEAST_FAR:
        return 0
    ending = _zeros(suspects)
    if not (ending >= _NARROW).any():
        return 0
    bare = int(_plain(cells).str.contains(_BARE).sum())
    far = suspects.filter(ending >= _FAR).n_unique() >= _LEAST_FAR
    for zeros, share in _SHARE.items():
        found = suspects.filter(ending >= zeros)
        different = found.n_unique()
        enough = different >= _LEAST[zeros] or far
        alike = len(found) >= max(_LEAST[zeros], _ALIKE * bare)
        if (enough and different >= share * bare) or (zeros == _SURE and alike):
            return zeros
    return 0


def is_rounded(cells: pl.Series, zeros: int) -> "NDArray[np.bool_]":
    """Whether each cell is one of those that `zeros_at_end` speaks of."""
    found = np.zeros(len(cells), np.bool_)
    rows = np.flatnonzero(cells.str.contains("000", literal=True).fill_null(value=False).to_numpy())
    found[rows] = (_zeros(cells[rows]) >= zeros).to_numpy()
    return found


def _plain(cells: pl.Series) -> pl.Series:
    """Without decimal places of zeros and signs between thousands."""
    whole = cells.str.strip_chars().str.replace(r"[.,]0{1,2}$", "").alias("cell").to_frame()
    cell = pl.col("cell")
    parted = cell.str.contains(_BY_THOUSANDS)
    return whole.select(
        pl.when(parted).then(cell.str.replace_all("[^0-9]", "")).otherwise(cell)
    ).to_series()


def _zeros(cells: pl.Series) -> pl.Series:
    """In how many zeros each cell ends, if it is a number of which no more digits than `_SHOWN` precede them; else 0."""
    plain = pl.col("cell")
    length, shown = (each.str.len_bytes() for each in (plain, plain.str.strip_chars_end("0")))
    rounded = plain.str.contains(_LONG) & (shown <= _SHOWN)
    return (
        _plain(cells)
        .to_frame("cell")
        .select(pl.when(rounded).then(length - shown).otherwise(0))
        .to_series()
    )


def exact_digits(cells: pl.Series) -> int:
    """Numbers of up to how many digits stand exactly in scientific notation here; 0 where none does."""
    parts = _parts(cells.filter(cells.str.contains(SCIENTIFIC).fill_null(value=False)))
    parts = parts.filter(pl.col("digits").str.len_bytes() > _SHOWN)
    complete = parts.filter(pl.col("digits").str.len_bytes() >= pl.col("length"))
    for length in complete["length"].unique().sort(descending=True):
        whole = int((complete["length"] >= length).sum())
        if length <= 15 and whole >= int((parts["length"] >= length).sum()) - whole:
            return int(length)
    return 0


def with_zeros(cells: pl.Series, exact: int) -> pl.Series:
    """The digits of cells in scientific notation of which only zeros were left out; null for others."""
    parts = _parts(cells)
    shown = pl.col("digits").str.len_bytes()
    fits = (shown > _SHOWN) & (shown < pl.col("length")) & (pl.col("length") <= exact)
    written = pl.col("digits").str.pad_end(15, "0").str.head(pl.col("length"))
    return parts.select(pl.when(fits).then(written))["digits"]


def _parts(cells: pl.Series) -> pl.DataFrame:
    """`digits` of the mantissa, and how many digits the number has before its point (`length`)."""
    found = cells.str.extract_groups(
        r"(?i)^\s*([1-9][0-9]*)(?:[.,]([0-9]*))?\s*e\s*\+?\s*([0-9]{1,3})\s*$"
    )
    return found.struct.unnest().select(
        digits=pl.concat_str("1", pl.col("2").fill_null("")),
        length=pl.col("1").str.len_bytes() + pl.col("3").cast(pl.UInt32),
    )
