"""Workbooks: every cell as it is stored, and which sheets are read."""

import datetime
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from pipeline.errors import InputError
from pipeline.read import Listing, find, read
from pipeline.settings import Settings

ONE, TWO = "+447700900123", "+447700900124"

Sheet = Sequence[Sequence[object]]


def workbook(path: Path, sheets: Mapping[str, Sheet], *hidden: str) -> Path:
    book = xlsxwriter.Workbook(path)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(at, place, cell)
                elif isinstance(cell, datetime.date):
                    sheet.write_datetime(at, place, cell, day)
                elif cell is not None:
                    sheet.write(at, place, cell)
        if name in hidden:
            sheet.hide()
    book.close()
    return path


def listing(path: Path, **chosen: str) -> Listing:
    return read(find([str(path)]), Settings(**chosen))  # type: ignore[arg-type]  # text options only


def cells(found: Listing, column: str = "phone") -> list[str | None]:
    return pl.concat(list(found))[f"in:{column}"].to_list()


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (447700900123, "447700900123"),
        (7700900123, "7700900123"),
        ("07700900123", "07700900123"),
        ("+44 7700 900123", "+44 7700 900123"),
        (447700900123.5, "447700900123.5"),
        (1e17, "1e+17"),
        (2**53, "9007199254740992"),
        (-5, "-5"),
        (True, "true"),
        (datetime.date(2024, 3, 1), "2024-03-01"),
        ("one\ntwo", "one\ntwo"),
        ("1E5", "1E5"),
        (" 7 ", " 7 "),
    ],
)
def test_a_cell_is_read_as_it_is_stored(tmp_path: Path, stored: object, text: str) -> None:
    path = workbook(tmp_path / "list.xlsx", {"a": [["phone"], [stored]]})

    assert cells(listing(path)) == [text]


@pytest.mark.parametrize("numeric", [1, 99, 100, 1_001])
def test_text_below_many_numbers_stays_what_it_is(tmp_path: Path, numeric: int) -> None:
    rows: Sheet = [["phone"], *([447700900000 + at] for at in range(numeric)), ["07700 900123"]]

    assert cells(listing(workbook(tmp_path / "list.xlsx", {"a": rows})))[-1] == "07700 900123"


def test_rows_count_as_on_their_sheet_and_blank_ones_are_none(tmp_path: Path) -> None:
    rows: Sheet = [[], [], ["name", "phone"], [], ["Ann", "1234567"], [None, None], ["Bob"]]
    found = pl.concat(list(listing(workbook(tmp_path / "list.xlsx", {"a": rows}))))

    assert found.select("line_number", "in:name", "in:phone").rows() == [
        (5, "Ann", "1234567"),
        (7, "Bob", None),
    ]


def test_sheets_with_the_same_header_are_one_list(tmp_path: Path) -> None:
    head = ["phone", "name"]
    path = workbook(
        tmp_path / "list.xlsx",
        {"1": [head, [ONE, "a"]], "notes": [["read me"]], "2": [head, [TWO, "b"]], "empty": []},
    )
    found = listing(path)

    assert cells(found) == [ONE, TWO]
    assert found.layouts[0].unread == ("sheet notes",)


def test_a_sheet_can_be_chosen_and_hidden_ones_only_so(tmp_path: Path) -> None:
    path = workbook(tmp_path / "list.xlsx", {"a": [["phone"], [TWO]], "h": [["phone"], [ONE]]}, "h")

    assert cells(listing(path)) == [TWO]
    assert cells(listing(path, sheet="h")) == [ONE]
    with pytest.raises(InputError, match=r"no sheet 'x'; choose with --sheet from: a, h"):
        listing(path, sheet="x")


def test_a_sheet_without_header_has_numbered_columns(tmp_path: Path) -> None:
    path = workbook(tmp_path / "list.xlsx", {"a": [["+447700900123"], ["+447700900124"]]})

    assert cells(listing(path), "column_1") == ["+447700900123", "+447700900124"]


