"""What lies beside a list and is no part of it is said, and stands in `summary.json`."""

import json
from pathlib import Path
from random import Random

import polars as pl
import pytest
import xlsxwriter

from pipeline import flow
from pipeline.events import Event, Notice
from pipeline.flow import Surroundings
from pipeline.settings import Settings

NUMBERS = ("+12125550123", "+12125550124")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "list.csv").write_text("phone\n" + "\n".join(NUMBERS) + "\n")
    return tmp_path


def clean(folder: Path, *inputs: Path, **chosen: str) -> tuple[dict[str, object], list[str]]:
    """`summary.json`, and the warnings."""
    said: list[str] = []

    def announce(event: Event) -> None:
        if isinstance(event, Notice) and event.level == "warning":
            said.append(event.text)

    settings = Settings(inputs=tuple(map(str, inputs)), out=folder / "out", **chosen)  # type: ignore[arg-type]  # text options only
    around = Surroundings(clock=lambda: 0.0, wall=lambda: 0.0, dice=Random(0), announce=announce)
    flow.clean(settings, around)
    return json.loads((folder / "out" / "summary.json").read_text()), said


def test_files_of_a_directory_that_are_not_read_are_named(folder: Path) -> None:
    others = [folder / "in" / name for name in ("a.json", "b.vcf", "deep/c.pdf")]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")

    summary, said = clean(folder, folder / "in")

    assert summary["unread"] == [str(path) for path in others]
    (text,) = said
    assert text.startswith("not read")
    assert all(str(path) in text for path in others)


def test_a_warning_names_some_and_counts_the_rest(folder: Path) -> None:
    for at in range(25):
        (folder / "in" / f"x{at:02}.json").write_text("{}")

    summary, said = clean(folder, folder / "in")

    assert len(summary["unread"]) == 25  # type: ignore[arg-type]  # a list
    (text,) = said
    assert (text.count(".json"), "15 more" in text) == (11, True)


def test_numbers_in_the_names_of_files_are_masked(folder: Path) -> None:
    (folder / "in" / f"{NUMBERS[0]}.json").write_text("{}")
    _, said = clean(folder, folder / "in")
    assert NUMBERS[0][1:] not in " ".join(said)


def test_other_sheets_of_a_workbook_are_named(folder: Path) -> None:
    book = xlsxwriter.Workbook(folder / "book.xlsx")
    for name, header in (("people", "phone"), ("notes", "remark"), ("old", "mobile")):
        sheet = book.add_worksheet(name)
        sheet.write_string("A1", header)
        sheet.write_string("A2", NUMBERS[0])
    book.close()

    summary, said = clean(folder, folder / "book.xlsx")

    file = folder / "book.xlsx"
    assert summary["unread"] == [f"{file}: sheet notes", f"{file}: sheet old"]
    assert "sheet notes" in said[0]


def test_where_all_is_read_nothing_is_said(folder: Path) -> None:
    summary, said = clean(folder, folder / "in")
    assert (summary["unread"], said) == ([], [])


def test_formulas_without_a_value_are_said_and_counted(folder: Path) -> None:
    book = xlsxwriter.Workbook(folder / "book.xlsx")
    sheet = book.add_worksheet()
    sheet.write_column("A1", ["phone", NUMBERS[0]])
    for row in range(2, 7):
        sheet.write_formula(row, 0, "=B1", None, "")
    book.close()

    summary, said = clean(folder, folder / "book.xlsx")

    assert summary["rows"] == 1
    ((what, cells),) = summary["mended"].items()  # type: ignore[attr-defined]  # a table
    assert (cells, "a formula without a value" in what) == (5, True)
    assert any("a formula without a value" in text for text in said)


def test_letters_that_cannot_be_read_are_said_with_what_to_do(folder: Path) -> None:
    path = folder / "names.csv"
    path.write_bytes(b"phone,name\n+12125550123,a\x81\xfe\x8d\xffb\n+12125550124,Ann\n")

    summary, said = clean(folder, path)

    assert (summary["cleaned"], summary["rejected"]) == (2, 0)
    (text,) = said
    assert "--encoding" in text
    assert list(summary["mended"].values()) == [1]  # type: ignore[attr-defined]  # a table


def test_folders_give_regions_row_by_row(folder: Path) -> None:
    for country, number in (("US", "212 555 0123"), ("GB", "07400 123456")):
        path = folder / "lists" / f"country={country}" / "list.csv"
        path.parent.mkdir(parents=True)
        path.write_text(f"phone\n{number}\n")

    clean(folder, folder / "lists", region_column="country")

    found = pl.read_parquet(folder / "out" / "cleaned" / "part-00000.parquet")
    assert found.select("country_input", "msisdn").rows() == [
        ("GB", "447400123456"),
        ("US", "12125550123"),
    ]
