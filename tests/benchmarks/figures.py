"""What a benchmark gives: a name, a unit, one value a run; and how that is shown.

Rule: a figure is its median with the lowest and the highest beside it, never a single best run.
"""

import json
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

__all__ = ("Figure", "net", "ratios", "table")


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
    if not rows:
        return ""
    name, middle, spread = (max(len(row[at]) for row in rows) for at in range(3))
    return "\n".join(f"{a:<{name}}  {b:>{middle}}  {c:>{spread}}  {d}" for a, b, c, d in rows)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < 1000 else round(value)


def _shown(value: float) -> str:
    return f"{_rounded(value):,g}" if abs(value) < 1000 else f"{value:,.0f}".replace(",", " ")
