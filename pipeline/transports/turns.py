"""Look before giving up: what waits in a socket has come in time, however late it is read.

A process that was stopped, suspended or kept busy for longer than a time-out finds its timers due
before it has read its sockets (libuv runs timers first). So whoever gives a question up lets the
event loop read first. What comes is looked at as it always is.
"""

import asyncio
from collections.abc import Callable

__all__ = ("TURNS", "after_turns", "turns")

TURNS = 8
"""Turns of the loop in which every socket is read and whoever waits for it hears of it: one that may
be under way already, one that reads, one for each callback and each task between socket and outcome."""


async def turns() -> None:
    """Let the loop read every socket."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


def after_turns(act: Callable[[], object], count: int = TURNS) -> None:
    """Call `act` when the loop has read every socket."""
    loop = asyncio.get_running_loop()
    if count:
        loop.call_soon(after_turns, act, count - 1)
    else:
        act()
