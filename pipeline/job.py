"""One job on one output directory: opened, locked, identified, and closed again whatever happens."""

import importlib.metadata
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import getpid
from pathlib import Path
from random import Random
from typing import BinaryIO

from pipeline.ahead import in_order
from pipeline.errors import Interrupted, UsageError
from pipeline.events import Announce, Notice, RunStarted, ignore
from pipeline.known import grow
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.files import Files
from pipeline.ledger.growth import settle
from pipeline.ledger.lock import hold
from pipeline.ledger.place import doubts, lack, to_plan
from pipeline.ledger.records import InputFile
from pipeline.ledger.run import discard, identify, open_checkpoint
from pipeline.normalise.regions import default_region
from pipeline.read import Listing, Source, find, fingerprint, read
from pipeline.settings import Settings
from pipeline.stop import Stop
from pipeline.write import Output

RULES_VERSION = importlib.metadata.version("phonenumbers")
"""The numbering plans are libphonenumber's, whose version `phonenumbers` carries."""

__all__ = ("Job", "Surroundings", "opened")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a job takes from the outside; tests bring their own."""

    clock: Callable[[], float]
    """Monotonic seconds, the same for all processes of the machine."""
    wall: Callable[[], float]
    """Seconds since 1970."""
    dice: Random
    began: tuple[float, float] | None = None
    """What `clock` and `wall` showed when the command began; None is when it first matters."""
    busy: Callable[[], float] = lambda: 0.0
    """Processor seconds that the calling thread has taken."""
    announce: Announce = ignore
    stop: Stop = field(default_factory=Stop)
    stdin: BinaryIO = field(default_factory=io.BytesIO)
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    files: Files = field(default_factory=Files)
    """Every durable operation goes through it."""


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

    def check_stop(self) -> None:
        """Between two batches: raise `Interrupted` if a signal asked for it."""
        signal = self.around.stop.signal
        if signal is not None:
            raise Interrupted(
                "stopped by a signal before anything was asked; run the same command again", signal
            )


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
    files = around.files
    piped = "-" in settings.inputs
    found = None if piped else _listing(settings, out, around)
    with hold(out, files):
        settle(out, files)
        if piped:
            if settings.restart:
                discard(out, files)
            found = _listing(settings, out, around)
        assert found is not None  # noqa: S101  either branch has set it
        sources, listing = found
        identity = identify(
            list(in_order(_input_file, sources)),
            settings.identity() | {"command": command},
            RULES_VERSION,
        )
        if settings.grow:
            grow(out, identity, sources, files)
        restart = settings.restart and not piped
        checkpoint = open_checkpoint(out, identity, files, restart=restart)
        if not checkpoint.finished:
            now = datetime.fromtimestamp(around.wall(), UTC)
            checkpoint.sign(getpid(), f"{now:%Y-%m-%d %H:%M:%S} UTC")
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
                own=listing.columns,
                run_id=identity.run_id,
                rules_version=RULES_VERSION,
                number_columns=tuple(column.name for column in listing.number_columns),
                files=files,
            ),
            files=files,
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


def _listing(settings: Settings, out: Path, around: Surroundings) -> tuple[list[Source], Listing]:
    copy = out / ".checkpoint" / "input" / "stdin"
    sources = find(
        settings.inputs, stdin_copy=copy, stdin=around.stdin, files=around.files, outside=out
    )
    listing = read(sources, settings)
    if settings.region_column is not None and settings.region_column not in listing.columns:
        listed = ", ".join(listing.columns)
        raise UsageError(
            f"--region-column {settings.region_column}: no such column; there are: {listed}"
        )
    return sources, listing
