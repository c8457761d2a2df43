"""`msisdn clean` beside bare Polars, which reads, drops repeated cells and writes, and no more."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tests.benchmarks.cells import cells
from tests.benchmarks.commands import Spent, msisdn, python
from tests.benchmarks.figures import Comparison, Figure, Goal, Result, net, ratios
from tests.benchmarks.lists import write_list
from tests.benchmarks.one_country import Listed, write_one_country
from tests.benchmarks.scale import Scale, check_space

__all__ = ("BRITISH", "clean", "cleaned", "lists")

BRITISH = ("--column", "phone", "--region", "GB")
_BY_ROW = ("--column", "phone", "--region-column", "country")
_BASELINES = Path(__file__).with_name("bare.py")
TIME, RATE = 2, 1_000_000


class _Kind(NamedTuple):
    """A kind of list, how it is cleaned, and what the design promises."""

    suffix: str
    write: Callable[[Path, int], Listed]
    flags: tuple[str, ...]
    time: float | None = None
    """At most so many times the time of the baseline."""
    rate: float | None = None
    """At least so many rows/s."""
    part: int = 1
    """One row for so many of the others."""
    least: int = 1
    """Rows of the list that start-up is measured with: a row each for whatever is made ready once."""


_REGIONS, _SPELLINGS = 245, 2


def _mixed(path: Path, rows: int) -> Listed:
    frame = cells(rows).select(pl.int_range(pl.len()).alias("id"), "phone", "country")
    frame.write_csv(path)
    return Listed(path, rows, rows)


def _repetitive(path: Path, rows: int) -> Listed:
    distinct = max(1, rows // 20)
    return Listed(write_list(path, rows, distinct), rows, distinct)


_KINDS = {
    "csv": _Kind(".csv", write_one_country, BRITISH, time=TIME),
    "parquet": _Kind(".parquet", write_one_country, BRITISH),
    "mixed": _Kind(".csv", _mixed, _BY_ROW, rate=RATE, least=_REGIONS * _SPELLINGS),
    "repetitive": _Kind(".csv", _repetitive, _BY_ROW, part=10),
}


def clean(folder: Path, scale: Scale, only: tuple[str, ...] = tuple(_KINDS)) -> Iterator[Result]:
    """Rows a second of lists of one country and of all regions, with few repeats and with many."""
    rows = scale.of(1_000_000, 10_000)
    check_space(folder, rows)
    for name in only:
        known = _KINDS[name]
        one = known.write(folder / f"one{known.suffix}", known.least)
        listed = known.write(folder / f"{name}{known.suffix}", max(1, rows // known.part))
        start = _pairs(folder, one, known, scale.runs)
        yield from _figures(
            f"clean {name}", listed, known, start, _pairs(folder, listed, known, scale.runs)
        )
        listed.path.unlink()


lists = {f"clean-{name}": partial(clean, only=(name,)) for name in _KINDS}
"""The benchmark of each kind of list alone."""


class _Pairs(NamedTuple):
    """The runs of both, in their order."""

    ours: list[Spent]
    bare: list[Spent]


def _pairs(folder: Path, listed: Listed, known: _Kind, runs: int) -> _Pairs:
    """In turn, so that whatever else the machine does falls on both; now one is first, now the other."""
    found = _Pairs([], [])
    for run in range(runs):
        for ours in (True, False) if run % 2 else (False, True):
            if ours:
                found.ours.append(cleaned(folder, listed, known.flags))
            else:
                found.bare.append(_bare(folder, listed))
    return found


def cleaned(folder: Path, listed: Listed, flags: tuple[str, ...]) -> Spent:
    """One run of ours. Raises `RuntimeError` where not every row has ended where it belongs."""
    out = folder / "out"
    spent = msisdn(folder, "clean", listed.path, "-o", out, "-q", *flags)
    found = json.loads((out / "summary.json").read_text("utf-8"))
    _check(listed, found["rows"], found.get("cleaned", 0), found.get("duplicates", 0))
    shutil.rmtree(out)
    return spent


def _bare(folder: Path, listed: Listed) -> Spent:
    out = folder / "bare.parquet"
    spent = python(folder, _BASELINES, "polars", listed.path, out)
    out.unlink()
    return spent


def _check(listed: Listed, rows: int, unique: int, repeated: int) -> None:
    expected = (listed.rows, listed.distinct, listed.rows - listed.distinct)
    if (rows, unique, repeated) != expected:
        raise RuntimeError(
            f"{listed.path.name}: rows, cleaned, duplicates are {(rows, unique, repeated)} "
            f"and should be {expected}"
        )


def _figures(
    name: str, listed: Listed, known: _Kind, start: _Pairs, runs: _Pairs
) -> Iterator[Result]:
    ours, bare = ([spent.wall for spent in side] for side in runs)
    before, bare_before = ([spent.wall for spent in side] for side in start)
    yield Figure(f"{name}, start-up", "s", tuple(before))
    yield Figure(f"{name}, start-up, bare", "s", tuple(bare_before))
    yield Figure(f"{name}, raw", "s", tuple(ours))
    yield Figure(f"{name}, raw, bare", "s", tuple(bare))
    yield ratios(f"{name}, raw, to bare", ours, bare)
    for word, side in (("", runs.ours), (", bare", runs.bare)):
        yield Figure(f"{name}, peak memory{word}", "MB", tuple(spent.peak / 1e6 for spent in side))
        yield Figure(f"{name}, processor{word}", "s", tuple(spent.cpu for spent in side))
    spent, bare_spent = (
        net([one.cpu for one in side], [one.cpu for one in begun])
        for side, begun in zip(runs, start, strict=True)
    )
    if spent and bare_spent:
        yield ratios(f"{name}, processor to bare", spent, bare_spent)
    yield from _without_start_up(name, listed, known, net(ours, before), net(bare, bare_before))


def _without_start_up(
    name: str, listed: Listed, known: _Kind, ours: tuple[float, ...], bare: tuple[float, ...]
) -> Iterator[Result]:
    """As far as the figures can be told from noise."""
    speed = ours and Figure(name, "rows/s", tuple(listed.rows / seconds for seconds in ours))
    theirs = bare and Figure(f"{name}, bare", "rows/s", tuple(listed.rows / one for one in bare))
    ratio = (ours and bare) and ratios(f"{name}, time to bare", ours, bare)._replace(
        unit="× the time"
    )
    yield from filter(None, (speed, theirs, ratio))
    goals = []
    if speed and known.rate:
        goals.append(Goal(speed, known.rate))
    if ratio and known.time:
        goals.append(Goal(ratio, known.time, at_least=False))
    yield Comparison(name, speed or None, theirs or None, ratio or None, tuple(goals))
