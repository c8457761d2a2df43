"""`pipeline.normalise` on a frame in memory, beside `phonenumbers` asked row by row in a loop."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tests.benchmarks.cells import cells, damaged
from tests.benchmarks.commands import Timed, inside
from tests.benchmarks.figures import Comparison, Figure, Goal, Result
from tests.benchmarks.one_country import write_one_country
from tests.benchmarks.scale import Scale, check_space

__all__ = ("frames", "normalise")

SAMPLE = 20_000
"""Cells that `phonenumbers` is asked about: two seconds or more."""
RATE, RATIO = 2_000_000, 200


class _Frame(NamedTuple):
    """A list in memory, and how it is normalised."""

    make: Callable[[Path, int], pl.DataFrame]
    """Columns `phone` and `country`."""
    region: str | None = None
    region_column: str | None = None
    goal: bool = False
    """Whether the design promises a speed on such a list."""
    agree: bool = True
    """Whether `phonenumbers` accepts the same cells; of damaged ones it accepts what it should not."""


def _one_country(folder: Path, rows: int) -> pl.DataFrame:
    listed = write_one_country(folder / "national.parquet", rows)
    frame = pl.read_parquet(listed.path, columns=["phone"], memory_map=False)
    listed.path.unlink()
    return frame.with_columns(country=pl.lit("GB"))


_FRAMES = {
    "mixed": _Frame(lambda _, rows: cells(rows), region_column="country", goal=True),
    "international": _Frame(lambda _, rows: cells(rows, ["international"])),
    "one-country": _Frame(_one_country, region="GB"),
    "messy": _Frame(lambda _, rows: damaged(cells(rows)), region_column="country", agree=False),
}


def normalise(
    folder: Path, scale: Scale, only: tuple[str, ...] = tuple(_FRAMES)
) -> Iterator[Result]:
    """Rows a second of four kinds of list, and the time of the first call in a process."""
    rows = scale.of(2_000_000, 20_000)
    check_space(folder, rows * scale.runs)
    for name in only:
        known = _FRAMES[name]
        listed = folder / f"{name}.parquet"
        # Cells of its own for each run.
        made = known.make(folder, rows * scale.runs)
        made.select("phone", "country").write_parquet(listed)
        del made
        orders = {
            "what": "normalise",
            "list": str(listed),
            "given": {"region": known.region, "region_column": known.region_column},
            "sample": min(SAMPLE, rows),
            "agree": known.agree,
            "runs": scale.runs,
        }
        yield from _figures(f"normalise {name}", rows, known, inside(folder, orders))
        listed.unlink()


frames = {f"normalise-{name}": partial(normalise, only=(name,)) for name in _FRAMES}
"""The benchmark of each kind alone."""


def _figures(name: str, rows: int, known: _Frame, timed: Timed) -> Iterator[Result]:
    took = timed.seconds
    sample = min(SAMPLE, rows)
    ours = [rows / seconds for seconds in took["ours"]]
    theirs = [sample / seconds for seconds in took["theirs"]]
    speed = Figure(name, "rows/s", tuple(ours))
    bare = Figure(f"{name}, phonenumbers", "rows/s", tuple(theirs))
    by_region = tuple(sample / seconds for seconds in took["theirs by region"])
    times = tuple(one / other for one, other in zip(ours, theirs, strict=True))
    ratio = Figure(f"{name}, to phonenumbers", "×", times)
    yield Figure(f"{name}, first call", "s", tuple(took["first"]))
    yield Figure(f"{name}, call of one row", "ms", tuple(one * 1e3 for one in took["again"]))
    yield from (speed, bare, ratio)
    spent = tuple(seconds / rows * 1e6 for seconds in took["ours, processor"])
    yield Figure(f"{name}, processor", "µs a row", spent)
    yield Figure(f"{name}, phonenumbers, sorted by region", "rows/s", by_region)
    yield Figure(f"{name}, peak memory", "MB", (timed.spent.peak / 1e6,))
    wanted = (Goal(speed, RATE), Goal(ratio, RATIO)) if known.goal else ()
    yield Comparison(name, speed, bare, ratio, wanted)
