"""Stage 2: raw cells → MSISDN, region and plan type, or the reason why not.

    cells.py      cells → digits, where they are tidy: the bytes of all at once
    repair.py     cells that are not → digits and what was mended, or a refusal (signs.py, writing.py)
    regions.py    what a region column says → a plan
    readings.py   digits → a number, as libphonenumber reads it: nationally, internationally
    verdict.py    which of the readings is meant, or that two are as good
    several.py    numbers that stand in one of several columns, or are cut in two
    found.py      the record of one row: a number and how it was read, or why there is none
    evidence.py   what a whole column shows, and what follows: counts and a table of thresholds
    bare.py       of bare digits (groups, shares of full and of national numbers)
    spreadsheet.py  of cells that were rounded, or written as floats; zeros.py: of zeros that were lost
    region_codes.py  of numbers in a region column
    together.py   a column: each cell by itself, what all show, what is settled by it
    columns.py    these over a frame

Rules: columns, not rows; row order and row count never change; `msisdn` is null exactly where
`reject_reason` is not. A cell that reads as two numbers is refused, never guessed; what a column
shows is taken once, from the first frame of a file, and holds for all its frames. The numbering
plans are `pipeline/numbering/`; where this differs from libphonenumber on purpose stands in
`DIFFERENCES.md`.
"""

from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from pipeline.normalise.evidence import Evidence

    Column = str | Sequence[str | Sequence[str]]
    Shown = Evidence | Sequence[Evidence]

__all__ = ("learn", "normalise")


@overload
def normalise(
    frame: "pl.DataFrame",
    column: "Column",
    region: str | None = ...,
    region_column: str | None = ...,
    *,
    evidence: "Shown | None" = ...,
    coded: bool = ...,
) -> "pl.DataFrame": ...
@overload
def normalise(
    frame: "pl.LazyFrame",
    column: "Column",
    region: str | None = ...,
    region_column: str | None = ...,
    *,
    evidence: "Shown | None" = ...,
    coded: bool = ...,
) -> "pl.LazyFrame": ...
def normalise(
    frame: "pl.DataFrame | pl.LazyFrame",
    column: "Column",
    region: str | None = None,
    region_column: str | None = None,
    *,
    evidence: "Shown | None" = None,
    coded: bool = False,
) -> "pl.DataFrame | pl.LazyFrame":
    """Append `msisdn msisdn_input region plan_type rule reject_reason reject_detail`, all String.

    `column` holds the numbers as text (whole numbers and 64-bit floats are read as their text).
    Of several, in order, the first that holds a valid number counts, a mobile before any other, and
    `column` is appended too; one that is a sequence itself is cut in as many columns, area code and
    the rest.
    `region` is where national numbers belong; `region_column` says it row by row (alpha-2,
    alpha-3, English name, calling code or ISO's numeric code): a blank there falls back to `region`,
    a word that is no region does not. Columns of the frame that are called like one of ours are renamed as
    `model.own_names` says.

    `msisdn` is the E.164 number in digits, null where `reject_reason` says why there is none and
    `reject_detail` what to do; `rule` says how the cell was read, `region` (alpha-2) and
    `plan_type` are the numbering plan's. The values of all these stand in `pipeline.model`.
    Source: the metadata of the installed `phonenumbers`, whose verdicts are repeated exactly but
    for the differences in `DIFFERENCES.md`.

    What a cell by itself cannot tell, the column does: whether bare digits (no plus sign, no 00) are
    full numbers, whether a spreadsheet has rounded them or taken their leading zeros. A `DataFrame`
    is looked at as a whole, unless `evidence` says what is known of it: what `learn` took from a part,
    or what you know, as in `Evidence(bare="international")`, one for each of several columns. Of a `LazyFrame` only a part is seen at a
    time: there bare digits are full numbers of the row's own region only, unless `evidence` says more.

    With `coded`, the closed lists among ours (`region plan_type rule reject_reason`) are Enum in
    place of String: the same words in a sixteenth of the memory.

    A `DataFrame` gives a `DataFrame`; a `LazyFrame` a `LazyFrame` that streams. Where the frame has
    `bad_row`, its non-null rows become `bad_row`. Raises `UsageError` for an unknown region, a
    missing column, or a column whose type cannot hold numbers.
    """
    # Imported here for start-up time: Polars and the numbering plans take half a second.
    from pipeline.normalise.columns import normalised  # noqa: PLC0415

    return normalised(frame, column, region, region_column, evidence=evidence, coded=coded)


@overload
def learn(  # type: ignore[overload-overlap]  # a text is a sequence of texts, too
    frame: "pl.DataFrame",
    column: str,
    region: str | None = ...,
    region_column: str | None = ...,
    *,
    bare: str = ...,
    coded: bool = ...,
) -> "tuple[pl.DataFrame, Evidence]": ...
@overload
def learn(
    frame: "pl.DataFrame",
    column: "Sequence[str | Sequence[str]]",
    region: str | None = ...,
    region_column: str | None = ...,
    *,
    bare: str = ...,
    coded: bool = ...,
) -> "tuple[pl.DataFrame, tuple[Evidence, ...]]": ...
def learn(
    frame: "pl.DataFrame",
    column: "Column",
    region: str | None = None,
    region_column: str | None = None,
    *,
    bare: str = "auto",
    coded: bool = False,
) -> "tuple[pl.DataFrame, Evidence | tuple[Evidence, ...]]":
    """As `normalise`, and what the frame shows of its column: `evidence` for the file's other frames.

    Of several columns there is one for each. `bare` says how bare digits are read, whatever the
    column shows: `auto` leaves it to the column, `international` takes them for full numbers first,
    `national` for full ones of the row's own region only.
    """
    from pipeline.normalise.columns import learnt  # noqa: PLC0415

    made, shown = learnt(frame, column, region, region_column, bare=bare, coded=coded)
    return made, shown[0] if isinstance(column, str) else shown
