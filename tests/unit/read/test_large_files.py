"""What happens at the seams: blocks, late bytes, lines without end."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipeline.read import BATCH_ROWS, Listing, find, read
from pipeline.read.listing import BATCH_BYTES
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
    assert max(frame.height for frame in frames) <= BATCH_ROWS
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


def test_a_quoted_cell_may_be_of_thousands_of_lines(path: Path) -> None:
    lines = 5000
    long = b"x\n" * lines
    path.write_bytes(b'phone,name\n1,2,3\n4,"' + long + b'"\n5,6\n')
    frame = pl.concat(list(listing(path)))

    assert frame["line_number"].to_list() == [2, 3, lines + 4]
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


def test_a_line_without_end_is_shown_by_its_beginning_and_passed_over(path: Path) -> None:
    path.write_bytes(b"phone,name\n" + LINE + b'1,"' + b"x" * (5 * CHUNK) + b'"\r' + LINE)
    rows = pl.concat(list(listing(path)))

    assert rows["line_number"].to_list() == [2, 3, 4]
    assert rows["bad_row"].to_list() == [None, f"the line is longer than {CHUNK} bytes", None]
    assert rows["bad_line"].str.len_bytes().to_list() == [None, LONGEST, None]


@pytest.mark.parametrize("fault", [b"1,2", b'"a"b,', b'"never closed', b"\xff," * 1999])
def test_damage_among_long_lines_costs_none_of_their_neighbours(path: Path, fault: bytes) -> None:
    width = 2000
    header = b",".join([b"phone", *(b"c%d" % at for at in range(1, width))]) + b"\n"
    # Longer than what is taken for a quote that was never closed.
    sound = b",".join([b"+442079460018", *[b'"' + b"x" * 80 + b'"'] * (width - 1)]) + b"\n"
    assert len(sound) > LONGEST
    path.write_bytes(header + sound * 30 + fault + b"\n" + sound * 30)
    found = read(find([str(path)]), Settings(encoding="utf-8"))

    rows = pl.concat([frame.select("line_number", "bad_row", "in:c1999") for frame in found])
    assert rows.filter(pl.col("bad_row").is_not_null())["line_number"].to_list() == [32]
    assert rows["line_number"].to_list() == list(range(2, 63))
    assert rows["in:c1999"].drop_nulls().to_list() == ["x" * 80] * 60


def test_a_frame_of_many_columns_has_fewer_rows(path: Path) -> None:
    row = ",".join(["+442079460018", *["some value or other"] * 999]) + "\n"
    names = ",".join(["phone", *(f"c{at}" for at in range(1, 1000))]) + "\n"
    rows = 2 * BATCH_BYTES // len(row)
    path.write_text(names + row * rows)

    heights = [frame.height for frame in listing(path)]
    assert sum(heights) == rows
    assert len(heights) > 1


def test_quotes_within_cells_are_cells_like_any_other_beside_quoted_ones(path: Path) -> None:
    many = 20_000
    path.write_bytes(
        b"phone,name\n"
        + b'1,5" pipe\n2,"a ""b"", c"\n3,John "Jack" D\n4,"x\ny"\n"5",6" nail\n' * many
    )
    rows = pl.concat(list(listing(path)))

    assert rows["bad_row"].null_count() == 5 * many
    names = ['5" pipe', 'a "b", c', 'John "Jack" D', "x\ny", '6" nail']
    assert rows["in:name"].to_list() == names * many
    assert rows["line_number"].to_list()[-5:] == [6 * many + at for at in (-4, -3, -2, -1, 1)]
