"""Fuzzing, as long as is wanted: `python -m tests.fuzz --cases N --seed S [--minutes M]`.

Cases are numbered from 0; each follows from the seed and its number alone, whatever the number of
processes. Every sixteenth is a list, the others are cells. What breaks a promise is printed with
`SEED:CASE`, and `--replay SEED:CASE` runs that case alone.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.fuzz.runs import BATCH, Run, replay, run_batch

__all__ = ("main",)

MOST_FAILURES = 20
"""After so many the rest is not worth the time."""


@dataclass
class Tally:
    """What has been run so far."""

    cases: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Take in the outcome of a batch; failures are printed as they come."""
        self.cases.update(run.counts)
        self.failures += run.failures
        for failure in run.failures[:MOST_FAILURES]:
            _say(failure)

    def enough(self) -> bool:
        """Whether to stop early."""
        return len(self.failures) >= MOST_FAILURES


def main() -> int:
    """Run; 1 where a promise was broken."""
    given = _given()
    if given.replay:
        seed, case = map(int, given.replay.split(":"))
        found = replay(seed, case)
        _say(str(found))
        return int(bool(found.failures))
    began = time.perf_counter()
    end = began + 60 * given.minutes if given.minutes else None
    tally = Tally()
    for run in _runs(given, end, tally):
        tally.add(run)
    took = time.perf_counter() - began
    for what, count in sorted(tally.cases.items()):
        _say(f"{count:>12,}  {what}")
    _say(f"seed {given.seed}: {len(tally.failures)} failures, {took:.0f} s")
    return int(bool(tally.failures))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--minutes", type=float, metavar="M", help="stop after so many")
    parser.add_argument("--processes", type=int, default=2, metavar="P")
    parser.add_argument("--replay", metavar="SEED:CASE", help="one case, as it was printed")
    return parser.parse_args()


def _runs(given: argparse.Namespace, end: float | None, tally: Tally) -> Iterator[Run]:
    """Batches over all processes, as they finish; a few are in work at a time."""
    batches = iter(range(0, given.cases, BATCH))
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        waiting: set[Future[Run]] = set()
        while True:
            in_time = end is None or time.perf_counter() < end
            while in_time and not tally.enough() and len(waiting) < 2 * given.processes:
                first = next(batches, None)
                if first is None:
                    break
                last = min(first + BATCH, given.cases)
                waiting.add(pool.submit(run_batch, given.seed, first, last))
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


if __name__ == "__main__":
    sys.exit(main())
