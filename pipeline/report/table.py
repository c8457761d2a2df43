"""The closing table of a run, and the plan, as a person reads them."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.ledger.planned import Plan
from pipeline.protocol.codes import code_of
from pipeline.report.summary import Summary
from pipeline.report.words import count, duration, share

__all__ = ("plan_table", "summary_table")

MOST = 8
"""Lines for one kind of figure; the rest is in summary.json."""


def summary_table(summary: Summary, out: Path) -> RenderableType:
    """What was found and where the files are."""
    table = _table()
    _row(table, "rows read", summary.rows, 0)
    kept = "cleaned" if summary.command == "clean" else "enriched"
    for kind in (kept, "duplicates", "rejected"):
        _row(table, f"  {kind}", getattr(summary, kind), summary.rows)
    if summary.command != "clean":
        table.add_section()
        for status in ("answered", "refused", "unresolved", "skipped"):
            _row(table, status, getattr(summary, status), summary.enriched)
        _row(table, "requests sent", summary.requests, 0)
    _section(table, "rejected", summary.reasons, summary.rejected)
    _section(table, "region", summary.countries, getattr(summary, kept))
    codes = {f"{code} {code_of(code).meaning}": n for code, n in summary.error_codes.items()}
    _section(table, "code", codes, summary.enriched)
    for flag in ("ported", "present", "roaming"):
        known = {word: n for word, n in getattr(summary, flag).items() if word != "not known"}
        _section(table, flag, known, summary.answered)
    return Group(table, Text(_where(summary, out), overflow="fold"))


def plan_table(plan: Plan) -> RenderableType:
    """What a run will do, cost and take."""
    table = _table()
    counts = plan.counts
    _row(table, "rows", counts.rows, 0)
    _row(table, "  rejected", counts.rejected, counts.rows)
    _row(table, "  duplicates", counts.duplicates, counts.rows)
    _row(table, "  unique numbers", plan.unique, counts.rows)
    table.add_section()
    _row(table, "known", plan.known, plan.unique)
    _row(table, "skipped by type", plan.skipped, plan.unique)
    _row(table, f"to ask ({plan.lookup})", plan.to_ask, plan.unique)
    table.add_row("time", f"{duration(plan.seconds)}", f"at {plan.rate:g}/s")
    if plan.cost_most is not None and plan.cost_least is not None:
        span = f"{plan.cost_least:,.2f}"
        if plan.cost_most != plan.cost_least:
            span += f" to {plan.cost_most:,.2f}"
        table.add_row("cost", span, "without retries")
    _section(table, "rejected", counts.reasons, counts.rejected)
    _section(table, "to ask in", plan.countries, plan.to_ask)
    _section(table, "type", plan.plan_types, plan.unique)
    return table


def _table() -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    return table


def _row(table: Table, name: str, number: int, whole: int) -> None:
    table.add_row(name, f"{number:,}", share(number, whole))


def _section(table: Table, name: str, counted: Mapping[str, int], whole: int) -> None:
    if not counted:
        return
    table.add_section()
    shown = list(counted.items())[:MOST]
    for value, number in shown:
        _row(table, f"{name} {value}", number, whole)
    if rest := len(counted) - len(shown):
        left = sum(counted.values()) - sum(number for _, number in shown)
        _row(table, f"{name}: {rest} more", left, whole)


def _where(summary: Summary, out: Path) -> str:
    kinds = sorted({path.partition("/")[0] for path in summary.files})
    lines = ["", f"files in {out}:"]
    for kind in kinds:
        number = sum(path.startswith(f"{kind}/") for path in summary.files)
        lines.append(f"  {kind}/  {count(number, 'part')}")
    lines.append("  summary.json")
    if summary.complete:
        lines.append("  manifest.json, _SUCCESS")
    else:
        lines.append(
            f"not complete: {count(summary.unresolved, 'row')} unresolved; run the same command"
            " again to ask them once more"
        )
    return "\n".join(lines)
