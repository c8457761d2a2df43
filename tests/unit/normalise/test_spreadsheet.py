"""Columns that spreadsheets rounded, and floats that engines wrote without their last zeros."""

from random import Random

import polars as pl
import pytest

from pipeline.normalise import learn, normalise
from pipeline.normalise.evidence import Evidence

DICE = Random(4)
SHOWN = [DICE.randrange(100, 1000) for _ in range(40)]

ROUNDED = {
    "Great Britain, twelve digits": ([f"447{n}00000000" for n in SHOWN], "GB"),
    "six digits shown": ([f"4479{n % 90 + 10}000000" for n in SHOWN], "GB"),
    "Germany, thirteen digits": ([f"491{n}0000000" for n in SHOWN], "DE"),
    "France, eleven digits": ([f"336{n}00000" for n in SHOWN], "FR"),
    "the USA, ten digits": ([f"{n + 1}5550000" for n in SHOWN], "US"),
    "grouped by thousands again": ([f"447,{n},000,000" for n in SHOWN], "GB"),
    "with decimal places": ([f"447{n}000000.00" for n in SHOWN], "GB"),
    "few rows": (["447992000000", "447801000000", "447462000000"], "GB"),
    "all alike, three digits shown": (["448000000000"] * 10, "GB"),
}


@pytest.mark.parametrize(("cells", "region"), ROUNDED.values(), ids=ROUNDED)
def test_a_rounded_column_is_spreadsheet_damage(cells: list[str], region: str) -> None:
    for where in (region, None):
        out, shown = learn(pl.DataFrame({"cell": cells}), "cell", where)
        assert set(out["reject_reason"]) == {"spreadsheet_damage"}
        assert shown.told()["zeros_at_end"]


def test_whole_numbers_of_parquet_are_found_out_alike() -> None:
    frame = pl.DataFrame({"cell": [447_000_000_000 + n * 1_000_000 for n in SHOWN]})
    assert set(normalise(frame, "cell", "GB")["reject_reason"]) == {"spreadsheet_damage"}


def test_sound_cells_of_a_rounded_column_are_read() -> None:
    cells = ["447992000000", "447801000000", "447462000000", "+447911123456", "447911123457"]
    out = normalise(pl.DataFrame({"cell": cells}), "cell", "GB")
    assert out["msisdn"].to_list() == [None, None, None, "447911123456", "447911123457"]


GENUINE = {
    "one that ends in zeros": [*(f"4479111{n:05}" for n in range(1, 200)), "447911000000"],
    "a run from a round number on": [str(447400000000 + n) for n in range(2000)],
    "main numbers of companies": [f"1{n}5551000" for n in range(201, 600)],
    "every twentieth ends in four zeros": [
        f"1{n}555{'0000' if n % 20 == 0 else '0123'}" for n in range(201, 600)
    ],
    "a range for fiction": [f"447700900{n:03}" for n in range(1000)],
    "France's for fiction": [f"331990000{n:02}" for n in range(100)],
    "one number again and again": ["447911000000", *["447911123456"] * 30],
    "a lone cell": ["447992000000"],
}


@pytest.mark.parametrize("cells", GENUINE.values(), ids=GENUINE)
def test_a_column_of_genuine_numbers_is_not_held_to_be_rounded(cells: list[str]) -> None:
    out, shown = learn(pl.DataFrame({"cell": cells}), "cell")
    assert "spreadsheet_damage" not in set(out["reject_reason"])
    assert not shown.zeros_at_end


EXACT = {
    "Arrow": ["4.47400123456e+11", "4.4740012345e+11"],
    "Java": ["4.47400123456E11", "4.474001234E11", "4.47400123457E11"],
    "more than one zero left out": ["4.47400123456e+11", "4.474001e+11"],
    "of several lengths": ["4.915112345678e+12", "4.4740012345e+11", "3.3612345678e+10"],
    "a comma for the point": ["4,47400123456e+11", "4,4740012345e+11"],
}


@pytest.mark.parametrize("cells", EXACT.values(), ids=EXACT)
def test_zeros_that_an_engine_left_out_are_put_back(cells: list[str]) -> None:
    out = normalise(pl.DataFrame({"cell": cells}), "cell")
    meant = [str(int(float(cell.replace(",", ".")))) for cell in cells]
    assert out["msisdn"].to_list() == meant
    assert set(out["rule"]) == {"repair:scientific"}


ROUNDING = {
    "what a spreadsheet shows": ["4.474E+11", "4.47912E+11", "4.47462E+11"],
    "ten digits, shorter numbers are whole": [
        "7.911123456e+09",
        "4.479111235e+11",
        "4.479111236e+11",
    ],
    "a lone cell": ["4.4740012345e+11"],
    "more short ones than whole ones": ["4.47400123456e+11", *["4.4740012345e+11"] * 5],
    "few digits among whole ones": ["4.474E+11"],
}


@pytest.mark.parametrize("cells", ROUNDING.values(), ids=ROUNDING)
def test_what_may_be_rounded_is_refused(cells: list[str]) -> None:
    out = normalise(pl.DataFrame({"cell": [*cells]}), "cell", "GB")
    short = [
        cell for cell in cells if len(cell.split("e")[0].split("E")[0]) < 13 and "e+09" not in cell
    ]
    found = dict(zip(cells, out["reject_reason"], strict=True))
    assert {found[cell] for cell in short} == {"spreadsheet_damage"}


def test_six_digits_are_rounded_even_where_others_are_whole() -> None:
    cells = ["4.47400123456e+11", "4.47912E+11"]
    out = normalise(
        pl.DataFrame({"cell": cells}), "cell", evidence=Evidence("international", exact_digits=12)
    )
    assert out["reject_reason"].to_list() == [None, "spreadsheet_damage"]
