"""The stage over a frame: which columns come in, which go out, and how the parts join.

Rule: this file knows frames and names; cells are `cells`' and `repair`'s, numbers `verdict`'s.
Rows are worked on by the hundred thousand, each lot in a thread of its own from beginning to end:
nearly all of the work is NumPy's and Polars', which let other threads run.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from pipeline.ahead import BUSY
from pipeline.errors import UsageError
from pipeline.model import (
    COLUMN,
    NORMALISED,
    OWN,
    PLAN_TYPES,
    REJECT_REASONS,
    REJECTED,
    RULES,
    own_names,
)
from pipeline.normalise.cells import bytes_of, digits_of, tidy_cells
from pipeline.normalise.found import DETAILS, READ_AS, Detail, nothing, place_name, put, rule
from pipeline.normalise.regions import default_region, known_regions
from pipeline.normalise.repair import REFUSALS, REPAIR, mended
from pipeline.normalise.several import cells_of, choices_of, first_of
from pipeline.normalise.verdict import BARE, FORMS, PLUS, decide, decide_with_spare
from pipeline.normalise.zeros import put_back_zeros
from pipeline.numbering.plans import PLANS, code_of
from pipeline.numbering.tables import tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = NDArray[np.void]
    Plans = NDArray[np.int64]

__all__ = ("normalised",)

_Made = TypeVar("_Made")

_APPENDED = (*NORMALISED, *(known for known in REJECTED if known.name.startswith("reject_")))
_OURS = tuple(column.name for column in _APPENDED)
_UNKNOWN_WORD = "Written nationally, and the region column says no region for this row; mend it, or write the number with +."
_TOGETHER = 1 << 17
"""Rows that are worked on at once: half as many spend a tenth of their time in Python."""

_BARE, _PLUS = FORMS.index(BARE), FORMS.index(PLUS)
_DETAILS = (*DETAILS.values(), *(Detail(*said) for said in REFUSALS.values()))
"""What is said of digits that are no number, and of cells that hold none to begin with."""
_REFUSED = np.arange(len(DETAILS), len(_DETAILS)).astype(np.int8)
_REPAIRED = np.array([rule(name) for name in REPAIR.categories], np.int8)
_REPAIRS = [rule(name) for name in RULES if name.startswith("repair:")]

_CODED = {
    "region": pl.Enum(list(dict.fromkeys(plan.region for plan in PLANS if plan.region))),
    "plan_type": pl.Enum(PLAN_TYPES),
    "rule": pl.Enum(list(RULES)),
    "reject_reason": pl.Enum(list(REJECT_REASONS)),
}
"""The closed lists among our columns, a byte a row each: what travels between the stages."""


def normalised(
    frame: pl.DataFrame | pl.LazyFrame,
    column: str | Sequence[str | Sequence[str]],
    region: str | None = None,
    region_column: str | None = None,
    *,
    zeros_lost: bool | None = None,
    coded: bool = False,
) -> pl.DataFrame | pl.LazyFrame:
    """See `pipeline.normalise`."""
    schema = frame.collect_schema()
    choices = choices_of(column)
    parts = [name for choice in choices for name in choice]
    for name in (*parts, *([] if region_column is None else [region_column])):
        if name not in schema:
            listed = ", ".join(schema) or "none at all"
            raise UsageError(f"there is no column {name!r}; the columns are: {listed}")
    for name in parts:
        _check_type(name, schema[name])
    region = default_region(region)
    appended = _APPENDED if len(choices) == 1 else (*_APPENDED, COLUMN)
    # Between the stages an input's own columns have a prefix, and cannot be called like ours.
    bare = own_names((name for name in schema if not name.startswith(OWN)), appended)
    names = {name: bare.get(name, name) for name in schema}
    whole = isinstance(frame, pl.DataFrame)
    kinds = _CODED if coded else {}
    types = pl.Schema({name: kinds.get(name, pl.String()) for name in _OURS})

    def of_batch(batch: pl.DataFrame) -> pl.DataFrame:
        lost = zeros_lost if whole else bool(zeros_lost)
        read = [
            _normalised(
                cells_of(batch, choice), batch, (region, region_column), types, zeros_lost=lost
            )
            for choice in choices
        ]
        ours = read[0] if len(read) == 1 else first_of(read, choices)
        ours = _with_bad_rows(batch, ours).select(column.name for column in appended)
        return batch.rename(names).hstack(ours)

    if isinstance(frame, pl.DataFrame):
        return of_batch(frame)
    after = {names[name]: kind for name, kind in schema.items()} | types
    if len(choices) > 1:
        after |= {COLUMN.name: pl.String()}
    return frame.map_batches(of_batch, schema=after, streamable=True)


def _check_type(column: str, kind: pl.DataType) -> None:
    if kind == pl.Float32:
        raise UsageError(
            f"column {column!r} holds 32-bit floats, which round numbers of more than seven digits; "
            "export it again as text"
        )
    textual = isinstance(kind, pl.String | pl.Categorical | pl.Enum | pl.Null)
    if not (textual or kind.is_integer() or kind == pl.Float64):
        raise UsageError(f"column {column!r} holds {kind}, not numbers; name another column")


def _normalised(
    cells: pl.Series,
    frame: pl.DataFrame,
    regions: tuple[str | None, str | None],
    types: pl.Schema,
    *,
    zeros_lost: bool | None,
) -> pl.DataFrame:
    region, by_row = regions
    default = code_of(region) if region else 0
    words = None if by_row is None else frame[by_row].cast(pl.String)
    found, plans = nothing(frame.height), np.full(frame.height, default, np.int64)
    unknown = np.zeros(frame.height, np.bool_)

    def read(rows: slice) -> None:
        if words is not None:
            plans[rows], unknown[rows] = _plans(words[rows], default)
        put(found, rows, _found(cells[rows], plans[rows]))

    def say(rows: slice) -> pl.DataFrame:
        return _said(found[rows], cells[rows], unknown[rows]).cast(types)

    _side_by_side(read, frame.height)
    if zeros_lost is not False:
        put_back_zeros(found, cells, plans, zeros_lost)
    return pl.concat(_side_by_side(say, frame.height))


def _plans(words: pl.Series, default: int) -> "tuple[Plans, NDArray[np.bool_]]":
    """Each row's plan, 0 where there is none, and whether it is because its word is unknown."""
    different = words.unique().drop_nulls().to_list()
    regions = known_regions(different)
    codes = {
        word: code_of(regions[word]) if word in regions else -1 if word.strip() else default
        for word in different
    }
    found = words.replace_strict(codes, default=default, return_dtype=pl.Int64).to_numpy()
    return np.maximum(found, 0), found < 0


