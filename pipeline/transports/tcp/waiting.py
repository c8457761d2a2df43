"""Questions that wait for a connection: in order, each until it is due, and paid for when it leaves."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from itertools import repeat

from pipeline.protocol.messages import Fault, FaultKind, Outcome, Query
from pipeline.transports.contract import SOON, Deliver, Service, Withdrawn

__all__ = ("Waiting",)

_WITHDRAWN = Fault(FaultKind.TRANSIENT, "not sent", sent=False)


class Waiting:
    """The questions of one transport that are on no connection yet.

    `begin` runs something in the background; `changed` is called when questions were paid for.
    """

    def __init__(
        self,
        service: Service,
        deliver: Deliver,
        begin: Callable[[Coroutine[None, None, None]], None],
        changed: Callable[[], None],
    ) -> None:
        self._service = service
        self._deliver = deliver
        self._begin = begin
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[Query, float]] = deque()  # and when they give up
        self._paying = 0

    def __len__(self) -> int:
        return len(self._queue) + self._paying

    def __repr__(self) -> str:
        return f"<Waiting {len(self._queue)}, {self._paying} being paid for>"

    @property
    def ready(self) -> int:
        """How many could leave now."""
        return len(self._queue)

    @property
    def due(self) -> float | None:
        """When the first one gives up."""
        return self._queue[0][1] if self._queue else None

    def put(self, queries: Sequence[Query], due: float) -> None:
        """They were paid for just now."""
        self._queue.extend(zip(queries, repeat(due)))

    def take(self, count: int) -> list[Query]:
        """The first so many."""
        return [self._queue.popleft()[0] for _ in range(count)]

    def expired(self, now: float) -> list[Query]:
        """Take those that give up."""
        count = 0
        while count < len(self._queue) and self._queue[count][1] <= now:
            count += 1
        return self.take(count)

    def pay_again(self, room: int) -> None:
        """Have those paid for anew that have waited long, where `room` of them could leave now."""
        if self._service.pay_again is None or not self._queue:
            return
        long_ago = self._loop.time() - SOON + self._service.timeout
        room -= self._paying
        while room > 0 and self._queue and self._queue[0][1] < long_ago:
            room -= 1
            self._paying += 1
            self._begin(self._paid_again(*self.take(1)))

    async def _paid_again(self, query: Query) -> None:
        try:
            if await self.may_leave(query):
                self.put([query], self._loop.time() + self._service.timeout)
        finally:
            self._paying -= 1
        self._changed()

    async def may_leave(self, query: Query) -> bool:
        """Wait until a question that was held up is paid for anew; false where it is withdrawn."""
        try:
            if self._service.pay_again is not None:
                await self._service.pay_again()
        except Withdrawn:
            self._deliver([Outcome(query.key, _WITHDRAWN)])
            return False
        return True

    def has_waited(self, since: float) -> bool:
        """Whether one that was paid for then is to be paid for anew."""
        return self._service.pay_again is not None and self._loop.time() - since > SOON
