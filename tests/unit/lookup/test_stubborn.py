"""Numbers that fail each time they are asked, and a service that fails: one is not taken for the other."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import ServiceError
from pipeline.events import LookupProgress
from pipeline.protocol.meaning import CLOSED_EARLY, NO_ANSWER, UNKNOWN_ERROR
from pipeline.protocol.messages import Fault, FaultKind, Query
from tests.unit.lookup.instant import Bench, FakeService, Reply, ok

NUMBERS = 1000
ATTEMPTS = 3
TIMEOUT = 5.0

WAYS: dict[str, Reply] = {
    "F3": [(0.01, Fault(FaultKind.UNTOLD, UNKNOWN_ERROR))],
    "404": [(0.01, Fault(FaultKind.REJECTED, "the service answered 404"))],
    "500": [(0.01, Fault(FaultKind.TRANSIENT, "the service answered 500"))],
    "504": [(0.01, Fault(FaultKind.THROTTLE, "the service answered 504"))],
    "silence": [(TIMEOUT, Fault(FaultKind.TIMEOUT, NO_ANSWER))],
    "closes": [(0.01, Fault(FaultKind.DISCONNECTED, CLOSED_EARLY))],
}
"""What is said to a number each time, and when."""

WHERE: dict[str, Callable[[int], bool]] = {
    "ten": lambda place: place % 100 == 7,
    "each tenth": lambda place: place % 10 == 3,
    "the first thirty": lambda place: place < 30,
    "a block": lambda place: 300 <= place < 420,
    "the last thirty": lambda place: place >= NUMBERS - 30,
}


def place_of(query: Query) -> int:
    return int(query.tel[-4:])


def stubborn(where: Callable[[int], bool], reply: Reply) -> Callable[[Query, int], Reply]:
    return lambda query, _: reply if where(place_of(query)) else [(0.01, ok(query.tel))]


def asked(fake: FakeService, where: Callable[[int], bool]) -> tuple[Counter[int], Counter[int]]:
    """How many numbers were asked how often: those that answer, and those that never do."""
    counts = (Counter[int](), Counter[int]())
    for tel, times in fake.asked.items():
        counts[where(int(tel[-4:]))][times] += 1
    return counts


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", WHERE)
def test_numbers_that_always_fail_become_unresolved_and_the_others_are_answered(
    tmp_path: Path, way: str, where: str
) -> None:
    bad = WHERE[where]
    bench = Bench(tmp_path, NUMBERS)
    reply = stubborn(bad, WAYS[way])
    for run in range(3):
        fake = bench.ask(reply, attempts=ATTEMPTS, timeout=TIMEOUT, rate=200.0)
        good, failed = asked(fake, bad)

        assert good == ({1: NUMBERS - sum(map(bad, range(NUMBERS)))} if run == 0 else {})
        assert sum(failed.values()) == sum(map(bad, range(NUMBERS)))
        # What looks like a service that is full may be asked some times more.
        more = 0 if way != "504" or run else 10 if where == "a block" else 3
        assert max(failed) <= ATTEMPTS + more
        assert len(bench.finished) == run + 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("numbers", [1, 5, 15])
def test_where_only_they_are_left_others_were_answered_before(
    tmp_path: Path, way: str, numbers: int
) -> None:
    """Their shard holds no answer; those of other shards tell that the service is there."""
    bench = Bench(tmp_path, numbers)
    for _ in range(2):
        fake = bench.ask(lambda *_: WAYS[way], attempts=3, timeout=TIMEOUT, trusted=True)
        assert max(fake.asked.values()) <= 2 * ATTEMPTS
    assert len(bench.finished) == 2


@pytest.mark.parametrize("way", [way for way in WAYS if way != "F3"])
@pytest.mark.parametrize("numbers", [1, 10, 1000])
def test_a_service_that_never_answered_cannot_be_used(
    tmp_path: Path, way: str, numbers: int
) -> None:
    bench = Bench(tmp_path, numbers)
    with pytest.raises(ServiceError):
        bench.ask(lambda *_: WAYS[way], attempts=3, timeout=TIMEOUT, rate=50.0)
    assert bench.fake is not None
    assert len(bench.fake.sent) <= 150


@pytest.mark.parametrize("numbers", [1, 10, 400])
def test_f3_is_a_word_of_the_service_about_each_number(tmp_path: Path, numbers: int) -> None:
    bench = Bench(tmp_path, numbers)
    fake = bench.ask(lambda *_: WAYS["F3"], attempts=3)
    assert set(fake.asked.values()) == {3}
    assert len(bench.finished) == 1


def test_f3_for_a_thousand_numbers_and_no_answer_is_nonsense(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 5000)
    with pytest.raises(ServiceError, match="F3"):
        bench.ask(lambda *_: WAYS["F3"], attempts=3)
    assert bench.fake is not None
    assert len(bench.fake.sent) < 3000


@pytest.mark.parametrize("way", [way for way in WAYS if way != "F3"])
def test_a_service_that_goes_away_ends_the_run_while_others_are_to_be_asked(
    tmp_path: Path, way: str
) -> None:
    def goes(query: Query, _: int) -> Reply:
        now = asyncio.get_running_loop().time()
        began.append(now)
        return WAYS[way] if now > began[0] + 2 else [(0.01, ok(query.tel))]

    began: list[float] = []
    bench = Bench(tmp_path, NUMBERS)
    with pytest.raises(ServiceError):
        bench.ask(goes, attempts=ATTEMPTS, timeout=TIMEOUT, rate=100.0)
    assert len(began) < 600


@pytest.mark.parametrize("way", [way for way in WAYS if way != "F3"])
def test_a_service_that_goes_away_for_a_while_loses_nothing(tmp_path: Path, way: str) -> None:
    def pauses(query: Query, _: int) -> Reply:
        now = asyncio.get_running_loop().time()
        began.append(now)
        away = began[0] + 2 < now < began[0] + 20
        return WAYS[way] if away else [(0.01, ok(query.tel))]

    began: list[float] = []
    bench = Bench(tmp_path, NUMBERS)
    fake = bench.ask(pauses, attempts=9, timeout=TIMEOUT, rate=100.0)
    assert len(fake.asked) == NUMBERS
    assert bench.known.counts()["answered"] == NUMBERS


def test_what_never_left_says_nothing_of_the_rate(tmp_path: Path) -> None:
    """As while there is no token: nothing reaches the service, which is then asked as before."""

    def kept_back(query: Query, _: int) -> Reply:
        now = asyncio.get_running_loop().time()
        began.append(now)
        unsent = Fault(FaultKind.TIMEOUT, NO_ANSWER, sent=False)
        kept = began[0] + 2 < now < began[0] + 3 and int(query.tel[-1]) < 5
        return [(0.01, unsent if kept else ok(query.tel))]

    began: list[float] = []
    bench = Bench(tmp_path, NUMBERS)
    bench.ask(kept_back, attempts=9, timeout=TIMEOUT, rate=100.0)
    rates = {event.rate_set for event in bench.events if isinstance(event, LookupProgress)}
    assert rates == {100.0}
