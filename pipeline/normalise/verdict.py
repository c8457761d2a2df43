"""Digits, form and region → the number they are, or the reason why they are none.

Rules: the numbering plans are asked only here, and libphonenumber (`phonenumbers`) is the
authority: parse, validity, region and type are its own. What is added is which of two readings
of digits without a plus sign is meant, and that two good readings are refused as `ambiguous`:

- the prefix of the region for international calls, or 00, is read as a plus sign;
- digits that begin with the region's own calling code are the full number if the national
  reading is not valid or, the full number being a mobile, is not one; libphonenumber reads
  `4915112345678` in Germany as +49 4915112345678, valid;
- other digits are national if that is valid, and the full number if only that is valid.

A number is decided once: cells repeat within a list, so verdicts are kept, a bounded number.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
import polars as pl
from phonenumbers import NumberParseException, PhoneNumber, ValidationResult
from phonenumbers.phonemetadata import PhoneMetadata

# Private, but they are the very rule of libphonenumber for trunk prefixes, and `parse` offers no
# way to ask for the national reading alone. A property test holds them against `parse`.
from phonenumbers.phonenumberutil import (
    _maybe_strip_national_prefix_carrier_code,
    _test_number_length,
)

from pipeline.model import PLAN_TYPES

__all__ = ("BARE", "FORMS", "PLUS", "PLUS_ZERO", "verdicts")

PLUS = "plus"
PLUS_ZERO = "plus_zero"
BARE = "bare"
FORMS = (PLUS, PLUS_ZERO, BARE)
"""How digits are written: after a plus sign, after a plus sign and one zero, or with neither."""

_E164_DIGITS = 15
_NATIONAL_DIGITS = range(6, _E164_DIGITS + 1)
"""Lengths that may be a national number where no region says more."""
_KEPT = 1 << 17
_PLAN_TYPE = dict(enumerate(PLAN_TYPES))
_MOBILE = {"mobile", "fixed_line_or_mobile"}
_UNSTRIPPABLE = {
    ValidationResult.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    ValidationResult.INVALID_LENGTH,
}
_IMPOSSIBLE = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_COUNTRY_CODE: "unknown_calling_code",
}
_UNPARSED = {
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_calling_code",
    NumberParseException.TOO_LONG: "too_long",
}
_DETAILS = {
    "too_short": "Too few digits for a number of {}; complete it.",
    "too_long": "Too many digits for a number of {}; check for a second number or a typing error.",
    "unknown_calling_code": "No country has this calling code; check the digits after the plus sign or prefix.",
    "invalid": "The numbering plan of {} has no such number; check its first digits and its length.",
    "no_region": "Written nationally; say which region with --region or --region-column, or write it with +.",
    "ambiguous": "Reads as {} and as {}; write it with + or 00.",
}
_ZEROS = "The cell holds nothing but zeros; fill in the number or leave the row out."
_MEXICO_FORMER = re.compile(r"521([0-9]{10})")
_MEXICO_FORMER_NATIONAL = re.compile(r"(?:01|04[45]|1)([0-9]{10})")
"""Dialled until 2019: 01 and 044/045 before the number at home, 1 after 52 from abroad."""


class _Verdict(NamedTuple):
    """The number and how it was read, or a reason; the order is that of the columns."""

    msisdn: str | None = None
    region: str | None = None
    plan_type: str | None = None
    rule: str | None = None
    reject_reason: str | None = None
    reject_detail: str | None = None


SCHEMA = dict.fromkeys(_Verdict._fields, pl.String)


def verdicts(candidates: pl.DataFrame) -> pl.DataFrame:
    """The columns of a verdict for each candidate, in the same order.

    `candidates` has the String columns `digits`, `form` (one of `FORMS`), `spare` (the digits
    without a zero in brackets; null where there is none) and `asked` (the region, alpha-2 or null,
    that digits without a plus sign are read in), in this order. `rule` comes back with a repair
    where one was needed here, and else with the way it was read. Candidates should be distinct,
    and sorted by `asked` and `digits`: that is several times as fast.
    """
    return pl.DataFrame(
        [_decide(*candidate) for candidate in candidates.iter_rows()], schema=SCHEMA, orient="row"
    )


@lru_cache(maxsize=_KEPT)
def _decide(digits: str, form: str, spare: str | None, region: str | None) -> _Verdict:
    read = _READERS[form]
    found = read(digits, region)
    if spare is None or found.reject_reason == "ambiguous":
        return found
    # +39 (0)6… keeps its zero, +44 (0)20… does not: libphonenumber knows. Where no plan has a
    # trunk zero, as in +34 (0)91…, only the number without it is good.
    other = read(spare, region)
    if other.msisdn is None or other.msisdn == found.msisdn:
        return found
    if found.msisdn is None:
        return other._replace(rule="repair:trunk_zero")
    return _ambiguous("the number with the zero", "the number without it")


def _refused(reason: str, *places: str) -> _Verdict:
    return _Verdict(reject_reason=reason, reject_detail=_DETAILS[reason].format(*places))


def _ambiguous(one: str, other: str) -> _Verdict:
    return _refused("ambiguous", one, other)


def _weighed(number: PhoneNumber, rule: str, place: str) -> _Verdict:
    """libphonenumber's verdict on a number that it has parsed."""
    national = phonenumbers.national_significant_number(number)
    msisdn = f"{number.country_code}{national}"
    if len(msisdn) > _E164_DIGITS:  # libphonenumber holds some of 17 digits to be valid
        return _refused("too_long", place)
    plan_type = _PLAN_TYPE.get(phonenumbers.number_type(number))
    if plan_type is None:
        possible = phonenumbers.is_possible_number_with_reason(number)
        return _refused(_IMPOSSIBLE.get(possible, "invalid"), place)
    region = phonenumbers.region_code_for_number(number)
    return _Verdict(msisdn, region, plan_type, rule)


