"""Cells of an .xlsx or .ods sheet that have something in them and no value: what calamine gives as blank.

A program that writes formulas need not compute them (openpyxl does not), and an error (`#N/A`) is no
text. Both are told, by column, since a row of nothing else is no row at all. In .xls and .xlsb no
formula is without a value: its record has one (FormulaValue in [MS-XLS], BrtFmlaNum and its kin in
[MS-XLSB]).
"""

import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

__all__ = ("ERROR", "FORMULA", "valueless")

FORMULA = (
    "a formula without a value, which is blank here; open and save the workbook in a spreadsheet"
)
ERROR = "an error such as #N/A, which is blank here; mend it in the workbook"

_SUSPECT = (
    *(
        lead + b"f" + end
        for lead in (b"<", b":")
        for end in (b" ", b">", b"/", b"\n", b"\t", b"\r")
    ),
    *(b"t=%be%b" % (quote, quote) for quote in (b'"', b"'")),
    *(b"value-type=%berror%b" % (quote, quote) for quote in (b'"', b"'")),
    b"formula=",
)
"""What any of them is written with, and hardly anything else; each is found at a GB a second, and an
expression for all of them at 20 MB."""
_CHUNK = 1 << 20
_OVERLAP = 32
"""Bytes, more than what is looked for has."""
_LAST = 1 << 14
"""Columns of a sheet, at most."""
_OPEN_DOCUMENT = "content.xml"
_SMALL = 16 << 20
"""Bytes that a list of sheets may have."""
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

_UNSOUND = (
    zipfile.BadZipFile, OSError, KeyError, ValueError, expat.ExpatError, ElementTree.ParseError,
)  # fmt: skip

Found = Counter[tuple[int, str]]
"""Cells by column and by what they are. Columns count from 0, which is the first that has a value, as
calamine counts them."""


def valueless(path: Path, sheets: Iterable[tuple[str, int]]) -> Found:
    """Count such cells on the sheets of a workbook, each below the row given with its name.

    Nothing is found in workbooks of other formats, and where one is not as it should be, since
    whoever reads its rows says so.
    """
    found: Found = Counter()
    try:
        with zipfile.ZipFile(path) as archive:
            if _OPEN_DOCUMENT in archive.namelist():
                return _of_open_document(archive, dict(sheets))
            members = _members(archive)
            for name, header in sheets:
                if name in members and _is_suspect(archive, members[name]):
                    cells = _Cells(header)
                    _look_through(archive, members[name], cells)
                    found += cells.counted()
    except _UNSOUND:
        return found
    return found


def _of_open_document(archive: zipfile.ZipFile, headers: dict[str, int]) -> Found:
    if not _is_suspect(archive, _OPEN_DOCUMENT):
        return Counter()
    tables = _Tables(headers)
    _look_through(archive, _OPEN_DOCUMENT, tables)
    return sum((table.counted() for table in tables.met), Counter())


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """The file of each sheet, by its name."""
    if "xl/workbook.xml" not in archive.namelist():
        return {}
    relations = {
        each.get("Id"): each.get("Target", "")
        for each in _tree(archive, "xl/_rels/workbook.xml.rels").iter()
    }
    return {
        sheet.get("name", ""): posixpath.normpath(
            posixpath.join("/xl", relations.get(sheet.get(_RELATION), ""))
        ).lstrip("/")
        for sheet in _tree(archive, "xl/workbook.xml").iter()
        if sheet.tag.endswith("}sheet")
    }


def _tree(archive: zipfile.ZipFile, member: str) -> ElementTree.Element:
    with archive.open(member) as content:
        text = content.read(_SMALL)
    if b"<!DOCTYPE" in text:  # entities could make it larger than memory
        raise expat.ExpatError("a document type")
    return ElementTree.fromstring(text)  # noqa: S314  no document type, so no entities


