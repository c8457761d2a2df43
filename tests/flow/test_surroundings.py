"""Streams that are closed, full or broken, signals at once, odd locales and names: the job goes on,
its exit code tells of the job, and nothing ends in a traceback."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import pytest

from tests.flow.conftest import Command, Simulated, numbers, write_list

CLEAN = ("clean", "list.csv", "-o", "out")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale that is not UTF-8, as a Latin-1 one, and Python told to take it at its word."""


@pytest.fixture
def here(msisdn: Command) -> Command:
    """The command in a folder with a list."""
    write_list(msisdn.folder / "list.csv", 20)
    return msisdn


def ended(
    command: Command,
    *arguments: object,
    before: Callable[[], None] | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> "subprocess.CompletedProcess[bytes]":
    """The command with its streams as they are given; the others are pipes that are read."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *map(os.fsencode, map(str, arguments))],
        cwd=command.folder,
        env=command._environment(),
        preexec_fn=before,
        check=False,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
    )


def closing(*closed: int) -> Callable[[], None]:
    def close() -> None:
        for fd in closed:
            os.close(fd)

    return close


class Stream(TypedDict, total=False):
    """One of the streams that `ended` takes."""

    stdout: int
    stderr: int


def to(stream: str, fd: int) -> Stream:
    return {"stdout": fd} if stream == "stdout" else {"stderr": fd}


def broken() -> int:
    """The end of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_streams_end_nothing(here: Command, closed: tuple[int, ...]) -> None:
    run = ended(here, *CLEAN, before=closing(*closed))
    assert run.returncode == 0, run.stderr
    assert (here.folder / "out" / "_SUCCESS").exists()
    assert b"Starting" not in run.stdout  # progress has no business there
    assert b"defect" not in run.stderr


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("kind", [broken, full])
@pytest.mark.parametrize("more", [(), ("--log-format", "json", "--json")])
def test_a_job_outlives_whoever_listens(
    here: Command, stream: str, kind: Callable[[], int], more: tuple[str, ...]
) -> None:
    fd = kind()
    run = ended(here, *CLEAN, *more, **to(stream, fd))
    os.close(fd)
    assert run.returncode == 0, run.stderr
    assert (here.folder / "out" / "_SUCCESS").exists()
    told = run.stderr or b""
    assert (b"could not be written" in told) == (stream == "stdout" and kind is full)


@pytest.mark.parametrize("transport", ["rest", "tcp", "udp"])
def test_a_log_that_goes_away_in_mid_run_costs_no_lookup(
    account: Command, simulator: Simulated, transport: str
) -> None:
    """`msisdn run … 2>&1 | head -1`."""
    listed = write_list(account.folder / "list.csv", 300)
    read, write = os.pipe()
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "pipeline", "run", str(listed), "-o", "out"),
            *("--rate", "2000", "--log-format", "json", *simulator.options(transport)),
        ],
        cwd=account.folder,
        env=account._environment(),
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=write,
    ) as run:
        os.close(write)
        os.read(read, 1)
        os.close(read)
    assert run.returncode == 0
    assert (account.folder / "out" / "_SUCCESS").exists()
    assert (simulator.meter()["billed"], simulator.meter()["billed_numbers"]) == (300, 300)


@pytest.mark.parametrize(
    ("arguments", "code", "stream", "kind"),
    [
        (("verify", "out"), 15, "stdout", broken),
        (("verify", "out"), 15, "stdout", full),
        (("status", "out"), 15, "stderr", broken),
        (("status", "out"), 15, "stderr", full),
        (("doctor",), 2, "stdout", broken),
        (("doctor",), 2, "stdout", full),
        (("clean", "none.csv", "-o", "out"), 10, "stderr", broken),
        (("clean", "none.csv", "-o", "out"), 10, "stderr", full),
        (("clean", "list.csv", "-o", "out", "--region", "x"), 2, "stderr", broken),
        (("clean",), 2, "stderr", full),
    ],
)
def test_the_exit_code_tells_of_the_job_whoever_listens(
    here: Command, arguments: tuple[str, ...], code: int, kind: Callable[[], int], stream: str
) -> None:
    fd = kind()
    run = ended(here, *arguments, **to(stream, fd))
    os.close(fd)
    assert run.returncode == code


@pytest.mark.parametrize(
    "arguments", [("--help",), ("plan", "list.csv"), ("plan", "list.csv", "--json")]
)
@pytest.mark.parametrize(("kind", "code"), [(broken, 0), (full, 16)])
def test_a_result_that_is_nowhere_else_is_missed(
    here: Command, arguments: tuple[str, ...], kind: Callable[[], int], code: int
) -> None:
    fd = kind()
    run = ended(here, *arguments, stdout=fd)
    os.close(fd)
    assert run.returncode == code, run.stderr
    assert (b"standard output could not be written" in run.stderr) == (code == 16)


