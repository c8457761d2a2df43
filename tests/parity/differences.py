"""Where the model departs from libphonenumber on purpose, each with exactly when.

Rules: a departure is found in two steps. The first compares libphonenumber's word on the cell with
its word on what the cell holds, written plainly: rows of `CELLS` say when these may differ. The
second compares its word on the plain digits with our reading: rows of `NUMBERS` say when these may.
A row holds by what the cell is and what libphonenumber says of its readings, never by our `rule`
alone. What no row explains is a disagreement.
"""

from tests.parity.case import Case, Difference
from tests.parity.of_cells import CELLS
from tests.parity.of_numbers import NUMBERS

__all__ = ("DIFFERENCES", "differences_table", "explained")

DIFFERENCES: tuple[Difference, ...] = (*CELLS, *NUMBERS)


def explained(case: Case) -> tuple[str, ...] | None:
    """The rows under which our reading differs from libphonenumber's word; None if it should not."""
    names: list[str] = []
    if case.found.digits is None or case.reading.reject_reason == "spreadsheet_damage":
        return _first(CELLS, case)
    if case.plain_word[:3] != case.word[:3]:
        cell = _first(CELLS, case)
        if cell is None:
            return None
        names += cell
    if case.plain_word[:3] != case.reading[:3] or _other_reason(case):
        number = _first((*NUMBERS, *(row for row in CELLS if row.name == "second_value")), case)
        if number is None:
            return None
        names += number
    return tuple(names)


def _other_reason(case: Case) -> bool:
    """Nothing but a plus sign and digits is refused, for another reason."""
    alike = case.reading.reject_reason == case.plain_word.reason
    return case.text == case.plainly and case.found.form != "bare" and not alike


def _first(rows: tuple[Difference, ...], case: Case) -> tuple[str, ...] | None:
    return next(((row.name,) for row in rows if row.meant(case)), None)


def differences_table() -> str:
    """The rows as a Markdown table."""
    lines = [
        "| | libphonenumber | `msisdn` | `rule` or reason | example |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in DIFFERENCES:
        region = f" in {row.example.region}" if row.example.region else ""
        text = row.example.text.replace("\u202f", "␣")
        lines.append(
            f"| {row.title} | {row.theirs} | {row.ours} | `{row.shown}` | `{text}`{region} |"
        )
    return "\n".join(lines) + "\n"
