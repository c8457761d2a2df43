"""`--deadline`: a time of day by the clocks of the place, a date, or a span."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from pipeline.deadlines import deadline, moment
from pipeline.lookup.asking import Asking, Limits
from pipeline.lookup.limiter import Limiter
from pipeline.lookup.retry import Retries


@pytest.fixture
def zone() -> Iterator[pytest.MonkeyPatch]:
    """Sets the local zone, and puts it back."""
    patch = pytest.MonkeyPatch()
    yield patch
    patch.undo()
    time.tzset()


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ")[:19]


@pytest.mark.parametrize(
    ("place", "text", "begun", "ends"),
    [
        # An ordinary night.
        ("Europe/Berlin", "06:30", "2026-01-30T22:00+01:00", "2026-01-31 05:30:00"),
        # Clocks go forward in the night, back in the night; the same on the southern half.
        ("Europe/Berlin", "06:30", "2026-03-28T22:00+01:00", "2026-03-29 04:30:00"),
        ("Europe/Berlin", "06:30", "2026-10-24T22:00+02:00", "2026-10-25 05:30:00"),
        ("America/New_York", "06:30", "2026-03-07T23:00-05:00", "2026-03-08 10:30:00"),
        ("America/New_York", "06:30", "2026-10-31T23:00-04:00", "2026-11-01 11:30:00"),
        ("Australia/Lord_Howe", "06:30", "2026-04-04T20:00+11:00", "2026-04-04 20:00:00"),
        # Begun after the change, and right before it.
        ("Europe/Berlin", "06:30", "2026-03-29T03:00+02:00", "2026-03-29 04:30:00"),
        ("Europe/Berlin", "06:30", "2026-03-29T01:59+01:00", "2026-03-29 04:30:00"),
        # A time that this night has twice: the first that is still to come.
        ("Europe/Berlin", "02:30", "2026-10-25T01:00+02:00", "2026-10-25 00:30:00"),
        ("Europe/Berlin", "02:30", "2026-10-25T02:45+02:00", "2026-10-25 01:30:00"),
        ("Europe/Berlin", "02:30", "2026-10-25T02:45+01:00", "2026-10-26 01:30:00"),
        # One that it leaves out: as long after midnight as in any other.
        ("Europe/Berlin", "02:30", "2026-03-29T01:00+01:00", "2026-03-29 01:30:00"),
        # A day that a place left out.
        ("Pacific/Apia", "06:30", "2011-12-29T22:00-10:00", "2011-12-30 16:30:00"),
        # Just now is tomorrow; a second later is not.
        ("Europe/Berlin", "06:30", "2026-01-31T06:30+01:00", "2026-02-01 05:30:00"),
        ("Europe/Berlin", "06:30:01", "2026-01-31T06:30+01:00", "2026-01-31 05:30:01"),
        # A date, with and without a zone; a span.
        ("Europe/Berlin", "2026-03-29T06:30", "2026-03-28T22:00+01:00", "2026-03-29 04:30:00"),
        ("Europe/Berlin", "2026-03-29T06:30Z", "2026-03-28T22:00+01:00", "2026-03-29 06:30:00"),
        ("Europe/Berlin", "8h", "2026-03-28T22:00+01:00", "2026-03-29 05:00:00"),
        ("Europe/Berlin", "1.5m", "2026-03-28T22:00+01:00", "2026-03-28 21:01:30"),
    ],
)  # fmt: skip
def test_a_deadline_is_what_clocks_show(
    zone: pytest.MonkeyPatch, place: str, text: str, begun: str, ends: str
) -> None:
    zone.setitem(os.environ, "TZ", place)
    time.tzset()

    assert shown(moment(deadline(text), at(begun))) == ends


class Clocks:
    """The machine's two clocks; the wall clock can be set."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.ahead = 1_700_000_000.0

    def clock(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.ahead


def limits(clocks: Clocks, *, deadline: float | None = None, until: float | None = None) -> Limits:
    return Limits(
        Asking(
            transport="tcp",
            endpoint="tcp://127.0.0.1:1",
            rate=10,
            concurrency=1,
            attempts=1,
            timeout=1,
            limiter=Limiter(10, clocks.now),
            retries=Retries(1, Random(1)),
            clock=clocks.clock,
            wall=clocks.wall,
            deadline=deadline,
            until=until,
        )
    )


@pytest.mark.parametrize("step", [-7200.0, -3600.0, -1.0, 0.0, 1.0, 59.0, 3600.0])
def test_a_clock_that_is_set_moves_a_time_of_day(step: float) -> None:
    clocks = Clocks()
    found = limits(clocks, deadline=clocks.wall() + 60)

    clocks.ahead += step

    assert found.due == pytest.approx(1060 - step)
    assert bool(found.reached(clocks.now)) == (step >= 60)
    clocks.now = 1060 - step
    assert found.reached(clocks.now) == "the deadline is reached"


@pytest.mark.parametrize("step", [-7200.0, -1.0, 0.0, 59.0, 3600.0])
def test_a_clock_that_is_set_does_not_change_a_span(step: float) -> None:
    clocks = Clocks()
    found = limits(clocks, until=clocks.now + 60)

    clocks.ahead += step

    assert found.due == 1060
    clocks.now = 1059.9
    assert not found.reached(clocks.now)
    clocks.now = 1060.0
    assert found.reached(clocks.now) == "the deadline is reached"


def test_without_a_deadline_none_is_due() -> None:
    clocks = Clocks()
    assert limits(clocks).due == float("inf")
    assert not limits(clocks).reached(1e12)
