"""A service that closes connections on which nothing is said costs nothing twice."""

import json

import pytest

from pipeline.simulator.embedded import embedded
from tests.flow.conftest import Command, Simulated, write_list

COUNT = 8


@pytest.mark.parametrize("transport", ["rest", "tcp"])
@pytest.mark.parametrize("rate", [1.9, 2.5, 40])
def test_connections_that_go_idle_cost_nothing_twice(
    account: Command, transport: str, rate: float
) -> None:
    """Questions leave just before, about as, and long after the service closes."""
    listed = write_list(account.folder / "list.csv", COUNT)
    with embedded(seed="idle", faults=("idle=0.45",)) as endpoints:
        service = Simulated(endpoints)
        given = ("run", listed, "-o", "out", "--rate", rate, "--json")
        ended = account(*given, *service.options(transport))
        meter = service.meter()

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["answered"] == COUNT
    assert (meter["billed"], meter["billed_more_than_once"]) == (COUNT, 0)
