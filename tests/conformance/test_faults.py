"""Every transport against every fault of the simulator, one at a time and several together.

Whoever asks again what failed ends up with what the service knows of each number, byte for byte;
the meter has every request that was paid for and no other, and no number was billed more often
than it was asked.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress

import aiohttp
import pytest

from pipeline.protocol.messages import Answer, Credentials, Fault, FaultKind, Outcome, Query
from pipeline.simulator.faults import FAULTS, chance
from pipeline.simulator.population import Population
from pipeline.simulator.server import Endpoints, SimulatorOptions, listening
from pipeline.transports import TRANSPORTS
from pipeline.transports.contract import Service, Transport, Unreachable

TELS = [f"4474001234{number:02}" for number in range(12)]
SEED = "faults"
PATIENCE = 0.3
"""Seconds that an answer may take."""
ROUNDS = 60
CHANCE = "0.25"
"""A chance is tried with this, and shows by itself."""
SHOWN_BY: dict[str, tuple[str, ...]] = {
    "latency": ("latency=0.02",),
    "jitter": ("jitter=0.02",),
    "late_by": ("late=0.25 late_by=0.02", f"late=0.25 late_by={2 * PATIENCE}"),
    "merge": ("merge=0.02",),
    "close": ("close=1", "close=3"),
    "idle": ("idle=0.05",),
    "newline": ("newline=yes",),
    "retry_after": ("throttle=0.25 retry_after=1", "unavailable=0.25 retry_after=1"),
    "retry_date": ("throttle=0.25 retry_after=1 retry_date=yes",),
    "alpha3": ("alpha3=yes",),
    "wrapped": ("wrapped=yes",),
    "revoke": ("revoke=3",),
    "expires_in": tuple(f"expires_in={told}" for told in ("missing", "1", "0", "-1", "soon")),
    "token_down": ("token_down=1", "token_down=3"),
    "stubborn": ("late=0.25 late_by=0.02 stubborn=yes",),
}
"""All other faults, and what each is tried with: some do nothing without another."""
NOT_THE_SAME = {"odd_code", "alpha3", "wrapped", "f2"}
"""The service itself says something else then, and that is final."""
FATAL = {"failed", "forbidden"}
CLOSING = {"close", "hang", "idle", "reset", "truncated"}
"""What was sent behind the last question of a connection is never read, and not counted."""
TOGETHER = (
    *("loss=0.1", "duplicate=0.1", "garbage=0.05", "f3=0.1", "reset=0.05", "unavailable=0.1"),
    *("split=0.3", "reorder=0.3", "wrong_tel=0.05", "truncated=0.05", "jitter=0.02"),
)


def cases() -> Iterator[tuple[str, tuple[str, ...]]]:
    for kind in TRANSPORTS:
        for fault in FAULTS.values():
            if kind in fault.transports:
                alone = (f"{fault.name}={CHANCE}",) if fault.kind is chance else ()
                for text in SHOWN_BY.get(fault.name, alone):
                    yield kind, tuple(text.split())
        yield kind, TOGETHER


def value_of(faults: tuple[str, ...], name: str) -> str:
    return dict(fault.split("=") for fault in faults).get(name, "")


class Asker:
    """Asks again what failed, one round after another, and counts what it paid for."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.answers: dict[int, bytes] = {}
        self.fatal = ""
        self.waits: set[float | None] = set()
        """What the service asked for when it throttled."""
        self.starts = 0
        """Attempts to connect and, for REST, to get a token."""
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
        if fault.kind is FaultKind.THROTTLE:
            self.waits.add(fault.retry_after)
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
    async with AsyncExitStack() as stack:
        while True:
            asker.starts += 1
            with suppress(Unreachable):
                transport = TRANSPORTS[kind](service, asker.deliver)
                await asker.ask(await stack.enter_async_context(transport))
                return asker


async def metered(endpoints: Endpoints) -> tuple[Counter[str], dict[str, int]]:
    """Requests by kind, and how often each number was billed."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(endpoints.meter + "?numbers=all") as response,
    ):
        told = await response.json()
    return Counter(told["requests"]), told["numbers"]


def shown(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "-".join(value[:3])


def test_every_fault_is_tried_over_each_transport_that_it_applies_to() -> None:
    tried = {(kind, each.partition("=")[0]) for kind, faults in cases() for each in faults}
    of_table = {(kind, fault.name) for fault in FAULTS.values() for kind in fault.transports}
    others = {fault.name for fault in FAULTS.values() if fault.kind is not chance}

    assert set(SHOWN_BY) == others, "what shows that the new fault is there?"
    assert of_table <= tried


@pytest.mark.parametrize(("kind", "faults"), list(cases()), ids=shown)
async def test_every_row_is_as_the_service_knows_it(kind: str, faults: tuple[str, ...]) -> None:
    options = SimulatorOptions(seed=SEED, faults=faults)
    names = {fault.partition("=")[0] for fault in faults}
    async with asyncio.timeout(60), listening(options, lambda: 1.7e9) as (endpoints, _):
        asker = await asked(kind, endpoints)
        came, billed = await metered(endpoints)

    requests = sum(came[each] for each in TRANSPORTS)
    assert requests <= asker.asked.total()
    assert requests == asker.asked.total() or names & CLOSING
    assert all(count <= asker.asked[tel] for tel, count in billed.items())
    assert asker.starts == 1 + int(value_of(faults, "token_down") or 0)
    if "token_down" in names:
        assert came["token"] == asker.starts
    if "retry_after" in names:
        assert asker.waits == {0.0 if "retry_date" in names else 1.0}  # that date has gone by
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
