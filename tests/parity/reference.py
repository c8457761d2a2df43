"""The model: what a cell with its region is read as, by `phonenumbers` alone, a cell at a time.

It is slow and plain on purpose. Where it departs from libphonenumber it says so; `differences.py`
lists each departure and holds the model against libphonenumber's own word on the same cell.

Rules: numbering plans are asked of `phonenumbers` only. What a messy cell holds (its digits, and
whether they follow a plus sign) is taken from `pipeline.normalise.repair`, which has tests of its
own; that what it takes out is noise to libphonenumber too is checked in `differences.py`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import phonenumbers
import polars as pl
from phonenumbers import ValidationResult
from phonenumbers.phonemetadata import PhoneMetadata

# Private, but they are the very rule of libphonenumber for trunk prefixes, and `parse` offers no
# way to ask for the national reading alone.
from phonenumbers.phonenumberutil import (
    _maybe_strip_national_prefix_carrier_code,
    _test_number_length,
)

from pipeline.normalise.bare import grouped_oddly
from pipeline.normalise.evidence import INTERNATIONAL, Evidence
from pipeline.normalise.repair import REFUSALS, mended
from pipeline.normalise.writing import GROUPED_SO
from tests.parity.cells import Cell
from tests.parity.oracle import Plain, plain, weigh

__all__ = (
    "ALONE",
    "Held",
    "Reading",
    "after_prefix",
    "by_itself",
    "calling_code",
    "expected",
    "full",
    "held",
    "national",
    "plan",
    "without_trunk",
)

_E164_DIGITS = 15
_NATIONAL_DIGITS = range(6, _E164_DIGITS + 1)
_KEPT = 1 << 15
_MOBILE = {"mobile", "fixed_line_or_mobile"}
_RIGHT_TO_LEFT = set(
    "AE AF BH DJ DZ EG EH ER IL IQ IR JO KM KW LB LY MA MR OM PK PS QA SA SD SO SY TD TN YE".split()  # noqa: SIM905
)
ALONE = Evidence()
"""What a column shows of which nothing is known."""
_NOT_STRIPPED = {
    ValidationResult.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    ValidationResult.INVALID_LENGTH,
}
_FORMER = re.compile("521([0-9]{10})")
_FORMER_NATIONAL = re.compile("(?:01|04[45]|1)([0-9]{10})")


class Held(NamedTuple):
    """What `repair.mended` says that a cell holds."""

    digits: str | None
    spare: str | None
    head: str | None
    form: str | None
    rule: str | None
    reject_reason: str | None


class Reading(NamedTuple):
    """A number and how it was read, or a reason."""

    msisdn: str | None = None
    region: str | None = None
    plan_type: str | None = None
    rule: str | None = None
    reject_reason: str | None = None


def held(texts: list[str]) -> list[Held]:
    """What each cell holds, in the same order."""
    read = mended(pl.Series(texts, dtype=pl.String))
    return [
        Held(digits, spare, head, form, rule, refusal and REFUSALS[refusal][0])
        for digits, spare, head, form, rule, refusal in read.iter_rows()
    ]


def expected(cell: Cell, found: Held, shown: Evidence = ALONE) -> Reading:
    """The reading of a cell that holds what was `found` in it, in a column that shows this."""
    if shown.zeros_at_end and _ends_in_zeros(cell.text, shown.zeros_at_end):
        return _refused("spreadsheet_damage")
    whole = _filled(cell.text, shown.exact_digits)
    if found.reject_reason == "spreadsheet_damage" and whole:
        reading = expected(Cell(whole, cell.region), held([whole])[0], shown)
        return reading._replace(rule=reading.rule and "repair:scientific")
    reading = _settled(*by_itself(cell, found), cell, found, shown)
    mendable = reading.reject_reason in {"too_short", "invalid"} and found.digits is not None
    if not (shown.zeros_lost and mendable and found.form == "bare" and cell.region):
        return reading
    digits = found.digits or ""
    mended = Reading() if digits.startswith("0") else national("0" + digits, cell.region)
    return reading if mended.msisdn is None else mended._replace(rule="repair:leading_zero")


def _ends_in_zeros(text: str, zeros: int) -> bool:
    plain = re.sub("[.,]0{1,2}$", "", text.strip())
    return re.fullmatch(f"(?=[0-9]{{10,15}}$)[1-9][0-9]{{0,5}}0{{{zeros},}}", plain) is not None


def _filled(text: str, exact: int) -> str | None:
    """The digits of scientific notation of which zeros were left out."""
    found = re.fullmatch(r"([1-9][0-9]*)[.,]([0-9]*)[eE]\+?([0-9]{1,3})", text)
    length = found and len(found[1]) + int(found[3])
    if not (found and length and length <= exact and len(found[1] + found[2]) > 6):
        return None
    return (found[1] + found[2]).ljust(length, "0")


def by_itself(cell: Cell, found: Held) -> tuple[Reading, bool]:
    """The reading of a cell by itself, and whether bare digits were taken for a number abroad."""
    if found.digits is None or found.form is None:
        return Reading(reject_reason=found.reject_reason), False
    reading, abroad = _decided(found, cell)
    if reading.msisdn and found.head and not _grouped_so(cell.text, reading.region):
        before = _READ[found.form](found.head, cell.region)
        if before.msisdn is not None:
            return _refused("ambiguous"), False
    if reading.msisdn is None or (reading.rule or "").startswith("repair:"):
        return reading, abroad
    return reading._replace(rule=found.rule or reading.rule), abroad


def _grouped_so(text: str, region: str | None) -> bool:
    pattern = GROUPED_SO.get(region or "")
    return pattern is not None and re.search(pattern, text) is not None


def _settled(reading: Reading, abroad: bool, cell: Cell, found: Held, shown: Evidence) -> Reading:
    """What the column makes of it."""
    full_column = shown.bare == INTERNATIONAL
    if abroad and not (full_column and not _grouped_oddly(cell.text, reading.msisdn)):
        return _refused("ambiguous" if cell.region else "no_region")
    digits = found.digits or ""
    if not full_column or found.form != "bare" or digits[:1] in {"", "0"} or abroad:
        return reading
    either = _may_be_either(digits, cell.region) and reading.reject_reason == "ambiguous"
    other = full(digits, "bare_international")
    at_home = reading.msisdn is not None and not _is_own(reading, digits, cell.region)
    if not (either or at_home) or other.msisdn in {None, reading.msisdn}:
        return reading
    if reading.rule == "idd_prefix" or _grouped_oddly(cell.text, other.msisdn):
        return reading
    kept = reading.rule or found.rule or ""
    return other._replace(rule=kept) if kept.startswith("repair:") else other


def _may_be_either(digits: str, region: str | None) -> bool:
    dialled = any(full(rest).msisdn for rest in after_prefix(digits, region))
    return (
        region is not None and not dialled and _within(digits, region).reject_reason == "ambiguous"
    )


def _is_own(reading: Reading, digits: str, region: str | None) -> bool:
    """A full number of the region's own calling code."""
    own = region is not None and digits.startswith(str(plan(region).country_code))
    return own and reading.msisdn == full(digits).msisdn


