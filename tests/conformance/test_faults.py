"""Every transport against every fault of the simulator, one at a time and several together.

Whoever asks again what failed ends up with what the service knows of each number, byte for byte;
the meter has every request that was paid for and no other, and no number was billed more often
than it was asked.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from pipeline import parsing
from pipeline.protocol.messages import Answer, Credentials, Fault, FaultKind, Outcome, Query
from pipeline.simulator.faults import FAULTS, chance, lifetime, seconds, whole
from pipeline.simulator.population import Population
from pipeline.simulator.server import Endpoints, SimulatorOptions, listening
from pipeline.transports import TRANSPORTS
from pipeline.transports.contract import Service, Transport

TELS = [f"4474001234{number:02}" for number in range(12)]
SEED = "faults"
PATIENCE = 0.3
"""Seconds that an answer may take."""
ROUNDS = 60
VALUES: dict[Callable[[str], Any], str] = {
    chance: "0.25",
    seconds: "0.02",
    whole: "3",
    parsing.boolean: "yes",
    lifetime: "missing",
}
NOT_THE_SAME = {"odd_code", "alpha3", "wrapped", "f2"}
"""The service itself says something else then, and that is final."""
FATAL = {"failed", "forbidden"}
CLOSING = {"close", "hang", "reset", "truncated"}
"""What was sent behind the last question of a connection is never read, and not counted."""
AT_THE_START = {"token_down", "expires_in"}
"""Met before the first question."""
TOGETHER = (
    *("loss=0.1", "duplicate=0.1", "garbage=0.05", "f3=0.1", "reset=0.05", "unavailable=0.1"),
    *("split=0.3", "reorder=0.3", "wrong_tel=0.05", "truncated=0.05", "jitter=0.02"),
)


def cases() -> Iterator[tuple[str, tuple[str, ...]]]:
    for kind in TRANSPORTS:
        for fault in FAULTS.values():
            if kind in fault.transports and fault.name not in AT_THE_START:
                yield kind, (f"{fault.name}={VALUES[fault.kind]}",)
        yield kind, TOGETHER


class Asker:
    """Asks again what failed, one round after another, and counts what it paid for."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.answers: dict[int, bytes] = {}
        self.fatal = ""
        self._open: set[int] = set()
        self._solo: set[int] = set()
        self._all_in = asyncio.Event()

    def deliver(self, outcomes: list[Outcome]) -> None:
        for key, result in outcomes:
            self._open.discard(key)
            if isinstance(result, Answer):
                self.answers.setdefault(key, result.raw)
            else:
                self._failed(key, result)
        if not self._open:
            self._all_in.set()

    def _failed(self, key: int, fault: Fault) -> None:
        if fault.kind is FaultKind.ACCOUNT:
            self.fatal = fault.reason
        if not fault.sent:
            self.asked[TELS[key]] -= 1
        if fault.solo:
            self._solo.add(key)

    async def ask(self, transport: Transport) -> None:
        """Until every number has its answer, or the account is refused."""
        for _ in range(ROUNDS):
            left = [key for key in range(len(TELS)) if key not in self.answers]
            if not left or self.fatal:
                return
            await self._round(transport, left[: max(1, transport.capacity)])

    async def _round(self, transport: Transport, keys: list[int]) -> None:
        self._all_in.clear()
        self._open = set(keys)
        self.asked.update(TELS[key] for key in keys)
        transport.send([Query(key, TELS[key], key in self._solo) for key in keys])
        await self._all_in.wait()


async def asked(kind: str, endpoints: Endpoints) -> Asker:
    asker = Asker()
    service = Service(
        endpoint=getattr(endpoints, kind),
        credentials=Credentials(endpoints.client_id, endpoints.client_secret),
        timeout=PATIENCE,
        token_url=endpoints.token_url,
    )
    async with TRANSPORTS[kind](service, asker.deliver) as transport:
        await asker.ask(transport)
    return asker


async def metered(endpoints: Endpoints) -> tuple[int, dict[str, int]]:
    """Requests for lookups, and how often each number was billed."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(endpoints.meter + "?numbers=all") as response,
    ):
        told = await response.json()
    return sum(told["requests"][kind] for kind in TRANSPORTS), told["numbers"]


@pytest.mark.parametrize(("kind", "faults"), list(cases()), ids=lambda value: str(value)[:24])
async def test_every_row_is_as_the_service_knows_it(kind: str, faults: tuple[str, ...]) -> None:
    options = SimulatorOptions(seed=SEED, faults=faults)
    names = {fault.partition("=")[0] for fault in faults}
    async with asyncio.timeout(60), listening(options, lambda: 1.7e9) as (endpoints, _):
        asker = await asked(kind, endpoints)
        requests, billed = await metered(endpoints)

    assert requests <= asker.asked.total()
    assert requests == asker.asked.total() or names & CLOSING
    assert all(count <= asker.asked[tel] for tel, count in billed.items())
    if names & FATAL:
        assert asker.fatal
    if asker.fatal:
        assert names <= FATAL | {"unauthorized"}  # two fresh tokens may be refused in a row
        return
    assert sorted(asker.answers) == list(range(len(TELS)))
    if not names & NOT_THE_SAME:
        known = Population(SEED)
        for key, raw in asker.answers.items():
            assert raw == known.answer(TELS[key])[0]
            assert billed[TELS[key]] >= 1
