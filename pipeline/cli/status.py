"""`msisdn status`."""

from pathlib import Path

import click

from pipeline.cli.options import OUT, settings_from, settings_options

__all__ = ("status",)


@click.command()
@click.argument("out", metavar="OUT", type=OUT)
@settings_options("status")
def status(out: str, **given: object) -> None:
    """Say how far the run in OUT is, while it runs or after.

    \b
    msisdn status out
    msisdn status out --json
    """
    settings = settings_from("status", (), given)
    # Imported here for start-up time.
    from pipeline.cli.results import show_json, show_table  # noqa: PLC0415
    from pipeline.cli.state import state_of, state_table  # noqa: PLC0415

    state = state_of(Path(out))
    if settings.json:
        show_json(state)
    else:
        show_table(state_table(state))
