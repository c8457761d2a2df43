from pipeline.lookup.health import Breaker, RetryBudget, Slowdown


def test_a_burst_of_refusals_is_one_step_down() -> None:
    slowdown = Slowdown()
    for _ in range(50):
        slowdown.throttled(100.0, None)
    assert slowdown.factor == 0.7
    slowdown.throttled(102.0, None)
    assert round(slowdown.factor, 2) == 0.49


def test_few_refusals_among_many_answers_cost_as_much_as_they_are_and_pause_nothing() -> None:
    slowdown = Slowdown()
    for second in range(60):
        slowdown.recover(float(second))
        for _ in range(5):
            slowdown.answered(19)
            assert slowdown.throttled(float(second), None) == 0.0
    assert slowdown.factor > 0.85
    assert slowdown.throttled(60.0, 3.0) == 3.0


def test_a_service_that_is_full_is_asked_much_less_whatever_it_answered_before() -> None:
    slowdown = Slowdown()
    slowdown.answered(1_000)
    pauses = [slowdown.throttled(second, None) for second in (0.0, 1.0, 2.0) for _ in range(500)]
    assert slowdown.factor < 0.5
    assert pauses[-1] > 0.0


def test_the_rate_comes_back_and_never_exceeds_what_was_set() -> None:
    slowdown = Slowdown()
    slowdown.throttled(100.0, None)
    assert 0.7 < slowdown.recover(102.0) < 0.9
    for second in range(103, 140):
        slowdown.recover(float(second))
    assert slowdown.factor == 1.0


def test_the_pause_is_what_the_service_asks_or_grows() -> None:
    slowdown = Slowdown()
    assert slowdown.throttled(100.0, 9.0) == 9.0
    pauses = [slowdown.throttled(100.0 + 5 * turn, None) for turn in range(1, 9)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30.0


def test_retries_are_a_share_of_what_succeeds() -> None:
    budget = RetryBudget(0.0)
    assert budget.available(0.0) == 50
    budget.spend(50)
    assert budget.available(0.0) == 0
    budget.succeeded(10, 0.0)
    assert budget.available(0.0) == 5
    assert budget.available(2.0) == 15


def test_a_burst_of_losses_is_asked_again_at_once_where_the_service_answers() -> None:
    budget = RetryBudget(0.0)
    for tenth in range(100):
        budget.succeeded(500, tenth / 10)
    assert budget.available(10.0) >= 5_000
    budget.spend(5_000)
    # What succeeded long ago says nothing of now.
    budget.spend(budget.available(10.0))
    assert budget.available(70.0) <= 350


def fail(breaker: Breaker, times: int, now: float) -> None:
    for _ in range(times):
        breaker.failed(now, "no answer in time", now)


def test_single_failures_do_not_open_the_breaker() -> None:
    breaker = Breaker()
    for _ in range(100):
        fail(breaker, 19, 1.0)
        breaker.answered()
    assert breaker.allowed(1.0, 500) is None


def test_an_open_breaker_lets_a_few_probes_through_after_a_pause() -> None:
    breaker = Breaker()
    breaker.answered()
    fail(breaker, 20, 10.0)
    assert breaker.allowed(10.5, 0) == 0
    assert breaker.opens_at(10.5) == 11.0
    assert breaker.allowed(11.0, 0) == 3
    assert breaker.allowed(11.0, 2) == 1
    breaker.answered()
    assert breaker.allowed(11.0, 0) is None


def test_what_left_before_it_opened_is_old_news() -> None:
    breaker = Breaker()
    fail(breaker, 20, 10.0)
    for _ in range(100):
        breaker.failed(10.2, "no answer in time", 9.0)
    assert not breaker.has_given_up


def test_it_gives_up_when_probes_keep_failing_sooner_if_nothing_ever_answered() -> None:
    patience = []
    for answered in (False, True):
        breaker = Breaker()
        if answered:
            breaker.answered()
        fail(breaker, 20, 10.0)
        now, rounds = 10.0, 0
        while not breaker.has_given_up:
            now = breaker.opens_at(now)
            fail(breaker, 3, now)
            rounds += 1
        patience.append((rounds, now - 10.0))
    assert patience == [(2, 3.0), (6, 60.0)]
