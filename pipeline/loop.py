"""The event loop that asks and that the simulator answers with."""

import asyncio
from collections.abc import Callable

__all__ = ("loop_factory",)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where there is one; None is Python's own."""
    try:
        import uvloop  # noqa: PLC0415  not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
