"""The cells of a column together: each read by itself, what they show as a whole, and what follows.

Rule: a cell is read without regard to others first (`read_cells`); `shown_by` looks at a sample of
what came of it, once a file; `settle_column` decides what a cell by itself cannot, by that.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from pipeline.model import RULES
from pipeline.normalise import bare
from pipeline.normalise.cells import bytes_of, digits_of, tidy_cells
from pipeline.normalise.evidence import Evidence
from pipeline.normalise.found import DETAILS, OWN, Detail, detail, nothing, rule
from pipeline.normalise.readings import national
from pipeline.normalise.region_codes import CALLING, ISO, UNDECIDED, kind_of, kind_that_fits
from pipeline.normalise.regions import known_regions
from pipeline.normalise.repair import REFUSALS, REPAIR, mended
from pipeline.normalise.spreadsheet import exact_digits, is_rounded, with_zeros, zeros_at_end
from pipeline.normalise.verdict import (
    BARE,
    FORMS,
    PLUS,
    decide,
    decide_with_head,
    decide_with_spare,
    is_number,
    refuse,
)
from pipeline.normalise.writing import BRACKET_BEHIND_ONE, GROUPED_SO
from pipeline.normalise.zeros import put_back_zeros, zeros_are_lost
from pipeline.numbering.digits import Digits
from pipeline.numbering.plans import code_of
from pipeline.numbering.tables import tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = NDArray[np.void]
    Plans = NDArray[np.int64]

__all__ = (
    "ALL_DETAILS",
    "KNOWN",
    "UNCLEAR",
    "UNKNOWN",
    "Asked",
    "kind_of_codes",
    "plans_of",
    "read_cells",
    "settle_column",
    "shown_by",
)

_BARE, _PLUS = FORMS.index(BARE), FORMS.index(PLUS)
ALL_DETAILS = (*DETAILS.values(), *(Detail(*said) for said in REFUSALS.values()))
"""What is said of digits that are no number, and of cells that hold none to begin with."""
_REFUSED = np.arange(len(DETAILS), len(ALL_DETAILS)).astype(np.int8)
_ROUNDED = len(DETAILS) + [*REFUSALS].index("rounded")
_REPAIRED = np.array([rule(name) for name in REPAIR.categories], np.int8)
_REPAIRS = [rule(name) for name in RULES if name.startswith("repair:")]
_SCIENTIFIC = rule("repair:scientific")
_PLUS_OR_TRUNK = detail("plus_or_trunk")
_CALLING_CODES = [1, 7]
"""Those of one digit."""

SAMPLE = 1 << 14
"""Cells that show what a column is: enough for a share of a thousandth, a hundredth of a frame's time."""

KNOWN, UNKNOWN, UNCLEAR = 0, 1, 2
"""A row's region: known or not asked for; a word that is none; a code of two kinds."""


class Asked(NamedTuple):
    """Where the cells of some rows belong."""

    plans: "Plans"
    """0 where no region is known."""
    said: "NDArray[np.int8]"
    """`KNOWN`, `UNKNOWN` or `UNCLEAR`."""


# -- each cell by itself ----------------------------------------------------------------------------


def plans_of(words: pl.Series | None, default: int, codes: str, rows: int) -> Asked:
    """Each row's plan; `words` are those of the region column, `codes` the kind of its numbers."""
    if words is None:
        return Asked(np.full(rows, default, np.int64), np.zeros(rows, np.int8))
    different = words.unique().drop_nulls().to_list()
    regions = known_regions(different, codes)
    cleared = known_regions(different) if codes == UNDECIDED else {}
    places = {
        word: code_of(regions[word])
        if word in regions
        else (-UNCLEAR if word in cleared else -UNKNOWN)
        if word.strip()
        else default
        for word in different
    }
    found = words.replace_strict(places, default=default, return_dtype=pl.Int64).to_numpy()
    return Asked(np.maximum(found, 0), np.maximum(-found, 0).astype(np.int8))


def read_cells(cells: pl.Series, plans: "Plans") -> "Found":
    """What the cells hold: the tidy ones all at once, the others when they are mended."""
    read = tidy_cells(*bytes_of(cells))
    form = np.where(read.plus, np.int8(_PLUS), np.int8(_BARE))
    if read.tidy.all():
        found = decide(read.digits, form, plans)
    else:
        found = nothing(len(cells))
        fits, messy = np.flatnonzero(read.tidy), np.flatnonzero(~read.tidy)
        found[fits] = decide(read.digits.at(fits), form[fits], plans[fits])
        found[messy] = _messily(cells.gather(messy), plans[messy])
    _see_brackets(found, cells, read.digits, plans, read.tidy)
    rows = np.flatnonzero(read.tidy & (read.last > 0))
    if len(rows):
        rows = rows[~_grouped_so(cells.gather(rows), found[rows])]
        head, last = read.digits.at(rows), read.last[rows]
        head = Digits(head.flat, head.end - last, head.length - last)
        found[rows] = decide_with_head(found[rows], head, form[rows], plans[rows])
    return found


