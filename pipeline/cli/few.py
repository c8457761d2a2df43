"""The answers to a few numbers, as a table or as JSON."""

from collections.abc import Sequence
from typing import Any

from pipeline.cli.results import show_json, show_table
from pipeline.report.screen import Shown
from pipeline.settings import Settings

__all__ = ("show_rows",)

_SHOWN = (
    "number", "msisdn", "region", "status", "lookup_type", "number_type", "mcc", "mnc", "carrier",
    "ported", "present", "roaming", "error",
)  # fmt: skip
_FLAG = {True: "yes", False: "no", None: ""}


def show_rows(rows: Sequence[dict[str, Any]], settings: Settings) -> int:
    """Show the answers; gives the exit code."""
    if settings.json:
        for row in rows:
            show_json({name: value for name, value in row.items() if value is not None})
    else:
        show_table(_table(rows))
    if all(row.get("reject_reason") for row in rows):
        return 10
    return 3 if any(row.get("status") == "unresolved" for row in rows) else 0


def _table(rows: Sequence[dict[str, Any]]) -> Shown:
    told = [name for name in _SHOWN if any(row.get(name) not in {None, ""} for row in rows)]
    table = Shown(header=True)
    for name in told:
        table.add_column(name, no_wrap=name in {"number", "msisdn"})
    if any(row.get("reject_reason") for row in rows):
        table.add_column("rejected")
    for row in rows:
        cells = [_cell(row.get(name)) for name in told]
        if reason := row.get("reject_reason"):
            cells.append(f"{reason}: {row.get('reject_detail') or ''}")
        table.add_row(*cells)
    return table


def _cell(value: Any) -> str:
    return _FLAG[value] if value is None or isinstance(value, bool) else str(value)
