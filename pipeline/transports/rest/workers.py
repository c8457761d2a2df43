"""Workers that ask one question at a time, over a pool of kept connections.

Rules: certificates are verified, redirects are not followed, cookies and the environment's proxies
are not used, a body is read up to a limit. Each request on the wire is one that the engine paid
for (`exchange.py`).
"""

import asyncio
import resource
import socket
from collections import deque
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from pipeline.protocol.codec import NotAnAnswer, decode_head, rest_query
from pipeline.protocol.meaning import result_of
from pipeline.protocol.messages import Answer, Fault, FaultKind, Outcome, Query
from pipeline.protocol.token import TokenKeeper
from pipeline.transports.contract import Deliver, Service, TransportCounts, Withdrawn
from pipeline.transports.groups import leave
from pipeline.transports.rest.attempt import Deadline, Departure
from pipeline.transports.rest.bearer import PROXY_REFUSES, Bearer
from pipeline.transports.rest.connector import Connector
from pipeline.transports.rest.exchange import LONGEST_HEADER, Exchange
from pipeline.transports.rest.meaning import (
    LONGEST,
    body_of,
    fault_of_error,
    fault_of_status,
    stopped_by_proxy,
)
from pipeline.transports.turns import turns

__all__ = ("RestTransport",)

WORKERS = 4096
"""Requests at once, where the user names no number and the system allows as many open files."""
OTHER_FILES = 64
"""Open files that are left to the rest of the program."""
DNS_LIFE = 60
"""Seconds that an address is remembered, where connections to it come about."""
LOOK_UP_EVERY = 1.0
"""Seconds from one look at the name to the next where they do not."""
KEEP_ALIVE = 10.0
"""Seconds; shorter than most servers' own, so that we close first."""
CONNECTING = 0.9
"""Share of the time-out after which a connection that does not come about is given up: before
the request is, so that it is known as unsent."""

LOOKS = 0.01
"""Share of the time-out between two looks at whose is over."""


