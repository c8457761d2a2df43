import random

import pytest

from pipeline.lookup.retry import RETRY_AFTER_CAP, Retries, persistently
from pipeline.protocol.messages import Fault, FaultKind

SILENCE = Fault(FaultKind.TRANSIENT, "no answer in time")


def test_waits_grow_with_the_attempts_and_are_spread_over_the_whole_window() -> None:
    retries = Retries(10, random.Random(1))
    for attempt, window in ((1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0)):
        waits = [retries.delay(SILENCE, attempt) for _ in range(300)]
        known = [wait for wait in waits if wait is not None]
        assert len(known) == 300
        assert max(known) <= window
        assert max(known) > 0.9 * window
        assert min(known) < 0.1 * window


def test_waits_have_a_cap() -> None:
    retries = Retries(100, random.Random(1), cap=30.0)
    assert all((retries.delay(SILENCE, 60) or 0) <= 30.0 for _ in range(50))


def test_the_last_attempt_is_not_followed_by_another() -> None:
    retries = Retries(3, random.Random(1))
    assert retries.delay(SILENCE, 2) is not None
    assert retries.delay(SILENCE, 3) is None


@pytest.mark.parametrize(("asked", "given"), [(0.0, 0.0), (7.5, 7.5), (1e9, RETRY_AFTER_CAP)])
def test_the_services_wish_comes_first_with_a_cap(asked: float, given: float) -> None:
    fault = Fault(FaultKind.THROTTLE, "429", retry_after=asked)
    assert Retries(3, random.Random(1)).delay(fault, 1) == given


async def test_an_action_is_repeated_only_for_the_named_failure() -> None:
    calls: list[int] = []

    async def fails_twice() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError
        return "done"

    assert await persistently(fails_twice, ConnectionError, attempts=3, first=0.0) == "done"
    calls.clear()
    with pytest.raises(ConnectionError):
        await persistently(fails_twice, ConnectionError, attempts=2, first=0.0)
    assert len(calls) == 2
    calls.clear()
    with pytest.raises(ConnectionError):
        await persistently(fails_twice, ValueError, attempts=5, first=0.0)
    assert len(calls) == 1
