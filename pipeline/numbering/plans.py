"""The numbering plans of the world, as libphonenumber's metadata in `phonenumbers` has them.

A plan is that of a region, or of a calling code without geography (800, 808, 870, …). Nothing is
copied by hand: a new release of `phonenumbers` brings new plans, and all else follows from them.
A plan is known by its code, its place in `PLANS`; code 0 is no plan.
"""

from functools import cache
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS_BY_CODE
from phonenumbers import REGION_CODE_FOR_NON_GEO_ENTITY as NO_GEOGRAPHY
from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

__all__ = ("PLANS", "Plan", "code_of", "codes_sharing", "general", "main_code", "metadata")


class Plan(NamedTuple):
    """Whose plan it is."""

    region: str
    """ISO 3166 alpha-2, or 001 for a calling code without geography."""
    calling_code: int


PLANS: tuple[Plan, ...] = (
    Plan("", 0),
    *sorted(
        Plan(region, calling_code)
        for calling_code, regions in REGIONS_BY_CODE.items()
        for region in regions
    ),
)
"""All plans, by their code."""

_CODES = {plan: code for code, plan in enumerate(PLANS)}
_CODES_OF_REGIONS = {
    plan.region: code for plan, code in _CODES.items() if code and plan.region != NO_GEOGRAPHY
}


def code_of(region: str) -> int:
    """The code of a region's plan. Raises `KeyError` for a region that has none."""
    return _CODES_OF_REGIONS[region]


def codes_sharing(calling_code: int) -> tuple[int, ...]:
    """The plans behind a calling code, in libphonenumber's order: the main one first."""
    return tuple(_CODES[Plan(region, calling_code)] for region in REGIONS_BY_CODE[calling_code])


def main_code(calling_code: int) -> int:
    """The plan by which numbers with this calling code are parsed; 0 where no such code is in use."""
    return codes_sharing(calling_code)[0] if calling_code in REGIONS_BY_CODE else 0


@cache
def metadata(code: int) -> PhoneMetadata:
    """libphonenumber's metadata of a plan; loaded when it is first wanted."""
    plan = PLANS[code]
    if plan.region == NO_GEOGRAPHY:
        found = PhoneMetadata.metadata_for_nongeo_region(plan.calling_code)
    else:
        found = PhoneMetadata.metadata_for_region(plan.region)
    assert found is not None  # noqa: S101  PLANS holds only what phonenumbers lists
    return found


def general(code: int) -> PhoneNumberDesc:
    """What libphonenumber says of all numbers of a plan: their pattern and their lengths."""
    desc = metadata(code).general_desc
    assert desc is not None  # noqa: S101  every plan has one
    return desc
