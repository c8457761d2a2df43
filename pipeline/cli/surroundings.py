"""The ceiling: the real clock, the real dice, signals and standard streams are made here."""

import contextlib
import io
import os
import random
import select
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO

from pipeline.cli.machine import FEW_FILES, open_files
from pipeline.door import defect_of, hear_logs, show_more, voice
from pipeline.errors import Interrupted, MsisdnError
from pipeline.events import Announce, Failed, Notice
from pipeline.exhausted import exhaustion_told
from pipeline.job.surroundings import Surroundings
from pipeline.report.progress import printer
from pipeline.settings import Settings
from pipeline.stop import Stop

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ("plain", "surroundings")

_LOOK = 0.1
"""Seconds between two looks whether a stop is asked for, while standard input is silent."""


@contextlib.contextmanager
def surroundings(settings: Settings) -> Iterator[Surroundings]:
    """What a job needs from the outside, with signals caught and progress shown meanwhile."""
    hear_logs()
    if settings.verbose:
        show_more()
    stop = Stop()
    shown = printer(
        log_format=settings.log_format,
        quiet=settings.quiet,
        verbose=settings.verbose,
        stream=voice(),
        clock=time.monotonic,
    )
    with shown, _signals(stop), _failure_as_json(settings, shown), exhaustion_told():
        if (files := open_files()) < FEW_FILES:
            text = (
                f"only {files} files may be open, and so few connections: raise it (ulimit -n 4096)"
            )
            shown(Notice("warning", text))
        yield replace(
            plain(shown), stop=stop, stdin=io.BufferedReader(_Stdin(sys.stdin.buffer, stop))
        )


class _Stdin(io.RawIOBase):
    """Standard input that a stop interrupts, also while nobody writes to it.

    A read that a signal interrupts is gone on with by Python, so nothing is read before there is
    something to read.
    """

    def __init__(self, stdin: BinaryIO, stop: Stop) -> None:
        self._stdin = stdin
        self._stop = stop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Raises `Interrupted` as soon as a stop is asked for."""
        fd = self._stdin.fileno()
        while self._stop.signal is None:
            if select.select([fd], [], [], _LOOK)[0]:
                data = os.read(fd, memoryview(buffer).nbytes)
                memoryview(buffer).cast("B")[: len(data)] = data
                return len(data)
        raise Interrupted(
            "stopped by a signal while standard input was read; run the same command again",
            self._stop.signal,
        )


@contextlib.contextmanager
def _failure_as_json(settings: Settings, announce: Announce) -> Iterator[None]:
    """With JSON lines the last line too is JSON, also that of a defect."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001  a panic of Polars is no Exception
        failure = error if isinstance(error, MsisdnError) else defect_of(error)
        if settings.log_format == "json" and not settings.quiet:
            code = failure.code if isinstance(failure, Interrupted) else failure.exit_code
            with contextlib.suppress(Exception):  # it may be what the defect is in
                announce(Failed(code, str(failure)))
                failure.told = True
        raise failure from None


def plain(announce: Announce) -> Surroundings:
    """The real clock and dice, and nothing that belongs to a terminal."""
    return Surroundings(
        clock=time.monotonic,
        wall=time.time,
        began=(time.monotonic(), time.time()),
        busy=time.thread_time,
        dice=random.Random(),
        announce=announce,
        environment=dict(os.environ),
    )


@contextlib.contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """First signal: a clean stop. Second: at once, which costs what a crash costs.

    A terminal that is closed may send SIGHUP more than once, and systemd sends it with SIGTERM:
    it never is a sign of impatience.
    """
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if not asked:
            stop.request(number)
        elif number != signal.SIGHUP:
            os._exit(128 + number)
        if number != signal.SIGHUP:
            asked.append(number)

    before = {
        number: signal.signal(number, on_signal)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN  # as `nohup` and `command &` leave them
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
