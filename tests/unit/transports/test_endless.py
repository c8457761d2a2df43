"""A peer that talks without end, or before it is asked, is worth nothing and costs little."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pipeline.protocol.codec import decode_request
from pipeline.protocol.framing import Frames
from pipeline.protocol.messages import Answer, FaultKind, Query
from pipeline.protocol.noise import TALKS_ON, Noise
from tests.conformance.services import CREDENTIALS, TEL, TELS, Client, Running, answer, plainly

TOKEN = b'{"access_token":"a","token_type":"Bearer","expires_in":3600}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
Talk = Callable[[str], bytes]
MUCH = 1 << 22
"""Bytes that count as endless here."""


class Talking:
    """A service that says `talk(tel)` to each question, `times` times."""

    def __init__(self, kind: str, talk: Talk, times: int) -> None:
        self.running = Running(plainly)
        self._kind, self._talk, self._times = kind, talk, times
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.running.connections += 1
        self._writers.append(writer)
        frames = Frames()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                for tel in _tels(self._kind, data, frames):
                    await self._say(writer, tel)

    async def _say(self, writer: asyncio.StreamWriter, tel: str) -> None:
        if not tel:
            writer.write(OK % len(TOKEN) + TOKEN)
            return
        self.running.asked.append(tel)
        for _ in range(self._times):
            writer.write(self._talk(tel))
            await writer.drain()

    async def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        for writer in self._writers:
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def talking(
    kind: str, talk: Talk, *, times: int = 1
) -> AsyncIterator[tuple[Client, Running]]:
    """A transport and such a service."""
    service = Talking(kind, talk, times)
    running = service.running
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    running.endpoint = f"tcp://{host}:{port}"
    if kind == "rest":
        running.endpoint = f"http://{host}:{port}/enumlookup"
        running.token_url = f"http://{host}:{port}/oauth2/token"
    client = Client(kind, running, timeout=30)
    try:
        async with client.transport:
            yield client, running
    finally:
        server.close()
        await service.close()


def _tels(kind: str, data: bytes, frames: Frames) -> list[str]:
    """The numbers that are asked; a blank one asks for a token."""
    if kind == "tcp":
        requests = [decode_request(frame) for frame in frames.feed(data)]
        assert all(request.clientid == CREDENTIALS.client_id for request in requests)
        return [request.tel for request in requests]
    head = data.decode()
    return [head.partition("tel=")[2][:11]] if head.startswith("GET") else [""]


@pytest.mark.parametrize(
    "one",
    [
        answer(TELS[50]),
        b"{}",
        b"[]\n",
        b"\n}",
        b'{"tel":""}\n',
        b'{"statuscode":200}',
        b"no answer\n",
    ],
)
async def test_talk_without_end_over_tcp_ends_the_connection(one: bytes) -> None:
    piece = one * (1 << 16)
    async with talking("tcp", lambda _: piece, times=MUCH // len(piece) + 2) as (client, running):
        for nth in range(3):
            result = await client.ask_one(TELS[nth], final=True)
            assert result.kind is FaultKind.TRANSIENT
        assert running.connections >= 2


async def test_one_answer_that_is_repeated_for_ever_is_one_answer() -> None:
    async with talking("tcp", lambda tel: answer(tel) * 20_000, times=4) as (client, running):
        results = [await client.ask_one(tel) for tel in TELS[:3]]

        assert all(isinstance(result, Answer) for result in results)
        assert running.connections >= 3


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        b"HTTP/1.1 199 Odd\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 4000 + b"\r\n\r\n",
    ],
)
async def test_interim_responses_without_end_end_the_connection(interim: bytes) -> None:
    piece = interim * 2000
    async with talking("rest", lambda _: piece, times=MUCH // len(piece) + 2) as (client, _):
        result = await client.ask_one()

    assert result.kind is FaultKind.DISCONNECTED


@pytest.mark.parametrize("count", [1, 3, 50])
async def test_a_few_interim_responses_cost_no_answer(count: int) -> None:
    def talk(tel: str) -> bytes:
        body = answer(tel)
        return b"HTTP/1.1 100 Continue\r\n\r\n" * count + OK % len(body) + body

    async with talking("rest", talk) as (client, running):
        results = [await client.ask_one(tel) for tel in TELS[:3]]

        assert all(isinstance(result, Answer) for result in results)
        assert running.connections == 1  # that of the token too


async def test_answers_that_nobody_asked_for_over_rest_end_the_connection() -> None:
    def talk(tel: str) -> bytes:
        body = answer(tel)
        return (OK % len(body) + body) * 1000

    async with talking("rest", talk) as (client, _):
        for tel in TELS[:3]:
            result = await client.ask_one(tel)
            assert isinstance(result, Answer) or result.kind is FaultKind.TRANSIENT


@pytest.mark.parametrize(
    "early",
    [
        answer(TEL),
        answer(TEL) + b"\n",
        answer(TELS[50]) + answer(TEL),
        answer(TEL, "01"),
        answer("", "F2"),
        b"{}" + answer(TEL),
    ],
)
async def test_an_answer_that_came_before_its_question_over_tcp_is_none(early: bytes) -> None:
    """What waits unread when a question is asked cannot be its answer."""
    async with talking("tcp", lambda tel: answer(tel, "05")) as (client, running):
        await client.ask_one(TELS[60])  # the connection is open, and is kept
        client.transport.manners.stayed_open()  # type: ignore[attr-defined]
        (connection,) = client.transport._pool.in_use  # type: ignore[attr-defined]
        connection.data_received(b"")
        unread = len(early)
        connection._unread = lambda: unread
        client.transport.send([Query(1, TEL, final=True)])
        connection.data_received(early)
        connection._unread = lambda: 0
        await client.ended(2)

        assert running.asked == [TELS[60], TEL]
        assert client.outcomes[-1] == (1, Answer(answer(TEL, "05"), "05"))


def test_noise_is_allowed_for_each_question_and_for_each_second() -> None:
    noise: Any = Noise()
    first = noise.allowed(0, 0.0)
    assert 0 < first <= 1024
    assert noise.heard(first, 0)
    assert noise.allowed(0, 0.0) == 0
    assert noise.allowed(10, 0.0) == 80
    assert noise.allowed(10, 1.0) == 144
    assert noise.allowed(10, 1e9) == 1024
    assert not noise.heard(1025, 0)


@pytest.mark.parametrize("doubled", [1, 4, 8])
def test_answers_that_come_some_times_each_are_borne_for_ever(doubled: int) -> None:
    noise = Noise()
    for asked in range(1, 5000):
        assert noise.allowed(asked, asked / 1000) >= 0
        assert noise.heard(doubled, 400)


def test_bytes_that_are_nothing_at_all_are_noise_too() -> None:
    noise = Noise()
    noise.allowed(1, 0.0)
    assert not all(noise.heard(0, 1 << 18) for _ in range(200))
    assert TALKS_ON
