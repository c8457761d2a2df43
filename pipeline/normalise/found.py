"""What is found out about each row: a number and how it was read, or why it is none.

One record a row, so that whole verdicts are compared, chosen between and put back in place.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.model import RULES
from pipeline.numbering.plans import PLANS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = (
    "ABROAD", "ANYWHERE", "DETAILS", "OWN", "READ_AS", "RECORD", "Detail", "detail", "nothing", "put", "rule",
)  # fmt: skip

RECORD = np.dtype(
    [
        ("number", np.uint64),  # E.164, calling code first, which never begins with 0
        ("verdict", np.int16),  # answer of the walk through the plan (`numbering.tables`); 0: none
        ("rule", np.int8),  # place in READ_AS
        ("detail", np.int8),  # place in DETAILS, 0 where there is a number
        (
            "place",
            np.int16,
        ),  # of which the detail speaks: see `place_name`; of a number see `ABROAD`
        ("other", np.int16),  # the second such place
    ],
    align=True,
)

_ITEM = np.dtype((np.void, RECORD.itemsize))

ANYWHERE = 0
"""The place of a number whose country is not known; a plan code, and minus a calling code, are others."""

ABROAD, OWN = 1, 2
"""The place of a number that bare digits are in full: of another country than the row's region, or of none; of its own."""

READ_AS = ("", *RULES)


class Detail(NamedTuple):
    """Why there is no number, and what to do: one line of `reject_detail`."""

    reason: str
    text: str


_AMBIGUOUS = "Reads as {} and as {}; write it with + or 00."
DETAILS: dict[str, Detail] = {
    "": Detail("", ""),
    "too_short": Detail("too_short", "Too few digits for a number of {place}; complete it."),
    "too_long": Detail(
        "too_long",
        "Too many digits for a number of {place}; check for a second number or a typing error.",
    ),
    "unknown_calling_code": Detail(
        "unknown_calling_code",
        "No country has this calling code; check the digits after the plus sign or prefix.",
    ),
    "invalid": Detail(
        "invalid",
        "The numbering plan of {place} has no such number; check its first digits and its length.",
    ),
    "zeros": Detail(
        "invalid", "The cell holds nothing but zeros; fill in the number or leave the row out."
    ),
    "no_region": Detail(
        "no_region",
        "Written nationally; say which region with --region or --region-column, or write it with +.",
    ),
    "two_countries": Detail(
        "ambiguous", _AMBIGUOUS.format("a number of {place}", "a number of {other}")
    ),
    "landline_or_mobile": Detail(
        "ambiguous", _AMBIGUOUS.format("a landline of {place}", "a mobile of {other}")
    ),
    "national_or_international": Detail(
        "ambiguous", _AMBIGUOUS.format("a national number of {place}", "an international one")
    ),
    "full_or_national": Detail(
        "no_region",
        "Reads as a full number without its plus sign, but the column does not show that it is one; say which"
        " region with --region or --region-column, or that all are full with --bare international.",
    ),
    "full_or_mistyped": Detail(
        "ambiguous",
        "Reads as a number of {other} in full, or as one of {place} with a digit too many; write it with + or 00,"
        " or say that all are full with --bare international.",
    ),
    "plus_or_trunk": Detail(
        "ambiguous",
        "The plus sign stands before what is the trunk prefix in {place} too; write the number with its calling code.",
    ),
    "plus_behind": Detail(
        "not_a_number",
        "The plus sign stands behind the digits; write it in front, or the number nationally without it.",
    ),
    "one_or_two": Detail(
        "ambiguous",
        "Reads as a number and a second value behind it, or as one longer number; give the number alone.",
    ),
    "rounded_column": Detail(
        "spreadsheet_damage",
        "Ends in zeros, as too many cells of the column do: a spreadsheet has rounded it; export the column again as text.",
    ),
    "zero_or_not": Detail(
        "ambiguous", _AMBIGUOUS.format("the number with the zero", "the number without it")
    ),
}
"""Everything that is said of digits which are no number."""

_DETAIL = {name: number for number, name in enumerate(DETAILS)}
_RULE = {name: number for number, name in enumerate(READ_AS)}


def detail(name: str) -> int:
    """The number of a detail."""
    return _DETAIL[name]


def rule(name: str) -> int:
    """The number of a rule."""
    return _RULE[name]


def nothing(rows: int) -> "NDArray[np.void]":
    """Records that say nothing yet: neither a number nor a reason."""
    return np.zeros(rows, RECORD)


def put(found: "NDArray[np.void]", rows: slice, records: "NDArray[np.void]") -> None:
    """`found[rows] = records`, as whole items: NumPy copies slices field by field, 36 times as slow."""
    found[rows].view(_ITEM)[:] = records.view(_ITEM)


def place_name(place: int) -> str:
    """A place as a detail names it."""
    if place == ANYWHERE:
        return "any country"
    return PLANS[place].region if place > 0 else f"+{-place}"
