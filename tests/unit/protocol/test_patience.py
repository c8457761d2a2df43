"""How long to wait over UDP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.protocol.patience import FLOOR, Patience


def test_before_anything_is_known_seconds_are_waited_but_not_beyond_the_time_out() -> None:
    assert 3.0 <= Patience(10.0).wait(0) < 3.4
    assert Patience(1.0).wait(0) == 1.0


def test_waits_follow_the_measured_round_trip_and_its_deviation() -> None:
    patience = Patience(10.0)
    for _ in range(80):
        patience.sample(0.4)

    assert 0.4 <= patience.wait(0) < 0.45
    assert patience.round_trip == pytest.approx(0.4)


def test_waits_have_a_floor() -> None:
    patience = Patience(10.0)
    for _ in range(50):
        patience.sample(0.0001)

    assert FLOOR <= patience.wait(0) < FLOOR * 1.11


def test_each_attempt_doubles_the_wait_and_the_last_takes_all_the_time_there_is() -> None:
    patience = Patience(10.0)
    patience.sample(0.1)

    assert patience.wait(1) == 2 * patience.wait(0)
    assert patience.wait(2) == 4 * patience.wait(0)
    assert patience.wait(99) == 10.0
    assert patience.wait(0, final=True) == 10.0


def test_a_needless_resend_raises_the_waits_until_answers_come_in_time() -> None:
    patience = Patience(10.0)
    patience.sample(0.1)
    before = patience.wait(0)
    patience.too_short()
    raised = patience.wait(0)
    for _ in range(1000):
        patience.sample(0.1)

    assert raised > before
    assert patience.wait(0) < raised


@given(st.lists(st.floats(0, 60) | st.none(), max_size=60), st.integers(0, 100))
def test_every_wait_is_between_the_floor_and_the_time_out(
    events: list[float | None], attempt: int
) -> None:
    patience = Patience(5.0)
    for seconds in events:
        patience.too_short() if seconds is None else patience.sample(seconds)

    assert 0.1 <= patience.wait(attempt) <= 5.0
