"""Jobs of one account on one machine: suspended, killed, slow and fast ones, and spoiled states."""

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pipeline.errors import StorageError
from pipeline.lookup.account import SharedLimiter, account_file, check_account, default_state_dir

START = 1000.0


def rate_file(folder: Path) -> Path:
    return account_file(folder, "", "me")


class Jobs:
    """Some jobs of one account, and what left when."""

    def __init__(self, folder: Path, rates: list[float], processes: int = 1) -> None:
        self.path = rate_file(folder)
        self.warnings: list[str] = []
        self.now = START
        self.stack = ExitStack()
        self.limiters = [self.job(rate, processes) for rate in rates]
        self.sent: list[tuple[float, int, int]] = []

    def job(self, rate: float, processes: int = 1) -> SharedLimiter:
        warn = self.warnings.append
        made = SharedLimiter(self.path, rate, self.now, processes=processes, warn=warn)
        return self.stack.enter_context(made)

    def run(self, seconds: float, wanted: dict[int, int], every: float = 0.001) -> list[int]:
        """Let jobs ask, each for so many at a time, all the time; what each got."""
        got = [0] * len(self.limiters)
        until = self.now + seconds
        while self.now < until:
            self.now += every
            for job, count in wanted.items():
                if granted := self.limiters[job].take(count, self.now):
                    self.sent.append((self.now, job, granted))
                    got[job] += granted
        return got

    @property
    def worst_second(self) -> int:
        worst = within = first = 0
        for when, _, count in self.sent:
            within += count
            while self.sent[first][0] <= when - 1.0:
                within -= self.sent[first][2]
                first += 1
            worst = max(worst, within)
        return worst


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Callable[..., Jobs]]:
    made: list[Jobs] = []

    def make(*rates: float) -> Jobs:
        made.append(Jobs(tmp_path, list(rates)))
        return made[-1]

    yield make
    for each in made:
        each.stack.close()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """As by a job that is suspended in the middle of a change."""
    fd = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


# Fairness


def test_a_slow_job_gets_its_rate_beside_a_fast_one(jobs: Callable[..., Jobs]) -> None:
    both = jobs(10.0, 2000.0)
    slow, fast = both.run(5.0, {0: 256, 1: 256})
    assert slow >= 0.95 * 10 * 5
    assert fast >= 0.97 * 2000 * 5 - slow
    assert both.worst_second <= 2000


def test_a_job_with_few_lookups_is_served_at_once(jobs: Callable[..., Jobs]) -> None:
    both = jobs(500.0, 500.0)
    both.run(3.0, {1: 256})
    for _ in range(20):  # one lookup every 50 ms
        asked, served = both.now, 0
        while not served:
            served = both.run(0.001, {0: 1, 1: 256})[0]
        assert both.now - asked <= 0.01
        both.run(0.05, {1: 256})


@pytest.mark.parametrize("rate", [6.0, 200.0, 5000.0])
def test_jobs_that_always_want_more_get_equal_parts(jobs: Callable[..., Jobs], rate: float) -> None:
    three = jobs(rate, rate, rate)
    got = three.run(6.0, {0: 256, 1: 256, 2: 256})
    assert max(got) - min(got) <= max(2, 0.05 * sum(got))
    assert 0.97 * rate * 6 - 2 <= sum(got)
    assert three.worst_second <= rate


def test_one_that_asks_ten_times_as_often_gets_no_more(jobs: Callable[..., Jobs]) -> None:
    both = jobs(1000.0, 1000.0)
    got = [0, 0]
    for _ in range(400):
        for job, more in enumerate(both.run(0.01, {1: 256})):
            got[job] += more
        got[0] += both.run(0.001, {0: 256, 1: 256})[0]
    assert got[0] >= 0.4 * sum(got)


def test_the_workers_of_a_job_share_its_part(tmp_path: Path) -> None:
    crew = Jobs(tmp_path, [1000.0] * 4, processes=4)
    crew.limiters.append(crew.job(1000.0))
    with crew.stack:
        *workers, other = crew.run(4.0, dict.fromkeys(range(5), 64))
    assert 0.8 <= sum(workers) / other <= 1.25


