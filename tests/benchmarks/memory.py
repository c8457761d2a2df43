"""Most memory of a whole `msisdn run` and of a whole `msisdn clean`: what grows with the list."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.simulator.embedded import embedded
from tests.benchmarks.clean import BRITISH, cleaned
from tests.benchmarks.commands import Spent, account, msisdn, reaching
from tests.benchmarks.figures import Comparison, Figure, Goal, Result
from tests.benchmarks.lists import write_list
from tests.benchmarks.lookup import RATE
from tests.benchmarks.one_country import write_one_country
from tests.benchmarks.scale import Scale, check_space

__all__ = ("memory", "memory_clean", "memory_run")

MOST = 4_000
"""Megabytes of `clean`, at any of these sizes."""
FLAT = 1.25
"""Memory of ten million numbers in parts of that of one million."""
_SIZES = (1_000_000, 10_000_000, 100_000_000)


def memory(folder: Path, scale: Scale) -> Iterator[Result]:
    """Of both commands."""
    yield from memory_run(folder, scale)
    yield from memory_clean(folder, scale)


def memory_run(folder: Path, scale: Scale) -> Iterator[Result]:
    """Peak resident memory over TCP, at two sizes, the smaller a tenth of `--rows`. The larger size runs once: it takes long and varies little."""
    small, large = (20_000, 100_000) if scale.quick else (100_000, 1_000_000)
    if scale.rows:
        small, large = max(1, scale.rows // 10), scale.rows
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
    times = Figure(f"memory, {large} to {small} numbers", "ratio", (found[large] / found[small],))
    yield times
    goals = (Goal(times, FLAT, at_least=False),) if scale.rows else ()
    yield Comparison("memory of lookups", times, goals=goals)


def _run(folder: Path, listed: Path) -> Spent:
    flags = ["--region-column", "country", "--rate", str(RATE), "--restart", "-q"]
    out = folder / "out"
    with embedded(seed="bench") as service:
        flags += reaching(service, "tcp")
        return msisdn(folder, "run", listed, "-o", out, *flags, environment=account(service))


def memory_clean(folder: Path, scale: Scale) -> Iterator[Result]:
    """Peak resident memory of `clean` at growing sizes, once each, up to the one that is given."""
    sizes = _up_to(scale)
    check_space(folder, max(sizes))
    for rows in sizes:
        listed = write_one_country(folder / "large.csv", rows)
        spent = cleaned(folder, listed, BRITISH)
        listed.path.unlink()
        name = f"memory clean, {rows} rows"
        peak = Figure(name, "MB", (spent.peak / 1e6,))
        yield peak
        if spent.own:
            yield Figure(f"{name}, without mapped files", "MB", (spent.own / 1e6,))
        yield Figure(f"{name}, raw", "s", (spent.wall,))
        yield Figure(f"{name}, processor", "s", (spent.cpu,))
        yield Comparison(name, peak, goals=(Goal(peak, MOST, at_least=False),))


def _up_to(scale: Scale) -> list[int]:
    """One and ten million rows; where a number is given, the usual sizes below it, and it."""
    most = scale.of(10_000_000, 100_000)
    return [*(size for size in _SIZES if size < most), most]
