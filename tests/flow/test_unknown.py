"""What was sent and not answered at a crash is a class of its own."""

import json

import polars as pl
import pytest

from tests.flow.conftest import Command, Simulated, write_list

COUNT = 400


def test_a_number_in_doubt_is_counted_held_with_its_reason_and_asked_when_one_says_so(
    account: Command, simulator: Simulated
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    way = ("--rate", "400", "--concurrency", "8", *simulator.options("tcp"))
    command = ("run", listed, "-o", "out", *way)
    with account.start(*command) as killed:
        simulator.wait_until_billed(100)
        killed.kill()
    state = json.loads(account("status", "out", "--json").stdout)
    doubtful = state["outcome_unknown"]
    assert state["state"] == "stopped"
    assert 0 <= doubtful <= 8
    assert state["answered"] + doubtful + state["unresolved"] <= COUNT
    held = account(*command, "--on-unknown", "hold", "--json")
    assert held.returncode == (3 if doubtful else 0), held.stderr
    summary = json.loads(held.stdout)
    assert summary["unresolved"] == doubtful
    rows = pl.read_parquet(account.folder / "out/enriched/*.parquet").filter(status="unresolved")
    assert set(rows["error"]) <= {"asked, and no outcome is known"}
    assert simulator.meter()["billed"] == simulator.meter()["billed_numbers"] <= COUNT
    if doubtful:
        assert summary["outcome_unknown"] == {"asked_again": 0, "held": doubtful}
        asked = json.loads(account(*command, "--json").stdout)
        assert asked["outcome_unknown"] == {"asked_again": doubtful, "held": 0}
    assert account("verify", "out").returncode == 0
    assert simulator.meter()["billed_numbers"] == COUNT


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_asked_again_is_counted_over_all_interruptions_of_a_run(
    account: Command, simulator: Simulated, workers: int
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    way = ("--rate", "400", "--concurrency", "16", "--shard-rows", "100", *simulator.options("tcp"))
    command = ("run", listed, "-o", "out", *way, "--workers", workers)
    doubtful = 0
    for billed in (60, 150, 240):  # the first shards are done by the last time
        with account.start(*command) as killed:
            simulator.wait_until_billed(billed)
            killed.kill()
        doubtful += json.loads(account("status", "out", "--json").stdout)["outcome_unknown"]
    ended = account(*command, "--json")
    assert ended.returncode == 0, ended.stderr
    unknown = json.loads(ended.stdout)["outcome_unknown"]
    meter = simulator.meter()
    assert meter["billed"] - meter["billed_numbers"] <= unknown["asked_again"]
    if workers == 1:
        assert unknown == {"asked_again": doubtful, "held": 0}
    else:  # a worker outlives its parent for a moment, or has not asked again by the next kill
        assert 0 < unknown["asked_again"] <= doubtful
    assert (
        json.loads((account.folder / "out/summary.json").read_text())["outcome_unknown"] == unknown
    )
