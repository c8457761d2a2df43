"""Bare digits: whether they are full numbers is the column's to say, region by region.

A cell is read by itself first, and marked where bare digits were taken for a full number. Here the
marks are counted (`seen_in`), and where the column does not show full numbers, those cells are
refused; where it does, cells that read nationally as well are read in full (`settle`).
"""

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pipeline.model import PLAN_TYPES
from pipeline.normalise.cells import bytes_of, digits_of, tidy_cells
from pipeline.normalise.evidence import LIMITS, Seen
from pipeline.normalise.found import ABROAD, OWN, READ_AS, detail, nothing, rule
from pipeline.normalise.repair import mended
from pipeline.normalise.verdict import BARE, in_full, is_number, refuse
from pipeline.normalise.writing import SCIENTIFIC
from pipeline.numbering.plans import PLANS, code_of, main_code, metadata
from pipeline.numbering.tables import POSSIBLE, tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = NDArray[np.void]
    Mask = NDArray[np.bool_]
    Plans = NDArray[np.int64]

__all__ = ("grouped_oddly", "seen_in", "settle")

_EITHER = [detail("landline_or_mobile"), detail("national_or_international")]
_NO_NUMBER = [
    detail(name)
    for name in ("no_region", "invalid", "too_short", "too_long", "unknown_calling_code", "zeros")
]
_NATIONAL = rule("national")
_SIGNED = [rule("international"), rule("idd_prefix")]
_READ_AGAIN = [_NATIONAL, *(rule(name) for name in READ_AS if name.startswith("repair:"))]
_MOBILES = [PLAN_TYPES.index("mobile"), PLAN_TYPES.index("fixed_line_or_mobile")]
_LEAD = r"^[^0-9+]*([0-9+])"

# -- groups ---------------------------------------------------------------------------------------

_FIRST_GROUP = r"^[^0-9]*([0-9]{1,4})[^0-9,]+[0-9]"
_THOUSANDS = r"^[^0-9]*[1-9][0-9]{0,2}(?:[. '\x{00A0}\x{202F}][0-9]{3}){3,}(?:[.,]0*)?[^0-9]*$"


def grouped_oddly(cells: pl.Series, numbers: "NDArray[np.uint64]") -> "Mask":
    """Whether each cell is grouped as its full number is not: a short first group that is no calling code.

    `(479) 285-0123` and `180 2257 0817` are national; `44 7911 123456` and `447911 123456` need not
    be, nor what a spreadsheet parts by thousands. `numbers` are the full ones, E.164.
    """
    group = cells.str.extract(_FIRST_GROUP).str.len_bytes()
    group = group.set(cells.str.contains(SCIENTIFIC).fill_null(value=False), 0)
    first = group.fill_null(0).to_numpy()
    rows = np.flatnonzero(first)
    odd = np.zeros(len(cells), np.bool_)
    if len(rows):
        width = _calling_code_digits(numbers[rows])
        thousands = cells.gather(rows).str.contains(_THOUSANDS).fill_null(value=False).to_numpy()
        odd[rows] = (first[rows] != width) & ~thousands
    return odd


def _calling_code_digits(numbers: "NDArray[np.uint64]") -> "NDArray[np.int64]":
    """How many digits the calling code of each full number has."""
    text = pl.Series(numbers).cast(pl.String)
    found = np.full(len(numbers), 3, np.int64)
    for width in (2, 1):
        head = text.str.head(width).cast(pl.Int64).to_numpy()
        found[_is_calling_code()[head]] = width
    return found


@cache
def _is_calling_code() -> "Mask":
    found = np.zeros(1000, np.bool_)
    found[[plan.calling_code for plan in PLANS[1:]]] = True
    return found


# -- what the cells show ----------------------------------------------------------------------------


def seen_in(found: "Found", cells: pl.Series, plans: "Plans") -> dict[int, Seen]:
    """What the cells of each region show, by plan code: counts of what is in question there."""
    number = is_number(found)
    marked = number & (found["place"] > 0)
    either = np.isin(found["detail"], _EITHER)
    if not (marked.any() or either.any()):
        return {}
    lead = cells.str.extract(_LEAD).fill_null("")
    is_bare = lead.is_in(list("123456789")).to_numpy()
    home = number & (found["rule"] == _NATIONAL) & is_bare
    again = np.flatnonzero(home | either)
    full = read_in_full(cells.gather(again))
    also = np.zeros(len(cells), np.bool_)
    also[again] = is_number(full)
    abroad, own = marked & (found["place"] == ABROAD), marked & (found["place"] == OWN)
    odd = np.zeros(len(cells), np.bool_)
    rows = np.flatnonzero(abroad)
    odd[rows] = grouped_oddly(cells.gather(rows), found["number"][rows])
    own_too = np.zeros(len(cells), np.bool_)
    own_too[again] = is_number(full) & (_calling_codes(full) == _calling_code_of(plans[again]))
    counted = {
        "signed": number & np.isin(found["rule"], _SIGNED),
        "trunk": (number & (found["rule"] == _NATIONAL) & ~is_bare),
        "bare": marked | home | either | (is_bare & np.isin(found["detail"], _NO_NUMBER)),
        "full": (abroad & ~odd) | own | also,
        "own": own,
        "begin_own": own | own_too,
        "long": abroad & ~odd & _is_long(found["number"], plans),
        "national": home | (either & ~own_too),
        "only_national": home & ~also,
        "grouped": odd,
    }
    groups, which = np.unique(plans, return_inverse=True)
    counts = {
        name: np.bincount(which.ravel()[rows], minlength=len(groups))
        for name, rows in counted.items()
    }
    seen: dict[int, Seen] = {}
    for at, code in enumerate(groups.tolist()):
        told: dict[str, Any] = {name: int(by[at]) for name, by in counts.items()}
        seen[code] = Seen(**told)
    if 0 in seen:
        rows = np.flatnonzero((plans == 0) & counted["bare"])
        signed = np.flatnonzero((plans == 0) & counted["signed"])
        seen[0] = _explained(seen[0], cells, found, rows, signed)
    return seen


