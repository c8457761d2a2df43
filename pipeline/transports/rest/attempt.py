"""One attempt of a worker: its request leaves once, soon after it was paid for, and ends in time."""

import asyncio
import math
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.connector import Connection

from pipeline.transports.contract import Service

__all__ = ("WORKER", "Deadline", "Once", "Request", "ResentError")

SOON = 0.008
"""Seconds for which a request may wait for its connection or a token without being paid for anew:
as many as the limiter leaves room for."""


class ResentError(Exception):
    """aiohttp was about to send a request a second time."""


class Once:
    """Whether a worker's request has gone out: each goes out once, and soon after it was paid for."""

    def __init__(self, service: Service) -> None:
        self._pay_again = service.pay_again
        self._now = asyncio.get_running_loop().time
        self.begun = 0.0
        self.used = False

    async def leave(self) -> None:
        """The connection is there, and the request goes out now."""
        if self.used:
            raise ResentError
        if self._pay_again is not None and self._now() - self.begun > SOON:
            await self._pay_again()
        self.used = True


WORKER: ContextVar[Once] = ContextVar("worker")
"""Each worker is a task, and so has a context of its own."""


class Request(aiohttp.ClientRequest):
    """A request that goes out once.

    aiohttp makes it anew for the attempt that it makes by itself when a kept connection turns out
    to be dead, and has no public switch for that. A middleware would see it too, but costs a
    twentieth of a lookup.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Let it out, if it may still leave. Raises `ResentError` and `Withdrawn`."""
        if self.method == "GET":  # and not the token's, which a worker may have called for
            await WORKER.get().leave()
        return await super().send(conn)


class Deadline:
    """The end of one worker's patience with each request.

    `asyncio.timeout` sets a timer for each request, a tenth of what a lookup costs; here the
    transport looks at all workers now and then.
    """

    def __init__(self, task: asyncio.Task[Any], seconds: float) -> None:
        self._task, self._seconds = task, seconds
        self._now = asyncio.get_running_loop().time
        self._due = math.inf
        self._expired = False

    def __enter__(self) -> None:
        self._due = self._now() + self._seconds

    def look(self, now: float) -> None:
        """End the wait if it is time to."""
        if now >= self._due:
            self._due, self._expired = math.inf, True
            self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._due = math.inf
        if not self._expired:
            return
        self._expired = False
        # Whoever else cancels the worker meanwhile is heard; only our own becomes a time-out.
        if self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error
