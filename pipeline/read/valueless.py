"""Cells of an .xlsx sheet that have something in them and no value: what calamine gives as blank.

A program that writes formulas need not compute them (openpyxl does not), and an error (`#N/A`) is no
text. Both are told, by column, since a row of nothing else is no row at all.
"""

import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

__all__ = ("ERROR", "FORMULA", "valueless")

FORMULA = (
    "a formula without a value, which is blank here; open and save the workbook in a spreadsheet"
)
ERROR = "an error such as #N/A, which is blank here; mend it in the workbook"

_SUSPECT = re.compile(rb'<(?:\w+:)?f[ >/]|\bt="e"')
_CHUNK = 1 << 20
_OVERLAP = 16
_LAST = 1 << 14
_SMALL = 16 << 20
"""Bytes that a list of sheets may have."""
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

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
            members = _members(archive)
            for name, header in sheets:
                if name in members and _is_suspect(archive, members[name]):
                    with archive.open(members[name]) as content:
                        found += _counted(content, header)
    except (zipfile.BadZipFile, OSError, KeyError, expat.ExpatError, ElementTree.ParseError):
        return found
    return found


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
            if _SUSPECT.search(rest + chunk):
                return True
            rest = chunk[-_OVERLAP:]
    return False


def _counted(content: IO[bytes], header: int) -> Found:
    cells = _Cells(header)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = cells.begin
    parser.EndElementHandler = cells.end
    parser.CharacterDataHandler = cells.text
    parser.StartDoctypeDeclHandler = cells.refuse
    parser.ParseFile(content)
    return Counter(
        {(column - cells.first, what): count for (column, what), count in cells.found.items()}
    )


class _Cells:
    """What has been met of a sheet."""

    def __init__(self, header: int) -> None:
        self.found: Found = Counter()
        self.first = _LAST
        """The first column in which any cell has a value."""
        self._header = header
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
                self.first = min(self.first, self._column)
            if self._row > self._header and self._is_error:
                self.found[self._column, ERROR] += 1
            elif self._row > self._header and self._is_formula and not self._has_value:
                self.found[self._column, FORMULA] += 1

    def refuse(self, *_: object) -> None:
        raise expat.ExpatError("a document type")


def _index(letters: str) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1
