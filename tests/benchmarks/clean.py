"""`msisdn clean` beside bare Polars, which reads, drops repeated cells and writes, and no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.commands import Spent, msisdn, python
from tests.benchmarks.figures import Figure, net, ratios
from tests.benchmarks.lists import write_list

__all__ = ("clean",)

RUNS = 3
_BASELINES = Path(__file__).with_name("bare.py")


class _List(NamedTuple):
    name: str
    rows: int
    distinct: int


def clean(folder: Path, quick: bool) -> Iterator[Figure]:
    """Rows a second of a list of nearly all distinct numbers, and of a repetitive one."""
    part = 10 if quick else 1
    lists = (
        _List("distinct", 1_000_000 // part, 900_000 // part),
        _List("repetitive", 100_000 // part, 5_000 // part),
    )
    one = write_list(folder / "one.csv", 1)
    ours_start = [_ours(folder, one).wall for _ in range(RUNS)]
    bare_start = [_bare(folder, one).wall for _ in range(RUNS)]
    yield Figure("clean start-up", "s", tuple(ours_start))
    yield Figure("clean start-up, bare", "s", tuple(bare_start))
    for known in lists:
        listed = write_list(folder / f"{known.name}.csv", known.rows, known.distinct)
        # In turn, so that whatever else the machine does falls on both.
        runs = [(_ours(folder, listed), _bare(folder, listed)) for _ in range(RUNS)]
        name = f"clean {known.name}"
        ours, bare = [spent.wall for spent, _ in runs], [spent.wall for _, spent in runs]
        yield Figure(f"{name}, raw", "s", tuple(ours))
        yield Figure(f"{name}, raw, bare", "s", tuple(bare))
        yield ratios(f"{name}, raw, to bare", ours, bare)
        yield from _speeds(name, known.rows, net(ours, ours_start), net(bare, bare_start))
        yield Figure(f"{name}, peak memory", "MB", tuple(spent.peak / 1e6 for spent, _ in runs))


def _speeds(
    name: str, rows: int, ours: tuple[float, ...], bare: tuple[float, ...]
) -> Iterator[Figure]:
    """Rows a second without start-up, as far as they can be told from noise."""
    if ours:
        yield Figure(name, "rows/s", tuple(rows / seconds for seconds in ours))
    if bare:
        yield Figure(f"{name}, bare", "rows/s", tuple(rows / seconds for seconds in bare))
    if ours and bare:
        yield ratios(f"{name}, time to bare", ours, bare)


def _ours(folder: Path, listed: Path) -> Spent:
    out = folder / "out"
    flags = ("--region-column", "country", "--restart", "-q")
    return msisdn(folder, "clean", listed, "-o", out, *flags)


def _bare(folder: Path, listed: Path) -> Spent:
    return python(folder, _BASELINES, "polars", listed, folder / "bare.parquet")
