"""The plans are those of libphonenumber, and each is found by its region and its calling code."""

import phonenumbers
import pytest

from pipeline.numbering.plans import (
    PLANS,
    Plan,
    code_of,
    codes_sharing,
    general,
    main_code,
    metadata,
)


def test_plans_are_all_regions_and_all_codes_without_geography() -> None:
    regions = {plan for plan in PLANS[1:] if plan.region != "001"}
    others = set(PLANS[1:]) - regions

    assert {plan.region for plan in regions} == set(phonenumbers.SUPPORTED_REGIONS)
    codes = set(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    assert {plan.calling_code for plan in others} == codes
    assert len(PLANS) == 1 + len(regions) + len(codes)


def test_code_0_is_no_plan() -> None:
    assert PLANS[0] == Plan("", 0)
    assert main_code(999) == 0


def test_a_plan_is_found_by_its_region() -> None:
    for region in phonenumbers.SUPPORTED_REGIONS:
        code = code_of(region)

        assert PLANS[code] == (region, phonenumbers.country_code_for_region(region))
        assert metadata(code).id == region
        assert general(code).possible_length


@pytest.mark.parametrize("region", ["ZZ", "gb", "GBR"])
def test_a_region_without_a_plan_is_an_error(region: str) -> None:
    with pytest.raises(KeyError):
        code_of(region)


def test_the_main_plan_of_a_calling_code_is_its_first() -> None:
    for calling_code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        codes = codes_sharing(calling_code)
        regions = phonenumbers.region_codes_for_country_code(calling_code)

        assert codes[0] == main_code(calling_code)
        assert PLANS[codes[0]].region == phonenumbers.region_code_for_country_code(calling_code)
        assert tuple(PLANS[code].region for code in codes) == regions
        assert all(metadata(code).country_code == calling_code for code in codes)
