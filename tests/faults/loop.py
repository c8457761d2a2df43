"""A small whole run again and again, whose 1st, 2nd, 3rd … operation fails, until none is left."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from pipeline.errors import MsisdnError, StorageError
from tests.faults.disk import Disk
from tests.faults.faulty import FAULTS, Fault, Faulty
from tests.faults.small_run import CONCURRENCY, COUNT, Finished, SmallRun

__all__ = ("Case", "Tally", "every_operation", "run_case")


@dataclass(frozen=True, slots=True)
class Case:
    """One run to be disturbed, and how."""

    name: str
    """One of `FAULTS`, or `kill, then power cut`."""
    at: int
    """Which operation, from 1 on."""

    @property
    def fault(self) -> Fault:
        """The fault of the first attempt."""
        return FAULTS["kill" if self.name == TWICE else self.name]


TWICE = "kill, then power cut"
"""The second attempt is disturbed too, at an operation by chance."""
_OPERATIONS = 250
"""About as many as a run has."""


@dataclass(slots=True)
class Tally:
    """What came of the cases of one fault."""

    points: int = 0
    operations: int = 0
    """Of the longest run."""
    again: list[int] = field(default_factory=list)
    """Lookups bought again, case by case."""
    ended: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def every_operation(
    run: SmallRun,
    wanted: Finished,
    folder: Path,
    name: str,
    *,
    first: int = 1,
    stride: int = 1,
    last: int | None = None,
) -> Tally:
    """Disturb operation `first`, and every `stride`-th after it up to `last`, as far as there are any."""
    tally = Tally()
    points = count(first, stride) if last is None else iter(range(first, last + 1, stride))
    while at := next(points, None):
        if not _add(tally, run, wanted, folder / f"{name}-{at}".replace(" ", "-"), Case(name, at)):
            break
    return tally


def _add(tally: Tally, run: SmallRun, wanted: Finished, out: Path, case: Case) -> bool:
    try:
        seen, ended, again = run_case(run, wanted, out, case)
    except (AssertionError, MsisdnError) as error:
        seen, ended, again = case.at, "wrong", 0
        tally.failures.append(f"{case}: {type(error).__name__} {error}")
    finally:
        shutil.rmtree(out, ignore_errors=True)
    if seen < case.at:
        return False
    tally.points += 1
    tally.operations = max(tally.operations, seen)
    tally.ended[ended] += 1
    tally.again.append(again)
    return True


def run_case(run: SmallRun, wanted: Finished, out: Path, case: Case) -> tuple[int, str, int]:
    """Disturb one run, look at what the next one makes of it, and give what it came to.

    That is how many operations there were, how the disturbed run ended, and how many lookups were
    bought again. Raises `AssertionError` if a promise is broken.
    """
    run.service.reset()
    crashes = 0
    ended = "done"
    attempts: list[Faulty] = []
    committed: dict[str, bytes] = {}
    with Disk(out) as disk:
        for files in _attempts(case, disk):
            attempts.append(files)
            try:
                run(out, files)
            except StorageError:  # nothing else may come of it
                ended = "exit 16"
                crashes += 1
            committed = _committed(out)
    run(out)
    meter = run.service.meter()
    again = meter["billed"] - meter["billed_numbers"]
    assert Finished.of(out) == wanted, "other rows"
    assert meter["billed_numbers"] == COUNT, "a number was not asked"
    assert again <= CONCURRENCY * crashes, f"{again} bought again"
    if not case.fault.power:
        for name, content in committed.items():
            assert (out / name).read_bytes() == content, f"{name} changed"
    return len(attempts[0].seen), ended, again


def _attempts(case: Case, disk: Disk) -> Iterator[Faulty]:
    dice = Random(f"{case.name} {case.at}")
    files = Faulty(case.at, case.fault, disk)
    yield files
    if files.struck and case.name == TWICE:
        files = Faulty(dice.randint(1, _OPERATIONS), FAULTS["power cut"], disk)
        yield files
    if files.struck and (case.fault.power or case.name == TWICE):
        disk.cut_power(dice)


def _committed(out: Path) -> dict[str, bytes]:
    """Parts that are done and are never to be written again."""
    done = sorted((out / ".checkpoint" / "done").glob("shard-*.json"))
    parts = [out / "enriched" / f"part-{path.stem[-5:]}.parquet" for path in done]
    return {str(part.relative_to(out)): part.read_bytes() for part in parts if part.exists()}
