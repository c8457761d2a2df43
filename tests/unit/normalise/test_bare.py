"""Bare digits, without plus sign or 00: full numbers only where the column shows that they are."""

import phonenumbers
import polars as pl
import pytest
from phonenumbers import PhoneNumberType

from pipeline.normalise import learn, normalise
from pipeline.normalise.evidence import Evidence
from tests.parity.meant import MISTYPED, NATIONAL, Share, shares

NOT_READ = {"no_region", "ambiguous", "too_short", "too_long", "invalid"}


def read(
    cells: list[str], region: str | list[str | None] | None = None, bare: str = "auto"
) -> list[str | None]:
    """The numbers that came out; `region` of all cells, or of each."""
    by_row = isinstance(region, list)
    frame = pl.DataFrame({"cell": cells, "in": region if by_row else [None] * len(cells)})
    out, _ = learn(frame, "cell", None if by_row else region, "in" if by_row else None, bare=bare)  # type: ignore[arg-type]
    refused = out.filter(pl.col("msisdn").is_null())
    assert set(refused["reject_reason"]) <= NOT_READ
    found: list[str | None] = out["msisdn"].to_list()
    return found


def example(region: str) -> str:
    """libphonenumber's example of a mobile, E.164 digits."""
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert number is not None
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


LOCAL = {
    "one area code, which is like Norway's and the first digit of its mobiles": [
        f"4792850{last:03}" for last in range(100, 140)
    ],
    "the same, spread over its exchanges": [f"479{n}0123" for n in range(200, 999, 20)],
    "Atlanta's, whose area code is the calling code of Vanuatu": [
        f"67855501{n:02}" for n in range(40)
    ],
    "grouped as in North America": [
        "(479) 285-0123",
        "479-385-0124",
        "458-285-0126",
        "475.925.0127",
    ],
    "grouped as in China": ["180 2257 0817", "131 2345 6789", "157 2345 6789"],
    "mobiles of Germany without their zero": ["15123456789", "15223456789", "1713920001"],
    "the same, some with it": ["15123456789", "0151 23456789", "15223456789", "0171 3920001"],
    "one prefix of Germany, nearly all numbers of Texas": [
        f"1512{n:03}56789" for n in range(200, 240)
    ],
    "mobiles of Brazil, in one area that is like Thailand": [
        f"669{lead}1234{n:03}" for n in range(30) for lead in (6, 8)
    ],
    "mobiles of Turkey, in two prefixes of Cuba": ["5351234567", "5361234567", "5371234567"],
    "mobiles of Australia, numbers of Germany": [f"49157{n:04}" for n in range(100, 160)],
    "a lone one": ["15123456789"],
    "a lone one of another": ["13123456789"],
}


@pytest.mark.parametrize("cells", LOCAL.values(), ids=LOCAL)
def test_national_digits_without_a_region_never_become_numbers_of_another_country(
    cells: list[str],
) -> None:
    assert read(cells) == [None] * len(cells)


FULL = {
    "one": ["447911123456"],
    "countries mixed": [*map(example, ("GB", "DE", "FR", "IN", "CN", "US", "BR", "ZA"))],
    "Norway, whose digits are numbers of Arkansas too": [
        *(f"479285{n:04}" for n in range(20)),
        *(f"474061{n:04}" for n in range(20)),
    ],
    "grouped behind the calling code": ["44 7911 123456", "49 1512 3456789", "1 201-555-0123"],
    "grouped by thousands": ["447,911,123,456", "447.911.123.457", "447 911 123 458"],
    "as floats": ["447911123456.0", "447911123457.0"],
    "the USA, whose digits are mobiles of China too": [f"1512555{n:04}" for n in range(100, 140)],
    "Russia": [f"7912345{n:04}" for n in range(40)],
}


@pytest.mark.parametrize("cells", FULL.values(), ids=FULL)
def test_a_column_of_full_numbers_is_read(cells: list[str]) -> None:
    digits = [cell.removesuffix(".0") for cell in cells]
    assert read(cells) == ["".join(filter(str.isdigit, each)) for each in digits]


def test_a_tenth_of_junk_changes_nothing() -> None:
    cells = [f"4479111{n:05}" for n in range(90)]
    junk = ["12345", "n/a", "99", "20260131", "07911 123456", "x", "", "-", "4477", "1"]
    out = normalise(pl.DataFrame({"cell": [*cells, *junk]}), "cell")
    assert out["msisdn"].to_list() == [*cells, *[None] * 10]


def test_national_digits_in_a_column_of_full_numbers_are_not_grouped_into_one() -> None:
    cells = [*(f"4479111{n:05}" for n in range(50)), "(479) 285-0123"]
    assert read(cells)[-1] is None


MISTAKES = {
    "GB": "79499675934",
    "US": "22796630032",
    "PL": "4539305090",
    "MX": "34628592970",
    "IN": "79123456789",
    "ES": "6641234567",
    "FR": "6612345678",
}
"""A national mobile with a digit too many, which is a number of another country in full."""


