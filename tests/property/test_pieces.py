"""Rows cut into pieces are the same rows."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pieces import Pieces, recut

HEIGHTS = st.lists(st.integers(0, 25), max_size=8)


def frames(heights: list[int]) -> list[pl.DataFrame]:
    rows = pl.DataFrame({"row": range(sum(heights))}, schema={"row": pl.Int64})
    cut, begin = [], 0
    for height in heights:
        cut.append(rows.slice(begin, height))
        begin += height
    return cut


@given(HEIGHTS, st.integers(1, 30))
def test_all_pieces_but_the_last_are_of_one_height_and_no_row_is_lost(
    heights: list[int], rows: int
) -> None:
    pieces = list(recut(frames(heights), rows))
    assert [row for piece in pieces for row in piece["row"]] == list(range(sum(heights)))
    assert {piece.height for piece in pieces[:-1]} <= {rows}
    assert all(0 < piece.height <= rows for piece in pieces[-1:])


@given(HEIGHTS, st.integers(1, 30))
def test_a_piece_is_given_as_soon_as_its_rows_are_there(heights: list[int], rows: int) -> None:
    pieces, given_ = Pieces(rows), 0
    for number, frame in enumerate(frames(heights), 1):
        given_ += sum(piece.height for piece in pieces.add(frame))
        assert given_ + pieces.height == sum(heights[:number])
        assert pieces.height < rows
