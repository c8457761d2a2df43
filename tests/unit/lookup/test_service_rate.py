"""The rate that a service lets through is found, whatever it does with the rest."""

from collections import deque
from dataclasses import dataclass, field

import pytest

from pipeline.lookup.service_rate import ServiceRate

TICK = 0.005


@dataclass
class Limited:
    """A service that lets so many requests through in any second, and refuses or loses the others."""

    limit: float
    retry_after: float | None = None
    loses: bool = False
    counts_all: bool = False
    """What it refuses counts as well, so that above its rate it answers nothing."""
    chance: float = 0.0
    """Share of all that it refuses besides."""
    latency: float = 0.02
    passed: deque[float] = field(default_factory=deque)
    through: int = 0
    refused: int = 0
    _due: float = 0.0

    def takes(self, now: float) -> bool:
        while self.passed and self.passed[0] <= now - 1.0:
            self.passed.popleft()
        self._due += self.chance
        if self._due >= 1.0:
            self._due -= 1.0
            return False
        room = len(self.passed) < self.limit
        if room or self.counts_all:
            self.passed.append(now)
        return room


@dataclass
class Estimating(Limited):
    """Likewise as haproxy's `http_req_rate` counts: this second, and what is left of the last one's."""

    second: int = 0
    this: int = 0
    last: int = 0

    def takes(self, now: float) -> bool:
        if (second := int(now)) != self.second:
            self.last = self.this if second == self.second + 1 else 0
            self.second, self.this = second, 0
        self.this += 1
        return self.this + self.last * (second + 1 - now) <= self.limit


@dataclass
class Leaking(Limited):
    """Likewise as nginx's `limit_req` with `burst=20 nodelay`."""

    level: float = 0.0
    since: float = 0.0

    def takes(self, now: float) -> bool:
        self.level, self.since = max(0.0, self.level - self.limit * (now - self.since)), now
        room = self.level < 20
        self.level += room
        return room


def asked(
    service: Limited,
    rate: ServiceRate,
    seconds: float,
    begin: float = 100.0,
    unseen: float = 0.5,
) -> tuple[float, float]:
    """Requests that were let through and refused a second, over the time but for a part at its beginning."""
    now, tokens, paused = begin, 0.0, 0.0
    coming: deque[tuple[float, bool]] = deque()
    counts = [0, 0]
    while now < begin + seconds:
        now += TICK
        while coming and coming[0][0] <= now:
            _, good = coming.popleft()
            if good:
                rate.answered(1)
            elif service.loses:
                rate.lost(1)
            else:
                paused = max(paused, now + rate.refused(now, service.retry_after))
            if now > begin + seconds * unseen:
                counts[good] += 1
        tokens = min(tokens + rate.look(now, service.latency) * TICK, max(1.0, rate.rate * 0.05))
        while tokens >= 1.0 and now >= paused:
            tokens -= 1.0
            good = service.takes(now)
            # What is lost is known to be later.
            coming.append((now + service.latency, good))
    seen = seconds * (1.0 - unseen)
    return counts[True] / seen, counts[False] / seen


@pytest.mark.parametrize("limit", [50, 200, 1000])
@pytest.mark.parametrize("times", [1.02, 1.1, 1.5, 2, 5])
@pytest.mark.parametrize("how", ["refused", "retry after", "lost"])
def test_most_of_what_a_service_lets_through_is_used(limit: int, times: float, how: str) -> None:
    service = Limited(limit, 1.0 if how == "retry after" else None, loses=how == "lost")
    through, refused = asked(service, ServiceRate(limit * times), 60)

    assert through >= 0.9 * limit
    assert refused <= 0.05 * limit


@pytest.mark.parametrize("limit", [50, 200, 1000])
@pytest.mark.parametrize("times", [1.02, 1.1, 1.5, 2, 5])
@pytest.mark.parametrize("how", ["refused", "lost"])
def test_so_it_is_where_a_service_answers_nothing_above_its_rate(
    limit: int, times: float, how: str
) -> None:
    service = Limited(limit, loses=how == "lost", counts_all=True)
    through, refused = asked(service, ServiceRate(limit * times), 60)

    assert through >= 0.85 * limit
    # What is lost is known later than what is refused.
    assert refused <= (0.05 if how == "refused" else 0.1) * limit


@pytest.mark.parametrize("limit", [50, 200, 1000])
@pytest.mark.parametrize("times", [1.02, 1.1, 1.5, 2.5, 5])
@pytest.mark.parametrize("begin", [100.0, 100.3, 100.8])
def test_so_it_is_where_its_rate_is_an_estimate(limit: int, times: float, begin: float) -> None:
    through, refused = asked(Estimating(limit), ServiceRate(limit * times), 60, begin)

    assert through >= 0.85 * limit
    assert refused <= 0.1 * limit