def test_what_one_does_not_want_is_the_others(jobs: Callable[..., Jobs]) -> None:
    both = jobs(1000.0, 1000.0)
    both.run(1.0, {0: 256, 1: 256})
    assert both.run(3.0, {1: 256})[1] >= 0.97 * 3000


# Suspended and dead jobs


def test_a_job_that_is_suspended_while_it_holds_the_state_holds_nobody_up(
    jobs: Callable[..., Jobs],
) -> None:
    both = jobs(500.0, 500.0)
    both.run(2.0, {0: 256, 1: 256})
    with held(both.path):
        assert sum(both.run(1.2, {0: 256, 1: 256})) == 0  # a second may be full of what it sent
        assert sum(both.run(3.0, {0: 256, 1: 256})) >= 0.9 * 1500
    assert sum(both.run(3.0, {0: 256, 1: 256})) >= 0.97 * 1500
    assert both.worst_second <= 500


def test_what_a_suspended_job_has_taken_is_void_when_it_goes_on(tmp_path: Path) -> None:
    times = iter([START + 0.2, START + 900.0, START + 900.0])
    with SharedLimiter(rate_file(tmp_path), 100.0, START, clock=lambda: next(times)) as limiter:
        assert limiter.take(5, START + 0.2) == 5
        assert limiter.take(5, START + 0.4) == 0


def test_a_dead_job_costs_its_part_for_a_moment(jobs: Callable[..., Jobs]) -> None:
    both = jobs(1000.0, 1000.0)
    both.run(2.0, {0: 256, 1: 256})
    assert both.run(3.0, {1: 256})[1] >= 0.94 * 3000  # the other never says that it has ended
    assert both.worst_second <= 1000


def test_a_dead_fast_job_leaves_a_slow_one_its_own_rate(jobs: Callable[..., Jobs]) -> None:
    both = jobs(10.0, 2000.0)
    both.run(2.0, {0: 256, 1: 256})
    assert 25 <= both.run(3.0, {0: 256})[0] <= 31


def test_a_job_that_was_suspended_for_long_joins_again(jobs: Callable[..., Jobs]) -> None:
    both = jobs(300.0, 300.0)
    both.run(2.0, {0: 256, 1: 256})
    both.run(30.0, {0: 256}, every=0.01)
    for _ in range(3):  # nor does it make up for what it missed
        got = both.run(1.0, {0: 256, 1: 256})
        assert min(got) >= 0.4 * 300
    assert both.worst_second <= 300


def test_a_pause_is_for_all_also_when_it_is_told_late(jobs: Callable[..., Jobs]) -> None:
    both = jobs(500.0, 500.0)
    both.run(1.0, {0: 256, 1: 256})
    until = both.now + 5
    with held(both.path):
        both.limiters[0].pause(until)
    both.run(0.01, {0: 1})
    assert sum(both.run(4.5, {0: 256, 1: 256})) == 0
    assert both.limiters[1].paused_until == pytest.approx(until)
    assert sum(both.run(1.5, {0: 256, 1: 256})) > 300


def test_a_pause_survives_a_damaged_state(jobs: Callable[..., Jobs]) -> None:
    both = jobs(500.0, 500.0)
    both.limiters[0].pause(START + 5)
    both.run(0.5, {0: 256, 1: 256})
    both.path.write_bytes(b"")
    both.run(0.1, {1: 256})
    assert sum(both.run(4.3, {0: 256, 1: 256})) == 0


