"""`msisdn verify`."""

from pathlib import Path

import click

from pipeline.cli.options import OUT, settings_from, settings_options

__all__ = ("verify",)


@click.command()
@click.argument("out", metavar="OUT", type=OUT)
@settings_options("verify")
@click.pass_context
def verify(ctx: click.Context, /, out: str, **given: object) -> None:
    """Check every file of OUT: sizes, hashes, row counts, and that no row is lost or doubled.

    Ends with 0 when all is well and complete, 3 when what is there is sound but not complete, 15
    when something differs; each difference is a line.

    \b
    msisdn verify out
    """
    settings = settings_from("verify", (), given)
    # Imported here for start-up time.
    from pipeline.cli.results import show_json, show_line  # noqa: PLC0415
    from pipeline.ledger.manifest import is_finished  # noqa: PLC0415
    from pipeline.ledger.manifest import verify as problems_of  # noqa: PLC0415

    problems = problems_of(Path(out))
    complete = (Path(out) / "_SUCCESS").exists()
    meanwhile = complete and not problems and not is_finished(Path(out))
    if settings.json:
        show_json({"out": out, "complete": complete, "problems": problems})
    for problem in problems if not settings.json else ():
        show_line(problem)
    if not problems and not settings.json:
        said = "all is well" if complete else "sound so far, not complete"
        beside = "; a run that is to replace it is under way" if meanwhile else ""
        show_line(f"{out}: {said}{beside}")
    ctx.exit(15 if problems else 0 if complete else 3)
