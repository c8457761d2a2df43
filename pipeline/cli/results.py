"""Results on standard output: tables for people, JSON for programs."""

from pathlib import Path
from typing import Any

import click

from pipeline.ledger.planned import Plan
from pipeline.report import Summary, plan_table, summary_table
from pipeline.report.screen import json_line, show_table
from pipeline.settings import Settings
from pipeline.shown import fit

__all__ = ("show_json", "show_line", "show_plan", "show_summary", "show_table")


def show_json(value: Any) -> None:
    """One JSON value on a line."""
    click.echo(json_line(value))


def show_line(text: str) -> None:
    """A sentence, which may name files."""
    click.echo(fit(text))


def show_summary(summary: Summary, settings: Settings) -> None:
    """What a run found, and where the files are."""
    if settings.json:
        show_json(summary)
    elif not settings.quiet:
        show_table(summary_table(summary, settings.out or Path()))


def show_plan(plan: Plan, settings: Settings) -> None:
    """What a run would do."""
    if settings.json:
        show_json(plan)
    else:
        show_table(plan_table(plan))