def _international(digits: str, rule: str = "international") -> _Verdict:
    """The reading of the full number, calling code first."""
    try:
        number = phonenumbers.parse("+" + digits)
    except NumberParseException as error:
        return _refused(_UNPARSED.get(error.error_type, "too_short"), "any country")
    found = _weighed(number, rule, f"+{number.country_code}")
    if found.msisdn is None:
        former = _MEXICO_FORMER.fullmatch(digits)
        return _international("52" + former[1], "repair:mx_521") if former else found
    trunk_zero = f"{number.country_code}0{found.msisdn[len(str(number.country_code)) :]}"
    return found._replace(rule="repair:trunk_zero") if digits == trunk_zero else found


def _national(digits: str, region: str) -> _Verdict:
    """The reading within a region: its trunk prefix comes off, its calling code does not."""
    plan = PhoneMetadata.metadata_for_region(region)
    assert plan is not None  # noqa: S101  regions.py lets only regions with a plan through
    _, without, _ = _maybe_strip_national_prefix_carrier_code(digits, plan)
    if _test_number_length(without, plan) not in _UNSTRIPPABLE:
        digits, given = without, digits
    else:
        given = digits
    if not 2 <= len(digits) <= 17:  # libphonenumber's limits of a national number
        return _refused("too_short" if len(digits) < 2 else "too_long", region)
    zeros = min(len(digits) - len(digits.lstrip("0")), len(digits) - 1)
    number = PhoneNumber(
        country_code=plan.country_code,
        national_number=int(digits),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )
    found = _weighed(number, "national", region)
    former = _MEXICO_FORMER_NATIONAL.fullmatch(given) if region == "MX" else None
    if found.msisdn is None and former:
        return _international("52" + former[1], "repair:mx_521")
    return found


def _plus(digits: str, region: str | None) -> _Verdict:
    return _international(digits)


def _plus_zero(digits: str, region: str | None) -> _Verdict:
    """`+0…` is an international number with a stray zero, or a national one with a stray plus."""
    found = _international(digits[1:], "repair:plus_zero")
    national = _national(digits, region) if region else _Verdict()
    if national.msisdn is None or national.msisdn == found.msisdn:
        return found
    if found.msisdn is None:
        return _refused("unknown_calling_code")
    return _ambiguous(f"a number of {found.region}", f"a number of {national.region}")


def _bare(digits: str, region: str | None) -> _Verdict:
    if not digits.strip("0"):
        return _Verdict(reject_reason="invalid", reject_detail=_ZEROS)
    dialled = [_international(rest, "idd_prefix") for rest in _after_prefix(digits, region)]
    numbers = {found.msisdn: found for found in dialled if found.msisdn is not None}
    if len(numbers) > 1:
        return _ambiguous(*(f"a number of {found.region}" for found in numbers.values()))
    if numbers:
        return next(iter(numbers.values()))
    found = _without_region(digits) if region is None else _within(digits, region)
    return dialled[0] if dialled and found.msisdn is None else found


def _after_prefix(digits: str, region: str | None) -> Iterator[str]:
    """What follows the prefix for international calls: the region's own one, and 00 anywhere."""
    plan = PhoneMetadata.metadata_for_region(region) if region else None
    own = (
        re.match(plan.international_prefix, digits) if plan and plan.international_prefix else None
    )
    lengths = {own.end() if own else 0, 2 if digits.startswith("00") else 0} - {0}
    for length in sorted(lengths, reverse=True):
        if digits[length : length + 1] not in {"", "0"}:  # no calling code begins with 0
            yield digits[length:]


def _without_region(digits: str) -> _Verdict:
    found = _Verdict() if digits[0] == "0" else _international(digits, "bare_international")
    if found.msisdn is not None:
        return found
    if len(digits) in _NATIONAL_DIGITS:
        return _refused("no_region")
    return _refused(
        "too_short" if len(digits) < _NATIONAL_DIGITS.start else "too_long", "any country"
    )


def _within(digits: str, region: str) -> _Verdict:
    """Digits with neither plus nor prefix, in a region: a national number, or a full one."""
    national = _national(digits, region)
    full = _Verdict() if digits[0] == "0" else _international(digits, "bare_international")
    if digits.startswith(str(phonenumbers.country_code_for_region(region))):
        return _of_two(national, full, digits, region)
    if (national.plan_type, full.plan_type) == ("fixed_line", "mobile"):
        plan = PhoneMetadata.metadata_for_region(region)
        if plan and plan.national_prefix and not digits.startswith(plan.national_prefix):
            # A landline that lost its trunk prefix, or a mobile of another country: were it read
            # as the landline, the mobile would be skipped in silence.
            return _ambiguous(f"a landline of {region}", f"a mobile of {full.region}")
    return full if national.msisdn is None and full.msisdn is not None else national


def _of_two(national: _Verdict, full: _Verdict, digits: str, region: str) -> _Verdict:
    """Which reading is meant where the digits begin with the region's own calling code."""
    if national.msisdn is None:
        # Too long for a national number: then what is wrong with the full one says more.
        return full if full.msisdn or national.reject_reason == "too_long" else national
    if national.msisdn == full.msisdn:
        return full
    if full.msisdn is not None and full.plan_type in _MOBILE and national.plan_type not in _MOBILE:
        return full
    if full.msisdn is None and (national.plan_type in _MOBILE or full.reject_reason != "invalid"):
        return national
    # A landline without its trunk prefix, or a full number with a typing error: not for us to say.
    return _ambiguous(f"a national number of {region}", "an international one")


_READERS = {PLUS: _plus, PLUS_ZERO: _plus_zero, BARE: _bare}
