"""The command is stopped for longer than its time-out and goes on: nothing is bought twice."""

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest

from pipeline.simulator.embedded import embedded
from tests.flow.conftest import Command, Simulated, write_list

COUNT = 400
TIMEOUT, FROZEN = 2, 3.0
"""Seconds."""


@pytest.fixture(scope="module")
def slow() -> Iterator[Simulated]:
    """A service that takes a while, so that many questions are open at once."""
    with embedded(seed="flow", faults=("latency=0.3",)) as endpoints:
        yield Simulated(endpoints)


@pytest.mark.parametrize("transport", ["rest", "tcp", "udp"])
def test_answers_that_came_while_it_was_stopped_count(
    msisdn: Command, slow: Simulated, transport: str
) -> None:
    slow.reset()
    msisdn.environment |= slow.account
    flags = ["--rate", 200, "--timeout", TIMEOUT, "-q", *slow.options(transport)]
    listed = write_list(msisdn.folder / "list.csv", COUNT)
    run = msisdn.start("run", listed, "-o", "out", *flags)
    slow.wait_until_billed(COUNT // 4)
    os.kill(run.pid, signal.SIGSTOP)
    before = slow.meter()["billed"]
    time.sleep(FROZEN)  # what the test is about: the kernel's clock goes on, the process does not
    os.kill(run.pid, signal.SIGCONT)
    run.communicate()

    found = slow.meter()
    assert run.returncode == 0
    assert found["billed_more_than_once"] == 0, found["numbers"]
    assert found["billed"] == COUNT > before
    assert json.loads((msisdn.folder / "out" / "summary.json").read_text())
