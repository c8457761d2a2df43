"""What is wrong with a list as a whole, in a sentence each, from the counts by rule and by reason.

Rule: only what the reader can mend is said, with what to do; shares are never rounded to something
that is not so (`under 1 %`, `over 99 %`, `all`).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ("COLUMNS", "FINDINGS", "Finding", "diagnosis")

_LEAST_SHARE, _LEAST_CELLS = 0.001, 5
"""Below both nothing is said: a few odd cells are in `rejected`, and say nothing about the list."""


class Finding(NamedTuple):
    """One thing that may be wrong with a list."""

    name: str
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    sentence: str
    """What follows `3 % of the cells (3,012)`."""
    least: float = 0.0
    """The share of the cells from which on it says something about the list."""
    unless: str = ""
    """A finding that says the same better."""


FINDINGS = (
    Finding(
        "decimal_column",
        ("repair:float_tail",),
        (),
        "end in .0: the column was read as decimal numbers on its way here; export it as text.",
        0.9,
    ),
    Finding(
        "spreadsheet",
        ("repair:float_tail", "repair:scientific", "repair:leading_zero"),
        ("spreadsheet_damage",),
        "look like spreadsheet damage; export the column as text.",
        unless="decimal_column",
    ),
    Finding(
        "no_region",
        (),
        ("no_region",),
        "are written nationally and no region is known: set --region or --region-column.",
    ),
    Finding(
        "several",
        (),
        ("multiple_numbers",),
        "hold more than one number; give each number a row of its own.",
    ),
    Finding("ambiguous", (), ("ambiguous",), "are ambiguous; write these numbers with + or 00."),
    Finding("extension", (), ("extension",), "have an extension; give the number alone."),
    Finding(
        "encoding",
        ("repair:encoding",),
        (),
        "were decoded wrongly before they came here; export the list again as UTF-8.",
    ),
    Finding(
        "escaped",
        ("repair:escaped",),
        (),
        "hold signs of a web page or address (&nbsp;, %2B); export the column as plain text.",
    ),
    Finding(
        "bad_rows",
        (),
        ("bad_row",),
        "are in lines that are ragged or cannot be decoded; check --delimiter and --encoding.",
    ),
    Finding(
        "words",
        (),
        ("not_a_number",),
        "hold words or other data: is this the right column? Name another with --column.",
        0.2,
    ),
    Finding(
        "empty",
        (),
        ("empty",),
        "are empty: is this the right column? Name another with --column.",
        0.5,
    ),
    Finding(
        "no_such_number",
        (),
        ("invalid", "too_short", "too_long", "unknown_calling_code"),
        "are no number of any plan; check --region, and whether digits were cut off.",
        0.2,
    ),
)


def _in_doubt(shown: Mapping[str, Any]) -> bool:
    """Bare digits that are full numbers, and not of the region's own, were not taken for such."""
    for part in shown.get("bare", {}).values():
        cells = part.get("full", 0) - part.get("begin_own", 0)
        told = cells >= _LEAST_CELLS or cells >= _LEAST_SHARE * part["bare"]
        if part["read_as"] == "national" and cells > 0 and told:
            return True
    return False


COLUMNS: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
    (
        "The column was rounded by a spreadsheet: far more of its cells end in five or six zeros than chance has it;"
        " export it again as text from where the numbers come from.",
        lambda shown: bool(shown.get("zeros_at_end")),
    ),
    (
        "Some cells are digits without a plus sign that may be full numbers or national ones, which the column does"
        " not settle: set --region, or --bare international if all are full numbers.",
        _in_doubt,
    ),
    (
        "The codes of the region column may be ISO 3166's or calling codes, which neither they nor the cells settle:"
        " write regions as two letters, such as GB.",
        lambda shown: shown.get("region_codes") == "undecided",
    ),
)
"""What a column shows as a whole, and what to do."""


def diagnosis(
    rows: int,
    rules: Mapping[str, int],
    reasons: Mapping[str, int],
    evidence: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[str]:
    """Sentences about a list of so many rows: what its columns show, then what concerns most cells first.

    `rules` counts the valid rows by rule, `reasons` the rejected ones by reason, `evidence` what the
    column of each file shows, all as in `Summary`.
    """
    counted = {
        finding.name: sum(rules.get(rule, 0) for rule in finding.rules)
        + sum(reasons.get(reason, 0) for reason in finding.reasons)
        for finding in FINDINGS
    }
    told = {each.name for each in FINDINGS if _is_told(counted[each.name], rows, each.least)}
    found = [each for each in FINDINGS if each.name in told and each.unless not in told]
    found.sort(key=lambda finding: -counted[finding.name])
    shown = [sentence for sentence, is_shown in COLUMNS if _is_shown(evidence or {}, is_shown)]
    return [*shown, *(f"{_cells(counted[each.name], rows)} {each.sentence}" for each in found)]


def _is_shown(
    evidence: Mapping[str, Mapping[str, Any]], is_shown: Callable[[Mapping[str, Any]], bool]
) -> bool:
    return any(is_shown(of_file) for of_file in evidence.values())


def _is_told(cells: int, rows: int, least: float) -> bool:
    if not cells or cells < least * rows:
        return False
    return cells >= _LEAST_CELLS or cells >= _LEAST_SHARE * rows


def _cells(cells: int, rows: int) -> str:
    """`3 % of the cells (3,012)`."""
    percent = round(100 * cells / rows)
    if cells == rows:
        return f"All cells ({cells:,})"
    if cells * 100 < rows:
        return f"Under 1 % of the cells ({cells:,})"
    if cells * 100 > 99 * rows:
        return f"Over 99 % of the cells ({cells:,})"
    return f"{percent} % of the cells ({cells:,})"
