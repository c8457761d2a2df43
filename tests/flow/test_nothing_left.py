"""No file with a number has a name outside OUT, however `lookup` and `plan` end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.simulator.embedded import embedded
from tests.flow.conftest import ROOT, Command, Simulated, numbers, write_list

NUMBERS = numbers(3)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@pytest.fixture(scope="module")
def slow() -> Iterator[Simulated]:
    with embedded(faults=["latency=2"]) as endpoints:
        yield Simulated(endpoints)


@pytest.fixture
def scratch(msisdn: Command, slow: Simulated) -> Path:
    """The command's temporary directory, empty."""
    slow.reset()
    folder = msisdn.folder / "tmp"
    folder.mkdir()
    msisdn.environment |= slow.account | {"TMPDIR": str(folder)}
    return folder


def holding(folder: Path) -> list[Path]:
    """Files below a folder, with their names, in which one of the numbers stands."""
    found = []
    for path in folder.rglob("*"):
        with suppress(OSError):
            content = str(path).encode() + (path.read_bytes() if path.is_file() else b"")
            found += [path] * any(number[2:].encode() in content for number in NUMBERS)
    return found


@pytest.mark.parametrize("number", SIGNALS)
def test_a_lookup_that_is_killed_leaves_no_number(
    number: signal.Signals, msisdn: Command, slow: Simulated, scratch: Path
) -> None:
    with msisdn.start("lookup", *NUMBERS, *slow.options("tcp")) as run:
        slow.wait_until_billed(1)
        assert holding(scratch) == []
        os.kill(run.pid, number)
        run.wait(30)

    assert (holding(msisdn.folder), list(scratch.iterdir())) == ([], [])


@pytest.mark.parametrize("after", [0.0, 0.2, 0.5, 0.9])
def test_nor_does_one_that_is_killed_before_it_has_asked(
    after: float, msisdn: Command, slow: Simulated, scratch: Path
) -> None:
    with msisdn.start("lookup", *NUMBERS, *slow.options("tcp")) as run:
        until = time.monotonic() + after
        while time.monotonic() < until and run.poll() is None:
            assert holding(scratch) == []
        run.kill()

    assert holding(msisdn.folder) == []


def test_a_lookup_that_ends_leaves_no_number(
    msisdn: Command, slow: Simulated, scratch: Path
) -> None:
    ended = msisdn("lookup", *NUMBERS, NUMBERS[0], "12", *slow.options("udp"), "--json")

    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == 5
    assert slow.meter()["billed"] == 3
    assert (holding(msisdn.folder), list(scratch.iterdir())) == ([], [])


KILLED = """
import os
from pipeline.scratch import scratch
held = scratch()
folder = held.__enter__()
(folder / "frame-00000.arrow").write_text("+12015550100")
(folder / "out").mkdir()
(folder / "out" / "part").write_text("+12015550100")
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_plan_has_left_goes_with_the_next(msisdn: Command, scratch: Path) -> None:
    """And what is only called like it stays, whoever may read it."""
    listed = write_list(msisdn.folder / "list.csv", 3)
    run = [sys.executable, "-c", KILLED]
    subprocess.run(run, env=os.environ | {"TMPDIR": str(scratch)}, cwd=ROOT, check=False)
    [left] = scratch.iterdir()
    assert holding(left)
    (scratch / "msisdn-list.csv").write_text(NUMBERS[0])
    (scratch / "msisdn-work").mkdir(mode=0o700)
    (scratch / "msisdn-work" / "thesis.txt").write_text("mine")
    (scratch / "msisdn-empty").mkdir(mode=0o700)
    shutil.copytree(left, scratch / "msisdn-copy")  # by the mark in it another directory
    (scratch / "msisdn-copy").chmod(0o700)

    assert msisdn("plan", listed).returncode == 0

    stays = {"msisdn-copy", "msisdn-empty", "msisdn-list.csv", "msisdn-work"}
    assert {path.name for path in scratch.iterdir()} == stays
    assert (scratch / "msisdn-work" / "thesis.txt").read_text() == "mine"
