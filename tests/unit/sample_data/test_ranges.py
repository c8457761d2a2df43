"""Every number in the sample lists is kept for fiction, and libphonenumber sees it as we say."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from sample_data.ranges import INVALID, RANGES, Number, Range

EDGES = 40


def some_of(known: Range) -> tuple[Number, ...]:
    numbers = known.numbers()
    return numbers[:EDGES] + numbers[EDGES : -EDGES : len(numbers) // 100 + 1] + numbers[-EDGES:]


def parsed(number: Number) -> phonenumbers.PhoneNumber:
    return phonenumbers.parse("+" + number.msisdn)


@pytest.mark.parametrize(
    "known", [row for row in RANGES if row.plan_type != INVALID], ids=lambda row: row.prefixes[0]
)
def test_type_and_region_are_libphonenumbers(known: Range) -> None:
    found = {
        (
            phonenumbers.region_code_for_number(parsed(number)),
            PhoneNumberType.to_string(phonenumbers.number_type(parsed(number))).lower(),
        )
        for number in some_of(known)
    }

    assert found == {(known.region, known.plan_type)}


@pytest.mark.parametrize(
    "known", [row for row in RANGES if row.plan_type == INVALID], ids=lambda row: row.prefixes[0]
)
def test_invalid_ranges_have_the_right_length_and_are_not_valid(known: Range) -> None:
    for number in some_of(known):
        assert phonenumbers.is_possible_number(parsed(number))
        assert not phonenumbers.is_valid_number(parsed(number))


def test_no_number_is_in_two_ranges() -> None:
    every = [number.msisdn for known in RANGES for number in known.numbers()]

    assert len(set(every)) == len(every)
