"""Which column holds the numbers, and what a file's columns are called.

Rule: a column is chosen by its name and by what is in it, both, or because there is no other.
Where two would do as well, or none is named so, nothing is guessed, since a wrong guess is paid
for: the error lists the candidates, best first.
"""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from pipeline.errors import InputError
from pipeline.privacy import redact
from pipeline.read.contract import NumberColumn
from pipeline.read.headers import (
    Kind,
    is_area_code,
    is_area_code_of_telephone,
    is_other,
    kind_of,
    plain,
)

__all__ = (
    "choose_columns",
    "listed",
    "looks_like_number",
    "repeated_names",
    "unique_names",
)

_LEFT_OUT = 1 / 3
"""Share of the rows whose number stands only in other telephone columns, from which on the column
that is called best would lose too much to be taken without a word."""
_AREA_DIGITS, _LOCAL_DIGITS = 6, 9
"""Digits of an area code, and of a number without it, at most."""
_SHORTEST, _LONG = 7, 10
"""Digits of a number whose column is only called `number`, at least, since post codes have fewer;
and of one that is no count of rows."""
_DATE = re.compile(r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})\b")
_DECIMAL = re.compile(r"\s*-?\d{1,3}[.,]\d+\s*")


def _meant(columns: Sequence[str], wanted: str) -> NumberColumn:
    """Give what a `--column` means: a column, or those of `A+B`, in that order."""
    if "+" in wanted and not _alike(columns, wanted) and (found := _split(columns, wanted)):
        return NumberColumn(found)
    return NumberColumn((_wanted(columns, wanted),))


def _split(columns: Sequence[str], wanted: str) -> tuple[str, ...]:
    """Cut `A+B` where both sides are columns; names may hold a plus sign themselves."""
    for at, sign in enumerate(wanted):
        if sign == "+" and (left := _alike(columns, wanted[:at])):
            right = wanted[at + 1 :]
            if alike := _alike(columns, right):
                return (left[0], alike[0])
            if rest := _split(columns, right):
                return (left[0], *rest)
    return ()


class _Candidate(NamedTuple):
    """A column that may hold the numbers; the smaller, the likelier."""

    kind: Kind
    blank: float
    """Share of the sample's rows that have nothing there."""
    at: int
    name: str


def choose_columns(
    columns: Sequence[str],
    sample: pl.DataFrame,
    wanted: Sequence[str] = (),
    repeated: Sequence[str] = (),
) -> tuple[NumberColumn, ...]:
    """Choose the column that holds the numbers, or those wanted, in that order.

    `sample` has the first rows, under the same names. Of the names in `repeated`, which the header
    gives to several columns, none is chosen unless it is wanted. Raises `InputError` that lists
    what could be meant.
    """
    if wanted:
        return tuple(dict.fromkeys(_meant(columns, name) for name in wanted))
    if len(columns) == 1:
        return (NumberColumn((columns[0],)),)
    found = _candidates(columns, sample)
    if not found:
        return (NumberColumn((_only_named(columns, sample),)),)
    best = _first_of_series([each.name for each in found if each.kind == found[0].kind])
    if best[0] in repeated:
        best = [name for name in columns if name in best or _is_repeat(name, best)]
    if len(best) > 1:
        raise InputError(
            f"several columns may hold the numbers: {listed(best)}; choose one with --column, or"
            f" several in order: {_flags(best)}"
        )
    others = [each.name for each in found if each.kind <= Kind.PHONE and each.name != best[0]]
    if others and _left_out(sample, best[0], others) > _LEFT_OUT:
        raise InputError(
            f"column {redact(best[0])} is blank in many rows whose number stands in"
            f" {listed(others)}; choose one with --column, or several in order:"
            f" {_flags([best[0], *others])}"
        )
    return (_with_area_code(columns, sample, best[0], found),)


def _candidates(columns: Sequence[str], sample: pl.DataFrame) -> list[_Candidate]:
    """The columns that are called so and hold numbers, as far as the sample goes; best first."""
    found = []
    for at, name in enumerate(columns):
        kind = kind_of(name)
        cells = _cells(sample, name)
        if kind is None or not (_mostly_numbers(cells) if cells else kind < Kind.NUMBER):
            continue
        if kind is Kind.NUMBER and (is_other(name) or _are_something_else(cells)):
            continue
        blank = 1 - len(cells) / sample.height if sample.height else 1.0
        found.append(_Candidate(kind, blank, at, name))
    full = [each for each in found if each.blank < 1]
    return sorted(full or found)


def _first_of_series(names: list[str]) -> list[str]:
    """Of `Phone 1`, `Phone 2` give the first; other names stay as they are."""
    if len({plain(name).rstrip("0123456789") for name in names}) > 1:
        return names
    return [min(names, key=lambda name: (len(plain(name)), plain(name)))]


def _only_named(columns: Sequence[str], sample: pl.DataFrame) -> str:
    """Give the one telephone column where none holds numbers: what is wrong, its rows say."""
    sure = (Kind.MSISDN, Kind.MOBILE, Kind.PHONE)
    named = [name for name in columns if kind_of(name) in sure]
    likely = [
        name
        for name in columns
        if not (is_other(name) or is_area_code(name))
        and _mostly_numbers(cells := _cells(sample, name))
        and not _are_something_else(cells)
    ]
    if len(named) == 1 and not likely:
        return named[0]
    hint = f"; numbers seem to be in: {listed(likely)}" if likely else ""
    raise InputError(
        f"no column is called like a number's{hint}; choose with --column from: {listed(columns)}"
    )


