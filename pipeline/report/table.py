"""The closing table of a run, and the plan, as a person reads them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.ledger.planned import Plan
from pipeline.model import STATUSES
from pipeline.protocol.codes import code_of
from pipeline.report.diagnosis import diagnosis
from pipeline.report.screen import Shown
from pipeline.report.summary import Summary
from pipeline.report.words import about, count, duration, share
from pipeline.shown import fit

__all__ = ("plan_table", "summary_table")

MOST = 8
"""Lines for one kind of figure; the rest is in summary.json."""


def summary_table(summary: Summary, out: Path) -> RenderableType:
    """What was found and where the files are."""
    kept = "cleaned" if summary.command == "clean" else "enriched"
    table = _table()
    table.add_row("rows", "read", f"{summary.rows:,}", "")
    placed = {kind: getattr(summary, kind) for kind in (kept, "duplicates", "rejected")}
    _rows(table, "", placed, summary.rows)
    if summary.command != "clean":
        statuses = {status: getattr(summary, status) for status in STATUSES}
        table.add_row()
        _rows(table, "status", statuses, summary.enriched)
        table.add_row("", "requests sent", f"{summary.requests:,}", "")
        if summary.service_rate is not None:
            table.add_row("", "let through a second", about(summary.service_rate), "")
    _section(table, "rejected", summary.reasons, summary.rejected)
    _section(table, "region", summary.countries, getattr(summary, kept))
    codes = {f"{code} {code_of(code).meaning}": n for code, n in summary.error_codes.items()}
    _section(table, "code", codes, summary.enriched)
    for flag in ("ported", "present", "roaming"):
        _section(table, flag, getattr(summary, flag), summary.answered)
    return Group(table, *_diagnosis(summary.diagnosis), Text(_where(summary, out), overflow="fold"))


def plan_table(plan: Plan) -> RenderableType:
    """What a run will do, cost and take."""
    table = _table()
    counts = plan.counts
    table.add_row("rows", "read", f"{counts.rows:,}", "")
    placed = {
        "rejected": counts.rejected,
        "duplicates": counts.duplicates,
        "unique numbers": plan.unique,
    }
    _rows(table, "", placed, counts.rows)
    asked = {"known": plan.known, "skipped by type": plan.skipped, "to ask": plan.to_ask}
    table.add_row()
    _rows(table, "lookup", asked, plan.unique)
    table.add_row("", f"type of lookup: {plan.lookup}", "", "")
    table.add_row("", f"time at {plan.rate:g}/s", duration(plan.seconds), "")
    if plan.cost_most is not None and plan.cost_least is not None:
        span = f"{plan.cost_least:,.2f}"
        if plan.cost_most != plan.cost_least:
            span += f" to {plan.cost_most:,.2f}"
        table.add_row("", "cost without retries", span, "")
    if plan.affordable is not None:
        within = min(plan.affordable, plan.to_ask)
        table.add_row("", "within the budget", f"{within:,}", share(within, plan.to_ask))
    _section(table, "rejected", counts.reasons, counts.rejected)
    _section(table, "to ask in", plan.countries, plan.to_ask)
    _section(table, "type", plan.plan_types, plan.unique)
    return Group(table, *_diagnosis(diagnosis(counts.rows, counts.rules, counts.reasons)))


def _diagnosis(sentences: Sequence[str]) -> list[Text]:
    """A line each, under an empty one."""
    return [Text(line, overflow="fold") for line in ("", *sentences)] if sentences else []


def _table() -> Shown:
    table = Shown()
    table.add_column(style="bold")
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    return table


def _rows(table: Shown, title: str, counted: Mapping[str, int], whole: int) -> None:
    """A line for each figure; the title stands before the first."""
    for value, number in counted.items():
        table.add_row(title, fit(value), f"{number:,}", share(number, whole))
        title = ""


def _section(table: Shown, title: str, counted: Mapping[str, int], whole: int) -> None:
    """The same under an empty line, most first; where there are many figures, the rest in one."""
    if not counted:
        return
    table.add_row()
    # A summary that was read back from its file has its names in alphabetical order.
    most_first = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = dict(most_first[:MOST])
    if rest := len(counted) - len(shown):
        shown[f"{rest} more"] = sum(counted.values()) - sum(shown.values())
    _rows(table, title, shown, whole)


def _where(summary: Summary, out: Path) -> str:
    kinds = sorted({path.partition("/")[0] for path in summary.files})
    lines = ["", f"files in {fit(str(out))}:"]
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