@pytest.mark.parametrize(("region", "cell"), MISTAKES.items())
def test_a_digit_too_many_is_no_number_of_another_country(region: str, cell: str) -> None:
    abroad = phonenumbers.parse(f"+{cell}")
    if phonenumbers.is_valid_number(abroad):
        assert read([cell], region, bare="international") == [cell]
    own = [example(region)[len(str(phonenumbers.country_code_for_region(region))) :]] * 20
    for cells in ([cell], [*own, cell]):
        assert read(cells, region)[-1] is None
        assert read(cells, [region] * len(cells))[-1] is None
    assert None not in read(own, region)


def test_a_foreign_number_is_believed_where_the_regions_own_stand_in_full_too() -> None:
    own = [f"4479111{n:05}" for n in range(20)]
    foreign = ["4915123456789", "33612345678", "79123456789", "12015550123"]
    assert read([*own, *foreign], "GB") == [*own, *foreign]


def test_a_foreign_number_is_not_believed_where_the_regions_own_are_national() -> None:
    for own in ("07911 123456", "7911123456", "(07911) 123456"):
        assert read([*[own] * 20, "4915123456789"], "GB")[-1] is None


def test_national_numbers_with_their_zero_may_stand_beside_full_ones() -> None:
    cells = ["07911123456", "447911123457"] * 20 + ["4915123456789"]
    assert read(cells, "GB")[-1] == "4915123456789"


def test_a_list_of_foreign_numbers_with_a_region_is_read() -> None:
    cells = [*(f"336123{n:05}" for n in range(20)), *(f"346123{n:05}" for n in range(20))]
    assert read(cells, "GB") == cells


OWN_OUTPUT = ("492214710228", "4989123456", "390612345678", "431234567890", "46812345678")


@pytest.mark.parametrize("number", OWN_OUTPUT)
def test_the_own_output_is_read_again(number: str) -> None:
    """A landline that reads as another one nationally, among full numbers."""
    whole = phonenumbers.parse(f"+{number}")
    region = phonenumbers.region_code_for_number(whole)
    assert region is not None
    others = [example("GB"), example("FR"), example(region)]
    regions = ["GB", "FR", region, region]
    assert read([*others, number], [*regions]) == [*others, number]


def test_each_region_is_judged_apart() -> None:
    full = [f"336123{n:05}" for n in range(20)]
    national = ["7911123456"] * 20
    cells, regions = [*full, *national], ["FR"] * 20 + ["GB"] * 20
    found = read([*cells, "79123456789", "79123456789"], [*regions, "FR", "GB"])
    assert found[-2:] == ["79123456789", None]


def test_few_rows_of_a_region_go_by_what_all_show() -> None:
    full = [f"336123{n:05}" for n in range(20)]
    assert read([*full, "79123456789"], [*["FR"] * 20, "GB"])[-1] == "79123456789"


def test_the_setting_overrides_what_the_column_shows() -> None:
    cells = ["15123456789", "15223456789"]
    assert read(cells, bare="international") == cells
    full = [f"4479111{n:05}" for n in range(20)]
    assert read(full, bare="national") == [None] * 20
    assert read(full, "GB", bare="national") == full  # of the region's own calling code


def test_what_a_part_of_a_file_shows_holds_for_the_others() -> None:
    first = pl.DataFrame({"cell": [f"4479111{n:05}" for n in range(20)]})
    rest = pl.DataFrame({"cell": ["15123456789"]})
    _, shown = learn(first, "cell")
    assert normalise(rest, "cell", evidence=shown)["msisdn"].to_list() == ["15123456789"]
    assert normalise(rest, "cell")["msisdn"].to_list() == [None]
    assert normalise(rest.lazy(), "cell", evidence=shown).collect()["msisdn"].item()


def test_a_lazy_frame_shows_nothing_by_itself() -> None:
    lazy = pl.LazyFrame({"cell": [f"4479111{n:05}" for n in range(20)]})
    assert normalise(lazy, "cell").collect()["msisdn"].null_count() == 20
    known = Evidence(bare="international")
    assert normalise(lazy, "cell", evidence=known).collect()["msisdn"].null_count() == 0


def test_what_was_decided_is_told_with_its_counts() -> None:
    _, shown = learn(pl.DataFrame({"cell": [*LOCAL["a lone one"], "0151 23456789"]}), "cell")
    told = shown.told()["bare"]["-"]
    assert (told["read_as"], told["bare"], told["full"]) == ("national", 1, 1)
    assert told["explained_by"] in {"CN", "DE"}


@pytest.fixture(scope="module")
def measured() -> list[Share]:
    return [*shares(count=200, seed=7)]


def test_random_columns_are_read_as_they_were_meant(measured: list[Share]) -> None:
    assert [one for one in measured if not one.is_kept and not _is_coarse(one)] == []
    told = " ".join(one.name for one in measured)
    assert all(f"{region} bare" in told for region in (*NATIONAL, *MISTYPED))


def _is_coarse(one: Share) -> bool:
    """One cell of the ten that one in twenty of 200 are."""
    return "one in twenty" in one.name and one.share <= 0.1
