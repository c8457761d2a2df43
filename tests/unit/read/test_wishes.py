"""An encoding or a delimiter that was set and does not fit is told, not believed to the end."""

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.read import find, read
from pipeline.settings import Settings

LIST = "name;phone\nMüller;+12125550123\nJones;+12125550124\n"


def columns(folder: Path, data: bytes, settings: Settings) -> tuple[str, ...]:
    path = folder / "list.csv"
    path.write_bytes(data)
    return read(find([str(path)]), settings).columns


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "cp037",
        "utf-7",
        "idna",
        "undefined",
    ],
)
@pytest.mark.parametrize("text", [LIST, "phone\n+12125550123\n"])
def test_an_encoding_that_fits_nothing_is_refused(tmp_path: Path, text: str, encoding: str) -> None:
    with pytest.raises(InputError, match=f"list.csv: cannot be read as {encoding} .*--encoding"):
        columns(tmp_path, text.encode(), Settings(encoding=encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "utf-16", "utf-16-le", "cp850"])
def test_an_encoding_that_fits_is_believed(tmp_path: Path, encoding: str) -> None:
    found = columns(tmp_path, LIST.encode(encoding), Settings(encoding=encoding))
    assert found == ("name", "phone")


def test_one_line_that_cannot_be_decoded_is_a_bad_row_still(tmp_path: Path) -> None:
    data = LIST.encode("latin-1")
    assert columns(tmp_path, data, Settings(encoding="utf-8")) == ("name", "phone")


@pytest.mark.parametrize("delimiter", [",", "|", "\t", ":", "~"])
def test_a_delimiter_that_never_occurs_is_refused_where_another_does(
    tmp_path: Path, delimiter: str
) -> None:
    with pytest.raises(InputError, match=r"list.csv: has no .* but ';' parts its cells"):
        columns(tmp_path, LIST.encode(), Settings(delimiter=delimiter))


def test_a_delimiter_that_one_column_has_no_use_for_is_fine(tmp_path: Path) -> None:
    found = columns(tmp_path, b"phone\n+12125550123\n", Settings(delimiter=";"))
    assert found == ("phone",)
