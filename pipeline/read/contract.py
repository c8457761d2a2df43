"""What a format gives to the stage: a table that can be looked at, and read again and again.

Rule: a format knows one file and nothing of the others; `row_id`, `source_file` and the union of
columns are the stage's business (`listing.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.model import OWN
from pipeline.read.unchanged import Seen

__all__ = (
    "BAD_LINE",
    "BAD_ROW",
    "LINE_NUMBER",
    "Layout",
    "NumberColumn",
    "Source",
    "Table",
    "framed",
    "own_schema",
)

LINE_NUMBER = "line_number"
BAD_ROW = "bad_row"
BAD_LINE = "bad_line"


class NumberColumn(NamedTuple):
    """Where a list has its numbers: in a column, or cut in several, area code and the rest."""

    parts: tuple[str, ...]
    """The list's own columns, in the order in which they make the number."""

    @property
    def name(self) -> str:
        """As `--column` has it: `phone`, or `area+phone`."""
        return "+".join(self.parts)


@dataclass(frozen=True, slots=True)
class Source:
    """One input file."""

    path: Path
    """A regular file, so that it can be read twice."""
    name: str
    """As the user knows it; `-` for what standard input brought."""
    size: int
    """Bytes."""
    seen: Seen = field(default_factory=Seen, compare=False, repr=False)
    """What every reading of it is held against."""
    is_searched: bool = False
    """It was found in a directory, and nobody has named it."""
    folders: tuple[tuple[str, str | None], ...] = ()
    """Columns that its folders give to all of its rows, `country=GB/`; None is Hive's word for null."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file is written: what was found out, or what the settings said."""

    format: str
    columns: tuple[str, ...]
    """The file's own names, made unique; `column_1` … where it gives none."""
    repeated: tuple[str, ...] = ()
    """Names that it gives to more than one column; the first of these has the bare name."""
    compression: str | None = None
    encoding: str | None = None
    """`ascii` where no other byte was met in the first MiB; the first that comes decides."""
    delimiter: str | None = None
    """None: one column, each line is a cell."""
    quote: str | None = None
    header: bool = True
    above: int = 0
    """Lines above the header, or the first row, that were passed over."""
    said: str = ""
    """What was made of rows that do not fit their header, in words."""
    unread: tuple[str, ...] = ()
    """What else is in the file, and is no part of the list: other sheets."""


class Table(Protocol):
    """One file, opened by its format. Nothing is held open between two readings."""

    @property
    def layout(self) -> Layout:
        """How the file is written."""

    def sample(self) -> pl.DataFrame:
        """The first rows, at most a hundred, under the file's own names, all String."""

    def frames(self) -> Iterator[pl.DataFrame]:
        """`line_number` Int64 from 1, `bad_row` and `bad_line` String, `in:<name>` String.

        A row that is bad has no cells, unless all that is wrong is that some of it cannot be decoded:
        then U+FFFD stands for it, and `Listing` says whether that concerns the number.

        Frames have at least one row, and as many as take some megabytes. Raises `InputError` where
        the file turns out broken, or is not what `Source.seen` says, at the latest behind the last.
        """

    def mended(self) -> Mapping[tuple[str, str], int]:
        """Cells of the last reading that had to be mended, by column and by what was wrong."""


def own_schema(columns: tuple[str, ...]) -> dict[str, pl.DataType]:
    """The frame's names and type of a file's own columns."""
    return {OWN + name: pl.String() for name in columns}


def framed(
    numbers: NDArray[np.int64],
    own: Sequence[pl.Series],
    bad_row: pl.Series | None = None,
    bad_line: pl.Series | None = None,
) -> pl.DataFrame:
    """A frame as `Table.frames` gives it; without the last two all rows are sound."""
    blank = pl.Series([None], dtype=pl.String).new_from_index(0, numbers.size)
    return pl.DataFrame(
        [
            pl.Series(LINE_NUMBER, numbers, pl.Int64),
            (blank if bad_row is None else bad_row).alias(BAD_ROW),
            (blank if bad_line is None else bad_line).alias(BAD_LINE),
            *own,
        ]
    )
