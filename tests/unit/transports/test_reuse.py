"""REST servers that close each connection after its answer, with and without a word of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pipeline.protocol.messages import Answer, Outcome, Query
from pipeline.transports.rest.connector import Reuse
from tests.conformance.services import TELS, Client, Running, answer, plainly
from tests.unit.transports.raw_rest import TOKEN, asked_of, raw_rest

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n"
SOON = 0.001
"""Seconds: enough for a client to ask again on a connection that is about to be closed."""


class Closing:
    """A server that closes a connection after so many answers, so many seconds after the last."""

    def __init__(self, answers: int, later: float, word: bytes) -> None:
        self.running = Running(plainly)
        self._answers = answers
        self._later = later
        self._word = word

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self._answers
        async for tel in asked_of(reader):
            if tel:
                self.running.asked.append(tel)
            body = answer(tel) if tel else TOKEN
            writer.write(OK % (len(body), self._word) + body)
            left -= 1
            if not left:
                break
        if self._later:
            await asyncio.sleep(self._later)
        writer.close()


@asynccontextmanager
async def closing(
    answers: int = 1, later: float = 0.0, word: bytes = b""
) -> AsyncIterator[tuple[Client, Running]]:
    service = Closing(answers, later, word)
    async with raw_rest(service.serve, service.running) as client:
        yield client, service.running


async def lost_of(client: Client, batches: range) -> int:
    """How many of so many questions, eight at a time, come to nothing."""
    outcomes: list[Outcome] = []
    for batch in batches:
        tels = [TELS[(8 * batch + place) % 96] for place in range(8)]
        outcomes += await client.ask(*(Query(key, tel) for key, tel in enumerate(tels)))
    return sum(not isinstance(outcome.result, Answer) for outcome in outcomes)


@pytest.mark.parametrize("later", [0.0, SOON])
async def test_a_server_that_closes_unannounced_is_found_out(later: float) -> None:
    async with closing(later=later) as (client, running):
        assert await lost_of(client, range(8)) <= 24
        assert await lost_of(client, range(8, 40)) == 0
    assert len(running.asked) >= 40 * 8 - 24


async def test_one_that_says_so_loses_nothing() -> None:
    async with closing(word=b"Connection: close\r\n") as (client, _):
        assert await lost_of(client, range(20)) == 0


async def test_one_that_closes_now_and_then_is_still_asked_on_kept_connections() -> None:
    async with closing(answers=50) as (client, _):
        await lost_of(client, range(60))
        opened = client.transport.counts.connections
    assert opened < 100


async def test_one_that_keeps_them_is_asked_on_as_many_as_there_are_questions_at_once() -> None:
    async with closing(answers=10**6) as (client, _):
        assert await lost_of(client, range(30)) == 0
        assert client.transport.counts.connections <= 9


def told(reuse: Reuse, words: str) -> bool:
    """Whether reuse is allowed after second questions that were asked (a) and lost (l) or answered (u),
    and first ones that were answered (n)."""
    for word in words:
        if word == "l":
            reuse.lost()
        elif word == "a":
            reuse.asked()
        else:
            reuse.answered(again=word == "u")
    return reuse.is_allowed


def test_three_in_a_row_are_a_rule() -> None:
    reuse = Reuse()
    assert told(reuse, "alalau" * 5)  # each lost beside others that are answered
    assert told(reuse, "aaal")  # while it is not known any number may be used again
    assert not told(reuse, "ll")


def test_a_thousand_answers_put_it_to_the_test_with_one_connection() -> None:
    reuse = Reuse()
    told(reuse, "alalal")
    assert not told(reuse, "n" * (Reuse.FORGET - 1))
    assert told(reuse, "n")
    assert not told(reuse, "a")
    assert not told(reuse, "l" + "n" * (Reuse.FORGET - 1))
    assert told(reuse, "n")
    assert told(reuse, "au")
    assert told(reuse, "aaalal")
