"""Numbers that stand in one of several columns, or are cut in two.

Rule: of the columns in the order that was asked for, the first that holds a valid mobile counts,
then the first that holds any valid number. Where none does, the first that has something in it
says why.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.model import COLUMN, MOBILE_TYPES, OWN

__all__ = ("Choice", "cells_of", "choices_of", "first_of")

Choice = tuple[str, ...]


def choices_of(column: str | Sequence[str | Sequence[str]]) -> list[Choice]:
    """Give each choice as the columns whose cells make the number, one or several."""
    if isinstance(column, str):
        return [(column,)]
    return [(each,) if isinstance(each, str) else tuple(each) for each in column]


def cells_of(frame: pl.DataFrame, choice: Choice) -> pl.Series:
    """Give the cells of a choice as text; those of several columns joined by a blank.

    Where a part is missing, what is left may be another number, and is taken only where it begins
    as a whole one does, with a plus sign or a zero.
    """
    if len(choice) == 1:
        return frame[choice[0]].cast(pl.String)
    # By places, since a name may be one that Polars takes for a pattern.
    text = [frame[name].cast(pl.String).alias(str(at)) for at, name in enumerate(choice)]
    trimmed = [pl.col(series.name).str.strip_chars() for series in text]
    parts = [pl.when(part != "").then(part) for part in trimmed]
    joined = pl.concat_str(parts, separator=" ", ignore_nulls=True)
    whole = pl.all_horizontal(part.is_not_null() for part in parts)
    begins = joined.str.contains(r"^[+0(]")
    return pl.DataFrame(text).select(pl.when(whole | begins).then(joined)).to_series()


def first_of(read: Sequence[pl.DataFrame], choices: Sequence[Choice]) -> pl.DataFrame:
    """Choose, row by row, among what the choices read as; `column` says which one it is.

    All frames have one row for each row of the list, and the columns of `normalise`.
    """
    worth = np.stack([_worth(frame) for frame in read])
    chosen = worth.argmax(axis=0)  # of equal ones the first
    rows = read[0].height
    names = pl.Series([_name(choice) for choice in choices], dtype=pl.String)
    together = pl.concat(read, rechunk=False)
    picked = together[chosen * rows + np.arange(rows)]
    return picked.with_columns(names.gather(chosen).alias(COLUMN.name))


def _worth(frame: pl.DataFrame) -> NDArray[np.int64]:
    """0 for a blank cell, 1 for one that is no number, 2 for a number, 3 for a mobile's."""
    reason, kind = frame["reject_reason"].cast(pl.String), frame["plan_type"].cast(pl.String)
    valid = reason.is_null().to_numpy()
    mobile = kind.is_in(MOBILE_TYPES).fill_null(value=False).to_numpy()
    blank = (reason == "empty").fill_null(value=False).to_numpy()
    return np.where(valid, np.where(mobile, 3, 2), np.where(blank, 0, 1))


def _name(choice: Choice) -> str:
    return "+".join(name.removeprefix(OWN) for name in choice)