# States that are no states


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "cut to half": lambda whole: whole[: len(whole) // 2],
    "cut by a byte": lambda whole: whole[:-1],
    "a bit turned": lambda whole: whole[:500] + bytes([whole[500] ^ 1]) + whole[501:],
    "zeros": lambda whole: bytes(len(whole)),
    "ones": lambda whole: b"\xff" * len(whole),
    "text": lambda whole: b"rate = 1000\n" * 1000,
    "of an earlier version": lambda whole: bytes(4056),
    "of a later version": lambda whole: whole[:7] + b"\x63" + whole[8:],
    "its checksum only": lambda whole: whole[:8] + bytes(8) + whole[16:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_told_and_begins_with_an_empty_allowance(
    jobs: Callable[..., Jobs], damage: str
) -> None:
    both = jobs(400.0, 400.0)
    both.run(2.0, {0: 256, 1: 256})
    both.path.write_bytes(DAMAGE[damage](both.path.read_bytes()))
    assert sum(both.run(1.0, {0: 256, 1: 256})) <= 1
    assert sum(both.run(3.0, {0: 256, 1: 256})) >= 0.95 * 1200
    assert both.worst_second <= 400
    assert len(both.warnings) == 1
    assert "damaged" in both.warnings[0]


def test_a_new_job_at_a_damaged_state_waits_too(tmp_path: Path) -> None:
    first = Jobs(tmp_path, [400.0])
    with first.stack:
        first.run(2.0, {0: 256})
    first.path.write_bytes(b"nothing")
    second = Jobs(tmp_path, [400.0])
    with second.stack:
        assert sum(second.run(1.0, {0: 256})) == 0
        assert sum(second.run(2.0, {0: 256})) >= 0.95 * 800
    assert second.warnings


def test_a_state_that_is_deleted_meanwhile_is_made_again(jobs: Callable[..., Jobs]) -> None:
    both = jobs(400.0, 400.0)
    both.run(2.0, {0: 256, 1: 256})
    both.path.unlink()
    both.run(4.0, {0: 256, 1: 256})
    assert both.path.exists()
    assert both.worst_second <= 400
    assert both.run(1.0, {0: 256, 1: 256})[1] >= 150


def test_a_clock_that_went_backwards_holds_nobody_up(tmp_path: Path) -> None:
    before = Jobs(tmp_path, [100.0])
    with before.stack:
        before.now = 90_000.0
        before.run(2.0, {0: 256})
    after = Jobs(tmp_path, [100.0])
    with after.stack:
        assert sum(after.run(4.0, {0: 256})) >= 0.9 * 290


def test_each_start_of_the_machine_has_a_state_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.lookup.account._BOOT", tmp_path / "boot")
    names = set()
    for boot in ("one", "other"):
        (tmp_path / "boot").write_text(boot)
        names.add(rate_file(tmp_path))
    assert len(names) == 2


def symlink(path: Path) -> None:
    (path.parent / "target").write_text("precious")
    path.symlink_to(path.parent / "target")


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's whole path may be too long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize("plant", [symlink, dangling, os.mkfifo, Path.mkdir, listening])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    plant(rate_file(tmp_path))
    with pytest.raises(StorageError, match="--state-dir"):
        check_account(rate_file(tmp_path))
    assert not (tmp_path / "nowhere").exists()
    if (tmp_path / "target").exists():
        assert (tmp_path / "target").read_text() == "precious"


def test_a_directory_that_is_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "real")
    check_account(rate_file(tmp_path / "state"))
    assert [path.name for path in (tmp_path / "real").iterdir()] == [rate_file(tmp_path).name]


@pytest.mark.parametrize(
    ("failing", "code", "told"),
    [
        ("posix_fallocate", errno.ENOSPC, "disk is full"),
        ("pwrite", errno.ENOSPC, "disk is full"),
        ("open", errno.EROFS, "Read-only"),
        ("open", errno.EACCES, "Permission denied"),
        ("pwrite", errno.EIO, "Input/output"),
    ],
)
def test_a_disk_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, code: int, told: str
) -> None:
    def fails(*_: object, **__: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(StorageError, match=told):
        check_account(rate_file(tmp_path))
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_all_its_room_is_there_from_the_beginning(tmp_path: Path) -> None:
    check_account(rate_file(tmp_path))
    made = rate_file(tmp_path).stat()
    assert made.st_blocks * 512 >= made.st_size > 4096
    assert made.st_mode & 0o077 == 0


def test_a_disk_that_fails_in_mid_run_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with SharedLimiter(rate_file(tmp_path), 100.0, START) as limiter:
        monkeypatch.setattr(os, "pwrite", fails)
        with pytest.raises(StorageError, match="Input/output"):
            limiter.take(1, START + 1)


def test_a_user_without_a_home_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(StorageError, match="--state-dir"):
        default_state_dir({})
    assert default_state_dir({"XDG_STATE_HOME": "/var/lib"}) == Path("/var/lib/msisdn")
