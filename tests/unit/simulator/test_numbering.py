import random
import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberType, carrier

from pipeline.simulator.automaton import Automaton
from pipeline.simulator.numbering import Facts, Numbering

KINDS = {
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "either",
    PhoneNumberType.UNKNOWN: "",
}
NUMBERING = Numbering()


def examples(region: str) -> list[PhoneNumber]:
    found = (phonenumbers.example_number_for_type(region, kind) for kind in range(11))
    return [each for each in found if each is not None]


def digits(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def by_libphonenumber(tel: str) -> Facts | None:
    """The same facts from `phonenumbers`; None where it reads other digits than these."""
    number = phonenumbers.parse("+" + tel)
    code = str(number.country_code)
    if code + phonenumbers.national_significant_number(number) != tel:
        return None
    kind = KINDS.get(phonenumbers.number_type(number), "fixed")
    region = phonenumbers.region_code_for_number(number)
    if region is None:
        region = phonenumbers.region_code_for_country_code(int(code))
    if not kind:
        return Facts(code, region, "", len(code), "")
    ndc = phonenumbers.length_of_national_destination_code(number)
    return Facts(code, region, kind, len(code) + ndc, carrier.name_for_valid_number(number, "en"))


@pytest.mark.parametrize("share", range(4))
def test_facts_are_those_of_libphonenumber_for_examples_and_neighbours(share: int) -> None:
    dice = random.Random(share)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)[share::4]:
        for example in examples(region):
            tel = digits(example)
            cut = dice.randrange(len(str(example.country_code)), len(tel))
            other = tel[:cut] + "".join(dice.choices("0123456789", k=len(tel) - cut))
            for each in (tel, other):
                expected = by_libphonenumber(each)
                if expected is None:
                    continue
                facts = NUMBERING.facts(each)
                if expected.kind not in {"mobile", "either"}:
                    # `carrier` names no holder of fixed lines; it does no harm to know one.
                    facts = facts._replace(carrier=expected.carrier)
                assert facts == expected, each


@pytest.mark.parametrize("tel", ["999123456", "0", "12", "21"])
def test_digits_of_no_country_have_no_facts(tel: str) -> None:
    assert NUMBERING.facts(tel).kind == ""


def test_one_number_has_all_its_facts() -> None:
    assert NUMBERING.facts("447506123456") == Facts("44", "GB", "mobile", 6, "EE")


PLAIN = [
    "7[1-9]\\d{3}",
    "(?:20|3[0-24])\\d{2,4}",
    "1(?:2(?:34)?|5)?",
    "\\d{3}(?:\\d{2})?",
    "[89]0+",
]


@given(st.text("0123456789", max_size=8))
def test_automaton_matches_what_regular_expressions_match(text: str) -> None:
    automaton = Automaton(PLAIN, ["7[1-9]", "20"])

    matched = automaton.matched(automaton.walk(text))

    whole = {index for index, each in enumerate(PLAIN) if re.fullmatch(each, text)}
    begun = {5 + index for index, each in enumerate(["7[1-9]", "20"]) if re.match(each, text)}
    assert matched == whole | begun


def test_automaton_says_which_pattern_it_cannot_read() -> None:
    with pytest.raises(ValueError, match="not a plain pattern"):
        Automaton(["(?=1)1"])
