"""Results on standard output: tables for people, JSON for programs."""

from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from pipeline.ledger.planned import Plan
from pipeline.report import Summary, plan_table, summary_table
from pipeline.settings import Settings

__all__ = ("show_json", "show_plan", "show_summary", "show_table")


def show_json(value: Any) -> None:
    """One JSON value on a line."""
    click.echo(msgspec.json.encode(value))


def show_table(table: Any) -> None:
    """A table, as wide as it needs to be when it is piped."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    console.print(table)


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