def _grouped_oddly(text: str, msisdn: str | None) -> bool:
    numbers = np.array([int(msisdn or 0)], np.uint64)
    return bool(grouped_oddly(pl.Series([text]), numbers)[0])


def _refused(reason: str) -> Reading:
    return Reading(reject_reason=reason)


def _decided(of: Held, cell: Cell) -> tuple[Reading, bool]:
    assert of.digits is not None
    assert of.form is not None
    digits, form, spare, region = of.digits, of.form, of.spare, cell.region
    read = _READ[form]
    found = read(digits, region)
    if region and form == "plus" and found.reject_reason == "ambiguous":
        # +8 (495): no calling code ends where the bracket opens.
        opens = re.search(r"^[^0-9]*([0-9])[^0-9(]*\(", cell.text)
        if opens and digits[0] not in "17" and plan(region).national_prefix == digits[0]:
            found = national(digits, region)
    if spare is None or found.reject_reason == "ambiguous":
        return found, _is_abroad(found, digits, form, region)
    # A zero in brackets is dialled at home only, but in some plans it is part of the number.
    other = read(spare, region)
    if other.msisdn is None or other.msisdn == found.msisdn:
        return found, _is_abroad(found, digits, form, region)
    if found.msisdn is not None:
        return _refused("ambiguous"), False
    return other._replace(rule="repair:trunk_zero"), _is_abroad(other, spare, form, region)


def _is_abroad(found: Reading, digits: str, form: str, region: str | None) -> bool:
    """Bare digits, and the number is what they are in full, of another calling code than the region's."""
    if form != "bare" or found.msisdn is None or digits.startswith("0"):
        return False
    own = region is not None and digits.startswith(str(plan(region).country_code))
    return not own and found.msisdn == full(digits).msisdn


# ---- the two readings of digits ----------------------------------------------------------------


@lru_cache(maxsize=_KEPT)
def full(digits: str, rule: str = "international") -> Reading:
    """The reading of digits that begin with a calling code."""
    said = plain("+" + digits, None)
    if said.parsed is None and said.reason == "not_a_number":
        return _refused("too_short")  # digits and a plus sign are never anything else
    if said.parsed is not None and len(said.parsed) > _E164_DIGITS:
        return _refused("too_long")
    if said.msisdn is None:
        former = _FORMER.fullmatch(digits)
        return full("52" + former[1], "repair:mx_521") if former else _refused(said.reason or "")
    code = calling_code(said)
    with_zero = f"{code}0{said.msisdn.removeprefix(code)}"
    return Reading(*said[:3], "repair:trunk_zero" if digits == with_zero else rule)