def _found(cells: pl.Series, plans: "Plans") -> "Found":
    """What the cells hold: the tidy ones all at once, the others when they are mended."""
    read = tidy_cells(*bytes_of(cells))
    form = np.where(read.plus, np.int8(_PLUS), np.int8(_BARE))
    if read.tidy.all():
        return decide(read.digits, form, plans)
    found = nothing(len(cells))
    fits, messy = np.flatnonzero(read.tidy), np.flatnonzero(~read.tidy)
    found[fits] = decide(read.digits.at(fits), form[fits], plans[fits])
    found[messy] = _messily(cells.gather(messy), plans[messy])
    return found


def _messily(cells: pl.Series, plans: "Plans") -> "Found":
    """What cells hold that are not tidy, once they are mended."""
    read = mended(cells)
    form = read["form"].to_physical().fill_null(0).to_numpy().astype(np.int8)
    found = decide(digits_of(read["digits"]), form, plans)
    again = np.flatnonzero(read["spare"].is_not_null().to_numpy())
    if len(again):
        spare = digits_of(read["spare"]).at(again)
        found[again] = decide_with_spare(found[again], spare, form[again], plans[again])
    refused = read["refusal"].is_not_null().to_numpy()
    found[refused] = nothing(1)
    found["detail"][refused] = _codes(read["refusal"], _REFUSED)[refused]
    # What had to be mended says more than how the digits were read, unless they were mended too.
    repaired = read["rule"].is_not_null().to_numpy() & ~np.isin(found["rule"], _REPAIRS)
    found["rule"][repaired] = _codes(read["rule"], _REPAIRED)[repaired]
    return found


