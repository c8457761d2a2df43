"""The connections of the TCP transport: opened, in use, taken out of use, closed.

The pool knows how many more questions they take and how many more of them are wanted, as the
server's manners allow. What is asked on them, and what their answers and their end mean, is the
transport's business.
"""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Protocol

from pipeline.protocol.codec import DirectRequests
from pipeline.protocol.messages import Query
from pipeline.transports.contract import Service, TransportCounts
from pipeline.transports.groups import leave
from pipeline.transports.tcp.connection import Connection, Owner
from pipeline.transports.tcp.dialler import Dialler
from pipeline.transports.tcp.manners import Manners, Mode

__all__ = ("Pool", "User")

EVERY = 0.02
"""Seconds between two looks at what is hopeless."""
HOPELESS, HOPELESS_TIMES = 0.05, 8.0
"""Seconds by which a later question was answered, and times what an answer takes, after which the
earlier one has none to come, as a rule; and after which a connection is silent. Who is mistaken opens
a connection too many."""
MOST_SILENT = 64
"""Connections that are opened in place of those on which nothing comes."""


class User(Owner, Protocol):
    """What the pool and its connections tell, and to whom."""

    def failed(self, connection: Connection) -> None:
        """It did not come about."""
        ...


class Pool:
    """All connections of one transport. It closes them; `user` puts those that open in their place."""

    def __init__(
        self, user: User, service: Service, manners: Manners, counts: TransportCounts
    ) -> None:
        self.in_use: list[Connection] = []
        self.last: set[Connection] = set()
        """They take no more questions, and close when they are done."""
        self.connecting: set[Connection] = set()
        """On their way to be in use; one for a single question is not among them."""
        self.lingering: Connection | None = None
        """It is asked nothing, to see whether the server closes it."""
        self._user = user
        self._manners = manners
        self._counts = counts
        self._dialler = Dialler(service)
        self._requests = DirectRequests(service.credentials, service.lookup)
        self._group: asyncio.TaskGroup
        self._tasks: set[asyncio.Task[None]] = set()
        self._looked = 0.0

    def __repr__(self) -> str:
        return f"<Pool {len(self.in_use)} in use, {len(self.connecting)} connecting>"

    # Opening

    async def open(self) -> None:
        """Open the first connection. Raises `OSError` or `TimeoutError` when nobody answers."""
        await self._dialler.connect(Connection(self._user, self._requests, self._counts))
        self._group = asyncio.TaskGroup()  # so that a defect in a task ends the run
        await self._group.__aenter__()

    def start(self, solo: Query | None = None) -> None:
        """Open a connection in the background, for one question alone if it is given."""
        connection = Connection(self._user, self._requests, self._counts)
        connection.solo = solo
        if solo is None:
            self.connecting.add(connection)
        self.begin(self._opening(connection))

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Do something in the background, as long as the pool is open."""
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _opening(self, connection: Connection) -> None:
        try:
            if self._manners.pause and connection.solo is None:
                await asyncio.sleep(self._manners.pause)
            await self._dialler.connect(connection)
        except (OSError, TimeoutError):
            self.connecting.discard(connection)
            self._user.failed(connection)

    # Room

    def rooms(self) -> list[int]:
        """How many more questions each connection in use takes."""
        connections, manners = self.in_use, self._manners
        if not connections:
            return []
        depth, lifetime = 0, 1
        if manners.mode is Mode.KEPT:
            depth = min(manners.depth, max(1, manners.open_in_all // len(connections)))
            lifetime = 1 << 60 if manners.lifetime is None else manners.lifetime
        return [
            max(0, min(self._room(c, depth), lifetime - c.exchange.asked))
            if c.ready and c is not self.lingering
            else 0
            for c in connections
        ]

    def _room(self, connection: Connection, depth: int) -> int:
        if not depth:
            return 1
        # One at first: all that it takes is lost where the server has no room for it.
        depth = depth if connection.answered else 1
        # Where the depth is not proven, what is hopeless may be so because of it.
        beside = connection.outlook.hopeless if self._manners.is_proven else 0
        return depth + beside - len(connection.exchange)

    @property
    def most(self) -> int:
        """How many connections are of use, beside those on which nothing comes."""
        return self._manners.connections + self.silent

    @property
    def silent(self) -> int:
        """Connections on which nothing comes any more, as it seems."""
        return min(sum(c.outlook.silent for c in self.in_use), MOST_SILENT)

    def look(self, now: float) -> None:
        """Find out on which nothing comes, a few times a second."""
        if now - self._looked < EVERY:
            return
        self._looked = now
        longest = max(HOPELESS, HOPELESS_TIMES * self._manners.latency)
        for connection in self.in_use:
            connection.look(now, longest)

    def wanted(self, waiting: int) -> int:
        """How many connections to open now, where so many questions wait."""
        have = len(self.in_use) + len(self.connecting)
        allowed = self.most - have
        if self._manners.mode is Mode.ONE_SHOT:
            fresh = sum(self.rooms()) + len(self.connecting)
            busy = have - fresh
            # As many again as are busy stand ready, so that no question waits for a handshake.
            wanted = waiting + busy - fresh
        else:
            full = bool(have) and not any(self.rooms())
            # As many again, less where the server may have no room for the last ones.
            wanted = max(1, have) - 2 * self._untried() if waiting or full else 0
        return max(0, min(wanted, allowed))

    def _untried(self) -> int:
        """Connections that have not shown yet that the server has room for them.

        A slow one would show it too late, and where answers are lost, a few never do.
        """
        if self._manners.is_slow:
            return len(self.connecting)
        tried = (c.answered or c.outlook.silent for c in self.in_use)
        return len(self.connecting) + sum(not each for each in tried)

    def beside(self, connection: Connection) -> int:
        """How many other connections are open, as the server may see it."""
        return len({*self.in_use, *self.last} - {connection})

    # Out of use

    def retire(self, lifetime: int) -> None:
        """Take the connections out of use that have carried as much as the server allows."""
        for connection in [c for c in self.in_use if c.exchange.asked >= lifetime]:
            self._manners.spent()
            self.in_use.remove(connection)
            self.last.add(connection)
            if not len(connection.exchange):
                self.discard(connection)

    def retire_all(self, keep: Connection | None) -> None:
        """Take all out of use, or all but one, so that fresh ones come in their place."""
        for connection in self.in_use:
            if connection is not keep:
                self.last.add(connection)
        self.in_use = [keep] if keep in self.in_use else []
        for connection in [c for c in self.last if not len(c.exchange) and not c.solo]:
            self.discard(connection)

    def discard(self, connection: Connection) -> None:
        """Close a connection, if it is open, and forget it."""
        if self.lingering is connection:
            self.lingering = None
        self.last.discard(connection)
        if connection in self.in_use:
            self.in_use.remove(connection)
        connection.close()

    async def close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection, and open no more."""
        for task in self._tasks:
            task.cancel()
        for connection in (*self.in_use, *self.last):
            connection.close()
        await leave(self._group, kind, error, trace)
        await asyncio.sleep(0)  # asyncio closes the sockets in the next turn of its loop
