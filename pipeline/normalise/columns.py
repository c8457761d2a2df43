"""The stage over a frame: which columns come in, which go out, and how the parts join.

Rule: this file knows frames and names; the cells of a column are `together`'s.
Rows are worked on by the hundred thousand, each lot in a thread of its own from beginning to end:
nearly all of the work is NumPy's and Polars', which let other threads run.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

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
from pipeline.normalise.evidence import AUTO, BARE, Evidence
from pipeline.normalise.found import READ_AS, nothing, place_name, put
from pipeline.normalise.regions import default_region
from pipeline.normalise.several import Choice, cells_of, choices_of, first_of
from pipeline.normalise.together import (
    ALL_DETAILS,
    UNCLEAR,
    kind_of_codes,
    plans_of,
    read_cells,
    settle_column,
    shown_by,
)
from pipeline.numbering.plans import PLANS, code_of
from pipeline.numbering.tables import tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = NDArray[np.void]

__all__ = ("learnt", "normalised")

_Made = TypeVar("_Made")

_APPENDED = (*NORMALISED, *(known for known in REJECTED if known.name.startswith("reject_")))
_OURS = tuple(column.name for column in _APPENDED)
_NO_WORD = {
    1: "Written nationally, and the region column says no region for this row; mend it, or write the number with +.",
    UNCLEAR: "Written nationally, and the region column's code may be ISO 3166's or a calling code; write regions as two letters.",
}
"""In place of `no_region`, by what is wrong with the row's region."""
_TOGETHER = 1 << 17
"""Rows that are worked on at once: half as many spend a tenth of their time in Python."""

_CODED = {
    "region": pl.Enum(list(dict.fromkeys(plan.region for plan in PLANS if plan.region))),
    "plan_type": pl.Enum(PLAN_TYPES),
    "rule": pl.Enum(list(RULES)),
    "reject_reason": pl.Enum(list(REJECT_REASONS)),
}
"""The closed lists among our columns, a byte a row each: what travels between the stages."""


class _Given(NamedTuple):
    """What a call says of one column, or of those that are joined to one."""

    choice: Choice
    region: str | None
    region_column: str | None
    evidence: Evidence | None
    """What is known of the column already; None: it is looked at, ..."""
    bare: str = AUTO
    """... with this setting."""


def normalised(
    frame: pl.DataFrame | pl.LazyFrame,
    column: str | Sequence[str | Sequence[str]],
    region: str | None = None,
    region_column: str | None = None,
    *,
    evidence: Evidence | Sequence[Evidence] | None = None,
    coded: bool = False,
) -> pl.DataFrame | pl.LazyFrame:
    """See `pipeline.normalise`."""
    choices = choices_of(column)
    if evidence is None and isinstance(frame, pl.LazyFrame):
        evidence = Evidence()  # only a part is seen at a time
    shown: Sequence[Evidence | None] = (
        [evidence] * len(choices)
        if evidence is None or isinstance(evidence, Evidence)
        else evidence
    )
    where = default_region(region)
    givens = [
        _Given(choice, where, region_column, known)
        for choice, known in zip(choices, shown, strict=True)
    ]
    if isinstance(frame, pl.DataFrame):
        return _of_frame(frame, givens, coded=coded)[0]
    schema = frame.collect_schema()
    _check(schema, givens)
    after = {_names(schema, givens)[name]: kind for name, kind in schema.items()}
    after |= _types(coded=coded)
    if len(givens) > 1:
        after |= {COLUMN.name: pl.String()}

    def of_batch(batch: pl.DataFrame) -> pl.DataFrame:
        return _of_frame(batch, givens, coded=coded)[0]

    return frame.map_batches(of_batch, schema=after, streamable=True)


def learnt(
    frame: pl.DataFrame,
    column: str | Sequence[str | Sequence[str]],
    region: str | None = None,
    region_column: str | None = None,
    *,
    bare: str = AUTO,
    coded: bool = False,
) -> tuple[pl.DataFrame, tuple[Evidence, ...]]:
    """See `pipeline.normalise.learn`."""
    where = default_region(region)
    choices = choices_of(column)
    givens = [_Given(choice, where, region_column, None, bare) for choice in choices]
    return _of_frame(frame, givens, coded=coded)


def _of_frame(
    frame: pl.DataFrame, givens: Sequence[_Given], *, coded: bool
) -> tuple[pl.DataFrame, tuple[Evidence, ...]]:
    _check(frame.schema, givens)
    types = _types(coded=coded)
    read = [_normalised(frame, given, types) for given in givens]
    ours, appended = read[0][0], _OURS
    if len(givens) > 1:
        ours = first_of([of_one for of_one, _ in read], [given.choice for given in givens])
        appended = (*_OURS, COLUMN.name)
    made = frame.rename(_names(frame.columns, givens))
    shown = tuple(of_one for _, of_one in read)
    return made.hstack(_with_bad_rows(frame, ours).select(appended)), shown


def _names(columns: Iterable[str], givens: Sequence[_Given]) -> dict[str, str]:
    """What the frame's own columns are called beside ours."""
    columns = list(columns)
    appended = _APPENDED if len(givens) == 1 else (*_APPENDED, COLUMN)
    # Between the stages an input's own columns have a prefix, and cannot be called like ours.
    bare = own_names((name for name in columns if not name.startswith(OWN)), appended)
    return {name: bare.get(name, name) for name in columns}


