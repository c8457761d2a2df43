"""Numbers in the region column: ISO 3166's, or calling codes."""

import polars as pl
import pytest

from pipeline.normalise import learn

ISO = {
    "codes that are no calling codes": (
        ("6123-4567", "591", "50761234567"),
        ("040 123 45 67", "31", "994401234567"),
        ("(201) 555-0123", "840", "12015550123"),
        ("0171 3920012", "276", "491713920012"),
    ),
    "three digits": (("0401234567", "036", None), ("0664 1234567", "040", "436641234567")),
    "with float tails": (("(201) 555-0123", "840.0", "12015550123"), ("07911 123456", "826.0", "447911123456")),
    "Britain alone": (("07911 123456", "826", "447911123456"),),
    "France and Spain": (("06 12 34 56 78", "250", "33612345678"), ("612 34 56 78", "724", "34612345678")),
    "told by the cells": (("0412 345 678", "36", "61412345678"),),
}  # fmt: skip
CALLING = {
    "codes that are none of ISO's": (("07911 123456", "44", "447911123456"), ("0171 3920012", "49", "491713920012")),
    "told by the cells": (("07911 123456", "44", "447911123456"),),
    "a plus sign beside": (("07911 123456", "44", "447911123456"), ("0612345678", "+31", "31612345678")),
    "North America": (("(201) 555-0123", "1", "12015550123"), ("07911 123456", "44", "447911123456")),
    "two zeros": (("07911 123456", "0044", "447911123456"),),
    "with float tails": (("07911 123456", "44.0", "447911123456"), ("0171 3920012", "49.0", "491713920012")),
}  # fmt: skip

Rows = tuple[tuple[str, str, str | None], ...]


def read(rows: Rows) -> tuple[list[str | None], list[str | None], str]:
    frame = pl.DataFrame(rows, schema=["cell", "in", "meant"], orient="row")
    out, shown = learn(frame, "cell", region_column="in")
    return out["msisdn"].to_list(), out["reject_reason"].to_list(), shown.region_codes


@pytest.mark.parametrize("rows", ISO.values(), ids=ISO)
def test_codes_of_iso_are_told_from_calling_codes(rows: Rows) -> None:
    numbers, _, kind = read(rows)
    assert kind == "iso"
    for number, (*_, meant) in zip(numbers, rows, strict=True):
        assert meant is None or number == meant


@pytest.mark.parametrize("rows", CALLING.values(), ids=CALLING)
def test_calling_codes_are_read_as_such(rows: Rows) -> None:
    numbers, _, kind = read(rows)
    assert kind == "calling" or rows[0][1].startswith("00")
    assert numbers == [meant for *_, meant in rows]


def test_a_code_of_both_kinds_that_nothing_tells_apart_is_no_region() -> None:
    out, shown = learn(pl.DataFrame({"cell": ["6123-4567"], "in": ["591"]}), "cell", None, "in")
    assert (out["reject_reason"].item(), shown.region_codes) == ("no_region", "undecided")
    assert "two letters" in out["reject_detail"].item()


def test_numbers_with_a_plus_sign_need_no_region() -> None:
    numbers, _, _ = read((("+59161234567", "591", None),))
    assert numbers == ["59161234567"]


def test_words_and_codes_may_be_mixed() -> None:
    numbers, _, _ = read((("(201) 555-0123", "840", None), ("07911 123456", "GB", None)))
    assert numbers == ["12015550123", "447911123456"]
