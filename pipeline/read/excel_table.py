"""Excel workbooks (.xlsx .xlsm .xlsb .xls .ods), read by calamine: every cell as it is stored.

Rules: a numeric cell is its digits where it is whole and within what a float counts exactly, and
scientific notation beyond, as in Parquet; how it is formatted is not asked. A text cell is its text.
Dates are ISO 8601. An error and a formula without a value are blank to calamine, and so to us; in .xlsx
and .ods they are counted (`valueless.py`).

Sheets whose first row is the same are one list, in the workbook's order; it begins with the first
visible sheet that has something on it, or with `--sheet`. `line_number` is the row on its sheet.
Titles above the header are passed over, as in CSV.
"""

import datetime
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

import numpy as np
import polars as pl

from pipeline.errors import InputError
from pipeline.model import OWN
from pipeline.read.columns import listed, repeated_names, unique_names
from pipeline.read.contract import Layout, Source, framed
from pipeline.read.sniff import Wishes, begins, is_header
from pipeline.read.valueless import valueless

__all__ = ("OLE", "ZIP", "ExcelTable", "is_workbook", "open_excel")

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What .xlsx, .xlsb and .ods begin with, and .xls; other files begin so, too."""

_MEMBERS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
_ROWS = 1 << 14
"""Rows in a frame: calamine holds the whole sheet, Python's cells take some 60 bytes each."""
_SAMPLE = 100
_MOST = 4 << 30
"""Bytes that a workbook may unpack to."""
_EXACT = 2**53

Row = tuple[str | None, ...]
"""Text of the cells; None for a blank one."""


def is_workbook(source: Source) -> bool:
    """Say whether a file that begins as archives do is a workbook."""
    try:
        with zipfile.ZipFile(source.path) as archive:
            return any(name in archive.namelist() for name in _MEMBERS)
    except (zipfile.BadZipFile, OSError):
        return True  # cut short: the reader says so


def open_excel(source: Source, wishes: Wishes) -> "ExcelTable":
    """Find the sheets of a workbook and their header. Raises `InputError`."""
    _check_size(source)
    with _opened(source) as book:
        names = _chosen(source, book, wishes.sheet)
        heads = {name: _head(book, name, wishes.skip_lines or 0) for name in names}
        names = [name for name in names if heads[name]]
        if not names:
            raise InputError(f"{source.name}: has nothing on its sheets; give a list")
        return ExcelTable(source, names, heads, wishes)


