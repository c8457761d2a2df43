"""`msisdn lookup`."""

from typing import Any

import click

from pipeline.cli.options import settings_from, settings_options

__all__ = ("lookup",)


@click.command()
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@settings_options("lookup")
@click.pass_context
def lookup(ctx: click.Context, /, numbers: tuple[str, ...], **given: Any) -> None:
    """Look a few numbers up and show the answers.

    Numbers are shown in full here, to whoever asked for them. They are asked whatever their plan
    type. The exit code is 3 when one has no answer, 10 when none could be read.

    \b
    msisdn lookup +12125550123 --simulate
    msisdn lookup 02079460123 +61491570006 --region GB --lookup hlr --json
    """
    settings = settings_from("lookup", (), given)
    # Imported here for start-up time: Polars takes a third of a second.
    from pipeline.cli.few import show_rows  # noqa: PLC0415
    from pipeline.cli.surroundings import surroundings  # noqa: PLC0415
    from pipeline.few import look_up  # noqa: PLC0415

    with surroundings(settings) as around:
        rows = look_up(numbers, settings, around).to_dicts()
    ctx.exit(show_rows(rows, settings))
