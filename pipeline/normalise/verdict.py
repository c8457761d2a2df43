"""Digits, form and region → the number they are, or the reason why they are none.

What `readings.py` reads is libphonenumber's; what is decided here is which of two readings of
digits without a plus sign is meant, and that two good readings are refused as `ambiguous`:

- the prefix of the region for international calls, or 00, is read as a plus sign;
- digits that begin with the region's own calling code are the full number if the national
  reading is not valid or, the full number being a mobile, is not one; libphonenumber reads
  `4915112345678` in Germany as +49 4915112345678, valid;
- other digits are national if that is valid, and the full number if only that is valid; but a
  landline without its trunk prefix that is also a foreign mobile in full may be either.
"""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.model import PLAN_TYPES
from pipeline.normalise.found import ANYWHERE, DETAILS, detail, nothing, rule
from pipeline.normalise.readings import (
    begins_with_calling_code,
    idd_digits,
    international,
    lacks_trunk_prefix,
    national,
)
from pipeline.numbering.digits import BLANK, Digits
from pipeline.numbering.tables import tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = NDArray[np.void]
    Mask = NDArray[np.bool_]

__all__ = ("BARE", "FORMS", "PLUS", "PLUS_ZERO", "decide", "decide_with_spare")

FORMS = (BARE, PLUS, PLUS_ZERO) = ("bare", "plus", "plus_zero")
"""How digits are written: with neither, after a plus sign, after a plus sign and one zero."""

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
        _is_number(other) & (other["number"] != found["number"]) & ~_IS_AMBIGUOUS[found["detail"]]
    )
    result = found.copy()
    only = differs & ~_is_number(found)
    result[only] = other[only]
    result["rule"][only] = rule("repair:trunk_zero")
    _refuse(result, differs & _is_number(found), "zero_or_not")
    return result


def _plus(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    return international(digits)


def _plus_zero(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    """`+0…` is an international number with a stray zero, or a national one with a stray plus."""
    full = international(digits.without(1), "repair:plus_zero")
    known = np.flatnonzero(plans)
    inner = nothing(len(plans))
    inner[known] = national(digits.at(known), plans[known])
    good = _is_number(full)
    also = _is_number(inner) & (inner["number"] != full["number"])
    result = full.copy()
    _refuse(result, also & ~good, "unknown_calling_code")
    _refuse(result, also & good, "two_countries", _home(full), _home(inner))
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
    _refuse(found, _all_zeros(digits), "zeros")
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
    good, also_good = _is_number(longer), _is_number(shorter)
    found = np.where(good | (_is_said(longer) & ~also_good), longer, shorter)
    two = good & also_good & (longer["number"] != shorter["number"])
    _refuse(found, two, "two_countries", _home(longer), _home(shorter))
    # A national number may begin like that as well.
    neither = np.flatnonzero(~(good | also_good))
    plain = _undialled(digits.at(neither), plans[neither])
    better = _is_number(plain) | ~_is_said(found[neither])
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
    found = _full(digits)
    bad = ~_is_number(found)
    least, most = _NATIONAL_DIGITS
    _refuse(found, bad, "no_region")
    _refuse(found, bad & (digits.length < least), "too_short")
    _refuse(found, bad & (digits.length > most), "too_long")
    return found


def _within(digits: Digits, plans: "NDArray[np.int64]") -> "Found":
    """In a region: a national number, or a full one."""
    found = national(digits, plans)
    own = begins_with_calling_code(digits, plans)
    landline = _plan_type(found) == _FIXED_LINE
    landline[landline] = lacks_trunk_prefix(digits.at(landline), plans[landline])
    rows = np.flatnonzero(own | landline | ~_is_number(found))
    if len(rows):
        own, landline, plans = own[rows], landline[rows], plans[rows]
        inner, full = found[rows], _full(digits.at(rows))
        result = np.where(~_is_number(inner) & _is_number(full), full, inner)
        # Were it read as the landline, the mobile of another country would be skipped in silence.
        either = landline & (_plan_type(full) == _MOBILE)
        _refuse(result, either, "landline_or_mobile", plans, _home(full))
        found[rows] = np.where(own, _of_two(inner, full, plans), result)
    return found


def _of_two(inner: "Found", full: "Found", plans: "NDArray[np.int64]") -> "Found":
    """Which reading is meant where the digits begin with the region's own calling code."""
    good, also_good = _is_number(inner), _is_number(full)
    mobile, also_mobile = _is_mobile(inner), _is_mobile(full)
    same = inner["number"] == full["number"]
    # Too long for a national number: then what is wrong with the full one says more.
    too_long = inner["detail"] == detail("too_long")
    takes_full = np.where(good, same | (also_mobile & ~mobile), also_good | too_long)
    takes_inner = ~good | (~also_good & (mobile | ~_IS_INVALID[full["detail"]]))
    result = np.where(takes_full, full, inner)
    # A landline without its trunk prefix, or a full number with a typing error: not for us to say.
    _refuse(result, ~takes_full & ~takes_inner, "national_or_international", plans)
    return result


_READERS = {PLUS: _plus, PLUS_ZERO: _plus_zero, BARE: _bare}


def _full(digits: Digits) -> "Found":
    """The full number, calling code first; nothing is said where it begins with 0, as no code does."""
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


def _is_number(found: "Found") -> "Mask":
    return found["verdict"] > 0


def _is_said(found: "Found") -> "Mask":
    """Whether there is a number or a reason."""
    return _is_number(found) | (found["detail"] > 0)


_IS_INVALID = np.array([each.reason == "invalid" for each in DETAILS.values()])
_IS_AMBIGUOUS = np.array([each.reason == "ambiguous" for each in DETAILS.values()])


def _plan_type(found: "Found") -> "NDArray[np.int8]":
    return tables().verdict_type[found["verdict"]]


def _is_mobile(found: "Found") -> "Mask":
    return np.isin(_plan_type(found), _MOBILES)


def _home(found: "Found") -> "NDArray[np.int16]":
    """The plan of the region that the number belongs to."""
    return tables().verdict_plan[found["verdict"]]


def _refuse(
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