@pytest.mark.parametrize("limit", [50, 200, 1000])
@pytest.mark.parametrize("times", [1.02, 1.25, 2.5, 5])
@pytest.mark.parametrize("wait", [1.0, 2.0])
def test_a_wait_that_is_asked_for_again_and_again_tells_of_a_rate(
    limit: int, times: float, wait: float
) -> None:
    rate = ServiceRate(limit * times)
    through, _ = asked(Leaking(limit, retry_after=wait), rate, 20, unseen=0.0)
    assert through >= 0.85 * limit


@pytest.mark.parametrize("limit", [50, 200, 1000])
@pytest.mark.parametrize("times", [1.02, 2.5, 5])
def test_what_answers_nothing_above_its_rate_is_soon_asked_less(limit: int, times: float) -> None:
    through, _ = asked(Estimating(limit), ServiceRate(limit * times), 20, unseen=0.0)
    assert through >= 0.8 * limit


@pytest.mark.parametrize("share", [0.01, 0.05, 0.15])
def test_a_share_that_is_refused_whatever_the_rate_costs_no_more(share: float) -> None:
    rate = ServiceRate(500.0)
    through, _ = asked(Limited(1e9, chance=share), rate, 40)

    assert through >= 0.95 * 500 * (1 - share)
    assert rate.found is None


def test_a_limit_that_is_lifted_is_found_out() -> None:
    service, rate = Limited(100), ServiceRate(1000.0)
    asked(service, rate, 30)
    assert 90 <= (rate.found or 0) <= 110
    service.limit = 1e9
    asked(service, rate, 120, begin=200.0)
    assert rate.rate == 1000.0
    assert rate.found is None


def test_a_limit_that_is_lowered_is_found_out() -> None:
    service, rate = Limited(800), ServiceRate(1000.0)
    asked(service, rate, 20)
    service.limit = 100
    through, refused = asked(service, rate, 30, begin=200.0)
    assert through >= 90
    assert refused <= 5


def test_a_service_that_answers_nothing_is_asked_less_and_less_and_comes_back_soon() -> None:
    service, rate = Limited(0), ServiceRate(1000.0)
    _, refused = asked(service, rate, 60)
    assert refused <= 50
    assert rate.rate <= 250
    assert rate.found is None
    service.limit = 1e9
    asked(service, rate, 30, begin=200.0)
    assert rate.rate == 1000.0


def test_a_service_that_keeps_up_is_asked_at_the_rate() -> None:
    rate = ServiceRate(300.0)
    through, refused = asked(Limited(310), rate, 20)
    assert (round(through), refused) == (300, 0)
    assert rate.rate == 300.0


@pytest.mark.parametrize("limit", [50, 200])
@pytest.mark.parametrize("lasts", [1.5, 10, 30])
@pytest.mark.parametrize("wait", [None, 0.0])
def test_an_outage_is_no_limit(limit: int, lasts: float, wait: float | None) -> None:
    service, rate = Limited(limit, retry_after=wait), ServiceRate(0.95 * limit)
    asked(service, rate, 20)
    service.limit = 0
    asked(service, rate, lasts, begin=120.0)
    service.limit = limit
    through, _ = asked(service, rate, 80, begin=120.0 + lasts)
    assert through >= 0.85 * limit


def test_a_much_longer_wait_is_kept_to_also_soon_after_another() -> None:
    rate = ServiceRate(100.0)
    rate.look(100.0)
    assert [rate.refused(at, 1.0) for at in (100.0, 101.5)] == [1.0, 0.0]
    assert rate.refused(102.0, 60.0) == 60.0


def test_the_pause_is_what_the_service_asks_or_grows() -> None:
    rate = ServiceRate(100.0)
    rate.look(100.0)
    assert rate.refused(100.0, 9.0) == 9.0
    pauses, now = [], 110.0
    for _ in range(400):
        now += 0.3
        if pause := rate.refused(now, None):
            pauses.append(pause)
            now += pause
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1.0, 30.0)


def test_few_refusals_among_many_answers_pause_nothing() -> None:
    rate = ServiceRate(100.0)
    for second in range(100, 160):
        rate.look(float(second))
        for _ in range(5):
            rate.answered(19)
            assert rate.refused(float(second), 3.0) == 0.0
    assert rate.rate > 85


@pytest.mark.parametrize("lost", [1, 5, 9])
def test_what_is_lost_of_a_few_says_nothing_of_a_rate(lost: int) -> None:
    """As at the end of a list, when only those are left that were lost before."""
    rate = ServiceRate(2000.0)
    for tenth in range(600):
        rate.answered(10 - lost)
        rate.lost(lost)
        rate.look(100.0 + tenth / 10)
    assert rate.rate == 2000.0
    assert rate.found is None


def test_an_answer_that_comes_after_all_was_not_lost() -> None:
    rate = ServiceRate(100.0)
    now = 100.0
    for _ in range(2000):
        now += 0.01
        rate.answered(1)
        rate.lost(1)
        rate.lost(-1)
        rate.look(now)
    assert rate.rate == 100.0
