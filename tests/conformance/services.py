"""Small services for the tests of transports: each does what a script says, and notes what came.

A script is asked once a request, `script(tel, nth)` with the requests so far, and says what to do.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from pipeline.protocol.codec import decode_request, encode_answer
from pipeline.protocol.framing import Frames
from pipeline.protocol.messages import Answer, Credentials, Fault, Outcome, Query
from pipeline.transports import TRANSPORTS
from pipeline.transports.contract import Service, Transport

CREDENTIALS = Credentials("an-id", 'a "secret"')
TEL = "12125550100"
TELS = [f"121255501{n:02}" for n in range(100)]
SECONDS = 0.4
"""The time-out of the tests: long enough for a busy machine, short enough to wait for."""


def answer(tel: str, code: str = "") -> bytes:
    return encode_answer({"msisdn": tel, "error_code": code, "country": "USA", "mnc": "030"})


@dataclass
class Reply:
    """What a service does with one request."""

    parts: tuple[bytes, ...] = ()
    """Sent one after another: pieces of a stream, or datagrams. REST sends them as one body."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    close: bool = False
    reset: bool = False


SILENCE = Reply()
Script = Callable[[str, int], Reply]


def plainly(tel: str, _: int) -> Reply:
    """A service in good order."""
    return Reply((answer(tel),))


@dataclass
class Running:
    """A service that runs: what it does may be changed, what it saw can be read."""

    script: Script
    endpoint: str = ""
    token_url: str = ""
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    tokens: int = 0
    token_script: Callable[[int], web.Response] | None = None
    lifetime: int | None = None
    """TCP closes a connection after so many answers."""
    first_only: bool = False
    """TCP reads one question of each piece that comes, as the provider's samples read answers."""
    room: int | None = None
    """TCP serves so many connections at once."""
    turns_away: bool = True
    """TCP closes those that are too many; else they wait in the backlog until there is room."""
    most: int = 0
    """Most connections served at once."""
    refused: set[str] = field(default_factory=set)
    """Bearer tokens that are answered with 401."""
    stop: Callable[[], Any] = lambda: None
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """A TCP connection is gone."""

    def takes(self, tel: str) -> Reply:
        self.asked.append(tel)
        return self.script(tel, len(self.asked))


class _Stream(asyncio.Protocol):
    """One connection of the TCP service."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._frames = Frames()
        self._answers = 0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        running = self._running
        running.connections += 1
        running.open += 1
        if running.room is not None and running.open > running.room:
            transport.close()
        else:
            running.most = max(running.most, running.open)

    def connection_lost(self, _: Exception | None) -> None:
        self._running.open -= 1
        self._running.left.set()

    def data_received(self, data: bytes) -> None:
        frames = self._frames.feed(data)
        for frame in frames[:1] if self._running.first_only else frames:
            if self._transport.is_closing():
                return  # as a server that reads one question and goes
            request = decode_request(frame)
            assert (request.clientid, request.password) == tuple(CREDENTIALS)
            reply = self._running.takes(request.tel)
            loop = asyncio.get_running_loop()
            if reply.delay:
                loop.call_later(reply.delay, self._act, reply)
            else:
                self._act(reply)

    def _act(self, reply: Reply) -> None:
        for part in reply.parts:
            self._transport.write(part)
        self._answers += 1
        if reply.reset:
            linger = struct.pack("ii", 1, 0)
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        elif reply.close or self._answers == self._running.lifetime:
            self._transport.close()


async def _accept_while_there_is_room(running: Running, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    assert running.room is not None
    while True:
        while running.open >= running.room:
            running.left.clear()
            await running.left.wait()
        accepted, _ = await loop.sock_accept(listener)
        await loop.connect_accepted_socket(lambda: _Stream(running), accepted)


@asynccontextmanager
async def _crowded_tcp_service(running: Running) -> AsyncIterator[None]:
    """Connections beyond its room stay in the backlog: the client takes them for open."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        listener.setblocking(False)
        running.endpoint = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        accepting = asyncio.create_task(_accept_while_there_is_room(running, listener))
        try:
            yield
        finally:
            accepting.cancel()
            await asyncio.wait([accepting])


@asynccontextmanager
async def tcp_service(running: Running) -> AsyncIterator[None]:
    if running.room is not None and not running.turns_away:
        async with _crowded_tcp_service(running):
            yield
        return
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Stream(running), "127.0.0.1", 0)
    running.endpoint = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    running.stop = server.close
    try:
        yield
    finally:
        server.close()


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP service."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._transport: Any = None
        self._peers: set[Any] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self._peers.add(address)
        self._running.connections = len(self._peers)
        request = decode_request(data)
        assert (request.clientid, request.password) == tuple(CREDENTIALS)
        reply = self._running.takes(request.tel)
        asyncio.get_running_loop().call_later(reply.delay, self._act, reply, address)

    def _act(self, reply: Reply, address: Any) -> None:
        for part in reply.parts:
            self._transport.sendto(part, address)


