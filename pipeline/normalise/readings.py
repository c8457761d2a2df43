"""Digits → the number they are, read as a national number of a plan or as an international one.

Rules: libphonenumber's own steps, in its order, over columns. An international number is a calling
code and a national number of that code's main plan, so that a trunk prefix after it comes off as
well. Source: `phonenumberutil` in `phonenumbers`; a property test and the parity suite hold the
outcome against it.
"""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.normalise.found import ANYWHERE, detail, nothing, rule
from pipeline.numbering.digits import BLANK, Digits
from pipeline.numbering.plans import PLANS, code_of, main_code, metadata
from pipeline.numbering.prefixes import Edit
from pipeline.numbering.tables import (
    IMPOSSIBLE,
    LENGTHS,
    LOCAL_ONLY,
    POSSIBLE,
    TOO_LONG,
    TOO_SHORT,
    tables,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plans = NDArray[np.int64]
    """A plan code for each row."""
    Found = NDArray[np.void]

__all__ = (
    "begins_with_calling_code",
    "idd_digits",
    "international",
    "lacks_trunk_prefix",
    "national",
    "trunk_as_sign",
)

_SHORTEST_NSN, _LONGEST_NSN, _LONGEST = 2, 17, 15
"""libphonenumber's limits of a national number, and E.164's of a whole one."""

_CALLING_CODE = np.array([plan.calling_code for plan in PLANS], np.int64)
"""By plan code, as the next two."""
_WIDTH = np.array([len(str(plan.calling_code)) for plan in PLANS], np.int64)
_MAIN = np.array([main_code(plan.calling_code) for plan in PLANS], np.int64)
_BY_HEAD = np.zeros(1111, np.int64)
"""By the number that the first three digits make: the plan that an international number goes to."""
for _calling_code in {plan.calling_code for plan in PLANS[1:]}:
    _width = 10 ** (3 - len(str(_calling_code)))
    _BY_HEAD[_calling_code * _width : (_calling_code + 1) * _width] = main_code(_calling_code)


_SAID = np.zeros(5, np.int8)
for _length, _name in {
    POSSIBLE: "invalid",
    IMPOSSIBLE: "invalid",
    LOCAL_ONLY: "too_short",
    TOO_SHORT: "too_short",
    TOO_LONG: "too_long",
}.items():
    _SAID[_length] = detail(_name)
"""What is wrong with a number that is not valid, by the verdict on its length."""

_MEXICO = code_of("MX")
_MEXICO_NSN = 10
_FORMER_MEXICO = ((1, 1), (1, 2), (44, 3), (45, 3))
"""Dialled in Mexico until 2019 before ten digits: 1 (after 52, from abroad), 01, 044 and 045."""


def national(digits: Digits, plans: "Plans") -> "Found":
    """Each row as a national number of its plan: the trunk prefix comes off, a calling code does not."""
    nsn = _significant(digits, plans)
    found = _weighed(nsn, plans, plans)
    found["rule"] = rule("national")
    mexican = np.flatnonzero((plans == _MEXICO) & (found["verdict"] == 0))
    if len(mexican):
        former = digits.at(mexican)
        is_former = np.zeros(len(mexican), np.bool_)
        for prefix, width in _FORMER_MEXICO:
            fits = former.length == _MEXICO_NSN + width
            is_former |= fits & former.begins(prefix, width)
        rows = mexican[is_former]
        found[rows] = _mended_mexican(digits.at(rows))
    return found


def international(digits: Digits, as_rule: str = "international") -> "Found":
    """Each row as a full number, calling code first."""
    plans = np.where(digits.length > _SHORTEST_NSN, _BY_HEAD[digits.head()], 0)
    width = _WIDTH[plans]
    known = plans > 0
    nsn = _significant(digits.without(np.where(known, width, 0)), plans)
    found = _weighed(nsn, plans, -_CALLING_CODE[plans])
    found["rule"] = rule(as_rule)
    wrong_length = (nsn.length < _SHORTEST_NSN) | (nsn.length > _LONGEST_NSN)
    found["place"][wrong_length] = ANYWHERE
    unknown = ~known
    found["detail"][unknown] = np.where(
        digits.length[unknown] > _SHORTEST_NSN, detail("unknown_calling_code"), detail("too_short")
    )
    _mark_trunk_zero(found, digits, nsn, width)
    former = (plans == _MEXICO) & (found["verdict"] == 0) & (digits.length == 3 + _MEXICO_NSN)
    former &= digits.head() == 521
    if former.any():
        found[former] = _mended_mexican(digits.at(former))
    return found


def begins_with_calling_code(digits: Digits, plans: "Plans") -> "NDArray[np.bool_]":
    """Whether each row begins with its plan's calling code."""
    return digits.begins(_CALLING_CODE.take(plans, mode="clip"), _WIDTH.take(plans, mode="clip"))


def lacks_trunk_prefix(digits: Digits, plans: "Plans") -> "NDArray[np.bool_]":
    """Whether each row's plan has a trunk prefix that the row does not begin with."""
    known = tables()
    known.need(plans)
    trunk, width = known.trunk.take(plans, mode="clip"), known.trunk_digits.take(plans, mode="clip")
    return (width > 0) & ~digits.begins(trunk, width)


def trunk_as_sign(digits: Digits, plans: "Plans") -> "NDArray[np.bool_]":
    """Whether each row begins with its plan's trunk prefix, where that could be a calling code's beginning.

    No calling code begins with 0, and where the trunk prefix is the calling code both are the same.
    """
    found = np.zeros(len(plans), np.bool_)
    for code in np.flatnonzero(np.bincount(plans)).tolist():
        trunk = metadata(code).national_prefix if code else None
        if trunk and trunk[0] != "0" and trunk != str(PLANS[code].calling_code):
            rows = np.flatnonzero(plans == code)
            found[rows] = digits.at(rows).begins(int(trunk), len(trunk))
    return found


def idd_digits(digits: Digits, plans: "Plans") -> "NDArray[np.int64]":
    """How many digits the plan's own prefix for international calls takes; 0 where there is none."""
    known = tables()
    known.need(plans)
    edits = known.walk_prefix(known.idd_start.take(plans, mode="clip"), digits)
    return known.edit_end.take(edits, mode="clip")


def _mended_mexican(digits: Digits) -> "Found":
    number = Digits(digits.flat, digits.end, np.full(len(digits.length), _MEXICO_NSN))
    plans = np.full(len(digits.length), _MEXICO)
    found = _weighed(_significant(number, plans), plans, -_CALLING_CODE[plans])
    found["rule"] = rule("repair:mx_521")
    return found


def _mark_trunk_zero(
    found: "Found", digits: Digits, nsn: Digits, width: "NDArray[np.int64]"
) -> None:
    """Say where the plan has taken a zero off after the calling code, as in +44 020."""
    rows = np.flatnonzero((found["verdict"] > 0) & (digits.length == width + 1 + nsn.length))
    inner = digits.at(rows).without(width[rows])
    same = inner.without(1).value() == nsn.at(rows).value()
    found["rule"][rows[same & (inner.place(0) == 0)]] = rule("repair:trunk_zero")


def _weighed(nsn: Digits, plans: "Plans", places: "NDArray[np.int64]") -> "Found":
    """libphonenumber's verdict on national significant numbers; `rule` is left to the caller."""
    known = tables()
    known.need(plans)
    found = nothing(len(plans))
    width = _WIDTH.take(plans, mode="clip")
    last = nsn.last()
    # Numbers are at most so long that the first columns are blank; a walk of them goes nowhere.
    blank = max(0, last.shape[1] - int(nsn.length.max(initial=0)))
    verdict = known.walk(known.verdict_start.take(plans, mode="clip"), last[:, blank:])
    too_long = nsn.length + width > _LONGEST  # libphonenumber holds some of 17 digits to be valid
    too_long |= nsn.length > _LONGEST_NSN
    verdict[too_long] = 0
    found["verdict"] = verdict
    calling_code = _CALLING_CODE.take(plans, mode="clip").astype(np.uint64)
    found["number"] = calling_code * nsn.power() + nsn.value()
    wrong = np.flatnonzero(verdict == 0)
    if len(wrong):
        length = known.possible[_MAIN[plans[wrong]], np.minimum(nsn.length[wrong], LENGTHS - 1)]
        said = _SAID[length]
        said[nsn.length[wrong] < _SHORTEST_NSN] = detail("too_short")
        said[too_long[wrong]] = detail("too_long")
        found["detail"][wrong] = said
        found["place"][wrong] = places[wrong]
        found["number"][wrong] = 0
    return found


def _significant(digits: Digits, plans: "Plans") -> Digits:
    """The national significant number: without trunk prefix and carrier code, or transformed.

    They stay where the number without them would not be viable or too short, and with them would.
    """
    known = tables()
    known.need(plans)
    edits = known.walk_prefix(known.trunk_start.take(plans, mode="clip"), digits)
    rows = np.flatnonzero(edits)
    if not len(rows):
        return digits
    plans = plans[rows]
    before = digits.at(rows)
    after = _edited(before, edits[rows])
    was_viable = known.walk_prefix(known.general_start[plans], before) > 0
    length = known.possible[plans, np.minimum(after.length, LENGTHS - 1)]
    better = (length == POSSIBLE) | (length == TOO_LONG)
    doubtful = np.flatnonzero(better & was_viable)
    if len(doubtful):
        start = known.general_start[plans[doubtful]]
        better[doubtful] = known.walk_prefix(start, after.at(doubtful)) > 0
    rows = rows[better]
    end, count = digits.end.copy(), digits.length.copy()
    end[rows], count[rows] = after.end[better], after.length[better]
    return Digits(after.flat, end, count)


def _edited(digits: Digits, edits: "NDArray[np.int32]") -> Digits:
    """The digits after each row's edit; where digits are put in, they are written anew behind."""
    known = tables()
    shorter = digits.without(known.edit_end[edits])
    pieced = np.array([bool(edit and edit.pieces) for edit in known.edits])[edits]
    if not pieced.any():
        return shorter
    flat, end, count = [digits.flat], shorter.end.copy(), shorter.length.copy()
    length = len(digits.flat)
    for number in np.unique(edits[pieced]).tolist():
        rows = np.flatnonzero(edits == number)
        edit = known.edits[number]
        assert edit is not None  # noqa: S101  it has pieces
        made = _assembled(digits.at(rows), edit)
        count[rows] = (made != BLANK).sum(axis=1)
        end[rows] = length + np.arange(len(rows)) * made.shape[1] + count[rows]
        flat.append(made.ravel())
        length += made.size
    flat.append(np.zeros_like(digits.flat[:32]))
    return Digits(np.concatenate(flat), end, count)


def _assembled(digits: Digits, edit: Edit) -> "NDArray[np.uint8]":
    """(rows, columns): the pieces of an edit and what follows them, then `BLANK`."""
    first = digits.first()
    rows = len(digits.length)
    pieces = [
        np.tile(np.frombuffer(piece.encode(), np.uint8) - np.uint8(ord("0")), (rows, 1))
        if isinstance(piece, str)
        else first[:, slice(*piece)]
        for piece in edit.pieces
    ]
    return np.hstack([*pieces, first[:, edit.end :]])
