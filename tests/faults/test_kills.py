"""The short form of the kill loop; `make soak` is the long one."""

from pathlib import Path
from random import Random

import pytest

from pipeline.simulator.embedded import embedded
from tests.faults.kills import KillLoop
from tests.flow.conftest import Simulated


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("transport", "workers"), [("tcp", 2), ("rest", 1)])
def test_killed_at_random_it_ends_right_and_buys_nothing_twice_but_what_was_in_flight(
    tmp_path: Path, transport: str, workers: int
) -> None:
    with embedded(seed="kills") as endpoints:
        loop = KillLoop(tmp_path, Simulated(endpoints), transport, workers, Random(transport))
        told = loop.go_on(3)
    assert told.failures == []
    assert told.kills.total() == 3
    assert told.unexplained == 0
