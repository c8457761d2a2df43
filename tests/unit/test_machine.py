"""What a machine grants, before and while a job runs: a sentence and a code, no panic."""

import errno
import os
import resource
import signal
from collections.abc import Callable

import pytest

from pipeline.cli import machine
from pipeline.cli.surroundings import _signals
from pipeline.errors import InputError, StorageError, UsageError
from pipeline.exhausted import exhaustion_told
from pipeline.stop import Stop

Limits = Callable[[int], tuple[int, int]]
NONE = resource.RLIM_INFINITY


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[int, int]]:
    """Limits as they are set here; what is raised is raised here."""
    set_to = dict.fromkeys((resource.RLIMIT_AS, resource.RLIMIT_NOFILE), (NONE, NONE))
    monkeypatch.setattr(resource, "getrlimit", lambda which: set_to[which])
    monkeypatch.setattr(resource, "setrlimit", set_to.__setitem__)
    return set_to


def test_a_machine_without_limits_will_do(limits: dict[int, tuple[int, int]]) -> None:
    machine.check_machine()


@pytest.mark.parametrize("megabytes", [1, 100, 300, 1000, 1024, 1400])
def test_too_little_memory_is_said(limits: dict[int, tuple[int, int]], megabytes: int) -> None:
    limits[resource.RLIMIT_AS] = (megabytes << 20, NONE)
    with pytest.raises(
        UsageError, match=rf"may use {megabytes:,} MB .*ulimit -v \$\(\(\d+ << 10\)\)"
    ):
        machine.check_machine()


@pytest.mark.parametrize("allowed", [0, 1, 2, 7, machine.THREADS - 1])
def test_too_few_threads_are_said(
    limits: dict[int, tuple[int, int]], monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    import _thread  # noqa: PLC0415

    start = _thread.start_new_thread
    started: list[None] = []

    def limited(*of: object) -> int:
        if len(started) == allowed:
            raise RuntimeError("can't start new thread")
        started.append(None)
        return start(*of)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(_thread, "start_new_thread", limited)
    with pytest.raises(UsageError, match=rf"may start {allowed} threads more, .*ulimit -u"):
        machine.check_machine()


@pytest.mark.parametrize("said", ["0", "00", "", "-1", "two", "1.5", "²"])
def test_a_number_of_threads_that_polars_cannot_have_is_said(
    limits: dict[int, tuple[int, int]], monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", said)
    with pytest.raises(UsageError, match=rf"POLARS_MAX_THREADS is '{said}': give a number"):
        machine.check_machine()


@pytest.mark.parametrize("hard", [3, 10, 16, 24, 39])
def test_too_few_files_are_said(limits: dict[int, tuple[int, int]], hard: int) -> None:
    limits[resource.RLIMIT_NOFILE] = (3, hard)
    with pytest.raises(UsageError, match=rf"may have {hard} files open, .*ulimit -n"):
        machine.check_machine()


@pytest.mark.parametrize(
    ("soft", "hard", "then"),
    [
        (16, 4096, 4096),
        (64, NONE, 65_536),
        (64, 64, 64),
        (1024, 1 << 20, 65_536),
        (1 << 20, NONE, 1 << 20),
    ],
)
def test_a_soft_limit_of_files_is_raised(
    limits: dict[int, tuple[int, int]], soft: int, hard: int, then: int
) -> None:
    limits[resource.RLIMIT_NOFILE] = (soft, hard)
    assert machine.open_files() == then
    assert limits[resource.RLIMIT_NOFILE] == (then, hard)


def test_a_limit_of_files_that_cannot_be_raised_is_what_it_is(
    limits: dict[int, tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(which: int, to: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    limits[resource.RLIMIT_NOFILE] = (256, NONE)
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert machine.open_files() == 256


class PanicException(BaseException):
    """What Polars raises when its native code panics."""


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (MemoryError(), "memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory"),
        (OSError(errno.EMFILE, "Too many open files"), "files"),
        (OSError(errno.ENFILE, "Too many open files in system"), "files"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "threads"),
        (RuntimeError("can't start new thread"), "threads"),
        (PanicException("thread pool: Os (os error 11)"), "threads"),
        (PanicException("cannot open: Too many open files (os error 24)"), "files"),
        (ExceptionGroup("of tasks", [ValueError(), OSError(errno.EMFILE, "")]), "files"),
    ],
)
def test_what_runs_out_in_the_middle_of_a_job_is_said(error: BaseException, what: str) -> None:
    with (
        pytest.raises(StorageError, match=f"no more {what}.*the same command") as told,
        exhaustion_told(),
    ):
        raise error
    assert told.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        InputError("list.csv: empty"),
        ValueError(),
        OSError(errno.ENOENT, ""),
        KeyboardInterrupt(),
        PanicException(),
    ],
)
def test_what_is_something_else_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)), exhaustion_told():
        raise error


@pytest.mark.parametrize(
    ("sent", "noted"),
    [
        ([signal.SIGHUP], signal.SIGHUP),
        ([signal.SIGHUP, signal.SIGHUP], signal.SIGHUP),
        ([signal.SIGHUP] * 3, signal.SIGHUP),
        ([signal.SIGTERM, signal.SIGHUP], signal.SIGTERM),
        ([signal.SIGHUP, signal.SIGTERM], signal.SIGTERM),
        ([signal.SIGINT, signal.SIGHUP, signal.SIGHUP], signal.SIGINT),
    ],
)
def test_a_terminal_that_goes_away_is_never_a_sign_of_impatience(
    sent: list[signal.Signals], noted: signal.Signals
) -> None:
    """A shell and the kernel may send SIGHUP both, systemd and a session's end along with SIGTERM."""
    stop = Stop()
    with _signals(stop):
        for number in sent:
            os.kill(os.getpid(), number)
    assert stop.signal == noted


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = Stop()
    try:
        with _signals(stop):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert stop.signal is None
