"""Several files as one table."""

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.read import find, read
from pipeline.settings import Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("name,phone\nAnn,+442079460018\nbroken\n")
    (tmp_path / "b.csv").write_text("phone;town\n+442079460019;Bonn\n")
    pl.DataFrame({"phone": [442079460020], "name": ["Cy"]}).write_parquet(tmp_path / "c.parquet")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_columns_are_united_and_rows_counted_over_all_files() -> None:
    found = read(find(["."]), Settings())

    assert found.columns == ("name", "phone", "town")
    assert [column.name for column in found.number_columns] == ["phone"]
    assert [layout.format for layout in found.layouts] == ["csv", "csv", "parquet"]
    frame = pl.concat(list(found))
    assert frame.schema == {
        "row_id": pl.Int64,
        "source_file": pl.Enum(["a.csv", "b.csv", "c.parquet"]),
        "line_number": pl.Int64,
        "bad_row": pl.String,
        "bad_line": pl.String,
        "in:name": pl.String,
        "in:phone": pl.String,
        "in:town": pl.String,
    }
    assert frame.drop("bad_row").rows() == [
        (0, "a.csv", 2, None, "Ann", "+442079460018", None),
        (1, "a.csv", 3, "broken", None, None, None),
        (2, "b.csv", 2, None, None, "+442079460019", "Bonn"),
        (3, "c.parquet", 1, None, "Cy", "442079460020", None),
    ]


def test_a_file_without_the_numbers_column_is_named_with_its_columns(folder: Path) -> None:
    (folder / "d.csv").write_text("telephone,x\n1,2\n")

    with pytest.raises(InputError, match=r"^d\.csv: has no column 'phone', .* are: telephone, x$"):
        read(find(["."]), Settings())


def test_a_file_that_is_gone_when_it_is_read_is_an_error(folder: Path) -> None:
    found = read(find(["a.csv", "c.parquet"]), Settings())
    (folder / "a.csv").unlink()

    with pytest.raises(InputError, match=r"a\.csv: cannot be read: No such file"):
        list(found)


def test_no_source_is_an_error() -> None:
    with pytest.raises(InputError, match="no input"):
        read([], Settings())


@pytest.mark.usefixtures("folder")
def test_what_is_printed_of_a_listing_has_no_cells() -> None:
    assert "7946" not in repr(read(find(["."]), Settings()))


def test_small_files_share_a_frame(tmp_path: Path) -> None:
    for at in range(50):
        (tmp_path / f"{at:02}.csv").write_text(f"phone\n+4420794600{at:02}\nbroken,x\n")
    found = read(find([str(tmp_path)]), Settings(delimiter=","))

    (frame,) = found
    assert frame["row_id"].to_list() == list(range(100))
    assert frame["line_number"].to_list() == [2, 3] * 50
    assert frame["bad_row"].null_count() == 50
    names = [Path(name).name for name in frame["source_file"]]
    assert names == [f"{at:02}.csv" for at in range(50) for _ in range(2)]
    assert [part.height for part in read(find([str(tmp_path)]), Settings(), batch_rows=30)] == [
        *[30] * 3,
        10,
    ]


def test_a_repeated_name_is_an_error_in_whichever_file_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("phone,name\n+442079460018,Ann\n")
    (tmp_path / "b.csv").write_text("phone,phone\n+442079460019,+442079460020\n")
    sources = find([str(tmp_path)])

    with pytest.raises(InputError, match=r"b\.csv: several .*: phone, phone_2; choose"):
        read(sources, Settings())
    (frame,) = read(sources, Settings(column="phone"))
    assert frame["in:phone"].to_list() == ["+442079460018", "+442079460019"]