def read_in_full(cells: pl.Series) -> "Found":
    """What cells of bare digits are as full numbers; nothing is said of others."""
    found = nothing(len(cells))
    read = tidy_cells(*bytes_of(cells))
    rows = np.flatnonzero(read.tidy & ~read.plus)
    found[rows] = in_full(read.digits.at(rows))
    rows = np.flatnonzero(~read.tidy)
    if len(rows):
        messy = mended(cells.gather(rows))
        bare = (messy["form"] == BARE).fill_null(value=False).to_numpy()
        found[rows[bare]] = in_full(digits_of(messy["digits"].filter(bare)))
    return found


def _calling_codes(found: "Found") -> "NDArray[np.int64]":
    return _calling_code_of(tables().verdict_plan[found["verdict"]])


def _calling_code_of(plans: "NDArray[np.integer]") -> "NDArray[np.int64]":
    return _CALLING_CODE[plans]


_CALLING_CODE = np.array([plan.calling_code for plan in PLANS], np.int64)


def _digits(numbers: "NDArray[np.uint64]") -> "NDArray[np.int64]":
    return np.searchsorted(_POWERS[1:], numbers, side="right") + 1


def _is_long(numbers: "NDArray[np.uint64]", plans: "Plans") -> "Mask":
    """Whether these are no national numbers of their plans with a digit too many, trunk prefix or not."""
    longest, trunk = np.full(len(PLANS), 99, np.int64), np.full(len(PLANS), -1, np.int64)
    known = tables()
    for code in np.unique(plans).tolist():
        if code:
            known.need(np.array([code]))
            longest[code] = np.flatnonzero(known.possible[code] == POSSIBLE).max(initial=0)
            prefix = metadata(code).national_prefix
            trunk[code] = int(prefix[0]) if prefix else -1
    digits = _digits(numbers)
    second = (numbers // _POWERS[np.maximum(digits - 2, 0)] % np.uint64(10)).astype(np.int64)
    before_trunk = (second == trunk[plans]) & (digits <= longest[plans] + 3)
    return (digits > longest[plans] + 1) & ~before_trunk


_POWERS = 10 ** np.arange(19, dtype=np.uint64)


# -- without a region: which country's national numbers they would be -----------------------------------

_LONG = ("ID", "AT")
"""Whose mobiles have twelve digits and more, as most numbers have in full."""
_POPULOUS = """
    ID AT CN IN PK NG BD BR RU MX JP PH EG VN TR DE IR TH GB FR IT ZA TZ KE CO ES AR UA DZ PL CA MA SA UZ PE MY
    AU BE NL CZ PT SE GR HU IL CH CL RO
"""
_SMALLER = """
    AE AF AL AM AO AZ BA BF BG BH BO BY CD CI CM CR CU CY DK DO EC EE ET FI GE GH GT HK HN HR IE IQ JO KG KH KR KW
    KZ LB LK LT LV LY MD ME MG MK ML MM MN MU MW MZ NE NI NO NP NZ OM PA PG PS PY QA RS RW SD SG SI SK SN SV SY TG
    TJ TN TW UG UY VE YE ZM ZW
"""
"""Asked as well where a few cells are all there is."""
_BRAZIL = re.compile("(?:[14689][1-9]|2[12478]|3[1-578]|5[13-5]|7[13-79])9[6-9][0-9]{7}")
"""An area code and a mobile as they are in use; libphonenumber's pattern has all of Peru's numbers in full too."""
_SPREAD, _EXCHANGES = {"US": 4, "BR": 2}, 4
"""Different digits that follow the area code in a list of one area. Fiji's and North Macedonia's numbers in full have
fewer, in more than a few exchanges (six digits)."""
_ASKED = 1000
"""Cells that are asked about: the share is told to a few hundredths."""
_LONG_DIGITS = 12
_MOSTLY = 0.5
"""Fewer mobiles than that among full numbers, and the list is one of local numbers read abroad."""


def _explained(
    seen: Seen,
    cells: pl.Series,
    found: "Found",
    rows: "NDArray[np.int64]",
    signed: "NDArray[np.int64]",
) -> Seen:
    """The same with the plan whose mobiles most of the bare cells could be.

    North America and Brazil have area codes before mobiles, and lists of one area are common; what
    the same column writes with a plus sign is likely beside it too.
    """
    asked = rows[:: max(1, len(rows) // _ASKED)]
    digits = cells.gather(asked).str.replace_all("[^0-9]", "").to_list()
    home = tables().verdict_plan[found["verdict"]]
    beside = {main_code(PLANS[code].calling_code) for code in np.unique(home[signed]).tolist()}
    local = {"US": _north_america(), "BR": _BRAZIL} | {
        PLANS[code].region: pattern for code in beside - {0} if (pattern := _mobile(code))
    }
    shares = {name: _share(pattern, digits) for name, pattern in local.items()}
    least = seen.full / max(seen.bare, 1) - LIMITS.margin
    few = seen.bare < LIMITS.few
    spread = len({each[3:4] for each in digits})
    one_area = few or len({each[:6] for each in digits}) < _EXCHANGES
    near = any(
        share >= least and (one_area or spread >= _SPREAD.get(name, 1))
        for name, share in shares.items()
    )
    numbers = found["verdict"][rows][is_number(found)[rows]]
    mobiles = np.isin(tables().verdict_type[numbers], _MOBILES).sum()
    landlines = mobiles < _MOSTLY * max(len(numbers), 1)
    if not near:
        short = sum(1 for each in digits if len(each) < _LONG_DIGITS) >= least * len(digits)
        names = (_POPULOUS + (_SMALLER if few else "")).split() if short else _LONG
        patterns = ((name, _mobile(code_of(name))) for name in names if name not in local)
        shares |= {name: _share(pattern, digits) for name, pattern in patterns if pattern}
    name, share = max(shares.items(), key=lambda one: one[1])
    return replace(
        seen, explained=share, explained_by=name if share else "", local=near or landlines
    )


def _share(pattern: "re.Pattern[str]", digits: list[str]) -> float:
    """Of the digits that are a number of this pattern, to four places."""
    return round(sum(1 for each in digits if pattern.fullmatch(each)) / max(len(digits), 1), 4)


@cache
def _north_america() -> "re.Pattern[str]":
    both = (_mobile(code_of(region)) for region in ("US", "CA"))
    return re.compile("|".join(f"(?:{one.pattern})" for one in both if one))


@cache
def _mobile(code: int) -> "re.Pattern[str] | None":
    """The pattern of a plan's mobiles; libphonenumber's own, without compiling the plan to tables."""
    described = metadata(code).mobile
    pattern = described.national_number_pattern if described else None
    return re.compile(pattern) if pattern else None


# -- what follows -------------------------------------------------------------------------------------


def settle(found: "Found", cells: pl.Series, plans: "Plans", full: "Mask", mixed: "Mask") -> None:
    """Settle, in `found`, what cells by themselves could not.

    `full` says by plan code whether bare digits are full numbers there, `mixed` whether national
    ones stand beside them.
    """
    rows = np.flatnonzero((found["place"] == ABROAD) & (found["verdict"] > 0))
    if len(rows):
        doubtful = ~full[plans[rows]]
        sure = np.flatnonzero(~doubtful)
        doubtful[sure] = grouped_oddly(cells.gather(rows[sure]), found["number"][rows[sure]])
        rows = rows[doubtful]
        home = tables().verdict_plan[found["verdict"][rows]]
        refused = nothing(len(rows))
        refuse(refused, plans[rows] == 0, "full_or_national")
        refuse(refused, plans[rows] > 0, "full_or_mistyped", plans[rows], home)
        found[rows] = refused
    # Beside national numbers, what reads nationally stays so, and what may be either is refused.
    if (full & ~mixed).any():
        _read_in_full(found, cells, plans, full & ~mixed)


def _read_in_full(found: "Found", cells: pl.Series, plans: "Plans", full: "Mask") -> None:
    """Read cells in full that read nationally as well, or that could be either."""
    national = (found["verdict"] > 0) & (found["place"] == 0) & np.isin(found["rule"], _READ_AGAIN)
    rows = np.flatnonzero((national | np.isin(found["detail"], _EITHER)) & full[plans])
    if not len(rows):
        return
    texts = cells.gather(rows)
    read = read_in_full(texts)
    better = is_number(read) & (read["number"] != found["number"][rows])
    better[better] = ~grouped_oddly(texts.filter(better), read["number"][better])
    kept = found["rule"][rows][better]
    mended_rule = np.isin(kept, _READ_AGAIN[1:])
    found[rows[better]] = read[better]
    found["rule"][rows[better]] = np.where(mended_rule, kept, found["rule"][rows[better]])
