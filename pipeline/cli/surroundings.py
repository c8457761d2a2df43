"""The ceiling: the real clock, the real dice, signals and standard streams are made here."""

import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType

from pipeline.errors import Interrupted, MsisdnError
from pipeline.events import Announce, Failed
from pipeline.job import Surroundings
from pipeline.report.progress import printer
from pipeline.settings import Settings
from pipeline.stop import Stop

__all__ = ("plain", "surroundings")


@contextlib.contextmanager
def surroundings(settings: Settings) -> Iterator[Surroundings]:
    """What a job needs from the outside, with signals caught and progress shown meanwhile."""
    stop = Stop()
    shown = printer(
        log_format=settings.log_format,
        quiet=settings.quiet,
        verbose=settings.verbose,
        stream=sys.stderr,
        clock=time.monotonic,
    )
    with shown, _signals(stop), _failure_as_json(settings, shown):
        yield replace(plain(shown), stop=stop, stdin=sys.stdin.buffer)


@contextlib.contextmanager
def _failure_as_json(settings: Settings, announce: Announce) -> Iterator[None]:
    """With JSON lines the last line too is JSON."""
    try:
        yield
    except MsisdnError as error:
        if settings.log_format == "json" and not settings.quiet:
            code = error.code if isinstance(error, Interrupted) else error.exit_code
            announce(Failed(code, str(error)))
            error.told = True
        raise


def plain(announce: Announce) -> Surroundings:
    """The real clock and dice, and nothing that belongs to a terminal."""
    return Surroundings(
        clock=time.monotonic,
        wall=time.time,
        dice=random.Random(),
        announce=announce,
        environment=dict(os.environ),
    )


@contextlib.contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """First signal: a clean stop. Second: at once, which costs what a crash costs."""

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.signal is not None:
            os._exit(128 + number)
        stop.request(number)

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
