"""Every region of the numbering plans can be said in every way that is promised."""

import phonenumbers
import pytest

from pipeline.errors import UsageError
from pipeline.normalise.regions import default_region, known_regions

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def test_every_region_is_known_by_its_code() -> None:
    assert known_regions(REGIONS) == {region: region for region in REGIONS}


def test_every_region_has_an_alpha_3_code() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    every = (one + two + three for one in letters for two in letters for three in letters)
    assert sorted(set(known_regions(every).values())) == REGIONS


def test_every_calling_code_is_known_by_its_main_region() -> None:
    codes = {
        phonenumbers.country_code_for_region(region): phonenumbers.region_code_for_country_code(
            phonenumbers.country_code_for_region(region)
        )
        for region in REGIONS
    }
    assert known_regions(map(str, codes)) == {str(code): main for code, main in codes.items()}


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("Germany", "DE"),
        ("UNITED STATES", "US"),
        ("united states of america", "US"),
        ("Trinidad & Tobago", "TT"),
        ("St. Lucia", "LC"),
        ("Saint Lucia", "LC"),
        ("Curacao", "CW"),
        ("Türkiye", "TR"),
        ("Guinea", "GN"),
        ("Guinea-Bissau", "GW"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Dominica", "DM"),
        ("Dominican Republic", "DO"),
        ("U.K.", "GB"),
    ],
)
def test_english_names_are_known(name: str, region: str) -> None:
    assert known_regions([name]) == {name: region}
    assert default_region(name) == region


@pytest.mark.parametrize("word", ["", "  ", "Narnia", "ZZ", "999", "+800", "-", "the", "1234"])
def test_other_words_are_no_region(word: str) -> None:
    assert known_regions([word]) == {}
    with pytest.raises(UsageError):
        default_region(word)


def test_no_region_at_all_is_no_region() -> None:
    assert default_region(None) is None


@pytest.mark.parametrize("word", ["N/A", "n.a.", "N.A", "n a"])
def test_words_for_nothing_are_not_namibia(word: str) -> None:
    assert known_regions([word]) == {}
    assert known_regions(["NA"]) == {"NA": "NA"}


@pytest.mark.parametrize(
    ("word", "region"),
    [
        ("+1 242", "BS"), ("1-809", "DO"), ("001 (787)", "PR"), ("1242", "BS"), ("U.S.A.", "US"),
        ("Korea, Republic of", "KR"), ("Bolivia (Plurinational State of)", "BO"), ("Åland", "AX"),
        ("Venezuela, Bolivarian Republic of", "VE"), ("St Vincent", "VC"), ("Trinidad", "TT"),
    ],
)  # fmt: skip
def test_more_ways_of_writing_a_region(word: str, region: str) -> None:
    assert known_regions([word]) == {word: region}
