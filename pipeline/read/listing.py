"""All inputs as one table: the union of their columns, one count of rows, one column of numbers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from pipeline.errors import InputError
from pipeline.model import OWN
from pipeline.read.columns import choose_column, listed
from pipeline.read.contract import BAD_LINE, BAD_ROW, LINE_NUMBER, Layout, Source, Table

__all__ = ("Listing", "united")


@dataclass(frozen=True)
class Listing:
    """The inputs, ready to be read; each iteration reads them anew, from the beginning.

    Frames have 1 to `batch_rows` rows and the columns `row_id` Int64, `source_file` String,
    `line_number` Int64, `bad_row` and `bad_line` String, then `in:<name>` String for each of
    `columns`. Iterating raises `InputError` where a file turns out broken, or has changed.
    """

    sources: tuple[Source, ...]
    layouts: tuple[Layout, ...]
    """How each source is written."""
    columns: tuple[str, ...]
    """The inputs' own columns, in order of first appearance."""
    number_column: str
    """The one of them that holds the numbers; every source has it."""
    batch_rows: int
    tables: tuple[Table, ...] = field(repr=False)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        row_id = 0
        for source, table in zip(self.sources, self.tables, strict=True):
            there = set(table.layout.columns)
            own = [
                pl.col(OWN + name) if name in there else pl.lit(None, pl.String).alias(OWN + name)
                for name in self.columns
            ]
            for frame in table.frames(self.batch_rows):
                yield frame.select(
                    pl.int_range(row_id, row_id + frame.height, dtype=pl.Int64).alias("row_id"),
                    pl.lit(source.name).alias("source_file"),
                    LINE_NUMBER,
                    BAD_ROW,
                    BAD_LINE,
                    *own,
                )
                row_id += frame.height


def united(
    sources: tuple[Source, ...], tables: tuple[Table, ...], wanted: str | None, batch_rows: int
) -> Listing:
    """The tables as one. Raises `InputError` that names the file without the number's column."""
    first = tables[0]
    try:
        chosen = choose_column(first.layout.columns, first.sample(), wanted)
    except InputError as error:
        raise InputError(f"{sources[0].name}: {error}") from error
    for source, table in zip(sources, tables, strict=True):
        if chosen not in table.layout.columns:
            raise InputError(
                f"{source.name}: has no column {listed([chosen])!r}, which holds the numbers in "
                f"{sources[0].name}; its columns are: {listed(table.layout.columns)}"
            )
    columns = dict.fromkeys(name for table in tables for name in table.layout.columns)
    return Listing(
        sources=sources,
        layouts=tuple(table.layout for table in tables),
        columns=tuple(columns),
        number_column=chosen,
        batch_rows=batch_rows,
        tables=tables,
    )
