from pathlib import Path

import pytest

from pipeline.errors import StorageError
from pipeline.lookup.account import SharedLimiter, account_file
from pipeline.lookup.limiter import Limiter


def ask_all_the_time(limiter: Limiter | SharedLimiter, seconds: float, tick: float) -> int:
    """How many are granted to somebody who always wants more."""
    total, now = 0, 10.0
    while now < 10.0 + seconds:
        total += limiter.take(10**6, now)
        now = max(now + tick, limiter.ready_at(now))
    return total


@pytest.mark.parametrize("rate", [1.0, 2.5, 10.0, 500.0, 5_000.0, 30_000.0])
def test_the_rate_is_reached(rate: float) -> None:
    assert ask_all_the_time(Limiter(rate, 10.0), 60.0, 0.001) >= 0.98 * rate * 60 - 1


def test_a_stall_is_caught_up_within_the_rate() -> None:
    limiter = Limiter(1000.0, 10.0)
    stalled = [turn for turn in range(1, 20_001) if turn % 1000 > 40]
    total = sum(limiter.take(10**6, 10.0 + turn / 1000) for turn in stalled)
    assert total >= 0.98 * 1000 * 20


def test_a_long_stall_is_caught_up_in_the_second_that_it_was_in() -> None:
    limiter = Limiter(10_000.0, 10.0)
    busy = [turn for turn in range(1, 19_501) if turn % 3000 < 2800]
    total = sum(limiter.take(10**6, 10.0 + turn / 1000) for turn in busy)
    assert total >= 0.98 * 10_000 * 19.5


def test_idle_time_is_not_caught_up() -> None:
    limiter = Limiter(10_000.0, 10.0)
    limiter.take(1, 10.1)
    sent = [limiter.take(10**6, 20.0 + turn / 1000) for turn in range(300)]
    assert sent[0] <= 500
    assert sum(sent[1:]) <= 0.3 * 10_000


def test_nothing_is_saved_up_in_a_pause() -> None:
    limiter = Limiter(10_000.0, 10.0)
    sum(limiter.take(10**6, 10.0 + turn / 1000) for turn in range(500))
    limiter.pause(12.0)
    assert limiter.take(10**6, 12.001) <= 10


def test_it_begins_with_an_empty_allowance() -> None:
    assert Limiter(1000.0, 10.0).take(100, 10.0) == 0


def test_below_one_a_second_requests_are_spaced() -> None:
    limiter = Limiter(0.5, 10.0)
    assert [limiter.take(5, now) for now in (11.9, 12.1, 13.0, 14.2)] == [0, 1, 0, 1]


def test_nothing_leaves_during_a_pause() -> None:
    limiter = Limiter(100.0, 10.0)
    limiter.pause(20.0)
    limiter.pause(15.0)
    assert limiter.take(1, 19.9) == 0
    assert limiter.ready_at(12.0) >= 20.0
    assert limiter.take(1, 20.1) == 1


def test_a_clock_that_began_anew_does_not_block() -> None:
    state = memoryview(bytearray(8192))
    Limiter(100.0, 90_000.0, state).take(1, 90_001.0)
    limiter = Limiter(100.0, 5.0, state)
    assert limiter.take(1, 5.5) == 1


def test_jobs_of_one_account_share_its_rate(tmp_path: Path) -> None:
    path = account_file(tmp_path, "tcp://service:1", "me")
    with SharedLimiter(path, 100.0, 10.0) as one, SharedLimiter(path, 100.0, 10.0) as other:
        total = sum(
            one.take(50, 10 + turn / 50) + other.take(50, 10 + turn / 50) for turn in range(500)
        )
        assert 0.97 * 1000 <= total <= 1000
        one.pause(30.0)
        assert other.take(1, 29.0) == 0


def test_a_restart_begins_empty_and_remembers_the_last_second(tmp_path: Path) -> None:
    path = account_file(tmp_path, "tcp://service:1", "me")
    with SharedLimiter(path, 10.0, 10.0) as before:
        assert sum(before.take(10, 10 + turn / 100) for turn in range(101)) == 9
    with SharedLimiter(path, 10.0, 11.0) as after:
        assert after.take(10, 11.0) == 0
        assert sum(after.take(10, 11 + turn / 100) for turn in range(100)) <= 10


def test_accounts_and_endpoints_have_states_of_their_own(tmp_path: Path) -> None:
    names = {
        account_file(tmp_path, endpoint, client)
        for endpoint in ("tcp://a:1", "tcp://b:1")
        for client in ("me", "you")
    }
    assert len(names) == 4
    assert not any("me" in path.name.removeprefix("rate-") for path in names)


def test_the_state_belongs_to_its_owner(tmp_path: Path) -> None:
    path = account_file(tmp_path / "state", "tcp://service:1", "me")
    with SharedLimiter(path, 10.0, 10.0):
        assert path.stat().st_mode & 0o077 == 0


def test_a_state_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--state-dir"):
        SharedLimiter(tmp_path / "file" / "rate", 1.0, 1.0)
