"""Digits, form and region → the number they are, or the reason why they are none.

What `readings.py` reads is libphonenumber's; what is decided here is which of two readings of
digits without a plus sign is meant, and that two good readings are refused as `ambiguous`:

- the prefix of the region for international calls, or 00, is read as a plus sign;
- digits that begin with the region's own calling code are the full number if the national
  reading is not valid or, the full number being a mobile, is not one; libphonenumber reads
  `4915112345678` in Germany as +49 4915112345678, valid;
- other digits are national if that is valid, and the full number if only that is valid; but a
  landline without its trunk prefix that is also a foreign mobile in full may be either;
- a plus sign before the region's own trunk prefix, as in `+8 495`, is a stray one if nothing else
  reads, and two numbers if the digits are a full number as well (unless a bracket tells, `together.py`);
  one behind the digits is read where people write from right to left.

What is read in full from bare digits is marked (`found.ABROAD`, `found.OWN`), since a cell by itself
cannot say that its column holds full numbers: `bare.py` decides that, column by column.
"""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.model import PLAN_TYPES
from pipeline.normalise.found import ABROAD, ANYWHERE, DETAILS, OWN, detail, nothing, rule
from pipeline.normalise.readings import (
    begins_with_calling_code,
    idd_digits,
    international,
    lacks_trunk_prefix,
    national,
    trunk_as_sign,
)
from pipeline.numbering.digits import BLANK, Digits
from pipeline.numbering.plans import PLANS
from pipeline.numbering.tables import tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = NDArray[np.void]
    Mask = NDArray[np.bool_]

__all__ = (
    "BARE", "FORMS", "PLUS", "PLUS_BEHIND", "PLUS_ZERO", "decide", "decide_with_head", "decide_with_spare", "in_full",
    "is_number", "refuse",
)  # fmt: skip

FORMS = (BARE, PLUS, PLUS_ZERO, PLUS_BEHIND) = ("bare", "plus", "plus_zero", "plus_behind")
"""How digits are written: with neither, after a plus sign, after it and one zero, before a plus sign."""

_RIGHT_TO_LEFT = (
    "AE AF BH DJ DZ EG EH ER IL IQ IR JO KM KW LB LY MA MR OM PK PS QA SA SD SO SY TD TN YE"
)
"""Where Arabic, Hebrew, Persian or Urdu is written, a plus sign in front is shown and typed behind."""
_FROM_RIGHT = np.array([plan.region in _RIGHT_TO_LEFT.split() for plan in PLANS])

_NATIONAL_DIGITS = (6, 15)
"""Lengths that may be a national number where no region says more."""
_FIXED_LINE, _MOBILE, _EITHER = map(
    PLAN_TYPES.index, ("fixed_line", "mobile", "fixed_line_or_mobile")
)
_MOBILES = [_MOBILE, _EITHER]


def decide(digits: Digits, form: "NDArray[np.int8]", plans: "NDArray[np.int64]") -> "Found":
    """A record for each row: a number, or a detail that says why there is none.

    `form` is a place in `FORMS`; `plans` are those of the regions asked for, 0 where none is known.
    """
    found = nothing(len(form))
    for name, read in _READERS.items():
        rows = np.flatnonzero(form == FORMS.index(name))
        if len(rows) == len(form):
            return read(digits, plans)
        if len(rows):
            found[rows] = read(digits.at(rows), plans[rows])
    return found


def decide_with_spare(
    found: "Found", spare: Digits, form: "NDArray[np.int8]", plans: "NDArray[np.int64]"
) -> "Found":
    """What becomes of `found` where the cell has a zero in brackets: `spare` are its digits without.

    +39 (0)6… keeps its zero, +44 (0)20… does not: libphonenumber knows. Where no plan has a trunk
    zero, as in +34 (0)91…, only the number without it is good.
    """
    other = decide(spare, form, plans)
    differs = (
        is_number(other) & (other["number"] != found["number"]) & ~_IS_AMBIGUOUS[found["detail"]]
    )
    result = found.copy()
    only = differs & ~is_number(found)
    result[only] = other[only]
    result["rule"][only] = rule("repair:trunk_zero")
    refuse(result, differs & is_number(found), "zero_or_not")
    return result


