"""`msisdn doctor`."""

from typing import Any

import click

from pipeline.cli.options import settings_from, settings_options

__all__ = ("doctor",)


@click.command()
@settings_options("doctor")
@click.pass_context
def doctor(ctx: click.Context, /, **given: Any) -> None:
    """Check settings, credentials, reachability and this machine's limits; say what to mend.

    Connects to the service, and over REST fetches a token, but looks nothing up and costs nothing.
    Ends with 0, or with the exit code that a run would end with.

    \b
    msisdn doctor
    msisdn doctor --transport udp --rate 5000 --json
    """
    settings = settings_from("doctor", (), given)
    # Imported here for start-up time.
    from pipeline.cli.checks import checked, checks_table  # noqa: PLC0415
    from pipeline.cli.results import show_json, show_table  # noqa: PLC0415

    findings = checked(settings)
    if settings.json:
        show_json([finding._asdict() for finding in findings])
    else:
        show_table(checks_table(findings))
    ctx.exit(next((finding.exit_code for finding in findings if finding.exit_code), 0))