def _check_size(source: Source) -> None:
    """Refuse what unpacks to more than a machine can hold, before it is unpacked."""
    if not zipfile.is_zipfile(source.path):
        return
    with zipfile.ZipFile(source.path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _MOST:
        raise InputError(
            f"{source.name}: unpacks to {size / 1e9:.1f} GB, which is too much for a workbook; save"
            " it as CSV"
        )


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    import python_calamine as calamine  # noqa: PLC0415  only workbooks need it

    try:
        # By its content: a suffix that is another one's would be believed.
        with source.path.open("rb") as content:
            book = calamine.load_workbook(content)
    except calamine.PasswordError:
        raise InputError(
            f"{source.name}: is protected by a password; save it without one"
        ) from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise InputError(f"{source.name}: not a sound workbook ({error}); save it again") from None
    try:
        yield book
    except calamine.CalamineError as error:
        raise InputError(f"{source.name}: not a sound workbook ({error}); save it again") from None
    finally:
        book.close()


def _chosen(source: Source, book: Any, wanted: str | None) -> list[str]:
    """Give the sheet that is wanted, or the visible ones."""
    if wanted is not None:
        if wanted not in book.sheet_names:
            raise InputError(
                f"{source.name}: no sheet {wanted!r}; choose with --sheet from:"
                f" {listed(book.sheet_names)}"
            )
        return [wanted]
    from python_calamine import SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415

    return [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]


def _head(book: Any, name: str, skip: int) -> list[tuple[int, Row]]:
    """Give the first rows of a sheet that have something in them, with their numbers."""
    rows = enumerate(_texts(book.get_sheet_by_name(name).iter_rows()), 1)
    there = ((number, row) for number, row in rows if number > skip and any(row))
    return list(islice(there, _SAMPLE + 1))


def _texts(rows: Iterable[list[object]]) -> Iterator[Row]:
    return (tuple(map(_text, row)) for row in rows)


def _text(cell: object) -> str | None:
    """Give a cell as a person would have typed it."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) <= _EXACT:
            return str(int(cell))
        return np.format_float_scientific(cell, trim="-") if abs(cell) > _EXACT else repr(cell)
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return None if cell is None else str(cell)


def _column(cells: Iterable[object]) -> list[str | None]:
    """Give the cells of a column as texts; most are texts already."""
    return [(cell or None) if type(cell) is str else _text(cell) for cell in cells]


def _filled(row: Sequence[object], width: int) -> list[object]:
    """Give a row as wide as the header."""
    return [*row[:width], *[None] * (width - len(row))]


class ExcelTable:
    """A workbook whose sheets are known."""

    def __init__(
        self,
        source: Source,
        names: list[str],
        heads: dict[str, list[tuple[int, Row]]],
        wishes: Wishes,
    ) -> None:
        self._source = source
        skip = wishes.skip_lines or 0
        above = dict.fromkeys(names, skip)
        for name in names:
            if at := begins([row for _, row in heads[name]], wishes):
                heads[name] = heads[name][at:]
                above[name] = heads[name][0][0] - 1
        _, first = heads[names[0]][0]
        rows = [row for _, row in heads[names[0]][1:]]
        self._header = wishes.header == "yes" or (
            wishes.header == "auto" and is_header(first, rows)
        )
        alike = [name for name in names if heads[name][0][1] == first or not self._header]
        self.sheets = tuple(alike[:1] if not self._header else alike)
        """The sheets that are read."""
        self._skip = {name: heads[name][0][0] if self._header else skip for name in self.sheets}
        width = max(len(row) for row in (first, *rows))
        cells = (*first, *[None] * (width - len(first))) if self._header else (None,) * width
        self._rows = rows if self._header else [first, *rows]
        self.layout = Layout(
            format="excel",
            columns=unique_names(cells),
            repeated=repeated_names(cells) if self._header else (),
            header=self._header,
            above=sum(above[name] for name in self.sheets),
            unread=tuple(f"sheet {name}" for name in names if name not in self.sheets),
        )

    def sample(self) -> pl.DataFrame:
        """The first rows."""
        width = len(self.layout.columns)
        rows = [_filled(row, width) for row in self._rows[:_SAMPLE]]
        names = dict.fromkeys(self.layout.columns, pl.String())
        return pl.DataFrame(rows, names, orient="row")

    def mended(self) -> Mapping[tuple[str, str], int]:
        """See `contract.Table`. Cells that have no value, of .xlsx and .ods only."""
        if not zipfile.is_zipfile(self._source.path):
            return {}
        found = valueless(self._source.path, self._skip.items())
        names = self.layout.columns
        return {
            (names[at] if 0 <= at < len(names) else "beside the list", what): cells
            for (at, what), cells in sorted(found.items())
        }

    def frames(self) -> Iterator[pl.DataFrame]:
        """See `contract.Table`."""
        with _opened(self._source) as book:
            rows = chain.from_iterable(self._numbered(book, name) for name in self.sheets)
            while batch := list(islice(rows, _ROWS)):
                numbers = np.fromiter((number for number, _ in batch), np.int64, len(batch))
                # Column by column, since most cells of a column are of one kind.
                columns = zip(*(row for _, row in batch), strict=True)
                own = [
                    pl.Series(OWN + name, _column(cells), pl.String)
                    for name, cells in zip(self.layout.columns, columns, strict=True)
                ]
                yield framed(numbers, own)

    def _numbered(self, book: Any, name: str) -> Iterator[tuple[int, list[object]]]:
        """Give the rows below the header that have something in them, as wide as it."""
        width = len(self.layout.columns)
        for number, row in enumerate(book.get_sheet_by_name(name).iter_rows(), 1):
            if number > self._skip[name] and (any(row) or any(map(_text, row))):
                yield number, row if len(row) == width else _filled(row, width)
