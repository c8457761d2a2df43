"""One job on one output directory: opened, locked, identified, and closed again whatever happens."""

import importlib.metadata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from os import getpid
from pathlib import Path

from pipeline.ahead import in_order
from pipeline.errors import Interrupted, MsisdnError, UsageError
from pipeline.events import Announce, Notice, RunStarted
from pipeline.job.surroundings import Surroundings
from pipeline.known import grow
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.exchange import abandon, settle, stage
from pipeline.ledger.files import Files
from pipeline.ledger.layout import CHECKPOINT, NEW
from pipeline.ledger.lock import hold
from pipeline.ledger.nofollow import is_file, resolved
from pipeline.ledger.ownership import check_inputs
from pipeline.ledger.place import doubts, lack, to_plan
from pipeline.ledger.records import InputFile
from pipeline.ledger.run import identify, open_checkpoint
from pipeline.normalise.regions import default_region
from pipeline.privacy import redact
from pipeline.read import Listing, Source, find, fingerprint, passed_over, read
from pipeline.settings import Settings
from pipeline.write import Output

RULES_VERSION = importlib.metadata.version("phonenumbers")
"""The numbering plans are libphonenumber's, whose version `phonenumbers` carries."""

NAMED = 10
"""Names in a warning; all of them are in `summary.json`."""

__all__ = ("RULES_VERSION", "Job", "opened")

_TOLD = 10
"""Files of which it is told how they are written."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job whose inputs are known, and whose output directory is locked."""

    settings: Settings
    around: Surroundings
    out: Path
    listing: Listing
    checkpoint: Checkpoint
    output: Output
    files: Files
    unread: tuple[str, ...] = ()
    """Files and sheets of the inputs that are no part of the list."""

    def check_stop(self) -> None:
        """Between two batches: raise `Interrupted` if a signal asked for it."""
        signal = self.around.stop.signal
        if signal is not None:
            raise Interrupted(
                "stopped by a signal before anything was asked; run the same command again", signal
            )

    def tell_inputs(self) -> None:
        """Say what is among the inputs and is no part of the list, and how the rest is read."""
        names = [redact(name) for name in self.unread]
        if names:
            more = len(names) - NAMED
            rest = f", and {more:,} more, which summary.json has" if more > 0 else ""
            text = f"not read, being no lists or other sheets: {', '.join(names[:NAMED])}{rest}"
            self.around.announce(Notice("warning", text))
        guessed = self.listing.guessed() if self.settings.encoding is None else []
        for level, said in (("info", guessed), ("warning", self.listing.overruled())):
            for text in said[:NAMED]:
                self.around.announce(Notice(level, redact(text)))


@contextmanager
def opened(settings: Settings, command: str, around: Surroundings) -> Iterator[Job]:
    """Look at the inputs, lock the output, and begin or go on with its run.

    Nothing in the output directory is touched before the inputs and settings have proved sound.
    """
    out = settings.out
    if out is None:
        raise UsageError("where to? Add -o DIR, the output directory")
    if settings.region is not None:
        default_region(settings.region)
    out = resolved(out)
    files = around.files
    piped = "-" in settings.inputs
    found = None if piped else _listing(settings, out, around, None)
    with hold(out, files):
        ended = settle(out, files)
        with _staged(out, files, piped=piped, restart=settings.restart) as copy:
            sources, listing = found or _listing(settings, out, around, copy)
            identity = identify(
                list(in_order(_input_file, sources)),
                settings.identity() | {"command": command},
                RULES_VERSION,
            )
            staged = copy is not None and copy.is_relative_to(out / NEW)
            if settings.grow:
                grow(out, identity, sources, files, staged=staged)
            checkpoint = open_checkpoint(
                out, identity, files, restart=settings.restart, ended=ended, staged=staged
            )
        if staged and not checkpoint.finished:  # what standard input brought has its place now
            sources, listing = _listing(settings, out, around, checkpoint.stdin_file)
        if not checkpoint.finished:
            now = datetime.fromtimestamp(around.wall(), UTC)
            checkpoint.sign(getpid(), f"{now:%Y-%m-%d %H:%M:%S} UTC")
        _tell_of_layouts(listing, around.announce)
        if command != "plan":  # its output is only a temporary directory
            _announce_start(command, checkpoint, sources, around.announce)
        yield Job(
            settings=settings,
            around=around,
            out=out,
            listing=listing,
            checkpoint=checkpoint,
            output=Output(
                out=out,
                place=checkpoint.outputs,
                own=listing.columns,
                run_id=identity.run_id,
                rules_version=RULES_VERSION,
                number_columns=tuple(column.name for column in listing.number_columns),
                files=files,
            ),
            files=files,
            unread=(*passed_over(settings.inputs, outside=out), *listing.unread()),
        )


def _tell_of_layouts(listing: Listing, announce: Announce) -> None:
    """Say what was made of lists that are not as lists usually are; of many, the first."""
    told = list(listing.told())
    for text in told[:_TOLD]:
        announce(Notice("info", text))
    if len(told) > _TOLD:
        more = len(told) - _TOLD
        announce(
            Notice("info", f"and {more:,} more like these: see `skipped_lines` in summary.json")
        )


def _announce_start(
    command: str, checkpoint: Checkpoint, sources: Iterable[Source], announce: Announce
) -> None:
    if not checkpoint.finished:
        told = doubts(checkpoint.out)
        if not checkpoint.plan_file.exists():
            told += lack(checkpoint.out, to_plan((s.name, s.size) for s in sources))
        for doubt in told:
            announce(Notice("warning", doubt))
    announce(RunStarted(command, str(checkpoint.out), checkpoint.resumed))


def _input_file(source: Source) -> InputFile:
    return InputFile(name=source.name, size=source.size, sha256=fingerprint(source))


@contextmanager
def _staged(out: Path, files: Files, *, piped: bool, restart: bool) -> Iterator[Path | None]:
    """Where standard input is kept, if it is read: in the run that goes on, or in a new one's folder.

    Unless that comes to be a run, nothing is left of it.
    """
    root = out / CHECKPOINT
    kept = root / "input" / "stdin"
    goes_on = not restart and is_file(root / "run.json") and is_file(kept)
    if not piped or goes_on:
        yield kept if piped else None
        return
    try:
        yield stage(out, files) / "input" / "stdin"
    except BaseException:
        with suppress(MsisdnError):  # only tidiness: the next run does it
            abandon(out, files)
        raise


def _listing(
    settings: Settings, out: Path, around: Surroundings, copy: Path | None
) -> tuple[list[Source], Listing]:
    sources = find(
        settings.inputs, stdin_copy=copy, stdin=around.stdin, files=around.files, outside=out
    )
    check_inputs(out, [(source.name, source.path) for source in sources if source.path != copy])
    listing = read(sources, settings)
    if settings.region_column is not None and settings.region_column not in listing.columns:
        listed = ", ".join(listing.columns)
        raise UsageError(
            f"--region-column {settings.region_column}: no such column; there are: {listed}"
        )
    return sources, listing
