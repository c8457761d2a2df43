"""The limiter's promise, for any schedule of wishes."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lookup.limiter import CELL_US, STATE_BYTES, Limiter

RATES = st.one_of(
    st.integers(1, 50_000).map(float),
    st.floats(0.2, 100, allow_nan=False).map(lambda x: round(x, 3)),
)
WISHES = st.lists(
    st.tuples(st.floats(0.0, 0.6, allow_nan=False), st.integers(1, 60_000)), min_size=1, max_size=60
)


def granted(limiter: Limiter, wishes: list[tuple[float, int]]) -> list[tuple[float, int]]:
    now, found = 50.0, []
    for pause, wanted in wishes:
        now += pause
        if count := limiter.take(wanted, now):
            found.append((now, count))
    return found


@settings(max_examples=300)
@given(RATES, WISHES)
def test_no_second_holds_more_than_the_rate(rate: float, wishes: list[tuple[float, int]]) -> None:
    grants = granted(Limiter(rate, 50.0), wishes)
    for first, (begin, _) in enumerate(grants):
        within = [count for when, count in grants[first:] if when < begin + 1.0]
        assert sum(within) <= max(1.0, rate + (rate % 1 > 0))


@settings(max_examples=100)
@given(RATES, st.lists(WISHES, min_size=2, max_size=3))
def test_jobs_that_share_a_state_share_the_rate(
    rate: float, jobs: list[list[tuple[float, int]]]
) -> None:
    state = memoryview(bytearray(STATE_BYTES))
    limiters = [Limiter(rate, 50.0, state) for _ in jobs]
    wishes = sorted(
        (50.0 + when, job, wanted)
        for job, schedule in enumerate(jobs)
        for when, wanted in zip(
            itertools.accumulate(pause for pause, _ in schedule),
            (wanted for _, wanted in schedule),
            strict=True,
        )
    )
    grants = [(when, limiters[job].take(wanted, when)) for when, job, wanted in wishes]
    for first, (begin, _) in enumerate(grants):
        within = [count for when, count in grants[first:] if when < begin + 1.0]
        assert sum(within) <= max(1.0, rate + (rate % 1 > 0))


@settings(max_examples=200)
@given(st.floats(0.2, 1000, allow_nan=False), WISHES)
def test_where_it_is_even_no_two_leave_sooner_than_their_distance(
    rate: float, wishes: list[tuple[float, int]]
) -> None:
    limiter = Limiter(rate, 50.0)
    limiter.even = True
    assert limiter.is_exact
    grants = granted(limiter, wishes)
    assert all(count == 1 for _, count in grants)
    times = [when for when, _ in grants]
    # Times are kept in microseconds.
    assert all(after - before >= 1 / rate - 2e-6 for before, after in itertools.pairwise(times))


@settings(max_examples=100)
@given(RATES, WISHES)
def test_when_it_says_ready_something_is_granted(
    rate: float, wishes: list[tuple[float, int]]
) -> None:
    limiter = Limiter(rate, 50.0)
    granted(limiter, wishes)
    now = 50.001 + sum(pause for pause, _ in wishes)
    for _ in range(3):
        now = limiter.ready_at(now)
        if limiter.take(1, now):
            return
        # Cells and microseconds round: at most one cell later it is there.
        now += CELL_US / 1e6
        if limiter.take(1, now):
            return
    raise AssertionError(f"never ready: {limiter}")