@lru_cache(maxsize=_KEPT)
def national(digits: str, region: str) -> Reading:
    """The reading within a region: its trunk prefix comes off, its calling code does not."""
    without = without_trunk(digits, region)
    stripped = _test_number_length(without, plan(region)) not in _NOT_STRIPPED
    number = without if stripped else digits
    if not 2 <= len(number) <= 17:  # libphonenumber's limits of a national number
        return _refused("too_short" if len(number) < 2 else "too_long")
    if len(f"{plan(region).country_code}{number}") > _E164_DIGITS:
        return _refused("too_long")
    msisdn, place, plan_type, reason = weigh(plan(region).country_code, number)
    if msisdn is None:
        former = _FORMER_NATIONAL.fullmatch(digits) if region == "MX" else None
        return full("52" + former[1], "repair:mx_521") if former else _refused(reason or "")
    return Reading(msisdn, place, plan_type, "national")


def without_trunk(digits: str, region: str) -> str:
    """The digits without the region's trunk prefix and carrier code, or a local number completed."""
    _, without, _ = _maybe_strip_national_prefix_carrier_code(digits, plan(region))
    return str(without)


def plan(region: str) -> PhoneMetadata:
    """libphonenumber's metadata of a region."""
    found = PhoneMetadata.metadata_for_region(region)
    assert found is not None
    return found


def calling_code(said: Plain) -> str:
    """The calling code that a valid number begins with: no code is the beginning of another."""
    assert said.msisdn is not None
    heads = (said.msisdn[:length] for length in (1, 2, 3))
    return next(head for head in heads if int(head) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


# ---- which reading is meant ----------------------------------------------------------------------


def _plus(digits: str, region: str | None) -> Reading:
    """A full number; or a stray plus sign before the trunk prefix of the region, if that is not 0."""
    found = full(digits)
    trunk = plan(region).national_prefix if region else None
    code = str(plan(region).country_code) if region else ""
    if not (region and trunk and trunk[0] != "0" and trunk != code and digits.startswith(trunk)):
        return found
    other = national(digits, region)
    if other.msisdn in {None, found.msisdn}:
        return found
    return other if found.msisdn is None else _refused("ambiguous")


def _plus_behind(digits: str, region: str | None) -> Reading:
    """A plus sign behind the digits, where people write from right to left."""
    if region not in _RIGHT_TO_LEFT:
        return _refused("not_a_number")
    return _bare(digits, region) if digits.startswith("0") else _plus(digits, region)


def _plus_zero(digits: str, region: str | None) -> Reading:
    """`+0…` is an international number with a stray zero, or a national one with a stray plus."""
    found = full(digits[1:], "repair:plus_zero")
    other = national(digits, region) if region else Reading()
    if other.msisdn is None or other.msisdn == found.msisdn:
        return found
    return _refused("unknown_calling_code" if found.msisdn is None else "ambiguous")


def _bare(digits: str, region: str | None) -> Reading:
    if not digits.strip("0"):
        return _refused("invalid")
    dialled = [full(rest, "idd_prefix") for rest in after_prefix(digits, region)]
    numbers = {found.msisdn: found for found in dialled if found.msisdn is not None}
    if numbers:
        return next(iter(numbers.values())) if len(numbers) == 1 else _refused("ambiguous")
    found = _without_region(digits) if region is None else _within(digits, region)
    return dialled[0] if dialled and found.msisdn is None else found


def after_prefix(digits: str, region: str | None) -> Iterator[str]:
    """What follows the region's own prefix for international calls, and what follows 00."""
    pattern = plan(region).international_prefix if region else None
    own = re.match(pattern, digits) if pattern else None
    lengths = {own.end() if own else 0, 2 if digits.startswith("00") else 0} - {0}
    for length in sorted(lengths, reverse=True):
        if digits[length : length + 1] not in {"", "0"}:  # no calling code begins with 0
            yield digits[length:]


def _without_region(digits: str) -> Reading:
    found = Reading() if digits[0] == "0" else full(digits, "bare_international")
    if found.msisdn is not None:
        return found
    if len(digits) in _NATIONAL_DIGITS:
        return _refused("no_region")
    return _refused("too_short" if len(digits) < _NATIONAL_DIGITS.start else "too_long")


def _within(digits: str, region: str) -> Reading:
    """Digits with neither plus nor prefix, in a region: a national number, or a full one."""
    home = national(digits, region)
    abroad = Reading() if digits[0] == "0" else full(digits, "bare_international")
    if digits.startswith(str(plan(region).country_code)):
        return _of_two(home, abroad)
    if (home.plan_type, abroad.plan_type) == ("fixed_line", "mobile"):
        trunk = plan(region).national_prefix
        if trunk and not digits.startswith(trunk):
            return _refused("ambiguous")
    return abroad if home.msisdn is None and abroad.msisdn is not None else home


def _of_two(home: Reading, abroad: Reading) -> Reading:
    """Which reading is meant where the digits begin with the region's own calling code."""
    if home.msisdn is None:
        return abroad if abroad.msisdn or home.reject_reason == "too_long" else home
    if home.msisdn == abroad.msisdn:
        return abroad
    mobile = home.plan_type in _MOBILE
    if abroad.msisdn is not None and abroad.plan_type in _MOBILE and not mobile:
        return abroad
    if abroad.msisdn is None and (mobile or abroad.reject_reason != "invalid"):
        return home
    return _refused("ambiguous")


_READ = {"plus": _plus, "plus_zero": _plus_zero, "bare": _bare, "plus_behind": _plus_behind}
