"""The engine against a service that is a function, in time that costs nothing."""

import itertools
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.errors import AccountError, Interrupted, LimitReached, ServiceError
from pipeline.events import LookupProgress
from pipeline.ledger.replay import State
from pipeline.protocol.messages import Fault, FaultKind, Query
from pipeline.stop import Stop
from tests.unit.lookup.instant import Bench, Reply, answers_at_once, coded, ok

SILENCE = Fault(FaultKind.TIMEOUT, "no answer in time")


def never(query: Query, _asked: int) -> Reply:
    return [(0.5, SILENCE)]


def test_every_number_is_asked_once_and_its_answer_is_on_disk(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 500)
    fake = bench.ask(answers_at_once)
    assert sorted(query.tel for _, query in fake.sent) == bench.tels
    assert bench.known.raws == [ok(tel).raw for tel in bench.tels]
    assert [work.number for work in bench.finished] == [0]


def test_no_second_sees_more_than_the_rate_and_the_rate_is_reached(tmp_path: Path) -> None:
    rate = 200
    times = Bench(tmp_path, 2000).ask(answers_at_once, rate=float(rate)).times
    for begin, after in zip(times, times[rate:], strict=False):
        assert after - begin >= 1.0 - 1e-9
    assert len(times) / (times[-1] - times[0]) >= 0.98 * rate


@pytest.mark.parametrize("latency", [0.005, 3.0])
def test_the_rate_is_reached_whatever_the_latency(tmp_path: Path, latency: float) -> None:
    times = Bench(tmp_path, 9999).ask(lambda query, _: [(latency, ok(query.tel))], rate=500.0).times
    settled = [when for when in times if when > times[0] + 4 * latency + 1]
    assert len(settled) / (settled[-1] - settled[0]) >= 0.95 * 500


def test_what_a_crash_leaves_in_doubt_is_at_most_the_concurrency(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 400)
    worst = 0

    def service(query: Query, asked: int) -> Reply:
        nonlocal worst
        worst = max(worst, len(bench.known.positions(State.UNKNOWN)))
        return [(0.1, ok(query.tel))]

    bench.ask(service, concurrency=7)
    assert 1 <= worst <= 7


def test_an_intent_is_durable_before_its_request_leaves(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 50)

    def service(query: Query, asked: int) -> Reply:
        assert bench.known.state_of[query.key] == State.UNKNOWN
        return [(0.01, ok(query.tel))]

    bench.ask(service)
    assert bench.known.counts()["answered"] == 50


def test_a_transient_fault_is_asked_again_and_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 20)
    bench.ask(lambda query, asked: [(0.01, ok(query.tel) if asked else SILENCE)])
    known = bench.known
    assert known.counts()["answered"] == 20
    assert set(known.attempts.tolist()) == {2}
    assert known.faults_of.sum() == 20


def test_a_number_without_answer_is_unresolved_after_its_attempts(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 5)
    fake = bench.ask(
        lambda query, asked: [(0.01, SILENCE if query.key == 3 else ok(query.tel))], attempts=3
    )
    assert fake.asked[bench.tels[3]] == 3
    assert bench.known.positions(State.UNRESOLVED).tolist() == [3]
    assert bench.known.reasons[3] == "no answer in time"


def test_the_last_attempt_is_marked_final(tmp_path: Path) -> None:
    fake = Bench(tmp_path, 25).ask(
        lambda query, asked: [(0.01, SILENCE if query.key == 0 else ok(query.tel))], attempts=3
    )
    assert [query.final for _, query in fake.sent if query.key == 0] == [False, False, True]


def test_unresolved_numbers_are_asked_by_the_next_run_and_answered_ones_are_not(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, 30)
    bench.ask(lambda query, _: [(0.01, SILENCE if query.key < 4 else ok(query.tel))], attempts=1)
    fake = bench.ask(answers_at_once)
    assert sorted(query.key for _, query in fake.sent) == [0, 1, 2, 3]
    assert bench.known.counts()["answered"] == 30


def test_an_answer_without_number_makes_the_next_attempt_solo(tmp_path: Path) -> None:
    blank = Fault(FaultKind.TRANSIENT, "answer without a number", solo=True)
    fake = Bench(tmp_path, 3).ask(lambda query, asked: [(0.01, ok(query.tel) if asked else blank)])
    assert [query.solo for _, query in fake.sent] == [False] * 3 + [True] * 3


def test_a_replay_after_a_token_renewal_is_no_failure_but_is_paid_for(tmp_path: Path) -> None:
    replayed = Fault(FaultKind.REPLAY, "token renewed")
    bench = Bench(tmp_path, 4)
    fake = bench.ask(
        lambda query, asked: [(0.01, ok(query.tel) if asked else replayed)], attempts=1
    )
    assert len(fake.sent) == 8
    assert set(bench.known.attempts.tolist()) == {2}


