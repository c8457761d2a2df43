"""Stage 1: files → raw frames, every cell text.

`find` says which files are meant, `read` finds out how each is written and gives a `Listing`,
whose frames are the contract in `pipeline/README.md`. What this stage decides about lists:

- Cells are text and stay as they are. An empty cell is null; `""` is an empty text.
- A row is a record of the file: one line, or more where a quoted cell holds line ends. A line with
  nothing on it is no row. `line_number` is the physical line on which the row begins, from 1,
  header and blank lines counted; in a Parquet file it is the row, from 1.
- A line that cannot be a row, because it has too few or too many fields, a quote that is never
  closed or is followed by text, or bytes in its number that cannot be decoded, becomes a row with `bad_row`
  (what is wrong) and `bad_line` (the line; undecodable bytes as `\\xff`), and counts as one.
- Bytes that cannot be decoded beside a number in ASCII become U+FFFD, and are counted: `Listing.mended`.
- A line may have 4 MiB, or 4 KiB for each column where that is more (64 MiB at most), and a record
  of several lines 128 KiB; what is longer may be a bad row, shown by its beginning. So memory is
  bounded whatever a file holds.
- What stands above the header (titles, comments, units) is passed over, and so are as many lines as
  `--skip-lines` says; `Listing.skipped` has their count, `Listing.told` says it.
- More cells than the header has are no fault where they are empty, nor are fewer where a file leaves
  out its last blank ones; a column without a name is `column_N`. All rows may have a cell more than
  the header at either end, if what the columns are called says at which.
- Names: a header's blank ones become `column_N`, repeated ones `name_2`; without a header all
  are `column_N`. Of columns with one name none is taken for the numbers' unless it is asked for:
  `--column name` is the first of them, `--column name_2` the second.
- A cell of a Parquet file that is not what its column's type says (text that is not UTF-8, a date
  that no calendar has, a time zone that does not exist) is mended and counted: `Listing.mended`.
- A file that is not what `fingerprint` saw ends the reading, behind its last row at the latest.
- A file named twice, or found under two names, is read once.
- Folders called `name=value` below a directory or glob give a column, as text; a file's own goes before it.
- What is passed over (files of other formats in a directory, whatever they are called; other sheets) is named.
- Frames are full: rows of small files share one, and wide ones have fewer rows.
- The number's column is known by its name and by what is in it, or is the only one, and must have
  one name in all files. Where two would do, or none is named so, nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import InputError
from pipeline.read.columns import choose_columns
from pipeline.read.contract import Layout, NumberColumn, Source, Table
from pipeline.read.formats import FORMATS, NoListError, open_table
from pipeline.read.listing import Listing, united
from pipeline.read.sniff import Wishes
from pipeline.read.sources import find, fingerprint, passed_over
from pipeline.settings import Settings

__all__ = (
    "BATCH_ROWS",
    "FORMATS",
    "Layout",
    "Listing",
    "NumberColumn",
    "Source",
    "choose_columns",
    "find",
    "fingerprint",
    "passed_over",
    "read",
)

BATCH_ROWS = 131_072
"""Rows in a frame, at most: half as many cost a tenth more time, twice as many memory only."""


def read(sources: Sequence[Source], settings: Settings, *, batch_rows: int = BATCH_ROWS) -> Listing:
    """Find out how each source is written, and which column holds the numbers.

    Of the settings, `column`, `format`, `delimiter`, `encoding`, `header`, `sheet` and `skip_lines`
    matter. Only the first MiB of each file is looked at; the rows are read when the result is iterated.

    Raises `InputError` for a file that is broken or no list, and where no column, or more than
    one, can hold the numbers.
    """
    if not sources:
        raise InputError("no input: name a file, a directory, a glob, or - for standard input")
    wishes = Wishes(
        encoding=settings.encoding,
        delimiter=settings.delimiter,
        header=settings.header,
        sheet=settings.sheet,
        skip_lines=settings.skip_lines,
    )
    tables: list[tuple[Source, Table]] = []
    no_lists: list[NoListError] = []
    for source in sources:
        try:
            tables.append((source, open_table(source, settings.format, wishes)))
        except NoListError as error:
            if not source.is_searched:
                raise
            no_lists.append(error)
    if not tables:
        raise no_lists[0]
    lists, opened = zip(*tables, strict=True)
    found = united(lists, opened, settings.column, batch_rows)
    return replace(found, no_lists=tuple(map(str, no_lists)))
