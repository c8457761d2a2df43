"""The command line: parse, call, turn errors into exit codes.

Rules: only click is imported before a command is chosen, since `msisdn --help` must be quick. Data
goes to files, results to standard output, everything else to standard error. Whatever goes wrong
ends in one or two sentences and an exit code, never in a traceback.
"""

import errno
import importlib
import os
import sys
from pathlib import Path

import click

from pipeline.errors import EXIT_CODES, Interrupted, MsisdnError, StorageError
from pipeline.privacy import redact
from pipeline.streams import standard_streams

__all__ = ("COMMANDS", "main", "msisdn")

COMMANDS = {
    "run": "The whole job; the same command again resumes, or does nothing.",
    "clean": "Read, normalise, deduplicate, write: no network, no account.",
    "plan": "What `run` would do and cost; no network.",
    "lookup": "A few numbers, a table on the terminal.",
    "status": "How far a run is.",
    "verify": "Check every file of an output against its manifest.",
    "simulate": "The service, on this machine.",
    "doctor": "Settings, credentials, reachability, limits; says what to mend.",
}
"""Each is a module here that exports a click command of its name."""


_FILES_TELL = frozenset({"run", "clean"})
"""What these found is in files: where it cannot be shown, nothing is lost."""


class _Commands(click.Group):
    """Imports a command's module when it is needed, not before."""

    chosen: str | None = None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        found = super().resolve_command(ctx, args)
        self.chosen = found[0]
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pipeline.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), text) for code, text in EXIT_CODES.items()])
        super().format_epilog(ctx, formatter)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every option can also be set as MSISDN_<NAME> in the environment or in msisdn.toml.",
)
@click.version_option(package_name="msisdn-pipeline", message="%(prog)s %(version)s")
def msisdn() -> None:
    """Clean and enrich lists of mobile numbers in bulk.

    \b
    msisdn run customers.csv -o out --region GB --simulate
    msisdn clean lists/ -o cleaned --region-column country
    msisdn lookup +12125550123 --simulate
    """


def main() -> None:
    """Run the command line and exit."""
    # What is written belongs to its owner: the lists are personal data.
    os.umask(0o077)
    with standard_streams() as streams:
        code = _run()
        if lost := streams.lost():
            code = _tell_lost(lost, code)
    sys.exit(code)


def _run() -> int:
    """The command's exit code, when all that there is to say of it has been said."""
    try:
        code = msisdn.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Interrupted as error:
        code = _tell(error, error.code)
    except MsisdnError as error:
        code = _tell(error, error.exit_code)
    except KeyboardInterrupt:
        code = 130
    except Exception as error:  # noqa: BLE001  the last resort: a defect, told without its data
        code = _tell_defect(error)
    return code if isinstance(code, int) else 0


def _tell_lost(error: OSError, code: int) -> int:
    """The exit code tells of the job, unless nothing but standard output had its result."""
    if error.errno in {errno.EPIPE, errno.EIO}:  # whoever read it has gone: `msisdn … | head`
        return code
    click.echo(f"msisdn: standard output could not be written: {error.strerror}", err=True)
    return code or (0 if msisdn.chosen in _FILES_TELL else StorageError.exit_code)


def _tell(error: MsisdnError, code: int) -> int:
    if not error.told:
        click.echo(f"msisdn: {error}", err=True)
    return code


def _tell_defect(error: Exception) -> int:
    """Name the place, not the values: an exception's text may hold a number."""
    if os.environ.get("MSISDN_TRACEBACK"):
        raise error
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = ""
    if place is not None:
        path = Path(place.tb_frame.f_code.co_filename)
        where = f" at {path.parent.name}/{path.name}:{place.tb_lineno}"
    click.echo(
        f"msisdn: a defect of the program: {type(error).__name__}{where}: {redact(str(error))}."
        " Progress is kept. MSISDN_TRACEBACK=1 shows more; take care, it may show numbers",
        err=True,
    )
    return 1
