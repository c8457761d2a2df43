"""REST through an HTTP proxy: the one that was named and no other, and what its refusal means."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from pipeline.protocol.messages import Answer, Fault, FaultKind, Query
from pipeline.transports.contract import Unreachable
from tests.conformance.services import TELS, Client, Running, answers, plainly, rest_service

REFUSED = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n'
)
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")

Admits = Callable[[str, str], bool | None]
"""Whether a request, by its method and target, is passed on; None closes the connection."""


@dataclass
class Proxy:
    """A forward proxy: each request is passed on over a connection of its own, or refused."""

    admits: Admits = lambda _method, _target: True
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Methods and targets, in the order in which they came."""
    credentials: set[str] = field(default_factory=set)
    """What came as Proxy-Authorization."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has what it wanted
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (ln.partition(": ") for ln in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append((method, target))
        self.credentials.add(headers.pop("proxy-authorization", ""))
        admitted = self.admits(method, target)
        if admitted:
            writer.write(await self._passed_on(method, target, headers, body))
        elif admitted is not None:
            writer.write(REFUSED)
        await writer.drain()
        return admitted is not None

    @staticmethod
    async def _passed_on(method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        url = urlsplit(target)
        assert url.hostname, "a proxy is asked for whole addresses"
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        lines = [f"{method} {url.path}?{url.query} HTTP/1.0"]
        lines += [f"{name}: {value}" for name, value in headers.items() if name != "connection"]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answered = await reader.read()
        writer.close()
        return answered.replace(b"HTTP/1.0 ", b"HTTP/1.1 ", 1)


@asynccontextmanager
async def listening(proxy: Proxy) -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    made = Running(plainly)
    async with rest_service(made):
        yield made


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_every_request_goes_through_the_proxy(running: Running) -> None:
    queries = [Query(key, tel) for key, tel in enumerate(TELS[:20])]
    async with listening(Proxy()) as proxy:
        client = Client("rest", running, timeout=5, proxy=proxy.url, concurrency=4)
        async with client.transport:
            outcomes = await client.ask(*queries)

    assert len(answers(outcomes)) == 20
    assert sorted(running.asked) == TELS[:20]
    targets = [f"{running.endpoint}?tel={tel}" for tel in TELS[:20]]
    assert proxy.asked[0] == ("POST", running.token_url)
    assert sorted(proxy.asked[1:]) == [("GET", target) for target in targets]


async def test_credentials_in_its_address_are_for_the_proxy(running: Running) -> None:
    async with listening(Proxy()) as proxy:
        named = proxy.url.replace("://", "://me:word@")
        client = Client("rest", running, timeout=5, proxy=named)
        async with client.transport:
            assert isinstance(await client.ask_one(), Answer)

    assert proxy.credentials == {"Basic bWU6d29yZA=="}


async def test_a_proxy_of_the_environment_is_not_used(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with listening(Proxy()) as proxy:
        for name in VARIABLES:
            monkeypatch.setenv(name, proxy.url)
        client = Client("rest", running, timeout=5)
        async with client.transport:
            assert isinstance(await client.ask_one(), Answer)

    assert proxy.asked == []


async def test_no_proxy_at_that_address_is_said_at_the_start(running: Running) -> None:
    client = Client("rest", running, proxy=f"http://127.0.0.1:{closed_port()}")

    with pytest.raises(Unreachable, match="cannot connect to the proxy"):
        await client.transport.__aenter__()
    assert running.tokens == 0


async def test_a_proxy_that_refuses_is_said_at_the_start(running: Running) -> None:
    async with listening(Proxy(lambda *_: False)) as proxy:
        client = Client("rest", running, timeout=5, proxy=proxy.url)

        with pytest.raises(Unreachable, match=r"the proxy does not let us through \(407\)"):
            await client.transport.__aenter__()
    assert running.tokens == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_lookup_that_the_proxy_refuses_was_not_sent(running: Running, scheme: str) -> None:
    """Over https it refuses the tunnel, over http the request itself."""
    running.endpoint = running.endpoint.replace("http", scheme, 1)
    async with listening(Proxy(lambda method, _: method == "POST")) as proxy:
        client = Client("rest", running, timeout=5, proxy=proxy.url)
        async with client.transport:
            fault = await client.ask_one()

    reason = "the proxy does not let us through (407)"
    assert fault == Fault(FaultKind.TRANSIENT, reason, sent=False)
    assert running.asked == []
    assert [method for method, _ in proxy.asked] == [
        "POST",
        "GET" if scheme == "http" else "CONNECT",
    ]


async def test_a_tunnel_that_breaks_before_it_is_open_sent_no_lookup(running: Running) -> None:
    running.endpoint = running.endpoint.replace("http", "https", 1)
    async with listening(Proxy(lambda method, _: True if method == "POST" else None)) as proxy:
        client = Client("rest", running, timeout=5, proxy=proxy.url)
        async with client.transport:
            fault = await client.ask_one()

    assert (fault.kind, fault.sent) == (FaultKind.DISCONNECTED, False)


async def test_a_proxy_that_went_away_took_no_lookup_with_it(running: Running) -> None:
    gone = Proxy(lambda method, _: True if method == "POST" else None)
    async with listening(gone):
        client = Client("rest", running, timeout=5, proxy=gone.url)
        await client.transport.__aenter__()
    try:
        await client.ask_one()  # what is left of the connection that the token came by
        fault = await client.ask_one()
    finally:
        await client.transport.__aexit__(None, None, None)

    assert fault == Fault(FaultKind.TRANSIENT, "cannot connect to the proxy", sent=False)
    assert running.asked == []
