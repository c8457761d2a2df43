"""A second value behind a number, a stray plus sign, names and groups: one cell by itself."""

import polars as pl
import pytest

from pipeline.normalise import normalise

NUMBERS = {
    "AT": "+43 664 1234567",
    "FI": "+358 40 1234567",
    "ID": "+62 812 345678",
    "NZ": "+64 21 123456",
    "DE": "+49 30 123456",
}
"""Which stay valid with one digit or two more, mostly."""
BEHIND = ("\t3", "\t12", " 1", " 12", " - 12", " (2)", " (12)", " [3]", "\n7", " -5")


def reason(cell: str, region: str | None = None) -> tuple[str | None, str | None]:
    row = normalise(pl.DataFrame({"cell": [cell]}), "cell", region).row(0, named=True)
    return row["msisdn"], row["reject_reason"]


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize(("region", "number"), NUMBERS.items())
def test_a_second_value_never_becomes_digits_of_the_number(
    region: str, number: str, behind: str
) -> None:
    alone, _ = reason(number, region)
    tight = "+" + "".join(filter(str.isdigit, number))
    for cell in (number + behind, tight + behind):
        read, _ = reason(cell, region)
        assert read in {None, alone}


GROUPED = (
    ("+43 1 234 56 78", None, "4312345678"),
    ("089 12 34 56 78", "DE", "498912345678"),
    ("+49 89 12345-12", None, "49891234512"),
    ("06 12 34 56 78", "FR", "33612345678"),
    ("08-123 456 78", "SE", "46812345678"),
    ("070-123 45 67", "SE", "46701234567"),
    ("020 22 123 45", "MG", None),
    ("27 12 34 5", "LU", "3522712345"),
    ("+41 44 668 18 00", None, "41446681800"),
    ("07911\n123456", "GB", "447911123456"),
    ("(0171) 3920001", "DE", "491713920001"),
)


@pytest.mark.parametrize(("cell", "region", "number"), GROUPED)
def test_a_short_last_group_is_no_second_value_where_numbers_are_grouped_so(
    cell: str, region: str | None, number: str | None
) -> None:
    if number is not None:
        assert reason(cell, region) == (number, None)
    else:
        assert reason(cell, region)[1] != "ambiguous"


STRAY = (
    ("+8 (495) 123-45-67", "RU", "74951234567"),
    ("+8(484)2123456", "RU", "74842123456"),
    ("+8 (867) 212-34-56", "RU", "78672123456"),
    ("+8 916 123 45 67", "RU", "79161234567"),
    ("+8 701 123 4567", "KZ", "77011234567"),
    ("+8 029 123 45 67", "BY", "375291234567"),
    ("+8 66 12 34 56", "TM", "99366123456"),
    ("+1 692 235 1234", "MH", None),
)


@pytest.mark.parametrize(("cell", "region", "national"), STRAY)
def test_a_plus_sign_before_the_trunk_prefix_makes_no_number_abroad(
    cell: str, region: str, national: str | None
) -> None:
    number, why = reason(cell, region)
    assert number == national or why in {"ambiguous", "invalid", "too_long", "unknown_calling_code"}


BRACKETED = (
    ("+8 (495) 123-45-67", "RU", "74951234567"),
    ("+8(484)2123456", "RU", "74842123456"),
    ("+8-(867)-212-34-56", "RU", "78672123456"),
    ("+ 8 ( 499 ) 123 45 67", "RU", "74991234567"),
    ("Tel.: +8 (495) 123-45-67", "RU", "74951234567"),
    ("(+8) (495) 123-45-67", "RU", "74951234567"),
    ("+8 (727) 250-12-34", "KZ", "77272501234"),
    ("+84 (95) 123-45-67", "RU", None),
    ("+849 (51) 23-45-67", "RU", None),
    ("+84951234567", "RU", None),
    ("+8 (495) 123-45-67", "VN", None),
    ("+1 (201) 555-0123", "MH", "12015550123"),
    ("+7 (495) 123-45-67", "KZ", "74951234567"),
)


@pytest.mark.parametrize(("cell", "region", "number"), BRACKETED)
def test_a_bracket_behind_the_trunk_prefix_says_that_the_plus_sign_is_a_stray_one(
    cell: str, region: str, number: str | None
) -> None:
    """No calling code ends there; where one does, or there is no bracket, it may be either."""
    found, why = reason(cell, region)
    assert found == number if number else (found, why) != ("74951234567", None)


def test_a_full_number_is_read_where_the_trunk_prefix_is_zero_or_the_calling_code() -> None:
    assert reason("+84951234567", "DE") == ("84951234567", None)
    assert reason("+12015550123", "US") == ("12015550123", None)
    assert reason("+84951234567") == ("84951234567", None)
    assert reason("+447911123456", "RU") == ("447911123456", None)


BEHIND_DIGITS = (
    ("966501234567+", "SA", "966501234567"),
    ("0501234567+", "SA", "966501234567"),
    ("971 50 123 4567 +", "AE", "971501234567"),
    ("201001234567+", "EG", "201001234567"),
    ("212-650-123456+", "MA", "212650123456"),
    ("447911123456+", "GB", None),
    ("447911123456+", None, None),
    ("07911 123456 +", "GB", None),
)


@pytest.mark.parametrize(("cell", "region", "number"), BEHIND_DIGITS)
def test_a_plus_sign_behind_is_read_where_people_write_from_right_to_left(
    cell: str, region: str | None, number: str | None
) -> None:
    assert reason(cell, region) == (number, None if number else "not_a_number")


NAMED = (
    '"Ann" <447911123456>',
    "Bob <+447911123456>",
    '"" <07911123456>',
    "<07911 123456>",
    '"447911123456" <447911123456>',
    "Line 2 <447911123456>",
    "&quot;Ann&quot; &lt;447911123456&gt;",
)


@pytest.mark.parametrize("cell", NAMED)
def test_the_number_in_angle_brackets_is_read(cell: str) -> None:
    assert reason(cell, "GB") == ("447911123456", None)


def test_a_name_that_is_another_number_is_refused() -> None:
    number, why = reason('"447911123457" <447911123456>', "GB")
    assert (number, why) == (None, "multiple_numbers")


LAKHS = (
    ("9,19,87,65,43,210", "919876543210"),
    ("9,87,65,43,210", "919876543210"),
    ("9,19,87,65,43,210.00", "919876543210"),
    ("91,98,76,54,32,10", None),
    ('"9,19,87,65,43,210"', "919876543210"),
    ("98,76,54,321", None),
)


@pytest.mark.parametrize(("cell", "number"), LAKHS)
def test_indian_groups_are_thousands(cell: str, number: str | None) -> None:
    assert reason(cell, "IN")[0] == number
