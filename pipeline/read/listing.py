"""All inputs as one table: the union of their columns, one count of rows, one column of numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from pipeline.errors import InputError
from pipeline.held import VIEW
from pipeline.model import OWN
from pipeline.read.charsets import CHARSETS
from pipeline.read.columns import choose_columns, listed
from pipeline.read.contract import (
    BAD_LINE,
    BAD_ROW,
    LINE_NUMBER,
    Layout,
    NumberColumn,
    Source,
    Table,
)
from pipeline.read.records import UNDECODABLE

__all__ = ("Listing", "united")

BATCH_BYTES = 64 << 20
"""Bytes that make a full frame, however few rows it has."""

_MARKED = (
    "letters that cannot be read were replaced by \ufffd, the numbers are sound; name the encoding"
    " with --encoding"
)
_COLUMN = 1 << 10
"""Bytes that a column takes beside its values: all there is to many small files of many columns."""


@dataclass(frozen=True)
class Listing:
    """The inputs, ready to be read; each iteration reads them anew, from the beginning.

    Frames have 1 to `batch_rows` rows and the columns `row_id` Int64, `source_file` Enum,
    `line_number` Int64, `bad_row` and `bad_line` String, then `in:<name>` String for each of
    `columns`. Iterating raises `InputError` where a file turns out broken, or has changed.
    """

    sources: tuple[Source, ...]
    layouts: tuple[Layout, ...]
    """How each source is written."""
    columns: tuple[str, ...]
    """The inputs' own columns, in order of first appearance."""
    number_columns: tuple[NumberColumn, ...]
    """Those of them that hold the numbers, the first before the others; every source has them."""
    batch_rows: int
    tables: tuple[Table, ...] = field(repr=False)
    no_lists: tuple[str, ...] = ()
    """Files of a directory that are called like lists and are none, and what they are."""
    _marked: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    """Rows of the last reading that have marks in place of letters, by source."""

    def __iter__(self) -> Iterator[pl.DataFrame]:
        row_id = 0
        self._marked.clear()
        for frame in _even(self._frames(), self.batch_rows):
            yield frame.insert_column(
                0,
                pl.int_range(row_id, row_id + frame.height, dtype=pl.Int64, eager=True).alias(
                    "row_id"
                ),
            )
            row_id += frame.height

    def skipped(self) -> dict[str, int]:
        """Lines above the header that were passed over, by file."""
        found = zip(self.sources, self.layouts, strict=True)
        return {source.name: layout.above for source, layout in found if layout.above}

    def told(self) -> Iterator[str]:
        """What was made of files that are not as lists usually are, in words."""
        for source, layout in zip(self.sources, self.layouts, strict=True):
            if layout.above:
                yield f"{source.name}: {_lines(layout)} passed over"
            if layout.said:
                yield f"{source.name}: {layout.said}"

    def mended(self) -> dict[str, int]:
        """Cells that had to be mended on the way, by where and what, in words.

        It is complete when all frames were taken.
        """
        found = zip(self.sources, self.tables, strict=True)
        mended = {
            f"{source.name}: column {listed([column])}: {what}": cells
            for source, table in found
            for (column, what), cells in table.mended().items()
        }
        return mended | {f"{name}: {_MARKED}": rows for name, rows in self._marked.items() if rows}

    def unread(self) -> list[str]:
        """What else is in the inputs, and is no part of the list: other files, and sheets."""
        found = zip(self.sources, self.layouts, strict=True)
        sheets = [f"{source.name}: {what}" for source, layout in found for what in layout.unread]
        return [*self.no_lists, *sheets]

    def guessed(self) -> list[str]:
        """Files in an encoding that only their letters tell of, in words."""
        found = zip(self.sources, self.layouts, strict=True)
        return [
            f"{source.name}: read as {layout.encoding}; if letters are wrong, name another with"
            " --encoding"
            for source, layout in found
            if layout.encoding in CHARSETS
        ]

    def overruled(self) -> list[str]:
        """Files that have a column of a folder's name: theirs counts; in words."""
        found = zip(self.sources, self.layouts, strict=True)
        return [
            f"{source.name}: its own column {listed([name])} counts, not that of its folder"
            for source, layout in found
            for name, _ in source.folders
            if name in layout.columns
        ]

    def _frames(self) -> Iterator[pl.DataFrame]:
        """The frames of all tables with the columns of all, but `row_id`."""
        names = pl.Enum(list(dict.fromkeys(source.name for source in self.sources)))
        for source, table in zip(self.sources, self.tables, strict=True):
            name = pl.Series("source_file", [source.name], dtype=names)
            given = dict(source.folders)
            for made in table.frames():
                frame = self._settled(made, source)
                there = {series.name: series for series in frame.get_columns()}
                blank = pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
                sound = frame[BAD_ROW].is_null()
                for column, value in given.items():
                    all_rows = pl.Series([value], dtype=pl.String).new_from_index(0, frame.height)
                    there.setdefault(
                        OWN + column, all_rows.zip_with(sound, blank).alias(OWN + column)
                    )
                yield pl.DataFrame(
                    [
                        name.new_from_index(0, frame.height),
                        *(there[known] for known in (LINE_NUMBER, BAD_ROW, BAD_LINE)),
                        *(
                            there.get(own, blank.alias(own))
                            for own in map(OWN.__add__, self.columns)
                        ),
                    ]
                )

    def _settled(self, frame: pl.DataFrame, source: Source) -> pl.DataFrame:
        """Decide about rows that cannot be decoded: those whose number is ASCII are sound.

        Letters are lost beside it, and those are counted; digits never are.
        """
        undecodable = frame[BAD_ROW] == UNDECODABLE
        if not undecodable.any():
            return frame
        parts = [OWN + part for column in self.number_columns for part in column.parts]
        is_ascii = [pl.col(part).str.len_bytes() == pl.col(part).str.len_chars() for part in parts]
        kept = frame.select(pl.all_horizontal(each.fill_null(value=True) for each in is_ascii))
        sound = (undecodable & kept.to_series()).fill_null(value=False)
        self._marked[source.name] += int(sound.sum())
        bad = frame[BAD_ROW].is_not_null() & ~sound
        own = [name for name in frame.columns if name.startswith(OWN)]
        return frame.with_columns(
            pl.when(~sound).then(pl.col(BAD_ROW, BAD_LINE)), pl.when(~bad).then(pl.col(own))
        )


