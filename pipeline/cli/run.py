"""`msisdn run`."""

from dataclasses import replace
from typing import Any

import click

from pipeline.cli.options import settings_from, settings_options
from pipeline.errors import ChangedListError
from pipeline.events import Notice

__all__ = ("run",)


@click.command(
    epilog="Ends with 0 when every row has its final place, 3 when some are unresolved: run again."
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@settings_options("run")
@click.pass_context
def run(ctx: click.Context, /, inputs: tuple[str, ...], **given: Any) -> None:
    """Clean and enrich lists: files, directories, globs, or - for standard input.

    The same command again goes on where an earlier run stopped, or does nothing when it was
    complete.

    \b
    msisdn run customers.csv -o out --region GB --rate 200
    msisdn run 'lists/*.csv.gz' more.parquet -o out --column phone --region-column country
    msisdn run customers.csv -o out --transport tcp --workers 2 --deadline 06:30
    msisdn run customers.csv -o out --simulate
    """
    settings = settings_from("run", inputs, given)
    # Imported here for start-up time: Polars takes a third of a second.
    from pipeline.cli.results import show_summary  # noqa: PLC0415
    from pipeline.cli.surroundings import surroundings  # noqa: PLC0415
    from pipeline.flow import run as run_job  # noqa: PLC0415

    with surroundings(settings) as around:
        try:
            summary = run_job(settings, around)
        except ChangedListError as error:
            if not settings.restart_changed:
                raise
            around.announce(Notice("info", f"{error.args[0].partition(';')[0]}: beginning again"))
            summary = run_job(replace(settings, restart=True), around)
    show_summary(summary, settings)
    ctx.exit(0 if summary.complete else 3)
