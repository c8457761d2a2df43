import random

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberType, carrier

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
    return Facts(code, region, kind, len(code) + ndc, carrier.name_for_number(number, "en"))


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
                assert NUMBERING.facts(each) == expected, each


def test_facts_of_codes_without_geography_are_those_of_libphonenumber() -> None:
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        example = phonenumbers.example_number_for_non_geo_entity(code)
        assert example is not None
        tel = digits(example)
        for each in (tel, tel[:-1] + "0", tel[:-2], tel + "1"):
            assert NUMBERING.facts(each) == by_libphonenumber(each), each


@pytest.mark.parametrize("tel", ["999123456", "0", "12", "21", "", "44750612345x", "4475061234٥٦"])
def test_digits_of_no_country_have_no_facts(tel: str) -> None:
    assert NUMBERING.facts(tel).kind == ""


@pytest.mark.parametrize(
    ("tel", "region"),
    [("18095550123", "DO"), ("18090000000", "DO"), ("447624999999999", "IM"), ("4400000", "GB")],
)
def test_a_number_of_no_plan_has_the_region_that_its_first_digits_are_kept_for(
    tel: str, region: str
) -> None:
    assert NUMBERING.facts(tel).region == region


@pytest.mark.parametrize(
    ("tel", "area"),
    [
        ("541123456789", "11"),
        ("5491123456789", "911"),  # written 54 9 11 …: the 9 of mobiles belongs to it
        ("12025550123", "202"),
        ("393123456789", "312"),
        ("656123456", ""),  # too short, so in no plan
    ],
)
def test_the_area_code_ends_where_libphonenumber_ends_it(tel: str, area: str) -> None:
    facts = NUMBERING.facts(tel)

    assert tel[len(facts.calling_code) : facts.ndc_end] == area


def test_one_number_has_all_its_facts() -> None:
    assert NUMBERING.facts("447506123456") == Facts("44", "GB", "mobile", 6, "EE")