def _messily(cells: pl.Series, plans: "Plans") -> "Found":
    """What cells hold that are not tidy, once they are mended."""
    read = mended(cells)
    form = read["form"].to_physical().fill_null(0).to_numpy().astype(np.int8)
    digits = digits_of(read["digits"])
    found = decide(digits, form, plans)
    _see_brackets(found, cells, digits, plans, True)
    for name, decided in (("spare", decide_with_spare), ("head", decide_with_head)):
        again = np.flatnonzero(read[name].is_not_null().to_numpy())
        if len(again) and name == "head":
            again = again[~_grouped_so(cells.gather(again), found[again])]
        if len(again):
            other = digits_of(read[name]).at(again)
            found[again] = decided(found[again], other, form[again], plans[again])
    refused = read["refusal"].is_not_null().to_numpy()
    found[refused] = nothing(1)
    found["detail"][refused] = _codes(read["refusal"], _REFUSED)[refused]
    # What had to be mended says more than how the digits were read, unless they were mended too.
    repaired = read["rule"].is_not_null().to_numpy() & ~np.isin(found["rule"], _REPAIRS)
    found["rule"][repaired] = _codes(read["rule"], _REPAIRED)[repaired]
    return found


def _see_brackets(
    found: "Found",
    cells: pl.Series,
    digits: Digits,
    plans: "Plans",
    where: "NDArray[np.bool_] | bool",
) -> None:
    """Read nationally what has a bracket behind the trunk prefix, as in `+8 (495)`: no calling code
    ends there, so the plus sign is a stray one."""
    rows = np.flatnonzero((found["detail"] == _PLUS_OR_TRUNK) & where)
    if len(rows):
        rows = rows[cells.gather(rows).str.contains(BRACKET_BEHIND_ONE).to_numpy()]
        rows = rows[~np.isin(digits.at(rows).place(0), _CALLING_CODES)]
        found[rows] = national(digits.at(rows), plans[rows])


def _grouped_so(cells: pl.Series, found: "Found") -> "NDArray[np.bool_]":
    """Where a short last group is how the number's region groups numbers, and no second value."""
    so = np.zeros(len(cells), np.bool_)
    home = tables().verdict_plan[found["verdict"]]
    for region, pattern in GROUPED_SO.items():
        there = np.flatnonzero(home == code_of(region))
        if len(there):
            so[there] = cells.gather(there).str.contains(pattern).to_numpy()
    return so


def _codes(keys: pl.Series, codes: "NDArray[np.int8]") -> "NDArray[np.int8]":
    """For each of the Enum's values its code; any where it is null."""
    return codes[keys.to_physical().fill_null(0).to_numpy()]


# -- what they show as a whole ----------------------------------------------------------------------


def kind_of_codes(words: pl.Series | None, cells: pl.Series, default: int) -> str:
    """Of what kind numbers in the region column are (`region_codes`).

    Where the codes do not tell, the cells do that are numbers in the regions of one kind and not of
    the other.
    """
    if words is None:
        return ""
    kind = kind_of(words.unique().drop_nulls().to_list())
    if kind != UNDECIDED:
        return kind
    rows = sample_of(len(cells))
    words, cells = words.gather(rows), cells.gather(rows)
    fits = {}
    for kind in (ISO, CALLING):
        asked = plans_of(words, default, kind, len(cells))
        found = read_cells(cells, asked.plans)
        at_home = (found["rule"] == rule("national")) | (found["place"] == OWN)
        fits[kind] = int((is_number(found) & at_home).sum())
    return kind_that_fits(fits[ISO], fits[CALLING])


def sample_of(rows: int) -> "NDArray[np.int64]":
    """Places of at most `SAMPLE` rows, from the first to the last."""
    if rows <= SAMPLE:
        return np.arange(rows)
    return np.linspace(0, rows - 1, SAMPLE).astype(np.int64)


def shown_by(
    found: "Found", cells: pl.Series, plans: "Plans", *, setting: str, codes: str
) -> Evidence:
    """What a column shows; `found` is what its cells are, each by itself."""
    rows = sample_of(len(cells))
    if len(rows) < len(cells):
        found, cells, plans = found[rows], cells.gather(rows), plans[rows]
    scientific = (found["detail"] == _ROUNDED).any()
    return Evidence(
        bare=setting,
        seen=bare.seen_in(found, cells, plans),
        zeros_lost=zeros_are_lost(found, cells, plans),
        zeros_at_end=zeros_at_end(cells),
        exact_digits=exact_digits(cells) if scientific else 0,
        region_codes=codes,
    )


# -- what follows -----------------------------------------------------------------------------------


def settle_column(found: "Found", cells: pl.Series, plans: "Plans", shown: Evidence) -> None:
    """Settle, in `found`, what cells by themselves could not and the column shows."""
    if shown.exact_digits:
        _fill_in_zeros(found, cells, plans, shown.exact_digits)
    if shown.zeros_lost:
        put_back_zeros(found, cells, plans)
    bare.settle(found, cells, plans, np.array(shown.full), np.array(shown.mixed))
    if shown.zeros_at_end:
        refuse(found, is_rounded(cells, shown.zeros_at_end), "rounded_column")


def _fill_in_zeros(found: "Found", cells: pl.Series, plans: "Plans", exact: int) -> None:
    """Read scientific notation of which nothing but zeros was left out."""
    rows = np.flatnonzero(found["detail"] == _ROUNDED)
    if not len(rows):
        return
    written = with_zeros(cells.gather(rows), exact)
    rows = rows[written.is_not_null().to_numpy()]
    again = read_cells(written.drop_nulls(), plans[rows])
    again["rule"][is_number(again)] = _SCIENTIFIC
    found[rows] = again
