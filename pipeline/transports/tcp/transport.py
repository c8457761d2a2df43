"""The TCP transport: questions put on connections, and what their answers and their end teach.

What waits goes out as soon as the pool has room for it, and is given up when it is due. How each
connection fares is told to the server's manners, which say how to go on.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from types import TracebackType
from typing import Self

from pipeline.protocol.meaning import SILENT
from pipeline.protocol.messages import Fault, FaultKind, Outcome, Query
from pipeline.transports.contract import Deliver, Service, TransportCounts, Unreachable
from pipeline.transports.tcp.connection import Connection
from pipeline.transports.tcp.manners import OPEN_WHERE_SLOW, Manners, Mode
from pipeline.transports.tcp.pool import Pool
from pipeline.transports.tcp.waiting import Waiting
from pipeline.transports.turns import after_turns

__all__ = ("TcpTransport",)

LOOKS = 64
"""Times that the sockets are read at most before questions are given up."""
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
        self._waiting = Waiting(service, deliver, self._pool.begin, self._paid_for)
        self._looked = 0.0  # when a connection was last left open after its answer
        self._timer: asyncio.TimerHandle | None = None
        self._pieces = 0  # of the stream with frames in them, on all connections
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
            passing = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            raise Unreachable(
                f"cannot connect to {self._service.endpoint}: {why}", passing=passing
            ) from None
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
        self._pool.look(self._loop.time())
        waiting = len(self._waiting)
        room = sum(self._pool.rooms()) - waiting
        if self.manners.mode is Mode.ONE_SHOT or not connections:
            room += (self._pool.most - len(connections)) * self.manners.depth
        else:  # one each in place of those on which nothing comes
            begun = len(connections) + len(self._pool.connecting)
            room += max(0, min(self._pool.silent, self._pool.most - begun))
        if self._service.concurrency is not None:
            flying = sum(len(c.exchange) for c in (*connections, *self._pool.last))
            room = min(room, self._service.concurrency - flying - waiting)
        return max(0, room)

    def send(self, queries: Sequence[Query]) -> None:
        """Put them on connections; those that are to be alone on one of their own."""
        due = self._loop.time() + self._service.timeout
        alone = [query for query in queries if query.solo]
        for query in alone:
            self._pool.start(query)
        together = [query for query in queries if not query.solo] if alone else queries
        self._waiting.put(together, due)
        self._pump()
        self._arm(due)

    def _pump(self) -> None:
        """Give waiting questions to connections with room, and open more if needed."""
        pool, manners = self._pool, self.manners
        if self._waiting.ready:
            self._hand_out()
        if manners.lifetime is not None:
            pool.retire(manners.lifetime)
        if len(pool.in_use) + len(pool.connecting) < pool.most:
            for _ in range(pool.wanted(self._waiting.ready)):
                pool.start()

    def _hand_out(self) -> None:
        """In even shares, those with little room first, so that none waits while there is room.

        A question left over would go out alone with the next answer, and its answer come alone:
        many small pieces cost both sides several times what a few large ones do.
        """
        now, waiting = self._loop.time(), self._waiting
        each = self._pool.rooms()
        waiting.pay_again(sum(each))
        rooms = zip(each, self._pool.in_use, strict=True)
        targets = sorted((pair for pair in rooms if pair[0]), key=itemgetter(0))
        for place, (room, connection) in enumerate(targets):
            count = min(-(-waiting.ready // (len(targets) - place)), room)
            if count:
                connection.ask(waiting.take(count), now, self._service.timeout)

    def _paid_for(self) -> None:
        """Questions that were held up may leave now."""
        if not self._closing:
            self._arm(self._loop.time() + self._service.timeout)
            self._fill([])

    # Connections

    def opened(self, connection: Connection) -> None:
        """A connection can be used."""
        self.counts.connections += 1
        self._pool.connecting.discard(connection)
        if self._closing:
            connection.close()
        elif connection.solo is not None:
            self._pool.last.add(connection)
            if self._waiting.has_waited(connection.begun):
                self._pool.begin(self._ask_alone_later(connection, connection.solo))
            else:
                self._ask_alone(connection, connection.solo)
        else:
            self._pool.in_use.append(connection)
            self._fill([])

    async def _ask_alone_later(self, connection: Connection, query: Query) -> None:
        if not await self._waiting.may_leave(query):
            self._pool.discard(connection)
        elif connection.ready:
            self._ask_alone(connection, query)
        else:
            self._pool.discard(connection)
            self._deliver([Outcome(query.key, _CANNOT_CONNECT)])

    def _ask_alone(self, connection: Connection, query: Query) -> None:
        now = self._loop.time()
        connection.ask([query], now, self._service.timeout)
        self._arm(now + self._service.timeout)

    def failed(self, connection: Connection) -> None:
        """A connection did not come about."""
        if connection.solo is not None:
            self._deliver([Outcome(connection.solo.key, _CANNOT_CONNECT)])
        elif not self._pool.in_use and not self._pool.connecting:
            waiting = self._waiting.take(self._waiting.ready)
            self._deliver([Outcome(query.key, _CANNOT_CONNECT) for query in waiting])

    def writable(self) -> None:
        """A connection takes questions again."""
        self._fill([])

    def heard(self, connection: Connection, outcomes: list[Outcome]) -> None:
        """Answers came."""
        self._pieces += 1
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
        """Something is due: read what is there, then give up what was due by now."""
        now = self._loop.time()
        after_turns(partial(self._looked_through, now, self._pieces, LOOKS))

    def _looked_through(self, now: float, pieces: int, looks: int) -> None:
        if self._closing:
            return
        if pieces != self._pieces and looks:  # there may be more
            after_turns(partial(self._looked_through, now, self._pieces, looks - 1))
        else:
            self._give_up(now)

    def _give_up(self, now: float) -> None:
        """Give up what was due by then."""
        self._timer = None
        outcomes: list[Outcome] = []
        for connection in (*self._pool.in_use, *self._pool.last):
            outcomes += self._given_up(connection, now)
        outcomes += [Outcome(query.key, _NOT_SENT) for query in self._waiting.expired(now)]
        due = [c.exchange.next_deadline() for c in (*self._pool.in_use, *self._pool.last)]
        due.append(self._waiting.due)
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
            outcomes += connection.exchange.abandon(FaultKind.DISCONNECTED, SILENT)
            self._pool.discard(connection)
        return outcomes