@pytest.mark.parametrize("before", [None, closing(0), closing(0, 1, 2)])
def test_standard_input_that_brings_nothing_is_said(
    here: Command, before: Callable[[], None] | None
) -> None:
    run = ended(here, "clean", "-", "-o", "out", before=before)
    assert run.returncode == 10
    assert run.stderr[:11] in {b"msisdn: -: ", b""}


# ---- signals ---------------------------------------------------------------------------------

AT_IMPORT = """
import os, sys
class AtImport:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
from pipeline.__main__ import main
sys.meta_path.insert(0, AtImport())
sys.argv = ["msisdn", "clean", "list.csv", "-o", "out"]
main()
"""


def at_import(
    command: Command, module: str, number: int, **more: Any
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-c", AT_IMPORT.format(module=module, number=int(number))],
        cwd=command.folder,
        env=command._environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        **more,
    )


@pytest.mark.parametrize(
    "module", ["pipeline.cli", "click", "pipeline.cli.clean", "polars", "pipeline.flow"]
)
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_program_starts_ends_it_without_a_word(
    here: Command, module: str, sent: signal.Signals
) -> None:
    run = at_import(here, module, sent)
    assert (run.returncode, run.stdout, run.stderr) == (128 + sent, b"", b"")
    assert not (here.folder / "out").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_is_ignored_from_outside_stays_ignored(
    here: Command, sent: signal.Signals
) -> None:
    """`nohup msisdn …`, and `msisdn … &` in a script."""
    run = at_import(here, "click", sent, preexec_fn=lambda: signal.signal(sent, signal.SIG_IGN))
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("times", [1, 2])
def test_a_terminal_that_is_closed_stops_the_run_cleanly(
    account: Command, simulator: Simulated, times: int
) -> None:
    listed = write_list(account.folder / "list.csv", 1000)
    command = ("run", listed, "-o", "out", "--rate", "1000", *simulator.options("tcp"))
    with account.start(*command) as stopped:
        simulator.wait_until_billed(300)
        for _ in range(times):
            stopped.send_signal(signal.SIGHUP)
        if stopped.stderr is not None:
            stopped.stderr.close()  # it went with the terminal
        assert stopped.wait(30) == 129
    asked = simulator.meter()["billed"]
    assert 300 <= asked < 1000
    assert account(*command).returncode == 0
    assert simulator.meter()["billed"] == 1000


def test_a_closed_terminal_reaches_workers_through_the_run_alone(
    account: Command, simulator: Simulated
) -> None:
    """The kernel sends SIGHUP to every process of the terminal."""
    listed = write_list(account.folder / "list.csv", 1000)
    options = ("--rate", "1000", "--workers", "2", "--shard-rows", "200")
    command = ("run", listed, "-o", "out", *options, *simulator.options("tcp"))
    run = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, command)],
        cwd=account.folder,
        env=account._environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with run:
        simulator.wait_until_billed(300)
        os.killpg(run.pid, signal.SIGHUP)
        _, said = run.communicate(timeout=40)
    assert run.returncode == 129, said
    assert b"same command" in said
    assert account(*command).returncode == 0
    assert simulator.meter()["billed"] == 1000


# ---- locales, names, places ------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["läst.csv", "リスト.csv", "list é.csv.gz", "словарь.csv", "🙂.csv"]
)
def test_names_are_found_in_a_locale_that_lacks_their_letters(msisdn: Command, name: str) -> None:
    import gzip  # noqa: PLC0415

    content = ("straße,phone\n" + "".join(f"x,{number}\n" for number in numbers(5))).encode()
    path = msisdn.folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    msisdn.environment |= ASCII
    run = ended(msisdn, "clean", name, "-o", f"out {name}", "--column", "phone")
    assert run.returncode == 0, run.stderr
    assert b"Traceback" not in run.stderr
    assert (msisdn.folder / f"out {name}" / "_SUCCESS").exists()
    assert ended(msisdn, "verify", f"out {name}").returncode == 0


def test_workers_and_the_simulator_start_there_too(here: Command) -> None:
    here.environment |= ASCII
    options = ("--simulate", "--rate", "5000", "--workers", "2", "--shard-rows", "10")
    (here.folder / "list.csv").rename(here.folder / "läst.csv")
    run = ended(here, "run", "läst.csv", "-o", "öut", *options)
    assert run.returncode == 0, run.stderr
    assert (here.folder / "öut" / "_SUCCESS").exists()


