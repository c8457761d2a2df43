"""A request to stop cleanly, from a signal handler to whoever can."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ("Loop", "Stop")


class Loop(Protocol):
    """The part of an event loop that is used here."""

    def call_soon_threadsafe(self, callback: Callable[[], None], /) -> object:
        """Call it in a turn of its own."""
        ...


@dataclass(slots=True)
class Stop:
    """Asked for by a signal handler or another thread; looked at by whoever can stop cleanly.

    Rule: a signal handler runs between any two steps of the main thread, so it may find whatever
    belongs to the event loop half changed. It never touches any of that: a loop hears of the
    request in a turn of its own (`heard_by`).
    """

    signal: int | None = None
    _tell: Callable[[], object] | None = field(default=None, init=False, repr=False)

    def request(self, signal: int) -> None:
        """Ask for a clean stop."""
        self.signal = signal
        tell = self._tell
        if tell is not None:
            with suppress(RuntimeError):  # the loop has just closed: nobody is left to be told
                tell()

    @contextmanager
    def heard_by(self, loop: Loop, call: Callable[[], None]) -> Iterator[None]:
        """Meanwhile a request makes `loop` call `call`; one that came before does so at once."""
        self._tell = lambda: loop.call_soon_threadsafe(call)
        if self.signal is not None:
            call()
        try:
            yield
        finally:
            self._tell = None
