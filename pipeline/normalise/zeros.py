"""Leading zeros that a whole column has lost, put back.

A spreadsheet that takes numbers for amounts drops the zero in front. Where it is a trunk prefix
(07911 … in Great Britain) nothing is lost, the number reads the same without. Where it belongs to
the number (Italy's landlines, all numbers of Ivory Coast, Benin, Congo), what is left is no number,
or too short. One such cell may be a typing error; many of them, and no cell of the column with a
zero in front, are damage whose cause is known.
"""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipeline.normalise.cells import digits_of
from pipeline.normalise.found import detail, rule
from pipeline.normalise.readings import national
from pipeline.normalise.repair import mended
from pipeline.normalise.verdict import BARE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = NDArray[np.void]

__all__ = ("put_back_zeros", "zeros_are_lost")

_LEAST = 10
"""Cells that must be numbers with a zero before them, and none without, ..."""
_SHARE = 0.02
"""... and their share of the cells that are written nationally."""
_MENDABLE = [detail("too_short"), detail("invalid")]
_WITH_ZERO = r"^[^0-9+]*0"


def zeros_are_lost(found: "Found", cells: pl.Series, plans: "NDArray[np.int64]") -> bool:
    """Whether the column shows that it has lost its zeros."""
    if len(_mendable(found, plans)) < _LEAST:
        return False
    rows, _ = _with_zeros(found, cells, plans)
    nationally = (plans > 0) & (found["rule"] == rule("national"))
    written = int((nationally & (found["verdict"] > 0)).sum()) + len(rows)
    enough = len(rows) >= _LEAST and len(rows) >= _SHARE * written
    return enough and not cells.str.contains(_WITH_ZERO).any()


def put_back_zeros(found: "Found", cells: pl.Series, plans: "NDArray[np.int64]") -> None:
    """Make numbers of the rows that a zero in front makes numbers, in `found`."""
    rows, again = _with_zeros(found, cells, plans)
    again["rule"] = rule("repair:leading_zero")
    found[rows] = again


def _mendable(found: "Found", plans: "NDArray[np.int64]") -> "NDArray[np.int64]":
    return np.flatnonzero((plans > 0) & np.isin(found["detail"], _MENDABLE))


def _with_zeros(
    found: "Found", cells: pl.Series, plans: "NDArray[np.int64]"
) -> "tuple[NDArray[np.int64], Found]":
    """The rows that are no number and with a zero in front are one, and these numbers."""
    rows = _mendable(found, plans)
    if not len(rows):
        return rows, found[rows]
    read = mended(cells.gather(rows)).select(
        digits=pl.concat_str(pl.lit("0"), "digits"),
        bare=(pl.col("form") == BARE) & ~pl.col("digits").str.starts_with("0"),
    )
    bare = read["bare"].fill_null(value=False).to_numpy()
    rows = rows[bare]
    again = national(digits_of(read["digits"].filter(bare)), plans[rows])
    good = again["verdict"] > 0
    return rows[good], again[good]
