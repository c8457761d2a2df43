"""A process that stood still for longer than the time-out finds the answers that wait in its sockets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from pipeline.protocol.codec import decode_request
from pipeline.protocol.framing import Frames
from pipeline.protocol.messages import Answer, FaultKind, Query
from tests.conformance.services import TELS, Client, Running, answer, plainly

KINDS = ("rest", "tcp", "udp")
TOKEN = b'{"access_token":"a","token_type":"Bearer","expires_in":3600}'


class FreezingLoop(asyncio.SelectorEventLoop):
    """As libuv's, it looks at its timers before it reads its sockets; and its clock can jump."""

    def __init__(self) -> None:
        super().__init__()
        self._jumped = 0.0
        self._blind = 0
        select = self._selector.select  # type: ignore[attr-defined]

        def timers_first(timeout: float | None = None) -> Any:
            if self._blind:
                self._blind -= 1
                return []
            return select(timeout)

        self._selector.select = timers_first  # type: ignore[attr-defined]

    def time(self) -> float:
        return super().time() + self._jumped

    def freeze(self, seconds: float) -> None:
        """The process stands still for so long, beginning now."""
        self._jumped += seconds
        self._blind = 2


def run_freezing(coroutine: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=FreezingLoop) as runner:
        runner.run(coroutine)


def freeze(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FreezingLoop)
    loop.freeze(seconds)


class Blocking:
    """A service that answers without a turn of the loop, as one that goes on while we stand still."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._sockets: list[Any] = []
        self.mute = False
        """It reads, and says nothing."""
        if kind == "udp":
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._listener.bind(("127.0.0.1", 0))
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        host, port = self._listener.getsockname()
        self.running = Running(plainly)
        self.running.endpoint = f"{kind}://{host}:{port}"
        if kind == "rest":
            self.running.endpoint = f"http://{host}:{port}/enumlookup"
            self.running.token_url = f"http://{host}:{port}/oauth2/token"

    def close(self) -> None:
        for opened in (self._listener, *self._sockets):
            opened.close()

    def answer_all(self) -> int:
        """Answer what has come; says how many."""
        if self._kind == "udp":
            return self._answer_datagrams()
        with contextlib.suppress(BlockingIOError):
            while True:
                accepted, _ = self._listener.accept()
                accepted.setblocking(False)
                self._sockets.append(accepted)
        return sum(map(self._answer_on, self._sockets))

    def _answer_datagrams(self) -> int:
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                data, address = self._listener.recvfrom(4096)
                if not self.mute:
                    self._listener.sendto(answer(decode_request(data).tel), address)
                count += 1
        return count

    def _answer_on(self, opened: socket.socket) -> int:
        try:
            data = opened.recv(1 << 20)
        except (BlockingIOError, ConnectionError):
            return 0
        if self._kind == "tcp":
            tels = [decode_request(frame).tel for frame in Frames().feed(data)]
            opened.sendall(b"" if self.mute else b"".join(map(answer, tels)))
            return len(tels)
        if not data:
            return 0
        head = data.decode()
        asks = head.startswith("GET")
        body = answer(head.partition("tel=")[2][:11]) if asks else TOKEN
        length = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        opened.sendall(b"" if self.mute else length + body)
        return int(asks)

    async def until_answered(self, count: int) -> None:
        while count > 0:
            await asyncio.sleep(0)
            count -= self.answer_all()


@contextlib.asynccontextmanager
async def connected(kind: str, patience: float = 60.0) -> AsyncIterator[tuple[Client, Blocking]]:
    service = Blocking(kind)
    client = Client(kind, service.running, timeout=patience)
    serving = asyncio.ensure_future(service.until_answered(1 << 60))
    try:
        await client.transport.__aenter__()
        await client.ask_one(TELS[99])  # its connection is open, and known to be kept
        serving.cancel()
        yield client, service
    finally:
        serving.cancel()
        await client.transport.__aexit__(None, None, None)
        service.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seconds", [60.5, 3600.0])
def test_an_answer_that_waits_in_the_socket_has_come_in_time(kind: str, seconds: float) -> None:
    async def scene() -> None:
        async with connected(kind) as (client, service):
            client.outcomes.clear()
            client.transport.send([Query(0, TELS[0], final=True)])
            await service.until_answered(1)
            freeze(seconds)
            await client.ended(1)

            assert client.outcomes == [(0, Answer(answer(TELS[0]), ""))]

    run_freezing(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_so_each_time(kind: str) -> None:
    async def scene() -> None:
        async with connected(kind) as (client, service):
            for key in range(3):
                client.outcomes.clear()
                client.transport.send([Query(key, TELS[key], final=True)])
                await service.until_answered(1)
                freeze(61.0)
                await client.ended(1)
                assert client.outcomes == [(key, Answer(answer(TELS[key]), ""))]

    run_freezing(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_wait_in_the_socket_is_given_up_all_the_same(kind: str) -> None:
    async def scene() -> None:
        async with connected(kind) as (client, service):
            client.outcomes.clear()
            service.mute = True
            client.transport.send([Query(0, TELS[0], final=True)])
            await service.until_answered(1)
            freeze(61.0)
            await client.ended(1)

            ((key, fault),) = client.outcomes
            assert (key, fault.kind) == (0, FaultKind.TIMEOUT)  # type: ignore[union-attr]

    run_freezing(scene())


@pytest.mark.parametrize("kind", ["rest", "udp"])
def test_many_answers_are_all_taken(kind: str) -> None:
    async def scene() -> None:
        async with connected(kind) as (client, service):
            client.outcomes.clear()
            queries = [Query(key, tel, final=True) for key, tel in enumerate(TELS[:50])]
            client.transport.send(queries)
            await service.until_answered(50)
            freeze(90.0)
            await client.ended(50)

            assert all(isinstance(outcome.result, Answer) for outcome in client.outcomes)

    run_freezing(scene())
