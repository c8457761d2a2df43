"""A few numbers through the whole job in a temporary directory, and their answers as a table."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from pipeline.cli.results import show_json, show_table
from pipeline.flow import run
from pipeline.job import Surroundings
from pipeline.model import PLAN_TYPES
from pipeline.report.screen import Shown
from pipeline.settings import Settings

__all__ = ("look_up", "show_rows")

COLUMN = "number"
_SHOWN = (
    "number", "msisdn", "region", "status", "lookup_type", "number_type", "mcc", "mnc", "carrier",
    "ported", "present", "roaming", "error",
)  # fmt: skip
_FLAG = {True: "yes", False: "no", None: ""}


def look_up(
    numbers: Sequence[str], settings: Settings, around: Surroundings
) -> list[dict[str, Any]]:
    """One row for each number given, in that order; refused cells have `reject_reason`."""
    with TemporaryDirectory(prefix="msisdn-") as scratch:
        listed = Path(scratch) / "numbers.csv"
        with listed.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerows([[COLUMN], *([number] for number in numbers)])
        out = Path(scratch) / "out"
        run(
            replace(
                settings,
                inputs=(str(listed),),
                out=out,
                column=COLUMN,
                format="csv",
                delimiter=",",
                encoding="utf-8",
                header="yes",
                types=PLAN_TYPES,
                rows="all",
            ),
            around,
        )
        parts = [_rows(out / kind) for kind in ("enriched", "rejected")]
    found = pl.concat([part for part in parts if part is not None], how="diagonal")
    return found.sort("row_id").drop("source_file", "line_number", strict=False).to_dicts()


def _rows(folder: Path) -> pl.DataFrame | None:
    paths = sorted(folder.glob("*.parquet"))
    return pl.read_parquet(paths) if paths else None


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
