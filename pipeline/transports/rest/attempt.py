"""One attempt of a worker: its request leaves soon after it was paid for, and ends in time."""

import asyncio
import math
from types import TracebackType
from typing import Any

from pipeline.transports.contract import SOON, Service

__all__ = ("Deadline", "Departure")


class Departure:
    """When a worker's request goes out: not long after it was paid for."""

    def __init__(self, service: Service, deadline: "Deadline") -> None:
        self._pay_again = service.pay_again
        self._deadline = deadline
        self._now = asyncio.get_running_loop().time
        self._paid_at = 0.0
        self.is_out = False

    def paid(self, at: float) -> None:
        """The limiter let one more request out at that time."""
        self._paid_at, self.is_out = at, False

    async def leave(self) -> None:
        """The connection is there, and the request goes out now. Raises `Withdrawn`.

        One that had to wait has its time-out from now on: nothing leaves that would be given up
        before its answer can be here.
        """
        if self._now() - self._paid_at > SOON:
            if self._pay_again is not None:
                await self._pay_again()
            self._deadline.begin()
        self.is_out = True


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
        self.begin()

    def begin(self) -> None:
        """It has all its time from now on, unless that is over."""
        if not self._expired:
            self._due = self._now() + self._seconds

    def is_over(self, now: float) -> bool:
        """Whether it was due by then."""
        return now >= self._due

    def look(self, now: float) -> None:
        """End the wait if it was due by then."""
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
