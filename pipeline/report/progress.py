"""What a run says while it works, on standard error: live on a terminal, lines when piped, JSON.

Rules: one printer a format, each takes every event; time is an argument; what an event has from
outside (names of files, what a service said) passes through `shown`, so that the stream need not
redact, nor take a count for a number.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TextIO, assert_never

import msgspec
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TaskProgressColumn as Percentage
from rich.table import Table

from pipeline.events import (
    Event,
    Failed,
    LookupProgress,
    Notice,
    PartWritten,
    Planned,
    ReadProgress,
    RunStarted,
)
from pipeline.report.screen import json_line
from pipeline.report.words import about, count, duration
from pipeline.shown import fit, fit_values

__all__ = ("Printer", "printer")

LINES_EVERY = 5.0
"""Seconds between progress lines when piped."""
JSON_EVERY = 1.0


class Printer(Protocol):
    """Shows events. Used as a context, so that a live display is taken down on any way out."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        ...

    def __call__(self, event: Event) -> None:
        """Show one event, now or never."""
        ...


def printer(
    *, log_format: str, quiet: bool, verbose: bool, stream: TextIO, clock: Callable[[], float]
) -> Printer:
    """The printer for these settings and this stream."""
    if quiet:
        return _Silent()
    if log_format == "json":
        return _JsonLines(stream, clock)
    console = Console(file=stream, highlight=False, soft_wrap=True, markup=False, emoji=False)
    if console.is_terminal and not console.is_dumb_terminal:
        return _Live(console, verbose=verbose)
    return _Lines(stream, clock, verbose=verbose)


class _Silent:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was begun."""

    def __call__(self, event: Event) -> None:
        """Errors are shown by whoever ends the run."""


class _Throttled(_Silent):
    """Base of printers that show progress only now and then, but the last state always."""

    def __init__(self, clock: Callable[[], float], every: float) -> None:
        self._clock = clock
        self._every = every
        self._due = 0.0
        self._held: Event | None = None

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            self._show(self._held)

    def __call__(self, event: Event) -> None:
        if isinstance(event, LookupProgress | ReadProgress):
            now = self._clock()
            if now < self._due:
                self._held = event
                return
            self._due = now + self._every
        if self._held is not None and type(self._held) is not type(event):
            self._show(self._held)
        self._held = None
        self._show(event)

    def _show(self, event: Event) -> None:
        raise NotImplementedError(event)


class _Lines(_Throttled):
    """Plain lines, for logs and pipes."""

    def __init__(self, stream: TextIO, clock: Callable[[], float], *, verbose: bool) -> None:
        super().__init__(clock, LINES_EVERY)
        self._stream = stream
        self._verbose = verbose

    def _show(self, event: Event) -> None:
        if text := sentence(event, verbose=self._verbose):
            print(text, file=self._stream, flush=True)


class _JsonLines(_Throttled):
    """One JSON object a line: `event` is the kind, the rest its fields."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        super().__init__(clock, JSON_EVERY)
        self._stream = stream

    def _show(self, event: Event) -> None:
        fields = {"event": type(event).__name__} | fit_values(msgspec.to_builtins(event))
        print(json_line(fields), file=self._stream, flush=True)


class _Live(_Silent):
    """A bar and a line of figures that stay in place; notices scroll above them."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose
        self._bar = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(bar_width=32),
            Percentage(),
            MofNCompleteColumn(),
            console=console,
        )
        self._task = self._bar.add_task("reading", total=None)
        # What others write meanwhile goes through the door, not through this.
        self._live = Live(
            console=console,
            transient=True,
            refresh_per_second=8,
            redirect_stderr=False,
            redirect_stdout=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, ReadProgress):
            self._bar.update(self._task, description="reading", completed=event.rows)
            self._draw(f"{count(event.rows, 'row')}, {event.rejected:,} rejected")
        elif isinstance(event, LookupProgress):
            self._bar.update(
                self._task, description="lookup", completed=event.done, total=event.total
            )
            self._draw(figures(event))
        elif text := sentence(event, verbose=self._verbose):
            self._live.console.print(text)

    def _draw(self, text: str) -> None:
        grid = Table.grid()
        grid.add_row(self._bar)
        grid.add_row(text)
        self._live.update(grid)


def figures(event: LookupProgress) -> str:
    """The figures of the lookup stage on one line."""
    parts = [
        f"{event.rate:,.0f}/s of {event.rate_set:,.0f}",
        f"{event.in_flight:,} in flight of {event.concurrency:,}",
        f"{event.retries:,} retries",
    ]
    optional = (("refused", event.refused), ("unresolved", event.unresolved))
    parts += [f"{number:,} {word}" for word, number in optional if number]
    if event.service_rate is not None:
        parts.append(f"the service lets through {about(event.service_rate)}/s")
    if event.throttled:
        parts.append(f"{event.throttled:,} throttled")
    if event.seconds_left is not None and event.done < event.total:
        parts.append(f"{duration(event.seconds_left)} left")
    if event.state != "running":
        parts.append(event.state)
    return " · ".join(parts)


def sentence(event: Event, *, verbose: bool) -> str:
    """An event in words; empty where it is not worth a line."""
    text = ""
    match event:
        case Failed():
            pass  # whoever ends the program says it
        case RunStarted():
            begins = "Going on with" if event.resumed else "Starting"
            text = f"{begins} {event.command} in {fit(event.out)}"
        case ReadProgress():
            read = f"read {count(event.rows, 'row')}, {event.rejected:,} rejected"
            text = f"{read} ({fit(event.source)})"
        case Planned():
            text = (
                f"planned: {count(event.rows, 'row')}, {event.unique:,} unique,"
                f" {event.to_ask:,} to ask, {count(event.shards, 'shard')}"
            )
        case LookupProgress():
            share = 100 * event.done / event.total if event.total else 100
            text = f"lookup {event.done:,}/{event.total:,} ({share:.0f} %) · {figures(event)}"
        case PartWritten():
            text = f"wrote {fit(event.name)}, {count(event.rows, 'row')}" if verbose else ""
        case Notice():
            said = fit(event.text, lines=True)
            text = said if event.level == "info" else f"{event.level}: {said}"
        case _:
            assert_never(event)
    return text