def _codes(keys: pl.Series, codes: "NDArray[np.int8]") -> "NDArray[np.int8]":
    """For each of the Enum's values its code; any where it is null."""
    return codes[keys.to_physical().fill_null(0).to_numpy()]


def _side_by_side(work: Callable[[slice], _Made], rows: int) -> list[_Made]:
    """Do the work for all rows, so many at a time, on all cores; what came of it, in order."""
    pieces = [slice(at, min(at + _TOGETHER, rows)) for at in range(0, max(rows, 1), _TOGETHER)]
    return list(_threads().map(work, pieces)) if len(pieces) > 1 else [work(pieces[0])]


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(BUSY, thread_name_prefix="normalise")


def _said(found: "Found", cells: pl.Series, unknown: "NDArray[np.bool_]") -> pl.DataFrame:
    """The records in words."""
    known = tables()
    verdict = found["verdict"]
    is_number = verdict > 0
    number = pl.Series(found["number"])
    plan_type = np.maximum(known.verdict_type[verdict], 0).astype(np.uint8)
    return pl.select(
        msisdn=pl.when(number > 0).then(number).cast(pl.String),
        msisdn_input=cells,
        region=_coded("region", _REGIONS[known.verdict_plan[verdict]], is_number),
        plan_type=_coded("plan_type", plan_type, is_number),
        rule=_coded("rule", _RULES[found["rule"]], is_number),
        reject_reason=_coded("reject_reason", _REASONS[found["detail"]], found["detail"] > 0),
        reject_detail=_details(found, unknown),
    )


def _codes_of(column: str, words: Sequence[str]) -> "NDArray[np.uint8]":
    """For each word its place in the column's closed list, and 0 for an empty one."""
    places = {word: place for place, word in enumerate(_CODED[column].categories)}
    return np.array([places.get(word, 0) for word in words], np.uint8)


_REGIONS = _codes_of("region", [plan.region for plan in PLANS])
_RULES = _codes_of("rule", READ_AS)
_REASONS = _codes_of("reject_reason", [each.reason for each in _DETAILS])


def _coded(column: str, codes: "NDArray[np.uint8]", there: "NDArray[np.bool_]") -> pl.Series:
    """The words with these codes, null where there is none."""
    kind = _CODED[column]
    if not there.any():
        return pl.Series([None], dtype=kind).new_from_index(0, len(codes))
    words = pl.Series(codes).cat.to(kind)
    return words if there.all() else words.set(pl.Series(~there), None)


def _details(found: "Found", unknown: "NDArray[np.bool_]") -> pl.Series:
    """What is wrong with each row and what to do; null where it has a number."""
    refused = np.flatnonzero(found["detail"])
    if not len(refused):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(found))
    places = np.zeros(len(found), np.int64)
    said = np.column_stack(
        [*(found[name][refused] for name in ("detail", "place", "other")), unknown[refused]]
    )
    different, which = np.unique(said, axis=0, return_inverse=True)
    places[refused] = which.ravel() + 1
    texts = [None, *(_text(*each) for each in different.tolist())]
    return pl.Series(texts, dtype=pl.String).gather(pl.Series(places))


def _text(number: int, place: int, other: int, unknown: int) -> str:
    said = _DETAILS[number]
    if unknown and said.reason == "no_region":
        return _UNKNOWN_WORD
    return said.text.format(place=place_name(place), other=place_name(other))


def _with_bad_rows(frame: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Rows that could not be read at all: the line in place of the cell, what is wrong with it."""
    if "bad_row" not in frame.columns or frame["bad_row"].null_count() == frame.height:
        return ours
    bad = frame["bad_row"].is_not_null()
    line = "bad_line" if "bad_line" in frame.columns else None
    said: dict[str, pl.Expr | pl.Series] = {
        "msisdn_input": frame[line] if line else ours["msisdn_input"],
        "reject_reason": pl.lit("bad_row", ours.schema["reject_reason"]),
        "reject_detail": frame["bad_row"],
    }
    nothing = pl.lit(None)
    return ours.with_columns(
        pl.when(bad).then(said.get(name, nothing)).otherwise(pl.col(name)).alias(name)
        for name in _OURS
    )