def _is_suspect(archive: zipfile.ZipFile, member: str) -> bool:
    """Look for formulas and errors at the speed of unpacking; most lists have none."""
    rest = b""
    with archive.open(member) as content:
        while chunk := content.read(_CHUNK):
            looked_at = rest + chunk
            if any(suspect in looked_at for suspect in _SUSPECT):
                return True
            rest = chunk[-_OVERLAP:]
    return False


def _look_through(archive: zipfile.ZipFile, member: str, met: "_Cells | _Tables") -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = met.begin
    parser.EndElementHandler = met.end
    parser.CharacterDataHandler = met.text
    parser.StartDoctypeDeclHandler = _refuse
    with archive.open(member) as content:
        parser.ParseFile(content)


def _refuse(*_: object) -> None:
    raise expat.ExpatError("a document type")


class _Sheet:
    """What is found on one sheet."""

    def __init__(self, header: int) -> None:
        self._found: Found = Counter()
        self._first = _LAST
        """The first column in which any cell has a value."""
        self._header = header

    def has_value(self, column: int) -> None:
        self._first = min(self._first, column)

    def has_none(self, what: str, row: int, column: int, rows: int = 1) -> None:
        """So many rows from `row` on have no value in that column."""
        if below := max(0, row + rows - max(row, self._header + 1)):
            self._found[column, what] += below

    def counted(self) -> Found:
        return Counter(
            {(column - self._first, what): count for (column, what), count in self._found.items()}
        )


class _Cells(_Sheet):
    """What has been met of a sheet of an .xlsx."""

    def __init__(self, header: int) -> None:
        super().__init__(header)
        self._column = self._row = 0
        self._is_error = self._is_formula = self._has_value = False
        self._in_value = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = -1
        elif tag == "c":
            place = _REFERENCE.fullmatch(attributes.get("r", ""))
            self._column = _index(place[1]) if place else self._column + 1
            self._is_error = attributes.get("t") == "e"
            # A formula whose value is an empty text has one.
            self._is_formula, self._has_value = False, attributes.get("t") == "str"
        elif tag == "f":
            self._is_formula = True
        elif tag in ("v", "is"):
            self._in_value = True

    def text(self, _: str) -> None:
        self._has_value |= self._in_value

    def end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag in ("v", "is"):
            self._in_value = False
        elif tag == "c":
            if self._has_value:
                self.has_value(self._column)
            if self._is_error:
                self.has_none(ERROR, self._row, self._column)
            elif self._is_formula and not self._has_value:
                self.has_none(FORMULA, self._row, self._column)


class _Tables:
    """What has been met of an .ods, all of whose sheets are in one file, and whose cells and rows say
    how often they come.
    """

    def __init__(self, headers: dict[str, int]) -> None:
        self.met: list[_Sheet] = []
        self._headers = headers
        self._sheet: _Sheet | None = None
        self._row, self._rows, self._column = 0, 0, 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        said = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if tag == "table":
            header = self._headers.get(said.get("name", ""))
            self._sheet = None if header is None else _Sheet(header)
            self.met += [] if self._sheet is None else [self._sheet]
            self._row, self._rows = 1, 0
        elif tag == "table-row":
            self._row += self._rows
            self._rows, self._column = int(said.get("number-rows-repeated", 1)), 0
        elif tag in ("table-cell", "covered-table-cell") and self._sheet:
            times = int(said.get("number-columns-repeated", 1))
            self._cell(self._sheet, said, "error" in attributes.values(), times)
            self._column += times

    def _cell(self, sheet: _Sheet, said: dict[str, str], is_error: bool, times: int) -> None:
        if not is_error and "value-type" in said:
            sheet.has_value(self._column)  # a formula whose value is an empty text has one
        elif is_error or "formula" in said:
            for column in range(self._column, self._column + min(times, _LAST)):
                sheet.has_none(ERROR if is_error else FORMULA, self._row, column, self._rows)

    def end(self, _: str) -> None:
        """Cells say all at their beginning."""

    def text(self, _: str) -> None:
        """Likewise."""


def _index(letters: str) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1
