"""What happens at the seams: blocks, late bytes, lines without end."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipeline.read import Listing, find, read
from pipeline.read.csv_table import PIECE
from pipeline.read.records import LONGEST
from pipeline.read.streams import CHUNK, HEAD
from pipeline.settings import Settings

LINE = b"+442079460018,Ann\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def listing(path: Path) -> Listing:
    return read(find([str(path)]), Settings())


def bad_rows(frames: Iterator[pl.DataFrame]) -> list[tuple[int, str, int]]:
    """`line_number`, what is wrong, and the length of the line."""
    bad = pl.concat(list(frames)).filter(pl.col("bad_row").is_not_null())
    return bad.select("line_number", "bad_row", pl.col("bad_line").str.len_bytes()).rows()


def test_faults_far_into_a_file_of_many_blocks_are_found_where_they_are(path: Path) -> None:
    many = (2 * CHUNK + CHUNK // 2) // len(LINE)
    path.write_bytes(
        b"phone,name\n" + LINE * many + b"1,2,3\n" + b'"4","5\n6"\n' + LINE + b"7\n" + LINE * 10
    )
    found = listing(path)

    assert bad_rows(iter(found)) == [
        (many + 2, "3 fields where 2 are expected", 5),
        (many + 6, "1 field where 2 are expected", 1),
    ]
    frames = list(found)
    assert sum(frame.height for frame in frames) == many + 14
    assert max(frame.height for frame in frames) <= 65_536
    assert frames[-1]["line_number"][-1] == many + 16
    assert frames[-1]["row_id"][-1] == many + 13


@pytest.mark.parametrize(
    ("late", "encoding"), [(b"Ren\xe9e", "cp1252"), ("Renée".encode(), "utf-8")]
)
def test_the_first_byte_that_is_not_ascii_decides_however_late_it_comes(
    path: Path, late: bytes, encoding: str
) -> None:
    many = (HEAD + CHUNK) // len(LINE)
    path.write_bytes(b"phone,name\n" + LINE * many + b"1," + late + b"\n2," + late)
    found = listing(path)

    assert found.layouts[0].encoding == "ascii"
    frame = pl.concat(list(found))
    assert frame["in:name"].tail(2).to_list() == ["Renée", "Renée"], encoding
    assert frame["bad_row"].null_count() == many + 2


def test_a_quoted_cell_may_be_longer_than_what_is_read_at_once_with_care(path: Path) -> None:
    long = b"x\n" * PIECE
    path.write_bytes(b'phone,name\n1,2,3\n4,"' + long + b'"\n5,6\n')
    frame = pl.concat(list(listing(path)))

    assert frame["line_number"].to_list() == [2, 3, PIECE + 4]
    assert frame["in:name"].to_list() == [None, long.decode(), "6"]


def test_a_quote_that_swallows_the_rest_of_a_file_costs_one_line(path: Path) -> None:
    many = 2 * LONGEST // len(LINE)
    path.write_bytes(b"phone,name\n" + LINE + b'1,"2\n' + LINE * many)
    found = listing(path)

    assert bad_rows(iter(found)) == [(3, "a quote is never closed", 4)]
    assert sum(frame.height for frame in found) == many + 2


def test_a_line_without_end_is_one_bad_row_and_the_next_is_read(path: Path) -> None:
    path.write_bytes(b"phone,name\n" + LINE + b"1" * (6 * CHUNK // 4) + b"\r\n" + LINE + LINE)
    rows = pl.concat(list(listing(path)))

    assert rows["line_number"].to_list() == [2, 3, 4, 5]
    assert rows["bad_row"].is_not_null().to_list() == [False, True, False, False]
