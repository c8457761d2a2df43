"""Formulas without a value and errors of a workbook are told, by column, never passed over."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from pipeline.read import Listing, find, read
from pipeline.settings import Settings

ONE = "+447700900123"

Fill = Callable[[xlsxwriter.workbook.Worksheet], object]


def listing(path: Path, fill: Fill, *, top: int = 0, left: int = 0) -> Listing:
    """A workbook with a header, a sound row, and what is filled in below."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("list")
    sheet.write_row(top, left, ["phone", "name"])
    sheet.write_string(top + 1, left, ONE)
    fill(sheet)
    book.close()
    return read(find([str(path)]), Settings())


def told(found: Listing) -> dict[str, int]:
    rows = pl.concat(list(found))
    assert rows["in:phone"].to_list()[0] == ONE
    return {
        said.partition(": column ")[2].partition(", which")[0]: count
        for said, count in found.mended().items()
    }


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda sheet: sheet.write_formula("A3", "=B9", None, ""), {"phone: a formula without a value": 1}),
        (lambda sheet: sheet.write_formula("A3", "=B9", None, "#N/A"), {"phone: an error such as #N/A": 1}),
        (lambda sheet: sheet.write_formula("B3", "=1/0", None, "#DIV/0!"), {"name: an error such as #N/A": 1}),
        (
            lambda sheet: [sheet.write_formula(row, 0, "=B9", None, "") for row in range(2, 9)],
            {"phone: a formula without a value": 7},
        ),
        (lambda sheet: sheet.write_formula("A3", "=B9", None, 447700900124), {}),
        (lambda sheet: sheet.write_formula("A3", "=B9", None, "+447700900124"), {}),
        (lambda sheet: sheet.write_string("B3", '<f> t="e"'), {}),
        (lambda sheet: sheet.write_formula("A1", '="phone"', None, "phone"), {}),
    ],
)  # fmt: skip
def test_cells_without_a_value_are_counted(
    tmp_path: Path, fill: Fill, words: dict[str, int]
) -> None:
    assert told(listing(tmp_path / "list.xlsx", fill)) == words


@pytest.mark.parametrize(("top", "left"), [(0, 1), (3, 0), (5, 4), (0, 30)])
def test_they_belong_to_their_column_wherever_the_list_stands(
    tmp_path: Path, top: int, left: int
) -> None:
    def fill(sheet: xlsxwriter.workbook.Worksheet) -> None:
        sheet.write_string(top + 2, left, ONE)
        sheet.write_formula(top + 2, left + 1, "=1/0", None, "#DIV/0!")

    found = told(listing(tmp_path / "list.xlsx", fill, top=top, left=left))
    assert found == {"name: an error such as #N/A": 1}


def test_a_sheet_that_no_parser_should_open_is_left_alone(tmp_path: Path) -> None:
    from pipeline.read.valueless import valueless  # noqa: PLC0415

    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
        archive.writestr("xl/_rels/workbook.xml.rels", "<a/>")
    assert not valueless(path, [("list", 1)])


OPEN = (
    "<office:document-content"
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0">'
    "<office:body><office:spreadsheet>{}</office:spreadsheet></office:body>"
    "</office:document-content>"
)
BLANK = "<table:table-cell{}/>"
TEXT = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
UNDONE = '<table:table-cell{} table:formula="of:=[.A9]"/>'
FAILED = (
    '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value=""'
    ' calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
)
DONE = (
    '<table:table-cell table:formula="of:=[.A9]" office:value-type="float"'
    ' office:value="447700900124"><text:p>4.477E+11</text:p></table:table-cell>'
)
EMPTY = '<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value=""/>'


def sheet(*rows: str, times: int = 1, name: str = "list") -> str:
    """A sheet whose last row comes so many times."""
    *first, last = rows
    repeated = f' table:number-rows-repeated="{times}"' if times > 1 else ""
    return (
        f'<table:table table:name="{name}">'
        + "".join(f"<table:table-row>{row}</table:table-row>" for row in first)
        + f"<table:table-row{repeated}>{last}</table:table-row></table:table>"
    )


def open_document(path: Path, *sheets: str) -> Listing:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", OPEN.format("".join(sheets)))
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return read(find([str(path)]), Settings())


@pytest.mark.parametrize("cut", range(1, 18))
def test_an_error_is_found_wherever_a_piece_of_the_file_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """The first piece has so much of what says that it is one."""
    mark = 'value-type="error"'
    listed = sheet(HEADER, SOUND, SOUND + f"<table:table-cell calcext:{mark}/>")
    at = OPEN.format(listed).index(mark)
    monkeypatch.setattr("pipeline.read.valueless._CHUNK", at + cut)
    assert told(open_document(tmp_path / "list.ods", listed)) == {"name: an error such as #N/A": 1}


HEADER, SOUND = TEXT.format("phone") + TEXT.format("name"), TEXT.format(ONE)
ANN = TEXT.format("Ann")


@pytest.mark.parametrize(
    ("sheets", "words"),
    [
        ([sheet(HEADER, SOUND, UNDONE.format("") + ANN)], {"phone: a formula without a value": 1}),
        ([sheet(HEADER, SOUND, FAILED + ANN)], {"phone: an error such as #N/A": 1}),
        ([sheet(HEADER, SOUND, SOUND + FAILED)], {"name: an error such as #N/A": 1}),
        ([sheet(HEADER, SOUND, UNDONE.format("") + ANN, times=7)], {"phone: a formula without a value": 7}),
        (
            [sheet(HEADER, SOUND, UNDONE.format(' table:number-columns-repeated="2"'))],
            {"phone: a formula without a value": 1, "name: a formula without a value": 1},
        ),
        (
            [sheet(*(BLANK.format(' table:number-columns-repeated="4"') + row for row in (HEADER, SOUND, SOUND + FAILED)))],
            {"name: an error such as #N/A": 1},
        ),
        (
            [sheet(BLANK.format(""), HEADER, SOUND, SOUND + FAILED)],
            {"name: an error such as #N/A": 1},
        ),
        (
            [sheet(HEADER, SOUND, SOUND + FAILED), sheet(HEADER, SOUND, SOUND + FAILED, name="more")],
            {"name: an error such as #N/A": 2},
        ),
        ([sheet(HEADER, SOUND, SOUND), sheet(TEXT.format("other"), FAILED, name="more")], {}),
        ([sheet(HEADER, SOUND, DONE + ANN)], {}),
        ([sheet(HEADER, SOUND, EMPTY + ANN)], {}),
        ([sheet(HEADER, SOUND, SOUND + TEXT.format('formula="'))], {}),
    ],
)  # fmt: skip
def test_cells_without_a_value_are_counted_in_an_open_document_too(
    tmp_path: Path, sheets: list[str], words: dict[str, int]
) -> None:
    assert told(open_document(tmp_path / "list.ods", *sheets)) == words