def _lines(layout: Layout) -> str:
    what = "above the header" if layout.header else "above the first row"
    if layout.format == "excel":
        return f"{layout.above} row{'s' * (layout.above != 1)} {what}, blank ones counted, were"
    if layout.above == 1:
        return f"1 line {what} (line 1) was"
    return f"{layout.above} lines {what} (lines 1 to {layout.above}) were"


def _even(frames: Iterable[pl.DataFrame], batch_rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of at most `batch_rows`, or fewer where these take `BATCH_BYTES`.

    Small frames are put together, also those of different files, as long as they fit into one;
    a frame is never cut to fill another, since that would copy both.
    """
    held: list[pl.DataFrame] = []
    rows = size = 0
    for frame in frames:
        if rows and rows + frame.height > batch_rows:
            yield from _slices(held, rows, batch_rows)
            held, rows, size = [], 0, 0
        held.append(frame)
        rows += frame.height
        size += int(frame.estimated_size()) + (_COLUMN + VIEW * frame.height) * frame.width
        if rows >= batch_rows or size >= BATCH_BYTES:
            yield from _slices(held, rows, batch_rows)
            held, rows, size = [], 0, 0
    if rows:
        yield from _slices(held, rows, batch_rows)


def _slices(held: list[pl.DataFrame], rows: int, batch_rows: int) -> Iterator[pl.DataFrame]:
    frame = held[0] if len(held) == 1 else pl.concat(held, rechunk=True)
    size = -(-rows // -(-rows // batch_rows))
    yield from frame.iter_slices(size)


def united(
    sources: tuple[Source, ...],
    tables: tuple[Table, ...],
    wanted: Sequence[str],
    batch_rows: int,
) -> Listing:
    """The tables as one. Raises `InputError` that names the file without the number's column."""
    chosen = _chosen(sources[0], tables[0], wanted)
    for source, table in zip(sources, tables, strict=True):
        for name in (part for column in chosen for part in column.parts):
            if name not in table.layout.columns:
                raise InputError(
                    f"{source.name}: has no column {listed([name])!r}, which holds the numbers in "
                    f"{sources[0].name}; its columns are: {listed(table.layout.columns)}"
                )
            if name in table.layout.repeated:
                _chosen(source, table, wanted)
    columns = dict.fromkeys(name for table in tables for name in table.layout.columns)
    columns |= dict.fromkeys(name for source in sources for name, _ in source.folders)
    return Listing(
        sources=sources,
        layouts=tuple(table.layout for table in tables),
        columns=tuple(columns),
        number_columns=chosen,
        batch_rows=batch_rows,
        tables=tables,
    )


def _chosen(source: Source, table: Table, wanted: Sequence[str]) -> tuple[NumberColumn, ...]:
    layout = table.layout
    sample = table.sample()
    try:
        return choose_columns(layout.columns, sample, wanted, layout.repeated)
    except InputError as error:
        raise InputError(f"{source.name}: {error}") from error
