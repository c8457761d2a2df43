"""Titles above the header of a workbook's sheet."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from pipeline.read import Listing, find, read
from pipeline.settings import Settings

ONE, TWO = "+447700900123", "+447700900124"
TABLE = [["phone", "name"], [ONE, "Ann"], [TWO, "Bob"]]
Rows = list[list[str]]


def listing(folder: Path, sheets: dict[str, Rows], **chosen: Any) -> Listing:
    path = folder / "list.xlsx"
    book = xlsxwriter.Workbook(path)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write_string(at, place, cell)
    book.close()
    return read(find([str(path)]), Settings(**chosen))


@pytest.mark.parametrize(
    ("above", "rows"),
    [
        ([["Customers 2024"]], 1),
        ([["Customers"], [], ["as of 2024-03-01"]], 3),
        ([["Contact", "Address"]], 1),
        ([["", "Customers"], []], 2),
        ([["# made by the shop", "not to be edited"]], 1),
    ],
)
def test_titles_of_a_sheet_are_passed_over_and_told(tmp_path: Path, above: Rows, rows: int) -> None:
    found = listing(tmp_path, {"A": above + TABLE})

    assert found.columns == ("phone", "name")
    assert pl.concat(list(found))["in:phone"].to_list() == [ONE, TWO]
    assert pl.concat(list(found))["line_number"].to_list() == [rows + 2, rows + 3]
    assert found.skipped() == {found.sources[0].name: rows}
    assert f"{rows} row{'s' * (rows > 1)} above the header" in next(found.told())


def test_sheets_with_titles_of_their_own_are_one_list(tmp_path: Path) -> None:
    found = listing(tmp_path, {"A": [["North"], *TABLE], "B": [["South"], [], *TABLE], "C": TABLE})

    assert pl.concat(list(found)).height == 6
    assert found.skipped() == {found.sources[0].name: 3}


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_the_rows_to_skip_can_be_set(tmp_path: Path, skip: int) -> None:
    found = listing(tmp_path, {"A": [["phone", "x"]] * skip + TABLE}, skip_lines=skip)

    assert pl.concat(list(found))["in:phone"].to_list() == [ONE, TWO]
    assert sum(found.skipped().values()) == skip


def test_without_a_header_the_rows_that_were_set_are_skipped(tmp_path: Path) -> None:
    found = listing(
        tmp_path, {"A": [["List"], [ONE], [TWO]]}, skip_lines=1, header="no", column="column_1"
    )

    assert pl.concat(list(found))["in:column_1"].to_list() == [ONE, TWO]


@pytest.mark.parametrize("rows", [TABLE, [[ONE], [TWO]], [["List"], [ONE], [TWO]]])
def test_nothing_is_passed_over_where_nothing_stands_above(tmp_path: Path, rows: Rows) -> None:
    found = listing(tmp_path, {"A": rows})

    assert found.skipped() == {}
    assert pl.concat(list(found)).height == 2
