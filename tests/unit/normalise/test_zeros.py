"""Leading zeros that a whole column has lost."""

import polars as pl

from pipeline.normalise import normalise
from pipeline.normalise.evidence import Evidence

IVORY_COAST = [f"7{number:08}" for number in range(12345600, 12345640)]
"""Mobiles of Ivory Coast, whose first zero belongs to the number, without it."""
ITALY = [f"3{number:09}" for number in range(400000000, 400000500)]


def rules(
    cells: list[str], region: str, *, zeros_lost: bool | None = None
) -> dict[str | None, int]:
    frame = pl.DataFrame({"phone": cells})
    known = None if zeros_lost is None else Evidence(zeros_lost=zeros_lost)
    found = normalise(frame, "phone", region, evidence=known)
    return dict(found["rule"].value_counts().iter_rows())


def test_zeros_that_a_column_has_lost_are_put_back() -> None:
    found = normalise(pl.DataFrame({"phone": IVORY_COAST}), "phone", "CI")
    assert found["msisdn"].to_list() == [f"2250{cell}" for cell in IVORY_COAST]
    assert set(found["rule"]) == {"repair:leading_zero"}


def test_one_zero_in_front_shows_that_none_was_lost() -> None:
    assert rules([*IVORY_COAST, "0712345678"], "CI") == {None: 40, "national": 1}
    assert rules([*IVORY_COAST, "(07) 12345678"], "CI") == {None: 40, "national": 1}


def test_international_numbers_in_between_show_nothing() -> None:
    assert rules([*IVORY_COAST, "+2250712345678"], "CI") == {
        "repair:leading_zero": 40,
        "international": 1,
    }


def test_a_few_such_cells_are_typing_errors() -> None:
    assert rules(IVORY_COAST[:9], "CI") == {None: 9}
    assert rules([*ITALY, *(f"6980{number:04}" for number in range(9))], "IT") == {
        None: 9,
        "national": 500,
    }


def test_a_share_of_landlines_among_mobiles_is_enough() -> None:
    landlines = [f"6980{number:04}" for number in range(30)]
    assert rules([*ITALY, *landlines], "IT") == {"repair:leading_zero": 30, "national": 500}


def test_what_is_known_of_the_column_goes_before_what_it_shows() -> None:
    assert rules(IVORY_COAST[:1], "CI", zeros_lost=True) == {"repair:leading_zero": 1}
    assert rules(IVORY_COAST, "CI", zeros_lost=False) == {None: 40}


def test_cells_with_float_tails_have_lost_them_too() -> None:
    assert rules([f"{cell}.0" for cell in IVORY_COAST], "CI") == {"repair:leading_zero": 40}


def test_whole_numbers_are_read_alike() -> None:
    frame = pl.DataFrame({"phone": [int(cell) for cell in IVORY_COAST]})
    assert normalise(frame, "phone", "CI")["msisdn"].null_count() == 0


def test_a_lazy_frame_is_taken_to_have_its_zeros() -> None:
    lazy = pl.LazyFrame({"phone": IVORY_COAST})
    assert normalise(lazy, "phone", "CI").collect()["msisdn"].null_count() == 40
    told = normalise(lazy, "phone", "CI", evidence=Evidence(zeros_lost=True))
    assert told.collect()["msisdn"].null_count() == 0


def test_no_zero_is_put_before_a_number_that_it_does_not_make_good() -> None:
    assert rules(["12345"] * 40, "GB", zeros_lost=True) == {None: 40}
