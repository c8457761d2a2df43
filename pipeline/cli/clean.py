"""`msisdn clean`."""

from typing import Any

import click

from pipeline.cli.options import settings_from, settings_options

__all__ = ("clean",)


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@settings_options("clean")
def clean(inputs: tuple[str, ...], **given: Any) -> None:
    """Read, normalise and deduplicate lists, and write them: no network, no account.

    \b
    msisdn clean customers.csv -o cleaned --region GB
    zcat *.gz | msisdn clean - -o cleaned --region-column country
    """
    settings = settings_from("clean", inputs, given)
    # Imported here for start-up time: Polars takes a third of a second.
    from pipeline.cli.results import show_summary  # noqa: PLC0415
    from pipeline.cli.surroundings import surroundings  # noqa: PLC0415
    from pipeline.flow import clean as clean_job  # noqa: PLC0415

    with surroundings(settings) as around:
        summary = clean_job(settings, around)
    show_summary(summary, settings)
