"""The world is a function: of seed, day, number and lookup type."""

import subprocess
import sys
from collections import Counter

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.protocol.codec import decode_head
from pipeline.simulator.networks import markets
from pipeline.simulator.population import Population

MOBILES = [f"4474{number:08}" for number in range(0, 20_000_000, 5_003)]
HLR = ("hlr",)
MNP = ("mnp",)


def share(population: Population, cascade: tuple[str, ...], **fields: str) -> float:
    """Of the mobiles, how many have these fields in their answers."""
    answers = [population.expected(tel, cascade) for tel in MOBILES]
    return sum(fields.items() <= answer.items() for answer in answers) / len(answers)


@given(st.integers(447_400_000_000, 447_599_999_999).map(str), st.integers(0, 5000))
def test_the_same_question_always_has_the_same_answer(tel: str, day: int) -> None:
    assert Population("a", day).expected(tel) == Population("a", day).expected(tel)


def test_another_process_gives_the_same_answers() -> None:
    program = (
        "from pipeline.simulator.population import Population;"
        "p = Population('s', 9);"
        "print([p.expected(str(tel)) for tel in range(447400000000, 447400000050)])"
    )
    population = Population("s", 9)
    expected = [population.expected(str(tel)) for tel in range(447400000000, 447400000050)]

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout.decode().strip() == str(expected)


def test_another_seed_is_another_world() -> None:
    one, other = Population("a"), Population("b")

    assert [one.expected(tel) for tel in MOBILES] != [other.expected(tel) for tel in MOBILES]


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_region_and_codes_are_those_of_the_plan(region: str) -> None:
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    number = number or phonenumbers.example_number(region)
    assert number is not None
    tel = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]

    answer = Population("x").expected(tel)

    assert answer["tel"] == tel
    assert answer["cc"] == phonenumbers.region_code_for_number(number)
    assert answer["dc"] == str(number.country_code)
    assert answer["ndc"] == tel[len(answer["dc"]) :][: len(answer["ndc"])]
    if answer["mcc"]:
        networks = markets()[answer["cc"]].networks
        assert (answer["mcc"], answer["mnc"]) in {(each.mcc, each.mnc) for each in networks}
        assert answer["imsi"] == (answer["mcc"] + answer["mnc"])[:5]


def test_answers_are_answers_to_the_client_too() -> None:
    raw, lookup, code = Population("x").answer(MOBILES[0], HLR)

    head = decode_head(raw)

    assert (head.tel, head.code) == (MOBILES[0], code)
    assert lookup == "hlr"


def test_mobiles_are_present_absent_unknown_and_wrong_in_likely_shares() -> None:
    population = Population("mix")

    assert 0.70 < share(population, HLR, e="", pres="yes") < 0.85
    assert 0.08 < share(population, HLR, e="1B", pres="no") < 0.15
    assert 0.03 < share(population, HLR, e="01", pres="no") < 0.10
    assert 0 < share(population, HLR, e="05") < 0.01
    assert 0 < share(population, HLR, e="09") < 0.01
    assert 0.01 < share(population, HLR, roaming="yes") < 0.05


def test_ported_numbers_are_as_many_as_the_country_has() -> None:
    ported = share(Population("mix"), MNP, np="yes")

    # A second porting may lead back, and the dead and unrecorded are not known to MNP.
    assert 0.20 < ported < (markets()["GB"].ported or 0)


def test_mnp_knows_no_presence_and_no_roaming() -> None:
    population = Population("x")
    for tel in MOBILES[:300]:
        answer = population.expected(tel, MNP)

        assert (answer["pres"], answer["roaming"], answer["lookup"]) == ("na", "na", "mnp")


def test_profile_asks_hlr_only_where_mnp_finds_nothing() -> None:
    population = Population("x")
    for tel in MOBILES[:500]:
        mnp, profile = population.expected(tel, MNP), population.expected(tel)

        assert profile == (mnp if mnp["mcc"] else population.expected(tel, HLR))


def test_country_without_a_portability_database_is_looked_up_by_hlr() -> None:
    assert markets()["ID"].ported is None
    assert Population("x").expected("6281234567890")["lookup"] == "hlr"


def test_hlr_first_needs_no_mnp() -> None:
    population = Population("x")
    answers = [population.expected(tel, ("hlr", "mnp")) for tel in MOBILES[:300]]

    assert {answer["lookup"] for answer in answers} == {"hlr"}


def test_roamers_are_abroad() -> None:
    population = Population("x")
    answers = [population.expected(tel, HLR) for tel in MOBILES]
    visited = [answer for answer in answers if answer["roaming"] == "yes"]

    assert visited
    assert all(answer["rmcc"] not in {"", "234"} and answer["rmnc"] for answer in visited)
    assert all(not answer["rmcc"] for answer in answers if answer["roaming"] != "yes")


@pytest.mark.parametrize("cascade", [MNP, HLR])
def test_fixed_lines_have_no_mobile_network(cascade: tuple[str, ...]) -> None:
    answer = Population("x").expected("442079460123", cascade)

    assert (answer["nt"], answer["mcc"], answer["mnc"], answer["ndc"]) == ("fixed", "", "", "20")


def test_number_of_no_plan_is_an_unknown_subscriber() -> None:
    answer = Population("x").expected("44123")

    assert (answer["e"], answer["nt"], answer["cc"], answer["dc"]) == ("01", "", "GB", "44")


def test_north_american_answers_have_a_routing_number_and_no_presence() -> None:
    answer = Population("x").expected("12125550123", MNP)

    assert len(answer["rn"]) == 10
    assert answer["rn"].startswith("212")
    assert Population("x").expected("12125550123", HLR)["pres"] == "na"


def test_country_can_be_written_with_three_letters() -> None:
    assert Population("x", alpha3=True).expected("447506123456")["cc"] == "GBR"


def test_as_days_pass_numbers_die_come_back_and_port() -> None:
    days = {day: Population("clock", day) for day in (0, 60)}
    before, after = ({tel: days[day].expected(tel, HLR) for tel in MOBILES} for day in (0, 60))
    changes = Counter((before[tel]["e"] == "01", after[tel]["e"] == "01") for tel in MOBILES)
    moved = sum(before[tel]["np"] == "no" and after[tel]["np"] == "yes" for tel in MOBILES)

    assert changes[False, True] > 0, "some died"
    assert changes[True, False] > 0, "some came back"
    assert changes[False, False] > 0.85 * len(MOBILES), "most live on"
    assert 0 < moved < 0.05 * len(MOBILES), "a few ported"


def test_absence_passes_from_day_to_day() -> None:
    today, tomorrow = Population("a", 0), Population("a", 1)
    absent = {tel for tel in MOBILES if today.expected(tel, HLR)["e"] == "1B"}

    still = {tel for tel in absent if tomorrow.expected(tel, HLR)["e"] == "1B"}

    assert 0 < len(still) < 0.3 * len(absent)