@asynccontextmanager
async def udp_service(running: Running) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(running), ("127.0.0.1", 0)
    )
    running.endpoint = f"udp://127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    running.stop = transport.close
    try:
        yield
    finally:
        transport.close()


class _Web:
    """The REST service and its token endpoint."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.over = asyncio.Event()

    async def token(self, request: web.Request) -> web.Response:
        running = self._running
        running.tokens += 1
        form = await request.post()
        assert form["grant_type"] == "client_credentials"
        assert form["scope"] == "linklookup/lookup"
        if running.token_script is not None:
            return running.token_script(running.tokens)
        return web.json_response({"access_token": f"token-{running.tokens}", "expires_in": 3600})

    async def lookup(self, request: web.Request) -> web.StreamResponse:
        running = self._running
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer in running.refused:
            running.asked.append(request.query["tel"])
            return web.json_response({"message": "Unauthorized"}, status=401)
        reply = running.takes(request.query["tel"])
        await asyncio.sleep(reply.delay)
        if reply == SILENCE:
            await self.over.wait()
        if (reply.close or reply.reset) and request.transport is not None:
            request.transport.close()
        headers = {"Content-Type": "application/json"} | reply.headers
        return web.Response(body=b"".join(reply.parts), status=reply.status, headers=headers)


@asynccontextmanager
async def rest_service(running: Running) -> AsyncIterator[None]:
    service = _Web(running)
    app = web.Application()
    app.router.add_post("/oauth2/token", service.token)
    app.router.add_get("/enumlookup", service.lookup)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    running.endpoint = f"http://{host}:{port}/enumlookup"
    running.token_url = f"http://{host}:{port}/oauth2/token"
    running.stop = site.stop
    try:
        yield
    finally:
        service.over.set()
        await runner.cleanup()


SERVICES = {"rest": rest_service, "tcp": tcp_service, "udp": udp_service}


def faults(outcomes: Iterable[Outcome]) -> dict[int, Fault]:
    """Those that brought no answer, by key."""
    return {key: result for key, result in outcomes if isinstance(result, Fault)}


def answers(outcomes: Iterable[Outcome]) -> dict[int, Answer]:
    """Those that brought an answer, by key."""
    return {key: result for key, result in outcomes if isinstance(result, Answer)}


class Client:
    """A transport under test, and what it delivered."""

    def __init__(self, kind: str, running: Running, **more: Any) -> None:
        self.outcomes: list[Outcome] = []
        self._came = asyncio.Event()
        service = Service(
            endpoint=running.endpoint,
            token_url=running.token_url,
            credentials=CREDENTIALS,
            **{"timeout": SECONDS} | more,
        )
        self.transport: Transport = TRANSPORTS[kind](service, self._deliver)

    def _deliver(self, outcomes: list[Outcome]) -> None:
        self.outcomes += outcomes
        self._came.set()

    async def until(self, condition: Callable[[], bool], patience: float = 10.0) -> None:
        """Wait, looking whenever something is delivered."""
        async with asyncio.timeout(patience):
            while not condition():
                self._came.clear()
                await self._came.wait()

    async def ended(self, count: int) -> list[Outcome]:
        """The outcomes, once there are so many."""
        await self.until(lambda: len(self.outcomes) >= count)
        return self.outcomes

    async def ask(self, *queries: Query) -> list[Outcome]:
        """Send, as the engine does, what there is room for; the outcomes, in order of keys."""
        before = len(self.outcomes)
        left = list(queries)
        while left:
            await self.until(lambda: self.transport.capacity > 0)
            room = self.transport.capacity
            self.transport.send(left[:room])
            left = left[room:]
        wanted = {query.key for query in queries}
        await self.until(lambda: wanted <= {outcome.key for outcome in self.outcomes[before:]})
        return sorted(outcome for outcome in self.outcomes[before:] if outcome.key in wanted)

    async def ask_one(self, tel: str = TEL, **more: Any) -> Any:
        """Send one query; what came of it."""
        (outcome,) = await self.ask(Query(1, tel, **more))
        return outcome.result


@asynccontextmanager
async def connected(
    kind: str,
    script: Script = plainly,
    *,
    room: int | None = None,
    turns_away: bool = True,
    **more: Any,
) -> AsyncIterator[tuple[Client, Running]]:
    """A transport and the service that it is connected to."""
    running = Running(script, room=room, turns_away=turns_away)
    async with SERVICES[kind](running):
        client = Client(kind, running, **more)
        async with client.transport:
            yield client, running
