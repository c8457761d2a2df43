"""Limits of a run and of an account, by the service's own meter."""

import json
import os
import signal

import pytest

from tests.flow.conftest import Command, Simulated, write_list

PRICES = ("--lookup", "profile", "--price", "mnp=0.01,hlr=0.1")


def requests(simulator: Simulated) -> int:
    return sum(simulator.meter()["requests"].values())


def limited(workers: int, *limits: object) -> tuple[object, ...]:
    return ("--rate", 2000, "--shard-rows", 50, "--workers", workers, *limits)


@pytest.mark.parametrize("limits", [("--max-lookups", 1), (*PRICES, "--budget", "0.3")])
def test_a_limit_is_exact_over_all_workers(
    account: Command, simulator: Simulated, limits: tuple[object, ...]
) -> None:
    write_list(account.folder / "list.csv", 400)
    run = ("run", "list.csv", "-o", "out", *simulator.options("tcp"))
    ended = account(*run, *limited(2, *limits))
    assert ended.returncode == 14, ended.stderr
    assert requests(simulator) == (1 if "--max-lookups" in limits else 3)
    shown = "the limit of 1 lookups" if "--max-lookups" in limits else "the budget of 0.3"
    assert f"{shown} is" in ended.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("workers", [1, 4, 16])
@pytest.mark.parametrize("most", [1, 3, 17, 1000])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_limits_with_1_4_and_16_workers(
    account: Command, simulator: Simulated, workers: int, most: int, transport: str
) -> None:
    write_list(account.folder / "list.csv", 1600)
    run = ("run", "list.csv", "-o", "out", *simulator.options(transport))
    ended = account(*run, *limited(workers, "--max-lookups", most))
    assert (ended.returncode, requests(simulator)) == (14, most), ended.stderr


def test_a_limit_that_is_just_enough_is_none_for_workers_either(
    account: Command, simulator: Simulated
) -> None:
    write_list(account.folder / "list.csv", 120)
    run = ("run", "list.csv", "-o", "out", *simulator.options("tcp"))
    ended = account(*run, *limited(2, "--max-lookups", 120))
    assert (ended.returncode, requests(simulator)) == (0, 120), ended.stderr


@pytest.mark.parametrize(
    ("environment", "toml"),
    [
        ({"MSISDN_BUDGET": "5", "MSISDN_PRICE": "mnp=0.1"}, ""),
        ({}, "budget = 5\n[price]\nhlr = 0.1"),
    ],
)
def test_a_budget_without_a_price_is_refused_before_anything_is_read(
    account: Command, simulator: Simulated, environment: dict[str, str], toml: str
) -> None:
    account.environment |= environment
    (account.folder / "msisdn.toml").write_text(toml)
    ended = account("run", "missing.csv", "-o", "out", *simulator.options("tcp"))
    assert (ended.returncode, requests(simulator)) == (2, 0)
    assert "--price" in ended.stderr
    assert not (account.folder / "out").exists()


def test_the_plan_says_what_a_budget_reaches(msisdn: Command) -> None:
    write_list(msisdn.folder / "list.csv", 40)
    planned = msisdn("plan", "list.csv", *PRICES, "--budget", "0.7")
    assert planned.returncode == 0, planned.stderr
    assert "within the budget" in planned.stdout
    told = json.loads(msisdn("plan", "list.csv", *PRICES, "--budget", "0.7", "--json").stdout)
    assert (told["affordable"], told["cost_least"], told["cost_most"]) == (7, 0.4, 4.0)


def test_a_simulated_run_leaves_no_state_and_needs_none(msisdn: Command) -> None:
    write_list(msisdn.folder / "list.csv", 20)
    (msisdn.folder / "state").write_text("no directory")
    run = ("run", "list.csv", "-o", "out", "--simulate", "--rate", "1000")
    ended = msisdn(*run, "--state-dir", msisdn.folder / "state" / "here")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("state", ["file/state", "fifo"])
def test_a_state_that_cannot_be_used_is_told_before_anything_is_read(
    account: Command, simulator: Simulated, state: str
) -> None:
    (account.folder / "file").write_text("")
    os.mkfifo(account.folder / "fifo")
    run = ("run", "missing.csv", "-o", "out", *simulator.options("tcp"), "--state-dir", state)
    ended = account(*run)
    assert ended.returncode == 16, ended.stderr
    assert "--state-dir" in ended.stderr


def test_a_suspended_job_holds_nobody_up_and_a_stop_ends_who_waits(
    account: Command, simulator: Simulated
) -> None:
    write_list(account.folder / "list.csv", 1600)
    slowly = ("--rate", "300", *simulator.options("tcp"))
    suspended = account.start("run", "list.csv", "-o", "one", *slowly)
    try:
        simulator.wait_until_billed(20)
        suspended.send_signal(signal.SIGSTOP)
        before = simulator.meter()["billed"]
        other = account.start("run", "list.csv", "-o", "two", *slowly)
        simulator.wait_until_billed(before + 100)
        other.send_signal(signal.SIGTERM)
        assert other.wait(timeout=30) == 143
    finally:
        suspended.send_signal(signal.SIGCONT)
        suspended.send_signal(signal.SIGTERM)
        assert suspended.wait(timeout=30) == 143
    for run in (suspended, other):
        run.communicate()
    assert simulator.meter()["worst_second"] <= 300 * 1.02