@pytest.mark.parametrize("size", [0, 8, 100, 3_000])
def test_a_workbook_cut_short_is_an_error_that_names_it(tmp_path: Path, size: int) -> None:
    whole = workbook(tmp_path / "whole.xlsx", {"a": [["phone"], ["1"]]}).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[:size] if size else b"PK\x03\x04")

    with pytest.raises(InputError, match=r"cut\.xlsx"):
        list(listing(tmp_path / "cut.xlsx"))


def test_nothing_on_any_sheet_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has nothing on its sheets"):
        listing(workbook(tmp_path / "list.xlsx", {"a": []}))


def test_an_archive_that_is_no_workbook_is_told(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("list.csv", "phone\n1\n")
    (tmp_path / "list.xlsx").write_bytes(buffer.getvalue())

    with pytest.raises(InputError, match="is an archive and no workbook; unpack it first"):
        listing(tmp_path / "list.xlsx")


ODS = (
    '<?xml version="1.0"?><office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body>'
    '<office:spreadsheet><table:table table:name="a">{rows}</table:table></office:spreadsheet>'
    "</office:body></office:document-content>"
)


def test_an_open_document_sheet_is_read_too(tmp_path: Path) -> None:
    cell = '<table:table-cell office:value-type="{}"{}><text:p>{}</text:p></table:table-cell>'
    made = [
        cell.format("string", "", "phone"),
        cell.format("float", ' office:value="447700900123"', "4.477E+11"),
        cell.format("string", "", "07700 900123"),
    ]
    rows = "".join(f"<table:table-row>{each}</table:table-row>" for each in made)
    with zipfile.ZipFile(tmp_path / "list.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.format(rows=rows))
        archive.writestr("META-INF/manifest.xml", "<manifest/>")

    assert cells(listing(tmp_path / "list.ods")) == ["447700900123", "07700 900123"]


FOREIGN = {
    "page.xls": (b"<html><table><tr><td>+447911123456</td></tr></table></html>", "an HTML page"),
    "page.csv": (b"\xef\xbb\xbf  <!DOCTYPE html><p>x</p>", "an HTML page"),
    "book.xls": (b'<?xml version="1.0"?><Workbook/>', "XML"),
    "list.json": (b'[{"phone": "+447911123456"}]', "JSON"),
    "lines.txt": (b'{"phone": "+447911123456"}\n{"phone": "x"}\n', "JSON"),
    "object.csv": (b'{\n  "numbers": []\n}', "JSON"),
    "card.vcf": (b"BEGIN:VCARD\r\nTEL:+447911123456\r\nEND:VCARD\r\n", "a vCard"),
    "print.pdf": (b"%PDF-1.7\n", "a PDF"),
    "base.db": (b"SQLite format 3\0", "an SQLite database"),
    "list.arrow": (b"ARROW1\0\0", "an Arrow file"),
    "list.7z": (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_list_is_told_with_what_to_do(tmp_path: Path, name: str) -> None:
    data, what = FOREIGN[name]
    (tmp_path / name).write_bytes(data)

    with pytest.raises(InputError, match=f"is {what}, not a list; ") as caught:
        listing(tmp_path / name)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "first",
    [
        "[x],phone\n",
        "{phone}\n",
        "object,phone\n",
        "%,phone\n",
        "ARROW1,phone\n",
        "bzh,phone\n",
        "Rar!,phone\n",
    ],
)
def test_a_list_that_begins_like_something_else_is_a_list(tmp_path: Path, first: str) -> None:
    (tmp_path / "list.csv").write_text(first + "+447700900123,+447700900123\n")

    assert listing(tmp_path / "list.csv").columns


def test_text_called_xls_is_read_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "list.xls").write_text("name\tphone\nAnn\t+447700900123\n")

    assert cells(listing(tmp_path / "list.xls")) == ["+447700900123"]
