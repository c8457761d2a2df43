"""The long form: `python -m tests.faults [--kills N] [--stride N] [--jobs N] [--examples N] [--seed S]`.

Every file operation of a small run goes wrong, in every way, and of one that replaces another; a state machine looks for a history that
breaks a promise; real processes are killed. 0 leaves one of them out.
Prints what came of it, and ends with 1 where a promise was broken.
"""

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from pipeline.simulator.embedded import embedded
from pipeline.transports import TRANSPORTS
from tests.faults.kills import IN_FLIGHT, KillLoop
from tests.faults.machine import RunMachine
from tests.faults.side_by_side import looped, loops
from tests.faults.small_run import CONCURRENCY
from tests.flow.conftest import Simulated

__all__ = ("main",)

_WIDTHS = (14, 22, 11, 7, 18, 11, 6, 9)
_HEAD = (
    "--rows",
    "fault",
    "operations",
    "points",
    "disturbed runs",
    "again",
    "most",
    "in flight",
)


def main() -> int:
    """Run both; 1 where a promise was broken."""
    given = _given()
    failures = _histories(given.examples)
    failures += _operations(given.stride, given.jobs)
    with embedded(seed="faults") as endpoints, tempfile.TemporaryDirectory() as folder:
        service = Simulated(endpoints)
        failures += _kills(Path(folder), service, given.kills, given.seed)
    for failure in failures:
        _say(failure)
    _say(f"{len(failures)} failures")
    return int(bool(failures))


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=300, metavar="N", help="in all")
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="every Nth operation")
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=cores, metavar="N", help="faults at once")
    parser.add_argument("--examples", type=int, default=300, metavar="N", help="of histories")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the kills")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _row(cells: Sequence[object], widths: Iterable[int]) -> None:
    _say("  ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, widths, strict=True)))


def _histories(examples: int) -> list[str]:
    if not examples:
        return []
    wanted = settings(
        max_examples=examples,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    failures = []
    try:
        run_state_machine_as_test(RunMachine, settings=wanted)
    except Exception:  # noqa: BLE001  whatever a history ends with is told, with the history
        failures.append(traceback.format_exc())
    steps = ", ".join(f"{count} {name}" for name, count in RunMachine.steps.most_common())
    _say(f"{examples} histories, {RunMachine.steps.total()} steps: {steps}")
    return failures


def _operations(stride: int, jobs: int) -> list[str]:
    """Each fault in a process of its own, so many at once; a broken promise is told with its row."""
    if not stride:
        return []
    _row(_HEAD, _WIDTHS)
    failures: list[str] = []
    faults = [*loops()]
    with ProcessPoolExecutor(jobs, get_context("spawn"), max_tasks_per_child=1) as pool:
        for loop, told in zip(faults, pool.map(looped, faults, repeat(stride)), strict=True):
            ended = ", ".join(f"{count} {how}" for how, count in told.ended.items())
            worst = max(told.again, default=0)
            counts = (told.operations, told.points, ended, sum(told.again), worst, CONCURRENCY)
            _row((loop, loop.fault, *counts), _WIDTHS)
            for failure in told.failures:
                _say(f"  {failure}")
            failures += told.failures
    return failures


def _kills(folder: Path, service: Simulated, kills: int, seed: int) -> list[str]:
    if not kills:
        return []
    widths = (10, 8, 6, 30, 6, 6, 5, 12, 9)
    _row(
        ("transport", "workers", "kills", "", "lists", "again", "most", "unexplained", "in flight"),
        widths,
    )
    failures: list[str] = []
    ways = [(transport, workers) for workers in (1, 2) for transport in TRANSPORTS]
    for transport, workers in ways:
        place = folder / f"{transport}-{workers}"
        place.mkdir()
        dice = Random(f"{seed} {transport} {workers}")
        loop = KillLoop(place, service, transport, workers, dice)
        told = loop.go_on(-(-kills // len(ways)))
        by_signal = ", ".join(f"{count} {name}" for name, count in sorted(told.kills.items()))
        counts = (told.runs, told.again, told.most, told.unexplained, IN_FLIGHT)
        _row((transport, workers, told.kills.total(), by_signal, *counts), widths)
        failures += [f"{transport}, {workers} workers: {failure}" for failure in told.failures]
    return failures


if __name__ == "__main__":
    sys.exit(main())