class RestTransport:
    """See `contract.Transport`. A worker is a task that asks one question at a time."""

    def __init__(self, service: Service, deliver: Deliver) -> None:
        self.counts = TransportCounts()
        self._service = service
        self._deliver = deliver
        base = URL(service.endpoint, encoded=True)
        self._before = base.raw_query_string + "&" if base.raw_query_string else ""
        # A third of what reading a whole address takes.
        self._url = partial(
            URL.build, scheme=base.scheme, authority=base.raw_authority, path=base.raw_path
        )
        self._most = service.concurrency or max(1, min(WORKERS, _open_files() - OTHER_FILES))
        self._open = 0
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, Query]] = deque()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._workers: list[asyncio.Task[None]] = []
        self._deadlines: list[Deadline] = []
        self._ended: list[Outcome] = []
        self._keeper = TokenKeeper(service.credentials)  # of all attempts to begin
        self._looked_up = 0.0
        self._connector: Connector
        self._session: aiohttp.ClientSession
        self._exchange: Exchange
        self._bearer: Bearer
        self._group: asyncio.TaskGroup
        self._looking: asyncio.Task[None]

    def __repr__(self) -> str:
        return f"<RestTransport {self._open} open, {len(self._workers)} workers>"

    async def __aenter__(self) -> Self:
        """Open the session and get the token."""
        self._session = self._new_session()
        self._bearer = Bearer(self._service, self._session, self._keeper)
        try:
            self._exchange = Exchange(self._service, self._session)
            await self._bearer.start()
        except BaseException:
            await self._session.close()
            raise
        self._group = asyncio.TaskGroup()  # so that a defect in a worker ends the run
        await self._group.__aenter__()
        self._looking = self._group.create_task(self._look_at_deadlines())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the workers and close every connection."""
        for task in (self._looking, *self._workers):
            task.cancel()
        try:
            await leave(self._group, kind, error, trace)
        finally:
            await self._bearer.stop()
            await self._session.close()

    def _new_session(self) -> aiohttp.ClientSession:
        timeout = self._service.timeout
        self._connector = Connector(
            loop=self._loop,
            limit=self._most + 1,  # one for the token
            resolver=aiohttp.ThreadedResolver(),
            ttl_dns_cache=DNS_LIFE,
            keepalive_timeout=KEEP_ALIVE,
            socket_factory=self._new_socket,
        )
        return aiohttp.ClientSession(
            connector=self._connector,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "msisdn-pipeline", "Accept": "application/json"},
            timeout=aiohttp.ClientTimeout(
                total=None,  # a worker has its own, and so has the token
                sock_connect=timeout * CONNECTING,
                ceil_threshold=1e9,  # never rounded up to whole seconds
            ),
            trust_env=False,
        )

    def _new_socket(self, address: Any) -> socket.socket:
        """A socket for aiohttp to connect; it has a factory of its own only to be counted."""
        self.counts.connections += 1
        family, kind, protocol, _, _ = address
        return socket.socket(family, kind, protocol)

    @property
    def most(self) -> int:
        """Workers, each with a connection of its own."""
        return self._most

    @property
    def capacity(self) -> int:
        """Workers that have nothing to do, those not started yet included."""
        return self._most - self._open

    def send(self, queries: Sequence[Query]) -> None:
        """Hand them to the workers."""
        self._open += len(queries)
        now = self._loop.time()
        self._waiting.extend((now, query) for query in queries)
        for _ in range(len(queries)):
            if self._idle:
                waiter = self._idle.popleft()
                if not waiter.done():
                    waiter.set_result(None)
            elif len(self._workers) < self._most:
                self._workers.append(self._group.create_task(self._worker()))
            else:
                break

    async def _worker(self) -> None:
        loop = self._loop
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  it is one
        deadline = Deadline(task, self._service.timeout)
        departure = Departure(self._service, deadline)
        self._deadlines.append(deadline)
        while True:
            while not self._waiting:
                waiter: asyncio.Future[None] = loop.create_future()
                self._idle.append(waiter)
                await waiter
            paid_at, query = self._waiting.popleft()
            departure.paid(paid_at)
            result = await self._ask(query, departure, deadline)
            self._open -= 1
            if not self._ended:
                loop.call_soon(self._flush)
            self._ended.append(Outcome(query.key, result))

    async def _look_at_deadlines(self) -> None:
        loop, pause = asyncio.get_running_loop(), self._service.timeout * LOOKS
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            if any(deadline.is_over(now) for deadline in self._deadlines):
                await turns()
                for deadline in self._deadlines:
                    deadline.look(now)

    def _flush(self) -> None:
        ended, self._ended = self._ended, []
        self._deliver(ended)

    async def _ask(self, query: Query, departure: Departure, deadline: Deadline) -> Answer | Fault:
        """One attempt, from the token to the answer."""
        try:
            with deadline:
                generation, headers = self._bearer.ready or await self._bearer.headers()
                if self._bearer.refusal:
                    return Fault(FaultKind.ACCOUNT, self._bearer.refusal, sent=False)
                result = await self._get(query, headers, departure)
        except Withdrawn:
            return Fault(FaultKind.TRANSIENT, "not sent", sent=False)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
                self._look_up_again()
            return fault_of_error(error, departure.is_out)
        if result is not None:
            self._bearer.proven(generation)
            return result
        return await self._unauthorised(generation)

    def _look_up_again(self) -> None:
        """Forget the addresses of the name, which may have changed; once in a while is enough."""
        now = self._loop.time()
        if now - self._looked_up >= LOOK_UP_EVERY:
            self._looked_up = now
            self._connector.clear_dns_cache()

    async def _unauthorised(self, generation: int) -> Fault:
        """The token was refused: wait with all the others until there is a new one."""
        try:
            async with asyncio.timeout(self._service.timeout):
                await self._bearer.refused(generation)
        except TimeoutError:
            return Fault(FaultKind.TRANSIENT, "the token was refused and there is no new one yet")
        if self._bearer.refusal:
            return Fault(FaultKind.ACCOUNT, self._bearer.refusal)
        return Fault(FaultKind.REPLAY, "the token was refused")

    async def _get(
        self, query: Query, headers: CIMultiDict[str], departure: Departure
    ) -> Answer | Fault | None:
        """The request itself; None when the token is refused."""
        asked = self._before + rest_query(query.tel, self._service.lookup)
        url = self._url(query_string=asked, encoded=True)
        response = await self._exchange.get(url, headers, departure)
        try:
            body = await body_of(response)  # even where it says nothing: the connection is kept
        finally:
            if not response.closed:  # where it came whole, the connection went back by itself
                response.release()
        status = response.status
        if status == 401:
            return None
        if status == PROXY_REFUSES and self._service.proxy:
            return stopped_by_proxy(status)
        return (
            self._judged(query, body)
            if 200 <= status < 300
            else fault_of_status(status, response.headers)
        )

    def _judged(self, query: Query, body: bytes | None) -> Answer | Fault | None:
        """What a body is worth. One that names no number is this request's all the same."""
        if body is None:
            return Fault(FaultKind.TRANSIENT, f"an answer of more than {LONGEST} bytes")
        try:
            head = decode_head(body)
        except NotAnAnswer:
            return Fault(FaultKind.TRANSIENT, "answer is not JSON of the service")
        if head.statuscode == 401:
            return None
        if head.tel and head.tel != query.tel:
            self.counts.strays += 1
            return Fault(FaultKind.TRANSIENT, "answer for another number")
        return result_of(head, body)


def _open_files() -> int:
    """How many files, and so connections, this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return WORKERS + OTHER_FILES if soft == resource.RLIM_INFINITY else soft
