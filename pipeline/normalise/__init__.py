"""Stage 2: raw cells → MSISDN, region and plan type, or the reason why not.

    repair.py    cell → the digits it holds, the form they are written in, and a repair or a refusal
    regions.py   what a region column says → alpha-2
    verdict.py   digits, form, region → number, or a reason; the numbering plans are asked only there
    columns.py   these three over a frame

Rules: columns, not rows; row order and row count never change; `msisdn` is null exactly where
`reject_reason` is not. A cell that reads as two numbers is refused, never guessed.
"""

from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import polars as pl

__all__ = ("normalise",)


@overload
def normalise(
    frame: "pl.DataFrame", column: str, region: str | None = ..., region_column: str | None = ...
) -> "pl.DataFrame": ...
@overload
def normalise(
    frame: "pl.LazyFrame", column: str, region: str | None = ..., region_column: str | None = ...
) -> "pl.LazyFrame": ...
def normalise(
    frame: "pl.DataFrame | pl.LazyFrame",
    column: str,
    region: str | None = None,
    region_column: str | None = None,
) -> "pl.DataFrame | pl.LazyFrame":
    """Append `msisdn msisdn_input region plan_type rule reject_reason reject_detail`, all String.

    `column` holds the numbers as text (whole numbers and 64-bit floats are read as their text).
    `region` is where national numbers belong; `region_column` says it row by row (alpha-2,
    alpha-3, English name or calling code): a blank there falls back to `region`, a word that is
    no region does not. Columns of the frame that are called like one of ours are renamed as
    `model.own_names` says. Where the frame has `bad_row`, its non-null rows become `bad_row`.

    A `DataFrame` gives a `DataFrame`, a `LazyFrame` a `LazyFrame`. Raises `UsageError` for an
    unknown region, a missing column, or a column whose type cannot hold numbers.
    """
    # Imported here for start-up time: Polars and the numbering plans take half a second.
    from pipeline.normalise.columns import normalised  # noqa: PLC0415

    return normalised(frame, column, region, region_column)