def decide_with_head(
    found: "Found", head: Digits, form: "NDArray[np.int8]", plans: "NDArray[np.int64]"
) -> "Found":
    """What becomes of `found` where a cell may hold a second value behind the number: `head` is what stands before.

    Whether the whole is valid decides nothing: over half of the mobiles of AT, FI, ID and NZ stay
    valid with a digit more.
    """
    result = found.copy()
    refuse(result, is_number(found) & is_number(decide(head, form, plans)), "one_or_two")
    return result


def _plus(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    found = international(digits)
    rows = np.flatnonzero(trunk_as_sign(digits, plans))
    if not len(rows):
        return found
    # +8 (495) in Russia: the plus sign was put before a national number.
    inner = national(digits.at(rows), plans[rows])
    good, full = is_number(inner), found[rows]
    stray = good & ~is_number(full)
    full[stray] = inner[stray]
    refuse(full, good & (inner["number"] != full["number"]), "plus_or_trunk", plans[rows])
    found[rows] = full
    return found


def _plus_behind(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    found = nothing(len(plans))
    from_right = _FROM_RIGHT[plans]
    begins_well = digits.place_or_blank(0) != 0
    for read, which in ((_plus, begins_well), (_bare, ~begins_well)):
        rows = np.flatnonzero(from_right & which)
        found[rows] = read(digits.at(rows), plans[rows])
    refuse(found, ~from_right, "plus_behind")
    return found


def _plus_zero(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    """`+0…` is an international number with a stray zero, or a national one with a stray plus."""
    full = international(digits.without(1), "repair:plus_zero")
    known = np.flatnonzero(plans)
    inner = nothing(len(plans))
    inner[known] = national(digits.at(known), plans[known])
    good = is_number(full)
    also = is_number(inner) & (inner["number"] != full["number"])
    result = full.copy()
    refuse(result, also & ~good, "unknown_calling_code")
    refuse(result, also & good, "two_countries", _home(full), _home(inner))
    return result


def _bare(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    own = idd_digits(digits, plans)
    common = np.where(digits.begins(0, 2), 2, 0)
    dialled = np.flatnonzero(own + common)
    if not len(dialled):
        found = _undialled(digits, plans)
    else:
        found = nothing(len(plans))
        plain = np.flatnonzero(own + common == 0)
        found[plain] = _undialled(digits.at(plain), plans[plain])
        found[dialled] = _dialled(digits.at(dialled), plans[dialled], own[dialled], common[dialled])
    refuse(found, _all_zeros(digits), "zeros")
    return found


def _dialled(
    digits: Digits,
    plans: "NDArray[np.int64]",
    own: "NDArray[np.int64]",
    common: "NDArray[np.int64]",
) -> "Found":
    """Digits that begin with the region's own prefix for international calls, with 00, or both."""
    longer = _after(digits, np.maximum(own, common))
    shorter = _after(digits, np.where(own == common, 0, np.minimum(own, common)))
    good, also_good = is_number(longer), is_number(shorter)
    found = np.where(good | (_is_said(longer) & ~also_good), longer, shorter)
    two = good & also_good & (longer["number"] != shorter["number"])
    refuse(found, two, "two_countries", _home(longer), _home(shorter))
    # A national number may begin like that as well.
    neither = np.flatnonzero(~(good | also_good))
    plain = _undialled(digits.at(neither), plans[neither])
    better = is_number(plain) | ~_is_said(found[neither])
    found[neither[better]] = plain[better]
    return found


def _after(digits: Digits, prefix: "NDArray[np.int64]") -> "Found":
    """The number after a prefix of so many digits; nothing is said where there is none."""
    found = nothing(len(prefix))
    rows = np.flatnonzero((prefix > 0) & (digits.length > prefix))
    rest = digits.at(rows).without(prefix[rows])
    begins_well = rest.place(0) != 0  # no calling code begins with 0
    found[rows[begins_well]] = international(rest.at(begins_well), "idd_prefix")
    return found


def _undialled(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    """Digits with neither plus nor prefix."""
    known = np.flatnonzero(plans)
    if len(known) == len(plans):
        return _within(digits, plans)
    found = nothing(len(plans))
    found[known] = _within(digits.at(known), plans[known])
    unknown = np.flatnonzero(plans == 0)
    found[unknown] = _without_region(digits.at(unknown))
    return found


def _without_region(digits: Digits) -> "Found":
    found = in_full(digits)
    bad = ~is_number(found)
    found["place"][~bad] = ABROAD
    least, most = _NATIONAL_DIGITS
    refuse(found, bad, "no_region")
    refuse(found, bad & (digits.length < least), "too_short")
    refuse(found, bad & (digits.length > most), "too_long")
    return found


def _within(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    """In a region: a national number, or a full one."""
    found = national(digits, plans)
    own = begins_with_calling_code(digits, plans)
    landline = _plan_type(found) == _FIXED_LINE
    landline[landline] = lacks_trunk_prefix(digits.at(landline), plans[landline])
    rows = np.flatnonzero(own | landline | ~is_number(found))
    if len(rows):
        own, landline, plans = own[rows], landline[rows], plans[rows]
        inner, full = found[rows], in_full(digits.at(rows))
        full["place"] = np.where(is_number(full), np.where(own, OWN, ABROAD), full["place"])
        result = np.where(~is_number(inner) & is_number(full), full, inner)
        # Were it read as the landline, the mobile of another country would be skipped in silence.
        either = landline & (_plan_type(full) == _MOBILE)
        refuse(result, either, "landline_or_mobile", plans, _home(full))
        found[rows] = np.where(own, _of_two(inner, full, plans), result)
    return found


def _of_two(inner: "Found", full: "Found", plans: "NDArray[np.int64]") -> "Found":
    """Which reading is meant where the digits begin with the region's own calling code."""
    good, also_good = is_number(inner), is_number(full)
    mobile, also_mobile = _is_mobile(inner), _is_mobile(full)
    same = inner["number"] == full["number"]
    # Too long for a national number: then what is wrong with the full one says more.
    too_long = inner["detail"] == detail("too_long")
    takes_full = np.where(good, same | (also_mobile & ~mobile), also_good | too_long)
    takes_inner = ~good | (~also_good & (mobile | ~_IS_INVALID[full["detail"]]))
    result = np.where(takes_full, full, inner)
    # A landline without its trunk prefix, or a full number with a typing error: not for us to say.
    refuse(result, ~takes_full & ~takes_inner, "national_or_international", plans)
    return result


_READERS = {PLUS: _plus, PLUS_ZERO: _plus_zero, BARE: _bare, PLUS_BEHIND: _plus_behind}


def in_full(digits: Digits) -> "Found":
    """Bare digits as full numbers, calling code first; nothing is said where they begin with 0, as no code does."""
    begins_well = np.flatnonzero(digits.place(0))
    found = nothing(len(digits.length))
    found[begins_well] = international(digits.at(begins_well), "bare_international")
    return found


def _all_zeros(digits: Digits) -> "Mask":
    zeros = (digits.place(0) == 0) & ((digits.place(1) == 0) | (digits.length == 1))
    rows = np.flatnonzero(zeros)
    first = digits.at(rows).first()
    zeros[rows] = ((first == 0) | (first == BLANK)).all(axis=1) & (digits.at(rows).value() == 0)
    return zeros


def is_number(found: "Found") -> "Mask":
    """Whether there is a number."""
    return found["verdict"] > 0


def _is_said(found: "Found") -> "Mask":
    """Whether there is a number or a reason."""
    return is_number(found) | (found["detail"] > 0)


_IS_INVALID = np.array([each.reason == "invalid" for each in DETAILS.values()])
_IS_AMBIGUOUS = np.array([each.reason == "ambiguous" for each in DETAILS.values()])


def _plan_type(found: "Found") -> "NDArray[np.int8]":
    return tables().verdict_type[found["verdict"]]


def _is_mobile(found: "Found") -> "Mask":
    return np.isin(_plan_type(found), _MOBILES)


def _home(found: "Found") -> "NDArray[np.int16]":
    """The plan of the region that the number belongs to."""
    return tables().verdict_plan[found["verdict"]]


def refuse(
    found: "Found",
    where: "Mask",
    name: str,
    place: "NDArray[np.integer] | None" = None,
    other: "NDArray[np.integer] | None" = None,
) -> None:
    """Put a refusal in place of what was found."""
    rows = np.flatnonzero(where)
    refusal = nothing(len(rows))
    refusal["detail"] = detail(name)
    refusal["place"] = ANYWHERE if place is None else place[rows]
    refusal["other"] = ANYWHERE if other is None else other[rows]
    found[rows] = refusal
