"""A request to stop cleanly, from a signal handler to whoever can."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ("Stop",)


@dataclass(slots=True)
class Stop:
    """Set by a signal handler; looked at by whoever can stop cleanly."""

    signal: int | None = None
    wake: Callable[[], None] | None = None

    def request(self, signal: int) -> None:
        """Ask for a clean stop."""
        self.signal = signal
        if self.wake is not None:
            self.wake()
