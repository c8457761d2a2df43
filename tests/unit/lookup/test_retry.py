import random

import pytest

from pipeline.lookup.retry import RETRY_AFTER_CAP, Retries, reached
from pipeline.protocol.messages import Fault, FaultKind
from pipeline.transports.contract import Unreachable

SILENCE = Fault(FaultKind.TIMEOUT, "no answer in time")


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


class Failing:
    """Raises these, one after the other, then is done."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.calls = 0
        self.told: list[str] = []

    async def __call__(self) -> str:
        self.calls += 1
        if self._failures:
            raise self._failures.pop(0)
        return "done"

    async def reached(self, *, attempts: int = 3, patience: float = 60.0) -> str:
        return await reached(
            self,
            attempts=attempts,
            first=0.0,
            patience=patience,
            told=lambda why: self.told.append(str(why)),
        )


async def test_what_cannot_be_reached_is_tried_a_few_times() -> None:
    twice = Failing(Unreachable("a"), Unreachable("b"))
    assert await twice.reached() == "done"
    three = Failing(Unreachable("a"), Unreachable("b"), Unreachable("c"))
    with pytest.raises(Unreachable, match="c"):
        await three.reached()
    assert (three.calls, three.told) == (3, [])


async def test_what_passes_is_waited_for_and_told_once() -> None:
    often = Failing(*(Unreachable(str(nth), passing=True, retry_after=0.0) for nth in range(30)))
    assert await often.reached() == "done"
    assert often.told == ["2"]


async def test_it_is_not_waited_for_longer_than_that() -> None:
    for_ever = Failing(*(Unreachable("no", passing=True, retry_after=0.01) for _ in range(1000)))
    with pytest.raises(Unreachable):
        await for_ever.reached(patience=0.05)
    assert for_ever.calls < 100


async def test_another_error_is_not_tried_again() -> None:
    other = Failing(ValueError())
    with pytest.raises(ValueError):  # noqa: PT011  it is this one
        await other.reached()
    assert other.calls == 1
