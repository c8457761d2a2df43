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

__all__ = ("put_back_zeros",)

_LEAST = 10
"""Cells that must be numbers with a zero before them, and none without, ..."""
_SHARE = 0.02
"""... and their share of the cells that are written nationally."""
_MENDABLE = [detail("too_short"), detail("invalid")]
_WITH_ZERO = r"^[^0-9+]*0"


def put_back_zeros(
    found: "NDArray[np.void]", cells: pl.Series, plans: "NDArray[np.int64]", lost: bool | None
) -> None:
    """Make numbers of the rows that a zero in front makes numbers, in `found`.

    `lost` says that the column has lost its zeros; None lets the column itself show it.
    """
    rows = np.flatnonzero((plans > 0) & np.isin(found["detail"], _MENDABLE))
    if not len(rows) or (lost is None and len(rows) < _LEAST):
        return
    read = mended(cells.gather(rows)).select(
        digits=pl.concat_str(pl.lit("0"), "digits"),
        bare=(pl.col("form") == BARE) & ~pl.col("digits").str.starts_with("0"),
    )
    bare = read["bare"].fill_null(value=False).to_numpy()
    rows = rows[bare]
    again = national(digits_of(read["digits"].filter(bare)), plans[rows])
    good = again["verdict"] > 0
    if good.any() and (lost or _shown(found, cells, plans, int(good.sum()))):
        again["rule"] = rule("repair:leading_zero")
        found[rows[good]] = again[good]


def _shown(
    found: "NDArray[np.void]", cells: pl.Series, plans: "NDArray[np.int64]", mendable: int
) -> bool:
    """Whether the column shows that it has lost its zeros."""
    nationally = (plans > 0) & (found["rule"] == rule("national"))
    written = int((nationally & (found["verdict"] > 0)).sum()) + mendable
    enough = mendable >= _LEAST and mendable >= _SHARE * written
    return enough and not cells.str.contains(_WITH_ZERO).any()