def _types(*, coded: bool) -> pl.Schema:
    kinds = _CODED if coded else {}
    return pl.Schema({name: kinds.get(name, pl.String()) for name in _OURS})


def _check(schema: pl.Schema, givens: Sequence[_Given]) -> None:
    parts = [name for given in givens for name in given.choice]
    by_row = givens[0].region_column
    for name in (*parts, *(() if by_row is None else (by_row,))):
        if name not in schema:
            listed = ", ".join(schema) or "none at all"
            raise UsageError(f"there is no column {name!r}; the columns are: {listed}")
    for name in parts:
        _check_type(name, schema[name])
    if givens[0].bare not in BARE:
        raise UsageError(f"bare: {givens[0].bare!r} is none of {', '.join(BARE)}")


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
    frame: pl.DataFrame, given: _Given, types: pl.Schema
) -> tuple[pl.DataFrame, Evidence]:
    cells = cells_of(frame, given.choice)
    default = code_of(given.region) if given.region else 0
    words = None if given.region_column is None else frame[given.region_column].cast(pl.String)
    shown = given.evidence
    codes = shown.region_codes if shown else kind_of_codes(words, cells, default)
    found, plans = nothing(frame.height), np.full(frame.height, default, np.int64)
    said = np.zeros(frame.height, np.int8)

    def read(rows: slice) -> None:
        if words is not None:
            plans[rows], said[rows] = plans_of(words[rows], default, codes, 0)
        put(found, rows, read_cells(cells[rows], plans[rows]))

    _side_by_side(read, frame.height)
    if shown is None:
        shown = shown_by(found, cells, plans, setting=given.bare, codes=codes)

    def say(rows: slice) -> pl.DataFrame:
        settle_column(found[rows], cells[rows], plans[rows], shown)
        return _said(found[rows], cells[rows], said[rows], types)

    return pl.concat(_side_by_side(say, frame.height)), shown


def _side_by_side(work: Callable[[slice], _Made], rows: int) -> list[_Made]:
    """Do the work for all rows, so many at a time, on all cores; what came of it, in order."""
    pieces = [slice(at, min(at + _TOGETHER, rows)) for at in range(0, max(rows, 1), _TOGETHER)]
    return list(_threads().map(work, pieces)) if len(pieces) > 1 else [work(pieces[0])]


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(BUSY, thread_name_prefix="normalise")


def _said(
    found: "Found", cells: pl.Series, regions: "NDArray[np.int8]", types: pl.Schema
) -> pl.DataFrame:
    """The records in words; `types` say whether those of closed lists are Enum or String."""
    known = tables()
    verdict = found["verdict"]
    is_number = verdict > 0
    number = pl.Series(found["number"])
    codes = {
        "region": _REGIONS.take(known.verdict_plan.take(verdict, mode="clip"), mode="clip"),
        "plan_type": np.maximum(known.verdict_type.take(verdict, mode="clip"), 0),
        "rule": _RULES.take(found["rule"], mode="clip"),
        "reject_reason": _REASONS.take(found["detail"], mode="clip"),
    }
    there = dict.fromkeys(codes, is_number) | {"reject_reason": found["detail"] > 0}
    words = {name: _words(name, of_one, there[name], types) for name, of_one in codes.items()}
    msisdn = pl.when(number > 0).then(number).cast(pl.String)
    return pl.DataFrame(
        {
            "msisdn": pl.select(msisdn).to_series(),
            "msisdn_input": cells,
            **words,
            "reject_detail": _details(found, regions),
        }
    )


def _codes_of(column: str, words: Sequence[str]) -> "NDArray[np.uint8]":
    """For each word its place in the column's closed list, and 0 for an empty one."""
    places = {word: place for place, word in enumerate(_CODED[column].categories)}
    return np.array([places.get(word, 0) for word in words], np.uint8)


_REGIONS = _codes_of("region", [plan.region for plan in PLANS])
_RULES = _codes_of("rule", READ_AS)
_REASONS = _codes_of("reject_reason", [each.reason for each in ALL_DETAILS])


@cache
def _listed(column: str, kind: pl.DataType) -> pl.Series:
    """The words of a column's closed list, and null behind them."""
    return pl.Series([*_CODED[column].categories, None], dtype=kind)


def _words(
    column: str, codes: "NDArray[np.integer]", there: "NDArray[np.bool_]", types: pl.Schema
) -> pl.Series:
    """The words with these codes, null where there is none."""
    listed = _listed(column, types[column])
    nothing = len(listed) - 1
    if not there.any():
        return listed.new_from_index(nothing, len(codes))
    # To look words up is twenty times as fast as to cast an Enum.
    return listed[np.where(there, codes, nothing).astype(np.uint32)]


def _details(found: "Found", regions: "NDArray[np.int8]") -> pl.Series:
    """What is wrong with each row and what to do; null where it has a number."""
    refused = np.flatnonzero(found["detail"])
    if not len(refused):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(found))
    places = np.zeros(len(found), np.int64)
    said = np.column_stack(
        [*(found[name][refused] for name in ("detail", "place", "other")), regions[refused]]
    )
    different, which = np.unique(said, axis=0, return_inverse=True)
    places[refused] = which.ravel() + 1
    texts = [None, *(_text(*each) for each in different.tolist())]
    return pl.Series(texts, dtype=pl.String).gather(pl.Series(places))


def _text(number: int, place: int, other: int, region: int) -> str:
    said = ALL_DETAILS[number]
    if region and said.reason == "no_region":
        return _NO_WORD[region]
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
