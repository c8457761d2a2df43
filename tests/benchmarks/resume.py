"""A run that is killed again and again, beside one that is left alone; and the same run once more."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipeline.ledger.files import sha256_of
from pipeline.simulator.embedded import embedded
from pipeline.simulator.server import Endpoints
from tests.benchmarks.commands import ROOT, account, meter, msisdn, reaching, reset_meter
from tests.benchmarks.figures import Comparison, Figure, Goal, Result
from tests.benchmarks.lists import write_list
from tests.benchmarks.lookup import RATE
from tests.benchmarks.scale import Scale

__all__ = ("resume",)

KILLS = 10
AGAIN = 5.0
"""Goal: seconds of the same command on a finished run, at ten million rows."""
_OF_THE_RUN = ("answered_at", "attempts")
"""Columns that say when and how often this run asked; all others say what is so."""


def resume(folder: Path, scale: Scale) -> Iterator[Result]:
    """Over TCP, killed ten times (-9) at random instants, planning and writing included."""
    rows, kills = scale.of(1_000_000, 20_000), 3 if scale.quick else KILLS
    listed = write_list(folder / "list.csv", rows)
    with embedded(seed="bench") as service:
        flags = ["--region-column", "country", "--rate", str(RATE), "-q"]
        flags += reaching(service, "tcp")
        whole = msisdn(folder, "run", listed, "-o", "whole", *flags, environment=account(service))
        reset_meter(service)
        spent, bought = [], []
        dice = random.Random(rows)
        for _ in range(kills):
            wait = dice.uniform(0.5, 1.5) * whole.wall / kills
            spent.append(_killed(folder, service, listed, flags, wait))
            bought.append(_bought_again(service))
        last = msisdn(folder, "run", listed, "-o", "killed", *flags, environment=account(service))
        bought.append(_bought_again(service))
        yield from _compared(folder, rows, kills, whole.wall, [*spent, last.wall])
        yield Figure(f"resume, {kills} kills, bought again", "lookups", (bought[-1],))
        most = max(after - before for before, after in zip([0, *bought], bought, strict=False))
        yield Figure("resume, bought again after one kill, at most", "lookups", (most,))
        yield from _again(folder, service, listed, flags, rows)


def _killed(folder: Path, service: Endpoints, listed: Path, flags: list[str], wait: float) -> float:
    """Start the command and kill it after so many seconds; gives those that it ran."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MSISDN_")}
    own = {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state")}
    own["XDG_CACHE_HOME"] = str(folder / "cache")
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", "run", str(listed), "-o", "killed", *flags],
        cwd=folder,
        env=kept | own | account(service),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as child:
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
    return time.perf_counter() - began


def _bought_again(service: Endpoints) -> int:
    seen = meter(service)
    return int(seen["billed"] - seen["billed_numbers"])


def _compared(
    folder: Path, rows: int, kills: int, whole: float, spent: list[float]
) -> Iterator[Result]:
    """Times; and the rows, which must be the same."""
    differ = _differing(folder / "whole", folder / "killed", rows)
    if differ:
        raise RuntimeError(f"{differ} of {rows} rows differ from the run that was left alone")
    name = f"resume, {rows} rows"
    left_alone = Figure(f"{name}, left alone", "s", (whole,))
    killed = Figure(f"{name}, killed {kills} times, all together", "s", (sum(spent),))
    times = Figure(f"{name}, to one left alone", "times", (sum(spent) / whole,))
    yield from (left_alone, killed, times)
    yield Comparison(name, killed, left_alone, times)


def _differing(one: Path, other: Path, rows: int) -> int:
    """Rows that are not the same in both outputs, those that are missing included."""
    found, wrong = 0, 0
    for part in sorted((one / "enriched").iterdir()):
        left = pl.read_parquet(part).drop(_OF_THE_RUN)
        right = pl.read_parquet(other / "enriched" / part.name).drop(_OF_THE_RUN)
        found += left.height
        if not left.equals(right):
            wrong += left.height
    return wrong + abs(rows - found)


def _again(
    folder: Path, service: Endpoints, listed: Path, flags: list[str], rows: int
) -> Iterator[Result]:
    """The same command on a finished run: no request, no changed byte."""
    before, requests = _bytes_of(folder / "killed"), meter(service)["requests"]["tcp"]
    again = msisdn(folder, "run", listed, "-o", "killed", *flags, environment=account(service))
    if _bytes_of(folder / "killed") != before:
        raise RuntimeError("the same command on a finished run changed its output")
    if meter(service)["requests"]["tcp"] != requests:
        raise RuntimeError("the same command on a finished run asked again")
    figure = Figure(f"resume, finished run of {rows} rows again", "s", (again.wall,))
    yield figure
    yield Comparison("the same run again", figure, goals=(Goal(figure, AGAIN, at_least=False),))


def _bytes_of(output: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    files = (path for path in output.rglob("*") if path.is_file())
    return {str(path.relative_to(output)): sha256_of(path) for path in files}
