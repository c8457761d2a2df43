"""Every input format, compression and encoding gives the same table.

A format that is added to `FORMATS` must be able to write this table here, and joins by that.
"""

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import xlsxwriter
from polars.testing import assert_frame_equal

from pipeline.errors import InputError
from pipeline.read import FORMATS, Listing, find, read
from pipeline.settings import OPTIONS, Settings

NAMES = ("phone", "näme", "note", "note_2")
ROWS = (
    ("+442079460018", "Zoë", "two\nlines", "a"),
    ("0049 171 3920012", 'says "hello"', "x;y,z\t|", None),
    ("07911 123456", None, "  kept  ", "b"),
    ("", "café", "€ 5", "='c'"),
) * 3


def as_csv(delimiter: str = ",", end: str = "\r\n") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(NAMES)
    writer.writerows([['""' if cell == "" else cell for cell in row] for row in ROWS])
    # The module writes null and empty text alike; the quoted form stands for the empty text.
    return text.getvalue().replace('""""""', '""').replace("\r\n", end).encode()


def as_parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(ROWS, list(NAMES), orient="row").write_parquet(buffer)
    return buffer.getvalue()


def as_excel() -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    for at, row in enumerate([NAMES, *ROWS]):
        for place, cell in enumerate(row):
            if cell:
                sheet.write_string(at, place, cell)
    book.close()
    return buffer.getvalue()


WRITERS: dict[str, Callable[[], bytes]] = {
    "csv": as_csv,
    "parquet": as_parquet,
    "excel": as_excel,
}
WITHOUT_EMPTY_TEXT = {"excel"}
"""Formats in which an empty text is a blank cell."""

ENCODINGS = {
    "utf-8": lambda data: data,
    "utf-8 with mark": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16 le with mark": lambda data: b"\xff\xfe" + data.decode().encode("utf-16-le"),
    "utf-16 be with mark": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
    "utf-16 le": lambda data: data.decode().encode("utf-16-le"),
    "utf-16 be": lambda data: data.decode().encode("utf-16-be"),
    "cp1252": lambda data: data.decode().encode("cp1252"),
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
}
DIALECTS = {
    "comma": (",", "\r\n"),
    "semicolon": (";", "\r\n"),
    "tab": ("\t", "\n"),
    "pipe": ("|", "\n"),
    "cr": (",", "\r"),
}


def listing(path: Path, **chosen: str) -> Listing:
    return read(find([str(path)]), Settings(**chosen))  # type: ignore[arg-type]  # text options only


def assert_is_the_table(found: Listing) -> None:
    frame = pl.concat(list(found))

    assert found.columns == NAMES
    assert [column.name for column in found.number_columns] == ["phone"]
    own = pl.DataFrame(ROWS, [f"in:{name}" for name in NAMES], orient="row")
    if found.layouts[0].format in WITHOUT_EMPTY_TEXT:
        own = own.with_columns(pl.when(pl.all() != "").then(pl.all()))
    assert_frame_equal(frame.select(own.columns), own)
    assert frame["row_id"].to_list() == list(range(len(ROWS)))
    assert frame["bad_row"].null_count() == frame["bad_line"].null_count() == len(ROWS)


def test_each_format_is_known_to_this_suite_and_to_the_settings() -> None:
    assert list(WRITERS) == list(FORMATS)
    assert OPTIONS["format"].choices == ("auto", *FORMATS)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("chosen", ["auto", "its own name"])
def test_a_format_gives_the_table_under_each_of_its_suffixes(
    tmp_path: Path, name: str, chosen: str
) -> None:
    for suffix in FORMATS[name].suffixes:
        path = tmp_path / f"list{suffix}"
        path.write_bytes(WRITERS[name]())
        assert_is_the_table(listing(path, format="auto" if chosen == "auto" else name))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_can_be_read_twice_and_in_small_frames(tmp_path: Path, name: str) -> None:
    (tmp_path / "list").write_bytes(WRITERS[name]())
    found = read(find([str(tmp_path / "list")]), Settings(), batch_rows=5)

    assert [frame.height for frame in found] == [4, 4, 4]
    assert_frame_equal(pl.concat(list(found)), pl.concat(list(found)))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_counts_lines_where_they_are_and_rows_where_there_are_none(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "list").write_bytes(WRITERS[name]())
    frame = pl.concat(list(listing(tmp_path / "list")))

    # The header is line 1, and the first row of each four takes up two lines.
    expected = {
        "csv": [2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16],
        "excel": list(range(2, 14)),
    }.get(name, list(range(1, 13)))
    assert frame["line_number"].to_list() == expected


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_without_rows_gives_no_frame(tmp_path: Path, name: str) -> None:
    empty = b"phone,name\n"
    if name == "excel":
        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"in_memory": True})
        book.add_worksheet().write_row(0, 0, ["phone", "name"])
        book.close()
        empty = buffer.getvalue()
    if name == "parquet":
        buffer = io.BytesIO()
        pl.DataFrame(schema={"phone": pl.String, "name": pl.String}).write_parquet(buffer)
        empty = buffer.getvalue()
    (tmp_path / "list").write_bytes(empty)
    found = listing(tmp_path / "list")

    assert list(found) == []
    assert found.columns == ("phone", "name")


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_cut_short_anywhere_gives_rows_or_an_error_that_names_the_file(
    tmp_path: Path, name: str
) -> None:
    whole = WRITERS[name]()
    for size in range(1, len(whole), 97):
        (tmp_path / "cut").write_bytes(whole[:size])
        rows, message = 0, str(tmp_path / "cut")
        try:
            rows = sum(frame.height for frame in listing(tmp_path / "cut", header="yes"))
        except InputError as error:
            message = str(error)
        assert rows <= 2 * len(ROWS)
        assert str(tmp_path / "cut") in message


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_csv_gives_the_table_in_each_encoding_compression_and_dialect(
    tmp_path: Path, encoding: str, compression: str, dialect: str
) -> None:
    path = tmp_path / f"list.csv{compression}"
    plain = as_csv(*DIALECTS[dialect])
    path.write_bytes(COMPRESSIONS[compression](ENCODINGS[encoding](plain)))

    assert_is_the_table(listing(path))


@pytest.mark.parametrize("compression", [".gz", ".zst"])
def test_a_compressed_file_that_is_cut_short_is_an_error(tmp_path: Path, compression: str) -> None:
    path = tmp_path / f"list.csv{compression}"
    path.write_bytes(COMPRESSIONS[compression](as_csv())[:-9])

    with pytest.raises(InputError, match=r"list\.csv.*cut short or damaged"):
        list(listing(path))


@pytest.mark.parametrize("compression", [".gz", ".zst"])
def test_compressed_files_put_one_behind_the_other_are_one_list(
    tmp_path: Path, compression: str
) -> None:
    pack = COMPRESSIONS[compression]
    path = tmp_path / "list"
    path.write_bytes(pack(b"phone\n447700900001\n") + pack(b"447700900002\n"))

    (frame,) = listing(path)
    assert frame["in:phone"].to_list() == ["447700900001", "447700900002"]
