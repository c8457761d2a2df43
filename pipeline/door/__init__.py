"""The only way to standard error, in every process: nothing passes it raw.

`guarded` stands around everything that a process does. Meanwhile

- `sys.stderr` redacts line by line (`shown.py`), whoever writes: warnings, logging of libraries,
  tracebacks that Python itself prints;
- file descriptor 2 is a pipe into it, so that native code which prints there, such as Polars when
  it panics, and child processes, before they could guard themselves, come the same way;
- what nobody caught, in any thread, is told as a defect: its place and kind, without its text;
- `voice` goes past the redaction, for printers whose every text is fit already.

A defect's text may hold data of the list. With `-v` or MSISDN_TRACEBACK its traceback is shown,
numbers masked. Where standard error goes away, what is said is lost and the job goes on.
"""

import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

from pipeline.door.defects import defect_of, place_of
from pipeline.door.streams import Guard, Pump
from pipeline.streams import PATIENCE, Lasting

__all__ = (
    "defect_of",
    "found_defect",
    "guarded",
    "hear_logs",
    "say",
    "say_defect",
    "show_more",
    "voice",
)


class _Defects:
    """What has been told of defects in this process."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self.counted = False
        self.more = bool(os.environ.get("MSISDN_TRACEBACK"))
        self.voice: TextIO | None = None


_process = _Defects()


def voice() -> TextIO:
    """Standard error for what is fit already (`shown.fit`): no redaction stands in its way."""
    return _process.voice or sys.stderr


def show_more() -> None:
    """From now on defects come with their traceback, redacted."""
    _process.more = True


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Guard standard error, and tell what nobody catches, until the block ends."""
    if _process.voice is not None:  # as in tests that call one command after another
        yield
        return
    before = sys.stderr
    outside = _outside()
    encoding = getattr(before, "encoding", None) or "utf-8"
    raw = Lasting(outside, PATIENCE)
    spoken = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, errors="backslashreplace", line_buffering=True
    )
    guard = Guard(spoken)
    _process.voice, sys.stderr = spoken, guard
    pump = Pump(guard)
    with _hooks():
        try:
            yield
        finally:
            pump.stop(outside)
            guard.finish()
            _process.voice, sys.stderr = None, before


def _outside() -> int:
    """Where standard error leads, under another descriptor; nowhere where it is closed."""
    try:
        return os.dup(2)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


@contextlib.contextmanager
def _hooks() -> Iterator[None]:
    """Whatever Python would print a traceback of."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = lambda _kind, error, _trace: say_defect(error)
    threading.excepthook = lambda found: say_defect(found.exc_value)
    sys.unraisablehook = lambda found: say_defect(found.exc_value, counts=False)
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


def hear_logs() -> None:
    """From now on what libraries log, as warnings and errors, is a line each, without a traceback."""
    # Imported here for start-up time: it takes 10 ms, and where nobody has it, nobody logs.
    import logging  # noqa: PLC0415

    class Line(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            text = f"{record.levelname.lower()}: {record.name}: {record.getMessage()}"
            say(
                " ".join(text.split())
                + (f" ({type(error).__name__}{place_of(error)})" if error else "")
            )
            if error is not None and _process.more:
                say(defect_of(error).details)

    logging.lastResort = Line(logging.WARNING)


def say(text: str) -> None:
    """Say something on standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  the door itself


def say_defect(error: BaseException | None, *, counts: bool = True, told: bool = False) -> None:
    """Tell a defect, each place once; its traceback too where that is wanted.

    `counts` makes the command end with 1; `told` where its sentence was shown already.
    """
    if error is None or isinstance(error, SystemExit):
        return
    found = defect_of(error)
    if str(found) in _process.told:
        return
    if not told:
        say(f"msisdn: {found}")
    if _process.more:
        say(found.details)
    _process.told.add(str(found))
    _process.counted |= counts


def found_defect() -> bool:
    """Whether a defect was told that ended no command."""
    return _process.counted
