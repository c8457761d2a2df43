from collections.abc import Callable
from functools import partial

import pytest

from pipeline.lookup.concurrency import Concurrency


def settle(
    concurrency: Concurrency, rate: float, latency: Callable[[int], float], seconds: float
) -> tuple[float, float]:
    """Run against a service; gives answers a second, and the limit, over the last third."""
    now, step, late, owed = 0.0, 0.05, 0.0, 0.0
    limits = []
    for turn in range(int(seconds / step)):
        now += step
        wait = latency(concurrency.limit)
        answered = min(rate, concurrency.limit / wait) * step
        owed += answered
        concurrency.answered(int(owed), wait)
        owed -= int(owed)
        concurrency.adjust(now, rate)
        if turn > seconds / step * 2 / 3:
            late += answered
            limits.append(concurrency.limit)
    return late / (seconds / 3), sum(limits) / len(limits)


@pytest.mark.parametrize("wait", [0.005, 0.2, 3.0])
def test_the_rate_is_reached_at_any_latency(wait: float) -> None:
    concurrency = Concurrency(1000.0, None)
    assert settle(concurrency, 1000.0, lambda _: wait, 120.0)[0] >= 980
    assert concurrency.limit <= max(32, 1000 * wait * 2.2)


def test_it_does_not_grow_where_that_brings_nothing() -> None:
    concurrency = Concurrency(1000.0, None)
    # A service with room for 20: more questions only wait longer.
    _, limit = settle(concurrency, 1000.0, lambda limit: max(0.1, limit / 200), 60.0)
    assert limit <= 150


def test_trouble_cuts_it_once_a_round_trip() -> None:
    concurrency = Concurrency(1000.0, None)
    settle(concurrency, 1000.0, lambda _: 0.5, 60.0)
    before = concurrency.limit
    for _ in range(20):
        concurrency.troubled(100.0)
    assert concurrency.limit == int(before * 0.7)


def losing(concurrency: Concurrency, share: float, *, turns: int = 200, now: float = 100.0) -> int:
    """The limit at a service that takes 0.2 s and leaves a share of the lookups unanswered."""
    owed = 0.0
    for _ in range(turns):
        now += 0.05
        asked = min(1000.0, concurrency.limit / 0.2) * 0.05
        concurrency.answered(round(asked * (1 - share)), 0.2)
        owed += asked * share
        while owed >= 1:
            concurrency.lost()
            owed -= 1
        concurrency.adjust(now, 1000.0)
    return concurrency.limit


def test_loss_takes_the_room_to_spare_but_not_what_the_rate_needs() -> None:
    spacious = Concurrency(1000.0, None)
    settle(spacious, 1000.0, lambda _: 0.3, 60.0)
    before = spacious.limit
    assert 200 <= losing(spacious, 0.3) <= 200 + Concurrency.LEAST < before


@pytest.mark.parametrize("share", [0.06, 0.1, 0.15])
def test_what_a_network_loses_by_itself_is_no_reason_to_ask_less(share: float) -> None:
    spacious = Concurrency(1000.0, None)
    settle(spacious, 1000.0, lambda _: 0.3, 60.0)
    before = spacious.limit
    assert losing(spacious, share) >= 0.9 * before


def test_a_network_that_begins_to_lose_more_than_it_used_to_is_asked_less() -> None:
    concurrency = Concurrency(1000.0, None)
    settle(concurrency, 1000.0, lambda _: 0.3, 60.0)
    before = losing(concurrency, 0.06)
    assert losing(concurrency, 0.3, turns=20, now=110.0) < before


def test_lost_lookups_keep_their_places_until_they_are_given_up() -> None:
    concurrency = Concurrency(1000.0, None)
    now = 0.0
    for _ in range(400):  # of an answer in 5 ms, a tenth lost, which takes a second to know
        now += 0.05
        done = min(50.0, concurrency.limit / (0.9 * 0.005 + 0.1 * 1.0) * 0.05)
        concurrency.answered(round(done * 0.9), 0.005)
        for _ in range(round(done * 0.1)):
            concurrency.lost(1.0)
        concurrency.adjust(now, 1000.0)
    assert concurrency.limit >= 100


def test_what_networks_lose_by_chance_changes_nothing() -> None:
    one, other = Concurrency(1000.0, None), Concurrency(1000.0, None)
    assert losing(one, 0.01) == losing(other, 0.0)


def test_answers_that_come_late_are_no_loss() -> None:
    concurrency = Concurrency(1000.0, None)
    settle(concurrency, 1000.0, lambda _: 0.2, 20.0)
    before, now = concurrency.limit, 100.0
    for _ in range(40):
        now += 0.05
        concurrency.answered(10, 0.2)
        for _ in range(10):
            concurrency.lost()
        concurrency.late(10)
        concurrency.adjust(now, 1000.0)
    assert concurrency.limit >= before


def test_a_service_that_takes_its_time_gets_all_it_needs_after_its_first_answers() -> None:
    concurrency = Concurrency(1000.0, None)
    settle(concurrency, 1000.0, lambda _: 3.0, 3.2)
    assert concurrency.limit >= 3000


def test_a_service_that_slows_in_mid_run_gets_it_within_a_few_round_trips() -> None:
    concurrency = Concurrency(1000.0, None)
    settle(concurrency, 1000.0, lambda _: 0.005, 30.0)
    assert concurrency.limit < 50
    now = 30.0
    while concurrency.limit < 2000 and now < 60.0:
        now += 0.05
        concurrency.answered(max(1, int(concurrency.limit / 2 * 0.05)), 2.0)
        concurrency.adjust(now, 1000.0)
    assert now < 30.0 + 4 * 2.0


def test_a_limit_has_room_for_what_waits_for_the_disk_unless_it_is_fixed() -> None:
    found, fixed = Concurrency(1000.0, None), Concurrency(1000.0, 20)
    for concurrency in (found, fixed):
        settle(concurrency, 1000.0, lambda _: 0.02, 5.0)
        concurrency.synced(1.0)
    assert found.spare > 200  # 0.1 s, smoothed, before and after a lookup
    assert fixed.spare == 0


def test_it_does_not_grow_while_our_own_processor_is_what_is_short() -> None:
    idle, busy = Concurrency(10_000.0, None, first=64), Concurrency(10_000.0, None, first=64)
    for turn in range(1, 200):
        now = turn * 0.05
        for concurrency, share in ((idle, 0.3), (busy, 0.95)):
            concurrency.answered(100, 0.1)
            concurrency.adjust(now, 10_000.0, partial(float, now * share))
    assert idle.limit > 1000
    assert busy.limit <= 128


def test_a_fixed_limit_stays() -> None:
    concurrency = Concurrency(1000.0, 8)
    settle(concurrency, 1000.0, lambda _: 3.0, 20.0)
    concurrency.troubled(100.0)
    losing(concurrency, 0.3)
    assert concurrency.limit == 8


def test_a_high_rate_that_is_reached_has_room_for_a_tenth_of_a_second() -> None:
    concurrency = Concurrency(30_000.0, None)
    assert settle(concurrency, 30_000.0, lambda _: 0.005, 10.0)[0] >= 29_400
    assert concurrency.limit == 3000
    assert concurrency.spare >= 3000


def test_a_rate_that_nobody_reaches_has_no_such_room() -> None:
    concurrency = Concurrency(1_000_000.0, None)
    settle(concurrency, 1_000_000.0, lambda limit: max(0.001, limit / 50_000), 30.0)
    assert concurrency.limit < 1000