NOT_UTF_8 = [
    ((b"clean", b"l\xe4st.csv", b"-o", b"out"), 10),
    ((b"clean", b"folder", b"-o", b"out"), 10),
    ((b"clean", b"list.csv", b"-o", b"\xf6ut"), 2),
    ((b"clean", b"list.csv", b"-o", b"out", b"--column", b"stra\xdfe"), 2),
    ((b"clean", b"list.csv", b"-o", b"out", b"--config", b"n\xe4.toml"), 2),
    ((b"verify", b"\xf6ut"), 2),
    ((b"cle\xe4n",), 2),
    ((b"clean", b"--\xe4"), 2),
]
"""Arguments, and the exit code."""


@pytest.mark.parametrize(
    ("arguments", "code", "environment"),
    [(*case, {}) for case in NOT_UTF_8] + [(*case, ASCII) for case in NOT_UTF_8[:4]],
)
def test_bytes_that_are_not_utf_8_end_in_a_sentence(
    here: Command, arguments: tuple[bytes, ...], code: int, environment: dict[str, str]
) -> None:
    content = (here.folder / "list.csv").read_bytes()
    for folder in (here.folder, here.folder / "folder"):
        folder.mkdir(exist_ok=True)
        (folder / os.fsdecode(b"l\xe4st.csv")).write_bytes(content)
    here.environment |= environment
    run = ended(here, *(os.fsdecode(part) for part in arguments))
    assert run.returncode == code, run.stderr
    said = (run.stdout + run.stderr).decode(errors="strict")
    assert "defect" not in said
    assert "Traceback" not in said
    assert not (here.folder / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("clean", "a" * 300, "-o", "out"), 10),
        (("clean", "a/" * 3000, "-o", "out"), 10),
        (("clean", "list.csv", "-o", "a" * 300), 2),
        (("clean", "list.csv", "-o", "a/" * 3000), 2),
        (("status", "a" * 300), 2),
        (("verify", "a" * 300), 2),
        (("verify", "a/" * 3000), 2),
        (("status", ""), 2),
        (("verify", " "), 2),
        (("status", "list.csv/x"), 15),
    ],
)
def test_a_name_that_is_too_long_ends_in_a_sentence(
    here: Command, arguments: tuple[str, ...], code: int
) -> None:
    run = ended(here, *arguments)
    assert run.returncode == code, run.stderr
    assert b"defect" not in run.stdout + run.stderr


def gone() -> None:
    """Work in a directory that is no more."""
    Path("gone").mkdir()
    os.chdir("gone")
    Path.cwd().rmdir()


def limited(which: int, soft: int) -> Callable[[], None]:
    import resource  # noqa: PLC0415

    return lambda: resource.setrlimit(which, (soft, soft))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(("doctor",), 2, b"credentials"), (("clean", "list.csv", "-o", "out"), 10, b"no such file"), (("--help",), 0, b"Usage")],
)  # fmt: skip
def test_a_directory_that_is_gone_is_no_defect(
    here: Command, arguments: tuple[str, ...], code: int, said: bytes
) -> None:
    run = ended(here, *arguments, before=gone)
    assert run.returncode == code, run.stderr
    assert said in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("limit", "value", "code"),
    [("RLIMIT_AS", 1 << 30, 2), ("RLIMIT_AS", 300 << 20, 2), ("RLIMIT_NOFILE", 16, 2), ("RLIMIT_NOFILE", 64, 0)],
)  # fmt: skip
def test_a_small_limit_is_said_before_anything_begins(
    here: Command, limit: str, value: int, code: int
) -> None:
    import resource  # noqa: PLC0415

    run = ended(here, *CLEAN, before=limited(getattr(resource, limit), value))
    assert run.returncode == code, run.stderr
    assert (b"ulimit -" in run.stderr) == (code == 2 or value == 64)
    assert (here.folder / "out").exists() == (code == 0)


def test_help_needs_no_more_than_it_needs(here: Command) -> None:
    import resource  # noqa: PLC0415

    run = ended(here, "clean", "--help", before=limited(resource.RLIMIT_NOFILE, 16))
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "odd",
    [{"TZ": "Nowhere/Land"}, {"TERM": "dumb", "COLUMNS": "1"}, {"COLUMNS": "-5"}, {"TMPDIR": "/nowhere"}, {"HOME": "/proc"}],
)  # fmt: skip
def test_an_odd_environment_is_borne(here: Command, odd: dict[str, str]) -> None:
    here.environment |= odd
    run = ended(here, "plan", "list.csv")
    assert run.returncode == 0, run.stderr
