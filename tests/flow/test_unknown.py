"""What was sent and not answered at a crash is a class of its own."""

import json

import polars as pl

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
