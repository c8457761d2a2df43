"""What a benchmark gives: a name, a unit, one value a run; what it stands beside; how it is shown.

Rule: a figure is its median with the lowest and the highest beside it, never a single best run.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

__all__ = ("Comparison", "Figure", "Goal", "Result", "goals", "net", "ratios", "table")


class Figure(NamedTuple):
    """One figure; `values` has one for each run, in the order of the runs."""

    name: str
    unit: str
    values: tuple[float, ...]

    def as_json(self) -> str:
        """One line for programs."""
        found = {
            "name": self.name,
            "unit": self.unit,
            "median": _rounded(median(self.values)),
            "low": _rounded(min(self.values)),
            "high": _rounded(max(self.values)),
            "runs": len(self.values),
        }
        return json.dumps(found)


class Goal(NamedTuple):
    """What the design asks of the median of a figure."""

    of: Figure
    bound: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether it is so."""
        value = median(self.of.values)
        return value >= self.bound if self.at_least else value <= self.bound

    @property
    def words(self) -> str:
        """`≥ 2 000 000 rows/s`."""
        return f"{'≥' if self.at_least else '≤'} {_shown(self.bound)} {self.of.unit}"


class Comparison(NamedTuple):
    """A line of the short table: figures that belong together; None where there is none such."""

    what: str
    ours: Figure | None
    theirs: Figure | None = None
    ratio: Figure | None = None
    goals: tuple[Goal, ...] = ()


Result = Figure | Comparison
"""What benchmarks give; a comparison comes after its figures."""


def net(raw: Sequence[float], start_up: Sequence[float]) -> tuple[float, ...]:
    """The runs without their start-up (its median); empty where that would be reading noise.

    What is left of each run must be at least three times what start-up varies by.
    """
    noise = max(start_up) - min(start_up)
    left = tuple(run - median(start_up) for run in raw)
    return left if min(left) > 3 * noise else ()


def ratios(name: str, ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Ours in parts of theirs, pair by pair: both of a pair ran one after the other."""
    pairs = zip(ours, theirs, strict=True)
    return Figure(name, "ratio", tuple(one / other for one, other in pairs))


def table(figures: Iterable[Figure]) -> str:
    """Lines for people: name, median, lowest to highest, unit."""
    rows = [
        (
            figure.name,
            _shown(median(figure.values)),
            f"{_shown(min(figure.values))} … {_shown(max(figure.values))}",
            f"{figure.unit} ({len(figure.values)} runs)",
        )
        for figure in figures
    ]
    return "\n".join(_aligned(rows, "<>><"))


def goals(comparisons: Iterable[Comparison], judged: bool = True) -> str:
    """The short table: what, ours, the baseline, their ratio, the goal, whether it is met.

    Where the sizes say nothing, `judged` is false, and no goal counts as met or missed.
    """
    rows: list[tuple[str, ...]] = [("what", "ours", "baseline", "ratio", "goal", "met")]
    for line in comparisons:
        wanted = " and ".join(goal.words for goal in line.goals)
        met = "yes" if all(goal.met for goal in line.goals) else "no"
        shown = (_median(figure) for figure in (line.ours, line.theirs, line.ratio))
        rows.append((line.what, *shown, wanted or "–", met if judged and line.goals else "–"))
    return "\n".join(_aligned(rows, "<>>><<")) if len(rows) > 1 else ""


def _median(figure: Figure | None) -> str:
    return f"{_shown(median(figure.values))} {figure.unit}" if figure else "–"


def _aligned(rows: Sequence[Sequence[str]], sides: str) -> Iterator[str]:
    """Columns of equal width, each to its side."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, sides, widths, strict=True)
        yield "  ".join(f"{cell:{side}{width}}" for cell, side, width in cells).rstrip()


def _rounded(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < 1000 else round(value)


def _shown(value: float) -> str:
    return f"{_rounded(value):,g}" if abs(value) < 1000 else f"{value:,.0f}".replace(",", " ")
