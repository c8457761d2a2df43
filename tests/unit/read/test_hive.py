"""Folders called `name=value` are a column of what is in them."""

from pathlib import Path

import polars as pl
import pytest

from pipeline.read import Listing, find, read
from pipeline.settings import Settings


def put(folder: Path, name: str, text: str = "phone\n+447911123456\n") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def listing(*inputs: object) -> Listing:
    return read(find([str(each) for each in inputs]), Settings())


def cells(found: Listing, column: str) -> list[str | None]:
    return pl.concat(list(found))[f"in:{column}"].to_list()


@pytest.mark.parametrize(
    ("folder", "column", "value"),
    [
        ("country=GB", "country", "GB"),
        ("mnc=01", "mnc", "01"),
        ("town=S%C3%A3o%20Paulo", "town", "São Paulo"),
        ("a%2Fb=1%3D2", "a/b", "1=2"),
        ("note=a=b", "note", "a=b"),
        ("country=__HIVE_DEFAULT_PARTITION__", "country", None),
        ("country=", "country", None),
        ("Land=Österreich", "Land", "Österreich"),
    ],
)
def test_a_folder_gives_a_column_of_text(
    tmp_path: Path, folder: str, column: str, value: str | None
) -> None:
    put(tmp_path, f"{folder}/list.csv")
    found = listing(tmp_path)
    assert found.columns == ("phone", column)
    assert cells(found, column) == [value]


def test_rows_have_the_value_of_their_own_folder(tmp_path: Path) -> None:
    put(tmp_path, "year=2026/country=DE/a.csv")
    put(tmp_path, "year=2026/country=GB/b.csv")
    put(tmp_path, "c.csv")
    found = listing(tmp_path)
    assert cells(found, "country") == [None, "DE", "GB"]
    assert cells(found, "year") == [None, "2026", "2026"]


@pytest.mark.parametrize("pattern", ["country=*/*.csv", "**/*.csv", "*/a.csv", "country=G?/*"])
def test_a_glob_gives_them_as_a_directory_does(tmp_path: Path, pattern: str) -> None:
    put(tmp_path, "country=GB/a.csv")
    assert cells(listing(tmp_path / pattern), "country") == ["GB"]


def test_a_file_that_is_named_outright_has_its_own_columns_only(tmp_path: Path) -> None:
    put(tmp_path, "country=GB/a.csv")
    assert listing(tmp_path / "country=GB" / "a.csv").columns == ("phone",)
    assert listing(tmp_path / "country=GB").columns == ("phone",)


def test_the_file_s_own_column_goes_before_its_folder_s_and_it_is_said(tmp_path: Path) -> None:
    put(tmp_path, "country=GB/a.csv", "phone,country\n+447911123456,DE\n")
    put(tmp_path, "country=GB/b.csv")
    found = listing(tmp_path)
    assert cells(found, "country") == ["DE", "GB"]
    (said,) = found.overruled()
    assert "a.csv" in said
    assert "country" in said


def test_a_bad_row_has_no_cells(tmp_path: Path) -> None:
    put(tmp_path, "country=GB/a.csv", "phone,name\n+447911123456,Ann\nbroken\n")
    assert cells(listing(tmp_path), "country") == ["GB", None]
