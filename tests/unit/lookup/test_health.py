from pipeline.lookup.health import Breaker, Failure, RetryBudget


def test_retries_are_a_share_of_what_succeeds() -> None:
    budget = RetryBudget(0.0)
    assert budget.available(0.0) == 50
    budget.spend(50)
    assert budget.available(0.0) == 0
    budget.succeeded(10, 0.0)
    assert budget.available(0.0) == 5
    assert budget.available(2.0) == 15


def test_retries_may_always_have_a_tenth_of_the_rate_within_bounds() -> None:
    for rate, a_second in ((1.0, 5), (200.0, 20), (1e6, 50)):
        budget = RetryBudget(0.0, rate)
        budget.spend(50)
        assert budget.available(2.0) == 2 * a_second


def test_a_number_of_which_the_service_cannot_tell_is_asked_again_like_another() -> None:
    budget = RetryBudget(0.0)
    budget.spend(50)
    for _ in range(100):
        budget.spoke(0.0)
    assert budget.available(0.0) == 100


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
        breaker.failed(now, Failure("no answer in time", now))


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
        breaker.failed(10.2, Failure("no answer in time", 9.0))
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


def test_what_fails_again_says_nothing_of_a_service_that_answers_others() -> None:
    for trusted in (False, True):
        breaker = Breaker(trusted=trusted)
        for _ in range(100):
            breaker.failed(1.0, Failure("no answer in time", 1.0, again=True))
        assert breaker.is_open != trusted


def test_while_it_is_open_every_failure_counts() -> None:
    breaker = Breaker(trusted=True)
    fail(breaker, 20, 10.0)
    now = 10.0
    while not breaker.has_given_up:
        now = breaker.opens_at(now)
        breaker.failed(now, Failure("no answer in time", now, again=True))
        assert now < 200.0
    breaker.close()
    assert breaker.allowed(now, 500) is None


def test_a_service_that_is_full_and_answers_is_there() -> None:
    breaker = Breaker()
    breaker.answered(10.0)
    for _ in range(500):
        breaker.failed(10.5, Failure("429", 10.4, throttled=True))
    assert not breaker.is_open
    for _ in range(20):
        breaker.failed(11.5, Failure("429", 11.4, throttled=True))
    assert breaker.is_open
