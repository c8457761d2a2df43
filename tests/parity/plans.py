"""What the generator needs to know of every numbering plan, from libphonenumber's metadata."""

from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from tests.parity.patterns import Draw, drawn_from

__all__ = ("NON_GEOGRAPHIC", "REGIONS", "Plan", "neighbours", "plan_of", "plans")

REGIONS: tuple[str, ...] = tuple(sorted(phonenumbers.SUPPORTED_REGIONS))
NON_GEOGRAPHIC: tuple[int, ...] = tuple(sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS))

_DESCRIPTIONS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip"),
    *("personal_number", "pager", "uan", "voicemail"),
)


class Plan(NamedTuple):
    """A region's numbering plan, or that of a non-geographic code (`region` is None)."""

    region: str | None
    code: str
    types: tuple[Draw, ...]
    """National numbers of each type that the plan has."""
    examples: tuple[str, ...]
    lengths: tuple[int, ...]
    general: Draw
    leading: Draw | None
    trunk: str
    trunks: Draw | None
    """What may stand before a national number: trunk prefix, carrier code; or a local number."""
    abroad: Draw | None
    """Prefixes for international calls."""


def _plan(metadata: PhoneMetadata | None, region: str | None) -> Plan:
    assert metadata is not None
    assert metadata.general_desc is not None
    descriptions = [getattr(metadata, name) for name in _DESCRIPTIONS]
    described = [
        one for one in descriptions if one is not None and one.national_number_pattern is not None
    ]
    general = metadata.general_desc
    examples = [one.example_number for one in described if one.example_number]
    if region is not None:
        invalid = phonenumbers.invalid_example_number(region)
        examples += [phonenumbers.national_significant_number(invalid)] if invalid else []
    lengths = {*general.possible_length, *general.possible_length_local_only}
    return Plan(
        region=region,
        code=str(metadata.country_code),
        types=tuple(drawn_from(one.national_number_pattern) for one in described),
        examples=tuple(examples),
        lengths=tuple(sorted(lengths - {-1})),
        general=drawn_from(general.national_number_pattern or ""),
        leading=_draw(metadata.leading_digits),
        trunk=metadata.national_prefix or "",
        trunks=_draw(metadata.national_prefix_for_parsing),
        abroad=_draw(metadata.international_prefix),
    )


def _draw(pattern: str | None) -> Draw | None:
    return drawn_from(pattern) if pattern else None


@lru_cache(maxsize=1)
def plans() -> tuple[Plan, ...]:
    """The plans of all regions, then those of the non-geographic codes."""
    geographic = [_plan(PhoneMetadata.metadata_for_region(region), region) for region in REGIONS]
    others = [
        _plan(PhoneMetadata.metadata_for_nongeo_region(code), None) for code in NON_GEOGRAPHIC
    ]
    return (*geographic, *others)


@lru_cache(maxsize=1)
def _by_region() -> dict[str, Plan]:
    return {plan.region: plan for plan in plans() if plan.region is not None}


def plan_of(region: str | None) -> Plan | None:
    """The plan of a region, given as alpha-2."""
    return _by_region().get(region) if region else None


@lru_cache(maxsize=1)
def neighbours() -> dict[str, tuple[str, ...]]:
    """Calling code → the regions that share it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for plan in plans():
        if plan.region is not None:
            found[plan.code].append(plan.region)
    return {code: tuple(regions) for code, regions in found.items()}
