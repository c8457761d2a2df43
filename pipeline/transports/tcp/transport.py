"""The TCP transport: questions put on connections, and what their answers and their end teach.

What waits goes out as soon as the pool has room for it, and is given up when it is due. How each
connection fares is told to the server's manners, which say how to go on.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from operator import itemgetter
from types import TracebackType
from typing import Self

from pipeline.protocol.messages import Fault, FaultKind, Outcome, Query
from pipeline.transports.contract import Deliver, Service, TransportCounts, Unreachable
from pipeline.transports.tcp.connection import Connection
from pipeline.transports.tcp.manners import OPEN_WHERE_SLOW, Manners, Mode
from pipeline.transports.tcp.pool import Pool

__all__ = ("TcpTransport",)

LOOK_AGAIN = 1.0
"""Seconds between two looks whether a server that closed after each answer still does."""

_NOT_SENT = Fault(FaultKind.TRANSIENT, "no connection in time", sent=False)
_CANNOT_CONNECT = Fault(FaultKind.TRANSIENT, "cannot connect", sent=False)


class TcpTransport:
    """See `contract.Transport`."""

    def __init__(self, service: Service, deliver: Deliver) -> None:
        self.counts = TransportCounts()
        self.manners = Manners()
        self._service = service
        self._deliver = deliver
        self._pool = Pool(self, service, self.manners, self.counts)
        self._waiting: deque[tuple[Query, float]] = deque()  # and when they give up
        self._looked = 0.0  # when a connection was last left open after its answer
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._closing = False

    def __repr__(self) -> str:
        return f"<TcpTransport {len(self._pool.in_use)} connections, {self.manners}>"

    async def __aenter__(self) -> Self:
        """Open the first connection."""
        try:
            await self._pool.open()
        except TimeoutError:
            raise Unreachable(f"nobody answers at {self._service.endpoint}") from None
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Unreachable(f"cannot connect to {self._service.endpoint}: {why}") from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        await self._pool.close(kind, error, trace)

    # Questions

    @property
    def most(self) -> int:
        """Questions on as many connections as a slow service gets."""
        return self._service.concurrency or OPEN_WHERE_SLOW

    @property
    def capacity(self) -> int:
        """Questions that connections can carry now, or that would open one of their own."""
        connections = self._pool.in_use
        room = sum(self._pool.rooms()) - len(self._waiting)
        if self.manners.mode is Mode.ONE_SHOT or not connections:
            room += (self.manners.connections - len(connections)) * self.manners.depth
        if self._service.concurrency is not None:
            flying = sum(len(c.exchange) for c in (*connections, *self._pool.last))
            room = min(room, self._service.concurrency - flying - len(self._waiting))
        return max(0, room)

    def send(self, queries: Sequence[Query]) -> None:
        """Put them on connections; those that are to be alone on one of their own."""
        due = self._loop.time() + self._service.timeout
        alone = [query for query in queries if query.solo]
        for query in alone:
            self._pool.start(query)
        together = [query for query in queries if not query.solo] if alone else queries
        self._waiting.extend(zip(together, repeat(due)))
        self._pump()
        self._arm(due)

    def _pump(self) -> None:
        """Give waiting questions to connections with room, and open more if needed."""
        pool, manners = self._pool, self.manners
        if self._waiting:
            self._hand_out()
        if manners.lifetime is not None:
            pool.retire(manners.lifetime)
        if len(pool.in_use) + len(pool.connecting) < manners.connections:
            for _ in range(pool.wanted(len(self._waiting))):
                pool.start()

    def _hand_out(self) -> None:
        """In even shares, those with little room first, so that none waits while there is room.

        A question left over would go out alone with the next answer, and its answer come alone:
        many small pieces cost both sides several times what a few large ones do.
        """
        now, waiting = self._loop.time(), self._waiting
        rooms = zip(self._pool.rooms(), self._pool.in_use, strict=True)
        targets = sorted((pair for pair in rooms if pair[0]), key=itemgetter(0))
        for place, (room, connection) in enumerate(targets):
            count = min(-(-len(waiting) // (len(targets) - place)), room)
            if count:
                batch = [waiting.popleft()[0] for _ in range(count)]
                connection.ask(batch, now, self._service.timeout)

    # Connections

    def opened(self, connection: Connection) -> None:
        """A connection can be used."""
        self.counts.connections += 1
        self._pool.connecting.discard(connection)
        if self._closing:
            connection.close()
        elif connection.solo is not None:
            self._pool.last.add(connection)
            now = self._loop.time()
            connection.ask([connection.solo], now, self._service.timeout)
            self._arm(now + self._service.timeout)
        else:
            self._pool.in_use.append(connection)
            self._fill([])

    def failed(self, connection: Connection) -> None:
        """A connection did not come about."""
        if connection.solo is not None:
            self._deliver([Outcome(connection.solo.key, _CANNOT_CONNECT)])
        elif not self._pool.in_use and not self._pool.connecting:
            waiting, self._waiting = self._waiting, deque()
            self._deliver([Outcome(query.key, _CANNOT_CONNECT) for query, _ in waiting])

    def writable(self) -> None:
        """A connection takes questions again."""
        self._fill([])

    def heard(self, connection: Connection, outcomes: list[Outcome]) -> None:
        """Answers came."""
        manners = self.manners
        manners.answered(len(outcomes), connection.exchange.sample)
        if connection.answered <= len(outcomes):
            manners.served()
        depth = connection.proof()
        if depth and manners.mode is Mode.KEPT:
            manners.proven(depth)
        if not len(connection.exchange):
            self._emptied(connection)
        self._fill(outcomes)

    def _emptied(self, connection: Connection) -> None:
        """A connection has no open question."""
        mode = self.manners.mode
        if connection in self._pool.last:
            self._pool.discard(connection)
        elif mode is Mode.PROBING:
            self._linger(connection)
        elif mode is Mode.ONE_SHOT and connection is not self._pool.lingering:
            now = self._loop.time()
            if self._pool.lingering is None and now - self._looked > LOOK_AGAIN:
                self._looked = now
                self._linger(connection)
            else:
                self._pool.discard(connection)

    def _linger(self, connection: Connection) -> None:
        """See whether the server closes a connection after its answer."""
        if self._pool.lingering is None:
            self._pool.lingering = connection
            self._loop.call_later(self.manners.grace, self._lingered, connection)

    def _lingered(self, connection: Connection) -> None:
        if self._pool.lingering is not connection:
            return
        self._pool.lingering = None
        if connection.ready:
            self._changed(self.manners.stayed_open, connection)
            self._fill([])

    def lost(self, connection: Connection, outcomes: list[Outcome], still_open: int) -> None:
        """A connection is gone."""
        if self._closing:
            return
        exchange = connection.exchange
        soon = self._loop.time() - connection.last_heard <= self.manners.grace
        # One that was idle for long may be closed for that.
        if not (connection.answered or connection.closed_by_us) and (still_open or soon):
            self.manners.unserved(self._pool.beside(connection), turned_away=True)
        if connection.orderly:
            self._changed(
                lambda: self.manners.closed(
                    answered=connection.answered,
                    still_open=still_open,
                    asked_alone=soon and exchange.asked == 1 and connection.solo is None,
                ),
            )
        elif not connection.closed_by_us:
            self.manners.broken(connection.answered, still_open)
        self._pool.discard(connection)
        self._fill(outcomes)

    def _changed(self, learn: Callable[[], None], keep: Connection | None = None) -> None:
        """Learn something; when it changes what is known, begin again with fresh connections."""
        before = self.manners.mode
        learn()
        mode = self.manners.mode
        if mode is before:
            return
        if mode is not Mode.PROBING:
            self.counts.notes[:] = [mode.value]
        self._pool.retire_all(keep)

    def _fill(self, outcomes: list[Outcome]) -> None:
        """Something may have made room: use it, and say so even if there is no outcome."""
        if not self._closing:
            self._pump()
        self._deliver(outcomes)

    # Time

    def _arm(self, due: float) -> None:
        """See to it that `_tick` runs by then. All time-outs are equal, so the first armed is first."""
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        """Give up what is due."""
        self._timer = None
        now = self._loop.time()
        outcomes: list[Outcome] = []
        for connection in (*self._pool.in_use, *self._pool.last):
            outcomes += self._given_up(connection, now)
        while self._waiting and self._waiting[0][1] <= now:
            outcomes.append(Outcome(self._waiting.popleft()[0].key, _NOT_SENT))
        due = [c.exchange.next_deadline() for c in (*self._pool.in_use, *self._pool.last)]
        due += [self._waiting[0][1]] if self._waiting else []
        first = min((at for at in due if at is not None), default=None)
        if first is not None:
            self._arm(first)
        self._fill(outcomes)

    def _given_up(self, connection: Connection, now: float) -> list[Outcome]:
        """What is due on one connection; all of it where nothing was heard in all that time."""
        outcomes = connection.exchange.expire(now)
        if not outcomes:
            return []
        if not connection.answered:
            self.manners.unserved(self._pool.beside(connection), turned_away=False)
        silent = connection.last_heard <= now - self._service.timeout
        if silent:
            self.manners.broken(connection.answered, len(connection.exchange) + 1)
        else:
            self.manners.unanswered()
        if silent or self.manners.mode is not Mode.KEPT or connection in self._pool.last:
            outcomes += connection.exchange.abandon("connection went silent")
            self._pool.discard(connection)
        return outcomes
