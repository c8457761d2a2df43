"""The command line: parse, call, turn errors into exit codes.

Rules: only click is imported before a command is chosen, since `msisdn --help` must be quick. Data
goes to files, results to standard output, everything else to standard error. Whatever goes wrong
ends in one or two sentences and an exit code, never in a traceback.
"""

import errno
import importlib
import os
import sys

import click

from pipeline.door import found_defect, guarded, say, say_defect
from pipeline.errors import EXIT_CODES, DefectError, Interrupted, MsisdnError, StorageError
from pipeline.privacy import hide
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
    hide(os.environ.get("MSISDN_CLIENT_SECRET"))
    with standard_streams() as streams, guarded():
        code = _run()
        if found_defect() and code == 0:
            code = DefectError.exit_code
        if lost := streams.lost():
            code = _tell_lost(lost, code)
    sys.exit(code)


def _run() -> int:
    """The command's exit code, when all that there is to say of it has been said."""
    try:
        code = msisdn.main(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except MsisdnError as error:
        return _tell(error)
    except BaseException as error:  # noqa: BLE001  the last resort; a panic of Polars is no Exception
        if isinstance(error, click.exceptions.Abort | KeyboardInterrupt):
            return 130
        say_defect(error)
        return DefectError.exit_code


def _tell_lost(error: OSError, code: int) -> int:
    """The exit code tells of the job, unless nothing but standard output had its result."""
    if error.errno in {errno.EPIPE, errno.EIO}:  # whoever read it has gone: `msisdn … | head`
        return code
    say(f"msisdn: standard output could not be written: {error.strerror}")
    return code or (0 if msisdn.chosen in _FILES_TELL else StorageError.exit_code)


def _tell(error: MsisdnError) -> int:
    if isinstance(error, DefectError):
        say_defect(error, told=error.told)
    elif not error.told:
        say(f"msisdn: {error}")
    return error.code if isinstance(error, Interrupted) else error.exit_code
