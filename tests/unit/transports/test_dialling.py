"""Connections that come about too late, in the last moment, or not at all."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.lookup.retry import reached
from pipeline.protocol.codec import DirectRequests
from pipeline.protocol.messages import Lookup, Query
from pipeline.transports.contract import TransportCounts, Unreachable, Withdrawn
from pipeline.transports.tcp.connection import Connection
from tests.conformance.services import CREDENTIALS, TELS, Reply, answer, connected

RESOLUTION = 0.0005


class Noting:
    """An owner that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.told.append(name)


class Wire:
    """A transport that notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def get_extra_info(self, _: str) -> Any:
        return SimpleNamespace(setsockopt=lambda *_: None, fileno=lambda: 0)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self.done.append(name)


async def made(owner: Noting) -> Connection:
    requests = DirectRequests(CREDENTIALS, Lookup.PROFILE)
    return Connection(cast("Any", owner), requests, TransportCounts())


async def test_a_connection_that_was_given_up_in_the_same_turn_is_never_used() -> None:
    owner, wire = Noting(), Wire()
    connection = await made(owner)
    connection.patience = cast("Any", SimpleNamespace(expired=lambda: True))
    connection.connection_made(cast("Any", wire))
    connection.connection_lost(None)

    assert wire.done == ["abort"]
    assert owner.told == []
    assert not connection.ready


async def test_a_connection_that_is_open_is_not_given_up_any_more() -> None:
    owner = Noting()
    connection = await made(owner)
    patience = Noting()
    patience.expired = lambda: False  # type: ignore[attr-defined]
    connection.patience = cast("Any", patience)
    connection.connection_made(cast("Any", Wire()))

    assert patience.told == ["reschedule"]

    assert owner.told == ["opened"]
    assert connection.ready


@pytest.mark.parametrize("patience", [step * RESOLUTION for step in (1, 2, 3, 4, 6, 10)])
@pytest.mark.parametrize("closes", [False, True])
async def test_however_short_the_time_every_question_has_one_outcome(
    patience: float, closes: bool
) -> None:
    def replies(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), close=closes)

    async with connected("tcp", replies, timeout=5) as (client, running):
        short = type(client)("tcp", running, timeout=patience)
        try:
            await reached(
                short.transport.__aenter__, attempts=20, first=0.001, patience=1.0, told=print
            )
        except Unreachable:
            return  # that is a way to end, too
        async with asyncio.timeout(30):
            outcomes = await short.ask(*(Query(key, tel) for key, tel in enumerate(TELS)))
        await short.transport.__aexit__(None, None, None)

        assert {outcome.key for outcome in outcomes} == set(range(len(TELS)))


async def test_a_question_that_waited_for_a_connection_is_paid_for_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paid = []

    async def pay_again() -> None:
        paid.append(len(running.asked))
        monkeypatch.setattr("pipeline.transports.tcp.waiting.SOON", 5.0)

    monkeypatch.setattr("pipeline.transports.tcp.waiting.SOON", -1.0)
    async with connected("tcp", timeout=5, pay_again=pay_again) as (client, running):
        outcomes = await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS[:20])))

    assert sorted(running.asked) == sorted(TELS[:20])
    assert len(outcomes) == 20
    assert paid[0] == 0  # before it leaves, not after


async def test_a_solo_question_that_waited_is_paid_for_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paid = []

    async def pay_again() -> None:
        paid.append(len(running.asked))

    monkeypatch.setattr("pipeline.transports.tcp.waiting.SOON", -1.0)
    async with connected("tcp", timeout=5, pay_again=pay_again) as (client, running):
        await client.ask_one(solo=True)

    assert paid == [0]


@pytest.mark.parametrize("solo", [False, True])
async def test_a_question_that_is_withdrawn_while_it_waits_was_not_sent(
    monkeypatch: pytest.MonkeyPatch, solo: bool
) -> None:
    async def pay_again() -> None:
        raise Withdrawn

    monkeypatch.setattr("pipeline.transports.tcp.waiting.SOON", -1.0)
    async with connected("tcp", timeout=5, pay_again=pay_again) as (client, running):
        result = await client.ask_one(solo=solo)

        assert not result.sent
        assert running.asked == []
