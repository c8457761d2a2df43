"""When answers leave: at once, after a while, in pieces, gathered, or overtaken by others.

One outlet for each TCP connection and one for the UDP socket. It keeps the order of bytes in a
TCP stream whatever is delayed: an answer in two pieces is never torn apart by another one.
"""

import asyncio
from collections.abc import Callable

__all__ = ("OVERTAKEN", "PAUSE", "Cutter", "Overtaking")

PAUSE = 0.005
"""Seconds between two pieces of an answer: long enough to be read as two."""

OVERTAKEN = 0.05
"""Seconds that an answer is held back at most, if none comes to overtake it."""


class Cutter:
    """Writes to a stream, some answers in two pieces, or many gathered in one."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, write: Callable[[bytes], None], merge: float
    ) -> None:
        self._loop = loop
        self._write = write
        self._merge = merge
        self._waiting = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Cutter, {len(self._waiting)} bytes waiting>"

    def send(self, data: bytes, cut: int = 0) -> None:
        """Send bytes after all that was sent before; those from `cut` on a little later."""
        if self._timer is not None:
            self._waiting += data
        elif self._merge:
            self._wait(data, self._merge)
        elif 0 < cut < len(data):
            self._write(data[:cut])
            self._wait(data[cut:], PAUSE)
        else:
            self._write(data)

    def flush(self) -> None:
        """Send what waits, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            data = bytes(self._waiting)
            self._waiting.clear()
            self._write(data)

    def _wait(self, data: bytes, seconds: float) -> None:
        self._waiting += data
        self._timer = self._loop.call_later(seconds, self.flush)


class Overtaking:
    """Holds an answer back until the next one has passed it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._held: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"<Overtaking, {len(self._held)} held>"

    def send(self, act: Callable[[], None], *, hold: bool) -> None:
        """Do `act`, which sends an answer; with `hold`, after the next one."""
        if hold:
            self._held.append(act)
            self._loop.call_later(OVERTAKEN, self.flush)
            return
        act()
        self.flush()

    def flush(self) -> None:
        """Let go what is held."""
        held, self._held = self._held, []
        for act in held:
            act()
