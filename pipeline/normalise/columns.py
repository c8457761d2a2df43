"""The stage over a frame: which columns come in, which go out, and how the parts join.

Rule: this file knows frames and names; cells are `repair`'s, numbers are `verdict`'s.
"""

import polars as pl

from pipeline.errors import UsageError
from pipeline.model import NORMALISED, REJECTED, own_names
from pipeline.normalise.regions import default_region, known_regions
from pipeline.normalise.repair import read_cells
from pipeline.normalise.verdict import PLUS, verdicts

__all__ = ("normalised",)

_APPENDED = (*NORMALISED, *(known for known in REJECTED if known.name.startswith("reject_")))
_OURS = tuple(column.name for column in _APPENDED)
_CANDIDATE = ("digits", "form", "spare", "region")
_UNKNOWN_WORD = "Written nationally, and the region column says no region for this row; mend it, or write the number with +."


def normalised(
    frame: pl.DataFrame | pl.LazyFrame,
    column: str,
    region: str | None = None,
    region_column: str | None = None,
) -> pl.DataFrame | pl.LazyFrame:
    """See `pipeline.normalise`."""
    schema = frame.collect_schema()
    for name in (column, region_column):
        if name is not None and name not in schema:
            listed = ", ".join(schema) or "none at all"
            raise UsageError(f"there is no column {name!r}; the columns are: {listed}")
    _check_type(column, schema[column])
    region = default_region(region)
    names = own_names(schema, _APPENDED)

    def of_batch(batch: pl.DataFrame) -> pl.DataFrame:
        ours = _with_bad_rows(batch, _normalised(batch, column, region, region_column))
        return batch.rename(names).hstack(ours.select(_OURS))

    if isinstance(frame, pl.DataFrame):
        return of_batch(frame)
    after = {names[name]: kind for name, kind in schema.items()} | dict.fromkeys(_OURS, pl.String())
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
    frame: pl.DataFrame, column: str, region: str | None, region_column: str | None
) -> pl.DataFrame:
    cells = frame[column].cast(pl.String)
    read = read_cells(cells)
    said = _regions(frame, region, region_column)
    decided = _decided(read.with_columns(said["region"]).select(_CANDIDATE))
    known = read.select("rule", refused="reject_reason", why="reject_detail")
    joined = pl.concat([decided, known, said.select("unknown")], how="horizontal")
    repaired = pl.col("read").str.starts_with("repair:")
    return joined.select(
        "msisdn",
        cells.alias("msisdn_input"),
        "region",
        "plan_type",
        rule=pl.when(pl.col("msisdn").is_not_null()).then(
            pl.when(repaired).then("read").otherwise(pl.coalesce("rule", "read"))
        ),
        reject_reason=pl.coalesce("refused", "reject_reason"),
        reject_detail=pl.when(pl.col("unknown") & (pl.col("reject_reason") == "no_region"))
        .then(pl.lit(_UNKNOWN_WORD))
        .otherwise(pl.coalesce("why", "reject_detail")),
    )


def _regions(frame: pl.DataFrame, region: str | None, region_column: str | None) -> pl.DataFrame:
    """Each row's `region`, and whether its word is `unknown`; a blank falls back to `region`."""
    default = pl.lit(region, pl.String)
    if region_column is None:
        return frame.select(
            region=pl.repeat(region, pl.len(), dtype=pl.String),
            unknown=pl.repeat(False, pl.len()),
        )
    word = pl.col("word")
    words = frame.select(word=pl.col(region_column).cast(pl.String).str.strip_chars())
    known = known_regions(words["word"].drop_nulls().unique().to_list())
    found = word.replace_strict(known, default=None, return_dtype=pl.String)
    blank = word.is_null() | (word == "")
    return words.select(
        region=pl.when(blank).then(default).otherwise(found), unknown=~blank & found.is_null()
    )


def _decided(candidates: pl.DataFrame) -> pl.DataFrame:
    """The verdict on each row, `rule` as `read`; the numbering plans see each candidate once."""
    # The region asked for, which is not the number's own, and matters only without a plus sign.
    asked = pl.when(pl.col("form") != PLUS).then("region").alias("asked")
    candidates = candidates.select("digits", "form", "spare", asked)
    # One numbering plan after the other: its patterns then stay compiled (Python keeps 512):
    # 23 000 instead of 3 500 numbers/s on a list of all regions. The join restores the order.
    distinct = candidates.drop_nulls("digits").unique().sort("form", "asked", "digits")
    table = distinct.hstack(verdicts(distinct).rename({"rule": "read"}))
    return candidates.join(
        table,
        on=["digits", "form", "spare", "asked"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )


def _with_bad_rows(frame: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Rows that could not be read at all: the line in place of the cell, what is wrong with it."""
    if "bad_row" not in frame.columns:
        return ours
    bad = frame["bad_row"].is_not_null()
    line = "bad_line" if "bad_line" in frame.columns else None
    said: dict[str, pl.Expr | pl.Series] = {
        "msisdn_input": frame[line] if line else ours["msisdn_input"],
        "reject_reason": pl.lit("bad_row"),
        "reject_detail": frame["bad_row"],
    }
    nothing = pl.lit(None, pl.String)
    return ours.with_columns(
        pl.when(bad).then(said.get(name, nothing)).otherwise(pl.col(name)).alias(name)
        for name in _OURS
    )