def test_a_late_answer_is_used_and_saves_the_next_request(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 30)
    again = Fault(FaultKind.TIMEOUT, "no answer in time", retry_after=5.0)

    def service(query: Query, asked: int) -> Reply:
        return [(0.1, again), (1.0, ok(query.tel))] if query.key == 0 else [(0.1, ok(query.tel))]

    fake = bench.ask(service)
    assert fake.asked[bench.tels[0]] == 1
    assert bench.known.counts()["answered"] == 30


@pytest.mark.parametrize("late", [0.15, 0.3, 0.6, 2.0])
@pytest.mark.parametrize("rate", [200.0, 2000.0])
def test_a_late_answer_changes_nothing_for_those_that_wait_their_turn(
    tmp_path: Path, rate: float, late: float
) -> None:
    """What was given up waits for its turn, the run being paused, when its answer comes; so do others."""
    bench = Bench(tmp_path, 200)
    given_up = Fault(FaultKind.TIMEOUT, "no answer in time", retry_after=0.0)
    throttled = Fault(FaultKind.THROTTLE, "429", retry_after=3.0)

    def service(query: Query, asked: int) -> Reply:
        answer = ok(query.tel)
        assert asked < (1 if query.key % 7 and query.key != 5 else 2), "asked again"
        if query.key == 5 and not asked:
            return [(0.105, throttled)]
        return [(0.1, answer)] if asked or query.key % 7 else [(0.1, given_up), (late, answer)]

    bench.ask(service, rate=rate)
    assert bench.known.counts()["answered"] == 200


def test_a_second_answer_changes_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 10)
    bench.ask(lambda query, _: [(0.01, ok(query.tel)), (0.02, coded(query.tel, "01"))])
    assert bench.known.raws == [ok(tel).raw for tel in bench.tels]


def test_throttling_pauses_the_whole_run_and_costs_no_attempt(tmp_path: Path) -> None:
    throttled = Fault(FaultKind.THROTTLE, "429", retry_after=7.0)
    bench = Bench(tmp_path, 40)

    def service(query: Query, asked: int) -> Reply:
        return [(0.01, throttled if query.key == 0 and asked < 2 else ok(query.tel))]

    fake = bench.ask(service, attempts=1, concurrency=1, rate=100.0)
    gaps = [after - before for before, after in itertools.pairwise(fake.times)]
    assert sum(gap >= 6.9 for gap in gaps) == 1
    # The second refusal is of one number among others that are answered: that one waits.
    own = [when for when, query in fake.sent if query.key == 0]
    assert all(after - before >= 7.0 for before, after in itertools.pairwise(own))
    assert bench.known.counts()["answered"] == 40


def test_nothing_but_f0_stops_the_run_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 1000)
    with pytest.raises(AccountError, match="hlr lookups"):
        bench.ask(lambda query, _: [(0.01, coded(query.tel, "F0"))], lookup="hlr")
    assert bench.fake is not None
    assert len(bench.fake.sent) < 40


def test_after_nothing_but_f0_a_mended_account_is_asked_everything_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 3)
    with pytest.raises(AccountError):
        bench.ask(lambda query, _: [(0.01, coded(query.tel, "F0"))])
    bench.ask(answers_at_once)
    assert bench.known.raws == [ok(tel).raw for tel in bench.tels]


def test_f0_among_other_answers_is_only_that_rows_answer(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 50)
    bench.ask(lambda query, _: [(0.01, coded(query.tel, "F0") if query.key % 2 else ok(query.tel))])
    assert bench.known.counts()["answered"] == 50


def refuses_germany(query: Query, _asked: int) -> Reply:
    refused = query.key % 2 == 1
    return [(0.01, coded(query.tel, "F1") if refused else ok(query.tel))]


def test_a_refused_country_is_not_asked_any_further(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 200, regions=("US", "DE"))
    fake = bench.ask(refuses_germany, concurrency=4)
    assert sum(query.key % 2 for _, query in fake.sent) <= 4
    assert bench.known.refused_countries == {"DE"}
    assert [work.left for work in bench.finished] == [0]


def test_a_refused_country_is_asked_on_demand(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 60, regions=("US", "DE"))
    fake = bench.ask(refuses_germany, concurrency=4, stop_refused_country=False)
    assert len(fake.sent) == 60


def test_a_country_refused_in_an_earlier_run_is_not_asked_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 40, regions=("US", "DE"))
    with pytest.raises(LimitReached):
        bench.ask(refuses_germany, concurrency=1, max_lookups=3)
    fake = bench.ask(refuses_germany, concurrency=1)
    assert not [query for _, query in fake.sent if query.key % 2]


def test_a_refused_account_ends_the_run(tmp_path: Path) -> None:
    failed = Fault(FaultKind.ACCOUNT, "the service said `failed`")
    bench = Bench(tmp_path, 300)
    with pytest.raises(AccountError):
        bench.ask(lambda query, _: [(0.01, failed)], concurrency=3)
    assert bench.fake is not None
    assert len(bench.fake.sent) == 3


