"""Most memory of a whole `msisdn run`, at two sizes: what grows with the list, and how fast."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.simulator.embedded import embedded
from tests.benchmarks.commands import Spent, account, msisdn, reaching
from tests.benchmarks.figures import Figure
from tests.benchmarks.lists import write_list
from tests.benchmarks.lookup import RATE

__all__ = ("memory",)


def memory(folder: Path, quick: bool) -> Iterator[Figure]:
    """Peak resident memory over TCP. The larger size runs once: it takes long and varies little."""
    small, large = (20_000, 100_000) if quick else (100_000, 1_000_000)
    found = {}
    for count, runs in ((small, 2), (large, 1)):
        listed = write_list(folder / f"{count}.csv", count)
        spent = [_run(folder, listed) for _ in range(runs)]
        found[count] = max(one.peak for one in spent)
        name = f"memory, {count} numbers"
        yield Figure(name, "MB", tuple(one.peak / 1e6 for one in spent))
        yield Figure(f"{name}, whole command, raw", "s", tuple(one.wall for one in spent))
    slope = (found[large] - found[small]) / (large - small)
    yield Figure("memory, growth", "bytes a number", (slope,))


def _run(folder: Path, listed: Path) -> Spent:
    flags = ["--region-column", "country", "--rate", str(RATE), "--restart", "-q"]
    out = folder / "out"
    with embedded(seed="bench") as service:
        flags += reaching(service, "tcp")
        return msisdn(folder, "run", listed, "-o", out, *flags, environment=account(service))
