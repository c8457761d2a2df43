"""Names with several addresses, and names whose addresses change."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from pipeline.protocol.messages import Answer, Fault
from tests.conformance.services import (
    SERVICES,
    TELS,
    Client,
    Running,
    plainly,
)

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
"""Where the service is, and where it is not."""


@contextmanager
def silent(port: int) -> Iterator[None]:
    """Somebody at the other address who takes datagrams and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((ELSEWHERE, port))
        yield


class Names:
    """What the name of the service resolves to, each time it is looked up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, found: Callable[[int], list[str]]) -> None:
        self.looked_up = 0
        self._found = found
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self.getaddrinfo)

    async def getaddrinfo(self, _host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        self.looked_up += 1
        kind = (socket.AF_INET, socket.SOCK_DGRAM, 17, "")
        return [(*kind, (address, port)) for address in self._found(self.looked_up)]


async def asked(client: Client) -> list[bool]:
    """Whether each of some questions was answered, one after the other, with a breath between."""
    answered = []
    for tel in TELS[:12]:
        answered.append(isinstance(await client.ask_one(tel), Answer))
        await asyncio.sleep(0.04)  # a refusal by the network comes at once
    return answered


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize(
    "found",
    [
        lambda nth: [ELSEWHERE, HERE],
        lambda nth: [ELSEWHERE] if nth == 1 else [HERE],
        lambda nth: [ELSEWHERE] if nth < 3 else [HERE],
        lambda nth: [ELSEWHERE, "127.0.0.3", HERE],
    ],
    ids=["two", "changed", "changed later", "three"],
)
async def test_udp_finds_the_address_at_which_somebody_answers(
    monkeypatch: pytest.MonkeyPatch, deaf: bool, found: Callable[[int], list[str]]
) -> None:
    running = Running(plainly)
    async with SERVICES["udp"](running):
        names = Names(monkeypatch, found)
        client = Client("udp", running, timeout=0.1)
        with silent(urlsplit(running.endpoint).port or 0) if deaf else open_nothing():
            async with client.transport:
                answered = await asked(client)
    assert answered[0] is False
    assert answered[-2:] == [True, True]
    assert names.looked_up >= 2


async def test_an_address_that_answers_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(plainly)
    async with SERVICES["udp"](running):
        names = Names(monkeypatch, lambda _: [HERE, ELSEWHERE])
        client = Client("udp", running, timeout=0.1)
        async with client.transport:
            assert await asked(client) == [True] * 12
    assert names.looked_up == 1


async def test_an_only_address_that_falls_silent_is_asked_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = Running(plainly)
    async with SERVICES["udp"](running):
        names = Names(monkeypatch, lambda _: [ELSEWHERE])
        client = Client("udp", running, timeout=0.1)
        with silent(urlsplit(running.endpoint).port or 0):
            async with client.transport:
                results = [await client.ask_one(tel) for tel in TELS[:4]]
    assert all(isinstance(result, Fault) and result.sent for result in results)
    assert names.looked_up >= 2


@pytest.mark.parametrize("kind", ["rest", "tcp"])
async def test_a_name_is_looked_up_again_where_no_connection_comes_about(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    running = Running(plainly)
    async with SERVICES[kind](running):
        running.endpoint = running.endpoint.replace(HERE, "service.test")
        # Where TCP begins there has to be somebody; REST begins with its token.
        names = Names(monkeypatch, lambda nth: [ELSEWHERE if nth == 1 and kind == "rest" else HERE])
        client = Client(kind, running, timeout=2)
        async with client.transport:
            first = await client.ask_one(TELS[0])
            second = await client.ask_one(TELS[1])
    assert isinstance(first, Answer) is (kind == "tcp")
    assert isinstance(second, Answer)
    assert names.looked_up == (2 if kind == "rest" else 1)


@contextmanager
def open_nothing() -> Iterator[None]:
    yield