def test_a_few_rejected_requests_in_a_row_end_the_run(tmp_path: Path) -> None:
    rejected = Fault(FaultKind.REJECTED, "status 404")
    with pytest.raises(ServiceError, match="404"):
        Bench(tmp_path, 300).ask(lambda query, _: [(0.01, rejected)])


def test_single_rejected_requests_do_not_end_the_run(tmp_path: Path) -> None:
    rejected = Fault(FaultKind.REJECTED, "status 400")
    bench = Bench(tmp_path, 100)
    bench.ask(
        lambda query, _: [(0.01, rejected if query.key % 50 == 7 else ok(query.tel))],
        concurrency=1,
        attempts=1,
    )
    assert bench.known.counts()["unresolved"] == 2


def test_a_service_that_never_answers_ends_the_run_after_few_requests(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 5000)
    with pytest.raises(ServiceError, match="no answer in time"):
        bench.ask(never)
    assert bench.fake is not None
    assert len(bench.fake.sent) < 150
    assert bench.known.counts()["answered"] == 0


def test_a_service_that_never_answers_a_few_numbers_is_no_service(tmp_path: Path) -> None:
    with pytest.raises(ServiceError):
        Bench(tmp_path, 2).ask(never, attempts=2)


def test_the_run_survives_an_outage(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 2000)
    outage: list[float] = []

    def service(query: Query, asked: int) -> Reply:
        assert bench.fake is not None
        now = bench.fake.sent[-1][0]
        if query.key == 500:
            outage.append(now)
        down = outage and now < outage[0] + 12
        return [(0.05, SILENCE if down else ok(query.tel))]

    fake = bench.ask(service, rate=500.0, attempts=6)
    assert bench.known.counts()["answered"] == 2000
    assert len(fake.sent) < 2400


def test_the_lookup_limit_is_kept_and_the_rest_comes_next_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 50)
    with pytest.raises(LimitReached, match="30 lookups"):
        bench.ask(answers_at_once, max_lookups=30)
    assert bench.fake is not None
    assert len(bench.fake.sent) == 30
    assert len(bench.ask(answers_at_once, max_lookups=30).sent) == 20


def test_a_limit_that_is_just_enough_is_no_limit(tmp_path: Path) -> None:
    assert len(Bench(tmp_path, 50).ask(answers_at_once, max_lookups=50).sent) == 50


def test_the_budget_is_never_exceeded(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 50)
    with pytest.raises(LimitReached, match="budget"):
        bench.ask(answers_at_once, budget=Decimal("0.1"), price=Decimal("0.006"))
    assert bench.fake is not None
    assert len(bench.fake.sent) == 16


def test_the_deadline_stops_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 5000)
    with pytest.raises(LimitReached, match="deadline"):
        bench.ask(answers_at_once, rate=10.0, deadline=1010.0)
    assert bench.fake is not None
    assert max(bench.fake.times) <= 1010.0


def test_a_signal_stops_the_run_and_waits_for_what_is_under_way(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 500)
    stop = Stop()

    def service(query: Query, asked: int) -> Reply:
        if query.key == 100:
            stop.request(15)
        return [(1.0, ok(query.tel))]

    with pytest.raises(Interrupted) as stopped:
        bench.ask(service, stop=stop, concurrency=20)
    assert stopped.value.code == 143
    assert bench.fake is not None
    assert bench.known.counts()["answered"] == len(bench.fake.sent)
    assert bench.known.counts()["unknown"] == 0


def test_unknown_outcomes_are_asked_again_or_held(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 10)
    stop = Stop()

    def says_nothing(query: Query, asked: int) -> Reply:
        stop.request(2)
        return []

    with pytest.raises(Interrupted):
        bench.ask(says_nothing, stop=stop, timeout=1.0)
    unknown = bench.known.positions(State.UNKNOWN).tolist()
    assert unknown
    held = bench.ask(answers_at_once, hold_unknown=True)
    assert sorted({query.key for _, query in held.sent} | set(unknown)) == list(range(10))
    assert not [query for _, query in held.sent if query.key in unknown]
    again = bench.ask(answers_at_once)
    assert sorted(query.key for _, query in again.sent) == unknown


def test_progress_ends_with_everything_done(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 300)
    bench.ask(answers_at_once)
    shown = [event for event in bench.events if isinstance(event, LookupProgress)]
    assert (shown[-1].done, shown[-1].total, shown[-1].in_flight) == (300, 300, 0)
    assert all(a.done <= b.done for a, b in itertools.pairwise(shown))


def test_only_as_much_is_sent_as_the_transport_takes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 5)
    with pytest.raises(LimitReached):
        bench.ask(answers_at_once, capacity=0, deadline=1003.0)
    assert bench.fake is not None
    assert bench.fake.sent == []


def test_answers_of_unknown_codes_are_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 3)
    bench.ask(lambda query, _: [(0.01, coded(query.tel, "7E"))])
    assert bench.known.raws == [coded(tel, "7E").raw for tel in bench.tels]
