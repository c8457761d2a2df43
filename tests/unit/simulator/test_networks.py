import re

import phonenumbers
import pytest
from phonenumbers.carrierdata import CARRIER_DATA

from pipeline.protocol.countries import alpha_2
from pipeline.simulator.networks import markets

MARKETS = markets()


def test_every_region_of_the_numbering_plans_has_a_network() -> None:
    assert set(phonenumbers.SUPPORTED_REGIONS) | {"001"} == set(MARKETS)


def test_codes_have_the_form_that_e212_and_tadig_give_them() -> None:
    for market in MARKETS.values():
        assert re.fullmatch("[A-Z]{3}", market.alpha3)
        assert market.networks
        for network in market.networks:
            assert re.fullmatch("[2-79][0-9]{2}", network.mcc), network
            assert re.fullmatch("[0-9]{2,3}", network.mnc), network
            assert re.fullmatch("[A-Z]{3}[A-Z0-9]{2}", network.tadig), network


def test_no_mcc_and_mnc_belong_to_two_countries() -> None:
    owners: dict[tuple[str, str], set[str]] = {}
    for market in MARKETS.values():
        for network in market.networks:
            owners.setdefault((network.mcc, network.mnc), set()).add(market.region)

    shared = {key for key, regions in owners.items() if len(regions) > 1}

    # Islands that a neighbour's networks serve.
    assert all(mcc in {"234", "310", "340", "362", "505", "647", "658"} for mcc, _ in shared)


def test_alpha_3_codes_are_those_of_iso_3166() -> None:
    # Ascension's and Tristan da Cunha's are reserved, not assigned; 001 is no country.
    rest = MARKETS.keys() - {"AC", "TA", "001"}

    assert {region: alpha_2(MARKETS[region].alpha3) for region in rest} == {r: r for r in rest}


def test_at_least_sixty_countries_have_their_operators() -> None:
    assert sum(len(market.networks) > 2 for market in MARKETS.values()) >= 60


@pytest.mark.parametrize(
    ("region", "carrier", "name"),
    [("GB", "Vodafone", "Vodafone"), ("GB", "Orange", "EE"), ("RU", "T2", "Tele2")],
)
def test_range_holder_is_found_by_the_name_that_libphonenumber_has(
    region: str, carrier: str, name: str
) -> None:
    market = MARKETS[region]

    assert market.networks[market.holder(carrier)].name == name


def test_a_carrier_without_a_network_has_no_holder() -> None:
    assert MARKETS["GB"].holder("Gamma Telecom") == -1
    assert MARKETS["GB"].holder("") == -1


def test_most_british_ranges_have_a_known_holder() -> None:
    names = [each.get("en", "") for prefix, each in CARRIER_DATA.items() if prefix[:3] == "447"]

    assert sum(MARKETS["GB"].holder(name) >= 0 for name in names) > len(names) / 2
