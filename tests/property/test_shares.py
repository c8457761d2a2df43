"""The promise of jobs that share an account, for any schedule of wants, suspensions and deaths."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lookup.limiter import Limiter
from pipeline.lookup.shares import SHARED_BYTES, Shares

RATES = st.lists(
    st.one_of(st.integers(1, 5_000).map(float), st.floats(0.2, 50).map(lambda x: round(x, 3))),
    min_size=1,
    max_size=5,
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.one_of(st.floats(0.0, 0.02), st.floats(0.0, 1.5)),
        st.integers(1, 300),
        st.sampled_from(("take",) * 12 + ("crash", "suspend", "unknown", "leave", "pause")),
    ),
    min_size=1,
    max_size=120,
)


class Job:
    """A process: keeps to its own rate by itself, as `SharedLimiter` does."""

    def __init__(self, number: int, rate: float, now: float) -> None:
        self.number = number
        self.rate = rate
        self.own = Limiter(rate, now)
        self.sent: list[tuple[float, int]] = []
        self.back = 0.0

    def take(self, shares: Shares, wanted: int, now: float) -> int:
        asked = self.own.take(wanted, now)
        grant = shares.take(self.number, self.rate, asked, now)
        self.own.recall(asked - grant.granted)
        self.sent.append((now, grant.granted))
        return grant.granted


def most_in_a_second(sent: list[tuple[float, int]]) -> int:
    worst = 0
    for first, (begin, _) in enumerate(sent):
        worst = max(worst, sum(count for when, count in sent[first:] if when < begin + 1.0))
    return worst


def befall(shares: Shares, job: Job, act: str, now: float) -> None:
    if act == "suspend":
        job.back = now + 3.0
    elif act == "unknown":  # the state was damaged, or its holder suspended
        shares.begin(now)
    elif act == "leave":
        shares.leave(job.number, now)
    elif act == "pause":
        shares.pause(now + 0.3, now)


@settings(max_examples=100, deadline=None)
@given(RATES, STEPS)
def test_no_second_holds_more_than_the_rate_whatever_happens_to_the_jobs(
    rates: list[float], steps: list[tuple[int, float, int, str]]
) -> None:
    shares = Shares(memoryview(bytearray(SHARED_BYTES)), 50.0)
    now, sent = 50.0, []
    jobs = [Job(number + 1, rate, now) for number, rate in enumerate(rates)]
    serial = len(jobs)
    for chosen, pause, wanted, act in steps:
        now += pause
        job = jobs[chosen % len(jobs)]
        if act == "crash":  # and is started again; its seat and its part stay behind
            serial += 1
            jobs[chosen % len(jobs)] = Job(serial, job.rate, now)
        elif act == "take" and job.back <= now:
            sent.append((now, job.take(shares, wanted, now)))
        else:
            befall(shares, job, act, now)
    assert most_in_a_second(sent) <= max(1.0, max(rates) + (max(rates) % 1 > 0))
    for job in jobs:
        assert most_in_a_second(job.sent) <= max(1.0, job.rate + (job.rate % 1 > 0))


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=6), st.integers(20, 2_000))
def test_nobody_starves_however_often_the_others_ask(steps: list[int], rate: int) -> None:
    """Job `n` asks every `steps[n]` milliseconds for as much as it can get."""
    shares = Shares(memoryview(bytearray(SHARED_BYTES)), 50.0)
    got = [0] * len(steps)
    for turn in range(1, 2_001):
        for number, step in enumerate(steps):
            if turn % step == 0:
                grant = shares.take(number + 1, float(rate), 256, 50.0 + turn / 1000)
                got[number] += grant.granted
    assert sum(got) >= 0.96 * rate * 2 - len(steps)
    assert min(got) >= 0.9 * sum(got) / len(got) - 2
