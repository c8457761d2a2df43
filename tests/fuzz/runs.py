"""Batches of cases: which number is what kind of case, and what is done with it."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

# Each process has one core; it must be said before Polars is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

from tests.fuzz.cells import cell_of, check_cells
from tests.fuzz.failures import Failure
from tests.fuzz.lists import check_list, list_of

__all__ = ("BATCH", "EVERY", "Run", "replay", "run_batch")

BATCH = 8192
EVERY = 16
"""One case of so many is a whole list."""


@dataclass
class Run:
    """What came of some cases."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def cells(self, seed: int, numbers: list[int]) -> None:
        """Run these cases as cells of one frame."""
        try:
            made = check_cells(seed, [cell_of(seed, number) for number in numbers])
        except Failure as failure:
            self.failures.append(str(failure))
            return
        self.counts["cells"] += len(numbers)
        for column in ("rule", "reject_reason"):
            for value, count in made[column].drop_nulls().value_counts().rows():
                self.counts[f"cells: {column} {value}"] += count

    def list(self, seed: int, number: int, folder: Path) -> None:
        """Run this case as a file."""
        try:
            outcome = check_list(seed, list_of(seed, number), folder)
        except Failure as failure:
            self.failures.append(str(failure))
            return
        self.counts["lists"] += 1
        if outcome.refused:
            self.counts[f"lists refused: {outcome.refused}"] += 1
        self.counts["lists: rows read"] += outcome.rows
        self.counts["lists: rows cleaned or duplicate"] += outcome.valid
        self.counts["lists: rows rejected"] += outcome.rejected


def run_batch(seed: int, first: int, last: int) -> Run:
    """The cases from `first` to before `last`."""
    run = Run()
    run.cells(seed, [number for number in range(first, last) if number % EVERY])
    with TemporaryDirectory(prefix="msisdn-fuzz-") as folder:
        for number in range(first, last):
            if not number % EVERY:
                run.list(seed, number, Path(folder))
    return run


def replay(seed: int, case: int) -> Run:
    """One case alone."""
    run = Run()
    if case % EVERY:
        run.cells(seed, [case])
    else:
        with TemporaryDirectory(prefix="msisdn-fuzz-") as folder:
            run.list(seed, case, Path(folder))
    return run
