"""What piled up before a service that stood still does not exceed the rate when it goes on."""

import asyncio
import itertools
from pathlib import Path

import pytest

from pipeline.lookup.silence import Silence
from pipeline.protocol.meaning import LOST, NO_ANSWER
from pipeline.protocol.messages import Fault, FaultKind, Query
from pipeline.simulator.meter import worst_window
from tests.unit.lookup.instant import Bench, Reply, ok

LATENCY = 0.01


class Stalling:
    """A service that stands still from a second after its first request on, and then takes all at once."""

    def __init__(self, stall: float, timeout: float) -> None:
        self.arrived: list[float] = []
        self._stall = stall
        self._timeout = timeout
        self._begins = float("inf")

    def __call__(self, query: Query, _asked: int) -> Reply:
        now = asyncio.get_running_loop().time()
        if not self.arrived:
            self._begins = now + 1.0
        ends = self._begins + self._stall
        reaches = ends if self._begins <= now < ends else now
        self.arrived.append(reaches)
        waited = reaches + LATENCY - now
        late = (waited, ok(query.tel))
        if waited <= self._timeout:
            return [late]
        return [(self._timeout, Fault(FaultKind.TIMEOUT, NO_ANSWER)), late]


@pytest.mark.parametrize("stall", [0.5, 3.0, 12.0])
@pytest.mark.parametrize("concurrency", [None, 2000])
@pytest.mark.parametrize(("rate", "timeout"), [(10, 10.0), (100, 10.0), (100, 1.0), (500, 10.0)])
def test_no_second_at_the_service_sees_more_than_the_rate(
    tmp_path: Path, stall: float, concurrency: int | None, rate: int, timeout: float
) -> None:
    service = Stalling(stall, timeout)
    fake = Bench(tmp_path, min(9999, 3 * rate)).ask(
        service, rate=float(rate), concurrency=concurrency, timeout=timeout, attempts=9
    )

    assert len(fake.asked) == min(9999, 3 * rate)  # and every one has its answer
    assert worst_window(sorted(service.arrived)) <= rate + 1


def test_a_service_that_becomes_slow_for_good_is_asked_at_the_rate_again(tmp_path: Path) -> None:
    def slower(query: Query, _: int) -> Reply:
        now = asyncio.get_running_loop().time()
        began.append(now)
        return [(LATENCY if now < began[0] + 2 else 2.0, ok(query.tel))]

    began: list[float] = []
    Bench(tmp_path, 4000).ask(slower, rate=200.0, concurrency=2000)

    late = [when for when in began if when > began[0] + 12]
    assert len(late) / (late[-1] - late[0]) >= 0.95 * 200


@pytest.mark.parametrize("latency", [0.0, 0.05, 0.5, 3.0])
def test_answers_that_come_steadily_are_no_silence(latency: float) -> None:
    silence, rate = Silence(), 100
    again = 0
    for step in range(20 * rate):
        now = step / rate
        silence.sent(1, now)
        if now >= latency:
            again += silence.heard(now, latency)
        assert now < latency or not silence.is_long(now)
    assert again <= latency * rate + 1  # before the first answer nobody knows how long one takes


@pytest.mark.parametrize("every", [1, 3, 10])
def test_single_questions_without_answer_are_no_silence(every: int) -> None:
    silence = Silence()
    for step in range(100):
        now = step * 0.5
        silence.sent(1, now)
        if step % every:
            continue
        assert silence.heard(now + 0.001, 0.001) <= every
        assert not silence.is_long(now + 0.4)


def test_what_left_before_the_service_fell_silent_is_not_paid_again() -> None:
    silence = Silence()
    silence.sent(50, 0.0)
    assert silence.heard(0.01, 0.01) == 0
    silence.sent(7, 0.02)
    silence.sent(5, 0.05)
    assert not silence.is_long(0.2)
    assert silence.is_long(0.3)
    assert silence.heard(5.0, 2.0) == 12
    assert silence.heard(5.1, 0.01) == 0


def test_a_probe_goes_out_where_everything_was_given_up(tmp_path: Path) -> None:
    """A service that loses all that was under way, as when it begins anew, is found again."""

    def loses(query: Query, _: int) -> Reply:
        now = asyncio.get_running_loop().time()
        began.append(now)
        if began[0] + 1 <= now < began[0] + 4:
            return [(1.0, Fault(FaultKind.DISCONNECTED, LOST))]
        return [(LATENCY, ok(query.tel))]

    began: list[float] = []
    bench = Bench(tmp_path, 300)
    fake = bench.ask(loses, rate=100.0, timeout=1.0, attempts=9)

    assert len(fake.asked) == 300
    gaps = [later - earlier for earlier, later in itertools.pairwise(began)]
    assert max(gaps) < 3.5


@pytest.mark.parametrize("lost", [20, 30, 60])
def test_some_that_are_lost_in_a_row_each_second_stop_nothing(tmp_path: Path, lost: int) -> None:
    """All that is under way may be lost: only an answer to a later question tells."""

    def loses(query: Query, _: int) -> Reply:
        now = asyncio.get_running_loop().time()
        arrived.append(now)
        if len(arrived) % 1000 >= 1000 - lost:
            return [(5.0, Fault(FaultKind.TIMEOUT, NO_ANSWER))]
        answered.append(now)
        return [(0.001, ok(query.tel))]

    arrived: list[float] = []
    answered: list[float] = []
    bench = Bench(tmp_path, 9999)
    bench.ask(loses, rate=1000.0, timeout=5.0, attempts=9)

    most = answered[int(0.95 * len(answered)) - 1]  # what was lost last takes a time-out more
    assert 0.95 * len(answered) / (most - arrived[0]) >= 850
