"""Stopped at any moment, and run again: the same rows, and nothing bought twice but what was in flight."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.simulator.embedded import embedded
from pipeline.transports import TRANSPORTS
from tests.flow.conftest import Command, Simulated, enriched, workers_of, write_list

COUNT = 1500
RATE = ("--rate", "1500", "--concurrency", "32")


def bought_again(simulator: Simulated) -> int:
    meter = simulator.meter()
    return int(meter["billed"]) - int(meter["billed_numbers"])


@pytest.fixture
def listed(msisdn: Command) -> Path:
    return write_list(msisdn.folder / "list.csv", COUNT)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_where_it_stopped(
    account: Command, simulator: Simulated, listed: Path, transport: str, workers: int
) -> None:
    options = (*RATE, "--shard-rows", "400", "--workers", str(workers))
    command = ("run", listed, "-o", "out", *options, *simulator.options(transport))
    with account.start(*command) as killed:
        simulator.wait_until_billed(COUNT // 2)
        killed.kill()
    assert json.loads(account("status", "out", "--json").stdout)["state"] == "stopped"
    ended = account(*command, "--json")
    assert ended.returncode == 0, ended.stderr
    assert simulator.meter()["billed_numbers"] == COUNT
    assert bought_again(simulator) <= 32
    account("run", listed, "-o", "whole", "--rate", "9000", *simulator.options(transport))
    assert enriched(account.folder / "out").equals(enriched(account.folder / "whole"))


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_stops_cleanly_and_nothing_is_bought_twice(
    account: Command, simulator: Simulated, listed: Path, sent: signal.Signals, code: int
) -> None:
    command = ("run", listed, "-o", "out", *RATE, *simulator.options("tcp"))
    with account.start(*command) as stopped:
        simulator.wait_until_billed(COUNT // 3)
        stopped.send_signal(sent)
        _, said = stopped.communicate(timeout=20)
    assert stopped.returncode == code, said
    assert "run the same command" in said
    asked = simulator.meter()["billed"]
    assert COUNT // 3 <= asked < COUNT
    assert account(*command).returncode == 0
    assert simulator.meter()["billed"] == COUNT


def test_a_signal_reaches_the_workers(account: Command, simulator: Simulated, listed: Path) -> None:
    options = (*RATE, "--workers", "2", "--shard-rows", "300", *simulator.options("udp"))
    with account.start("run", listed, "-o", "out", *options) as stopped:
        simulator.wait_until_billed(COUNT // 3)
        stopped.terminate()
        _, said = stopped.communicate(timeout=20)
    assert stopped.returncode == 143, said
    before = simulator.meter()["billed"]
    assert account("run", listed, "-o", "out", *options).returncode == 0
    assert before < COUNT
    assert simulator.meter()["billed"] == COUNT


def test_workers_that_are_not_ready_yet_leave_ctrl_c_to_the_run(
    account: Command, simulator: Simulated, listed: Path
) -> None:
    options = ("--rate", "9000", "--workers", "2", "--shard-rows", "300")
    with account.start("run", listed, "-o", "out", *options, *simulator.options("tcp")) as run:
        for worker in workers_of(run, 2):
            os.kill(worker, signal.SIGINT)
        _, said = run.communicate(timeout=40)
    assert run.returncode == 0, said


def test_a_worker_that_is_stopped_before_it_is_ready_stops_cleanly(
    account: Command, simulator: Simulated, listed: Path
) -> None:
    options = ("--rate", "9000", "--workers", "2", "--shard-rows", "300")
    with account.start("run", listed, "-o", "out", *options, *simulator.options("tcp")) as run:
        os.kill(workers_of(run, 2)[0], signal.SIGTERM)
        _, said = run.communicate(timeout=40)
    assert (run.returncode, "stopped by a signal" in said) == (143, True), said


def test_a_worker_that_is_killed_ends_the_run_and_the_next_one_goes_on(
    account: Command, simulator: Simulated, listed: Path
) -> None:
    # Slow enough that the worker is still at work when it is found, however busy the machine is.
    slowly = ("--rate", "300", "--concurrency", "32", "--workers", "3", "--shard-rows", "100")
    options = (*slowly, *simulator.options("udp"))
    with account.start("run", listed, "-o", "out", *options) as run:
        simulator.wait_until_billed(COUNT // 6)
        os.kill(workers_of(run, 2)[0], signal.SIGKILL)  # the third may have found no shard left
        _, said = run.communicate(timeout=40)
    assert (run.returncode, "ended with -9" in said) == (13, True), said
    assert account("run", listed, "-o", "out", *options).returncode == 0
    assert simulator.meter()["billed_numbers"] == COUNT
    assert bought_again(simulator) <= 32


def test_a_run_can_be_stopped_again_and_again(
    account: Command, simulator: Simulated, listed: Path
) -> None:
    command = ("run", listed, "-o", "out", *RATE, *simulator.options("udp"))
    kills = 0
    while kills < 6 and not (account.folder / "out" / "_SUCCESS").exists():
        billed = simulator.meter()["billed"]
        with account.start(*command) as killed:
            simulator.wait_until_billed(min(COUNT, billed + 250))
            killed.kill()
        kills += 1
    assert account(*command).returncode == 0
    assert simulator.meter()["billed_numbers"] == COUNT
    assert bought_again(simulator) <= 32 * kills


@pytest.mark.parametrize("after", [0.1, 0.4, 0.7, 1.0])
def test_killed_before_anything_was_asked_it_begins_again(
    account: Command, simulator: Simulated, listed: Path, after: float
) -> None:
    command = ("run", listed, "-o", "out", "--rate", "9000", *simulator.options("tcp"))
    with account.start(*command) as killed:
        time.sleep(after)  # a random moment of start, reading and planning
        killed.kill()
    ended = account(*command)
    assert ended.returncode == 0, ended.stderr
    assert account("verify", "out").returncode == 0


def test_two_runs_cannot_hold_one_output(
    account: Command, simulator: Simulated, listed: Path
) -> None:
    command = ("run", listed, "-o", "out", "--rate", "200", *simulator.options("tcp"))
    with account.start(*command) as first:
        simulator.wait_until_billed(10)
        second = account(*command)
        state = json.loads(account("status", "out", "--json").stdout)
        first.terminate()
        first.communicate(timeout=20)
    assert second.returncode == 11
    assert str(first.pid) in second.stderr
    assert state["state"] == "running"
    assert state["answered"] >= 5


def test_two_jobs_of_one_account_share_its_rate(
    account: Command, simulator: Simulated, listed: Path
) -> None:
    common = ("--rate", "200", "--deadline", "6s", *simulator.options("tcp"))
    with (
        account.start("run", listed, "-o", "a", *common) as one,
        account.start("run", listed, "-o", "b", *common) as other,
    ):
        one.communicate(timeout=30)
        other.communicate(timeout=30)
    assert {one.returncode, other.returncode} == {14}
    # At the service a request counts when it gets round to reading it: 20 ms for a busy machine.
    assert simulator.meter()["worst_second"] <= 200 * 1.02


def test_limits_stop_the_run_and_the_next_one_goes_on(
    account: Command, simulator: Simulated, listed: Path
) -> None:
    command = ("run", listed, "-o", "out", "--rate", "5000", *simulator.options("tcp"))
    limited = account(*command, "--max-lookups", "700")
    assert (limited.returncode, simulator.meter()["billed"]) == (14, 700)
    prices = ("--lookup", "profile", "--price", "mnp=0.01,hlr=0.02", "--budget", "5")
    limited = account(*command, *prices)
    assert (limited.returncode, simulator.meter()["billed"]) == (14, 950)
    assert account(*command).returncode == 0
    assert simulator.meter()["billed"] == COUNT


def test_unresolved_rows_are_asked_by_the_next_run(account: Command, listed: Path) -> None:
    with embedded(seed="flow", faults=("f3=0.2",)) as endpoints:
        rough = Simulated(endpoints)
        command = ("run", listed, "-o", "out", "--rate", "9000", "--attempts", "1")
        first = account(*command, *rough.options("tcp"), "--json")
        assert first.returncode == 3, first.stderr
        assert json.loads(first.stdout)["unresolved"] > 100
        assert not (account.folder / "out" / "_SUCCESS").exists()
        assert json.loads(account("status", "out", "--json").stdout)["state"] == "unresolved"
        again = account(*command[:-1], "9", *rough.options("tcp"), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["unresolved"] == 0


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_silent_standard_input_does_not_keep_a_stop_from_being_heard(
    msisdn: Command, sent: signal.Signals, code: int
) -> None:
    arriving = msisdn.folder / "out" / ".checkpoint.new" / "input"
    with msisdn.start("clean", "-", "-o", "out", stdin=subprocess.PIPE) as waiting:
        assert waiting.stdin is not None
        waiting.stdin.write("phone\n+12015550100\n")
        waiting.stdin.flush()
        until = time.monotonic() + 30
        while not list(arriving.glob(".stdin.tmp")):
            assert waiting.poll() is None
            assert time.monotonic() < until, "it does not read"
            time.sleep(0.005)
        waiting.send_signal(sent)
        assert waiting.wait(timeout=20) == code
        assert "standard input" in (waiting.stderr.read() if waiting.stderr else "")
    assert not list(arriving.glob(".stdin.tmp"))
    ended = msisdn("clean", "-", "-o", "out", "--json", stdin="phone\n+12015550101\n")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["cleaned"] == 1
