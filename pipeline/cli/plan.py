"""`msisdn plan`."""

from typing import Any

import click

from pipeline.cli.options import settings_from, settings_options

__all__ = ("plan",)


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@settings_options("plan")
def plan(inputs: tuple[str, ...], **given: Any) -> None:
    """Say what `run` would ask, and what it would cost and take. Nothing is asked.

    \b
    msisdn plan customers.csv --region GB --rate 200 --lookup mnp --price mnp=0.002
    msisdn plan lists/ --region-column country --json
    """
    settings = settings_from("plan", inputs, given)
    # Imported here for start-up time: Polars takes a third of a second.
    from pipeline.cli.results import show_plan  # noqa: PLC0415
    from pipeline.cli.surroundings import surroundings  # noqa: PLC0415
    from pipeline.flow import plan_only  # noqa: PLC0415

    with surroundings(settings) as around:
        made = plan_only(settings, around)
    show_plan(made, settings)
