"""Lists of British mobile numbers, of any size up to a hundred million, written a piece at a time.

Rules: what makes a list stays small (a piece is half a million rows), so that a list may be larger
than memory; the same seed gives the same list; one row in twenty repeats an earlier number, drawn
evenly from all before it, spelt as it was there. Numbers are nobody's data: see `lists.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ("Listed", "write_one_country")

_PIECE = 500_000
_REPEATED = 0.05
_HALF = 10_000
_MOST = _HALF**2
_RANGES = ("711", "725", "734", "740", "748", "753", "759", "774", "785", "796")
"""Each is ten million numbers, all valid, all mobile, all of Great Britain itself."""
_FIRST = ("Ada", "Ben", "Cleo", "Dev", "Edie", "Finn", "Gwen", "Hari", "Isla", "Jude")
_LAST = ("Abbott", "Banerjee", "Clarke", "Douglas", "Evans", "Fraser", "Gill", "Hughes", "Iqbal")


class Listed(NamedTuple):
    """A list that was written, and what must come of it."""

    path: Path
    rows: int
    distinct: int
    """Different numbers; every cell holds one."""


class _Scrambled:
    """A permutation of 0 … 99 999 999 that needs no memory: four rounds over its two halves."""

    def __init__(self, dice: np.random.Generator) -> None:
        self._rounds = [dice.integers(0, _HALF, _HALF) for _ in range(4)]

    def __call__(self, places: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """Where each of these goes."""
        left, right = np.divmod(places, _HALF)
        for offsets in self._rounds:
            left, right = right, (left + offsets[right]) % _HALF
        return left * _HALF + right


def write_one_country(path: Path, rows: int, seed: int = 1) -> Listed:
    """`id name phone` as CSV or Parquet, as `path` ends; national and international spellings.

    A number has one of four spellings, always the same: 07…, 07… with spaces, +44…, +44 7… with
    spaces. Raises `ValueError` where there are not as many numbers.
    """
    if rows > _MOST:
        raise ValueError(f"a list of one country has at most {_MOST:,} rows")
    distinct = 0
    with path.open("wb") as file:
        writer: pq.ParquetWriter | None = None
        for piece, found in _pieces(rows, seed):
            if path.suffix == ".parquet":
                rows_of = piece.to_arrow(compat_level=pl.CompatLevel.oldest())
                writer = writer or pq.ParquetWriter(file, rows_of.schema, compression="zstd")
                writer.write_table(rows_of)
            else:
                piece.write_csv(file, include_header=distinct == 0)
            distinct = found
        if writer:
            writer.close()
    return Listed(path, rows, distinct)


def _pieces(rows: int, seed: int) -> Iterator[tuple[pl.DataFrame, int]]:
    """The list in order, with how many numbers there are so far."""
    dice = np.random.default_rng(seed)
    scrambled = _Scrambled(dice)
    distinct = 0
    for begin in range(0, rows, _PIECE):
        count = min(_PIECE, rows - begin)
        new = dice.random(count) >= _REPEATED
        new[0] |= begin == 0  # there is nothing yet that it could repeat
        seen = distinct + np.cumsum(new)
        place = np.where(new, seen - 1, (dice.random(count) * seen).astype(np.int64))
        distinct = int(seen[-1])
        yield _spelt(begin, scrambled(place)), distinct


def _spelt(begin: int, numbers: "NDArray[np.int64]") -> pl.DataFrame:
    """Rows from `begin`; the spelling follows from the number."""
    block, free = np.divmod(numbers, _MOST // len(_RANGES))
    columns = {"number": numbers, "block": block, "free": free}
    ranges, first, last = (pl.lit(pl.Series(words)) for words in (_RANGES, _FIRST, _LAST))
    number, digits = pl.col("number"), pl.col("free").cast(pl.String).str.zfill(7)
    nsn = pl.concat_str(ranges.gather(pl.col("block")), digits)
    spaced = pl.concat_str(nsn.str.head(4), pl.lit(" "), nsn.str.tail(6))
    phone = (
        pl.when(number % 4 == 0).then("0" + nsn)
        .when(number % 4 == 1).then("0" + spaced)
        .when(number % 4 == 2).then("+44" + nsn)
        .otherwise("+44 " + spaced)
    )  # fmt: skip
    row = pl.int_range(pl.len()) + begin
    name = pl.concat_str(
        first.gather(row % len(_FIRST)), pl.lit(" "), last.gather(row % len(_LAST))
    )
    return pl.DataFrame(columns).select(id=row, name=name, phone=phone)