def _left_out(sample: pl.DataFrame, best: str, others: Sequence[str]) -> float:
    """Give the share of the rows with a number that have none in the best column."""
    if not sample.height:
        return 0.0
    looks = [[looks_like_number(cell) for cell in sample[name]] for name in (best, *others)]
    numbered = [row for row in zip(*looks, strict=True) if any(row)]
    return sum(not row[0] for row in numbered) / len(numbered) if numbered else 0.0


def _with_area_code(
    columns: Sequence[str], sample: pl.DataFrame, name: str, found: Sequence[_Candidate]
) -> NumberColumn:
    """Join the column with the one before it, where that has its area codes.

    Read alone, what is left of the number may be a number of another town.
    """
    at = columns.index(name)
    before = columns[at - 1] if at else ""
    if not is_area_code(before) or not _is_cut(_cells(sample, before), _cells(sample, name)):
        return NumberColumn((name,))
    joined = NumberColumn((before, name))
    if is_area_code_of_telephone(before) and len(found) == 1:
        return joined
    raise InputError(
        f"the numbers seem to be cut in two columns, {listed([before, name])}; choose both with"
        f" {_flags([joined.name])}, or the second alone with {_flags([name])}"
    )


def _is_cut(codes: Sequence[str], rest: Sequence[str]) -> bool:
    """Say whether two columns hold the beginning and the end of national numbers."""
    if not codes or not rest:
        return False
    short = sum(1 <= sum(map(str.isdigit, cell)) <= _AREA_DIGITS for cell in codes)
    local = sum(
        sum(map(str.isdigit, cell)) <= _LOCAL_DIGITS
        and not cell.lstrip(" (").startswith(("+", "0"))
        for cell in rest
    )
    return 2 * short > len(codes) and 2 * local > len(rest)


def _flags(names: Iterable[str]) -> str:
    return " ".join(f"--column {shlex.quote(redact(name))}" for name in names)


def _is_repeat(name: str, names: Sequence[str]) -> bool:
    stem, _, count = name.rpartition("_")
    return stem in names and count.isdecimal()


def _wanted(columns: Sequence[str], wanted: str) -> str:
    alike = _alike(columns, wanted)
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise InputError(f"column {redact(wanted)!r}: which of {listed(alike)}? Case matters here")
    raise InputError(f"no column {redact(wanted)!r}; choose with --column from: {listed(columns)}")


def _alike(columns: Sequence[str], wanted: str) -> list[str]:
    """The column of that name, or those whose names differ from it by case or blanks only."""
    if wanted in columns:
        return [wanted]
    return [name for name in columns if name.strip().casefold() == wanted.strip().casefold()]


def listed(names: Iterable[str]) -> str:
    """Names for a message. A list without header may have numbers for names: they are masked."""
    return ", ".join(redact(name) for name in names)


def looks_like_number(cell: str | None) -> bool:
    """Five digits at least, and fewer letters than digits: `+44 20 7946 0018 (home)`, `4.4E+11`."""
    if cell is None:
        return False
    digits = sum(map(str.isdigit, cell))
    return digits >= 5 and sum(map(str.isalpha, cell)) < digits


def unique_names(cells: Iterable[str | None]) -> tuple[str, ...]:
    """A header's names: blank ones become `column_N`, repeated ones `name_2`, `name_3` …

    Zero bytes are left out: no other program could read them in the name of a column.
    """
    names = _names(cells)
    taken: set[str] = set()
    given = set(names)
    for at, name in enumerate(names):
        unique, count = name, 1
        while unique in taken or (count > 1 and unique in given):
            count += 1
            unique = f"{name}_{count}"
        taken.add(unique)
        names[at] = unique
    return tuple(names)


def repeated_names(cells: Iterable[str | None]) -> tuple[str, ...]:
    """The names that a header gives to more than one column."""
    return tuple(name for name, count in Counter(_names(cells)).items() if count > 1)


def _names(cells: Iterable[str | None]) -> list[str]:
    bare = [(cell or "").replace("\0", "").strip() for cell in cells]
    return [cell or f"column_{at}" for at, cell in enumerate(bare, 1)]


def _cells(sample: pl.DataFrame, name: str) -> list[str]:
    """The cells of a column that have something in them."""
    if name not in sample.columns:
        return []
    return [cell for cell in sample[name] if cell and cell.strip()]


def _mostly_numbers(cells: Sequence[str]) -> bool:
    return 2 * sum(map(looks_like_number, cells)) > len(cells)


def _are_something_else(cells: Sequence[str]) -> bool:
    """Say whether cells that look like numbers are rather dates, places on a map, or a count."""
    dates = sum(bool(_DATE.match(cell) or _DECIMAL.fullmatch(cell)) for cell in cells)
    if 2 * dates > len(cells):
        return True
    short = sum(sum(map(str.isdigit, cell)) < _SHORTEST for cell in cells)
    if 2 * short > len(cells):
        return True
    whole = [int(cell) for cell in cells if cell.isascii() and cell.isdigit() and len(cell) < _LONG]
    steps = [after - before for before, after in pairwise(whole)]
    return len(steps) > 1 and 2 * steps.count(1) > len(steps)
