"""`--rows all`: one output row for every valid input row, with its number's answer.

A row far down the list may repeat a number of the first, so answers are carried to their rows by
files, in two passes, each of which holds about one part at a time:

1. for each part of unique rows, the duplicates of its numbers take its answers along (`expand/`);
2. for each stretch of `row_id`, unique rows and answered duplicates are put together in order.

Rule: a part holds the rows of one stretch of `row_id`, so parts are the same whatever came between.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from pipeline.ledger.own_parquet import check_rows, read_rows, scan_rows
from pipeline.ledger.records import FileRecord
from pipeline.model import ANSWER, OWN
from pipeline.write.parts import Output, keep, write

__all__ = ("expand",)

_CARRIED = ("occurrences", "msisdn", "region", "plan_type", "rule", *(c.name for c in ANSWER))
"""What a duplicate has from the first row of its number, unless it has it of its own."""

_SMALL = 8_192
"""Rows in a row group of a scratch file: a stretch reads only those groups that it needs."""


def expand(
    unique: Sequence[FileRecord],
    duplicates: Sequence[FileRecord],
    scratch: Path,
    rows: int,
    output: Output,
) -> list[FileRecord]:
    """Write `OUT/enriched` with every valid row, in input order; returns its parts.

    `unique` are files (made by `keep`) of the frames that `answers` gives, ascending in `row_id`
    from file to file; `duplicates` are files of `row_id`, `first_row_id`, `in:*` and, where the
    row's own are known, `msisdn_input` and `rule`. A part is made of `rows` consecutive row ids of
    the input. It may be called again after it was interrupted, and makes the same files.

    Raises `CheckpointError` that names a file which is not as it was kept, and `StorageError`.
    """
    if not (unique or duplicates):
        return []
    check_rows(output.out, (*unique, *duplicates))
    carried = [
        keep(matched, scratch / f"answers-{number:05}.parquet", "answers", output, _SMALL)
        for number, matched in enumerate(_carried(unique, duplicates, output.out))
    ]
    records: list[FileRecord] = []
    for stretch in _stretches(unique, carried, duplicates, rows, output):
        records.append(write(stretch, "enriched", len(records), output))
    return records


def _carried(
    unique: Sequence[FileRecord], duplicates: Sequence[FileRecord], out: Path
) -> Iterator[pl.DataFrame]:
    """For each file of unique rows, the duplicates of its numbers with its answers."""
    if not duplicates:
        return
    for record in unique:
        rows = read_rows(out / record.path, ["row_id", *_CARRIED]).rename(
            {"row_id": "first_row_id"}
        )
        low, high = rows["first_row_id"].min(), rows["first_row_id"].max()
        repeated = pl.col("first_row_id").is_between(low, high)
        near = _where(repeated, duplicates, out, ["row_id", "first_row_id"])
        matched = near.join(rows, on="first_row_id", how="inner", maintain_order="left")
        yield matched.sort("row_id")


def _stretches(
    unique: Sequence[FileRecord],
    answered: Sequence[FileRecord],
    duplicates: Sequence[FileRecord],
    rows: int,
    output: Output,
) -> Iterator[pl.DataFrame]:
    """All rows in input order, `rows` row ids at a time; none for a stretch without a valid row."""
    out = output.out
    last = max(_last(out / record.path) for record in (*unique, *duplicates))
    for low in range(0, last + 1, rows):
        here = pl.col("row_id").is_between(low, low + rows - 1)
        frames = [_where(here, unique, out)]
        if duplicates and answered:
            told = _where(here, answered, out)
            frames.append(_joined(_where(here, duplicates, out), told, output.number_columns))
        whole = pl.concat(frames, how="diagonal")
        if not whole.is_empty():
            yield whole.sort("row_id")


def _where(
    condition: pl.Expr, records: Sequence[FileRecord], out: Path, columns: Sequence[str] = ("*",)
) -> pl.DataFrame:
    """Of all rows of these files those of which it is true, in order."""
    found = [rows.filter(condition).select(columns).collect() for rows in scan_rows(out, records)]
    return pl.concat(found)


def _joined(own: pl.DataFrame, told: pl.DataFrame, numbers: Sequence[str]) -> pl.DataFrame:
    """Duplicate rows with their answers. Raises `ValueError` if one has none."""
    if "msisdn_input" not in own.columns and len(numbers) == 1:
        own = own.with_columns(msisdn_input=pl.col(OWN + numbers[0]))
    known = own.drop("first_row_id", "msisdn")
    wanted = told.drop("first_row_id", *(set(known.columns) & set(_CARRIED)))
    both = known.join(wanted, on="row_id", how="inner")
    if both.height != own.height:
        lost = own.height - both.height
        raise ValueError(f"{lost} duplicate rows of numbers that are not among the unique ones")
    return both


def _last(path: Path) -> int:
    last = read_rows(path, ["row_id"])["row_id"].max()
    assert last is None or isinstance(last, int)  # noqa: S101  the column is Int64
    return last or 0
