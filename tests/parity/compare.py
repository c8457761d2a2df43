"""One chunk of cells: ours against the model, and the model against libphonenumber.

Rule: ours is the public `pipeline.normalise` and nothing else of the product.
"""

import gc
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import polars as pl

from pipeline.normalise import normalise
from pipeline.normalise.evidence import INTERNATIONAL, Evidence
from tests.parity.case import Case
from tests.parity.cells import Cell, chunk
from tests.parity.differences import explained
from tests.parity.oracle import Plain, plain, quicken
from tests.parity.reference import ALONE, Held, Reading, expected, held

__all__ = ("Disagreement", "Outcome", "compared", "judged", "ours", "prepare")

_SHOWN = 40
"""Disagreements kept of each kind; all are counted."""
_INTERNATIONAL = re.compile(r"\+[0-9]{2,}")
_ALONE = 6
"""Regions of a chunk that are asked alone as well, by `region=`."""


class Disagreement(NamedTuple):
    """A cell, what was said of it, and what should have been."""

    kind: str
    text: str
    region: str | None
    said: str
    expected: str


@dataclass
class Outcome:
    """What came of some cells."""

    cells: int = 0
    alone: int = 0
    """Cells asked a second time, with `region=` and as a column that has lost its zeros."""
    asked: set[str] = field(default_factory=set)
    """The regions that cells were asked with."""
    rules: Counter[str] = field(default_factory=Counter)
    """Of the cells asked alone as well, and so more than the numbers met."""
    reasons: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    """By name in `DIFFERENCES`; a cell may fall under two."""
    met: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Valid numbers by region, plan type, and how they were read."""
    disagreed: Counter[str] = field(default_factory=Counter)
    """All disagreements, by kind; these are the first of them:"""
    disagreements: list[Disagreement] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Count what came of other cells as well."""
        self.cells += other.cells
        self.alone += other.alone
        self.asked |= other.asked
        self.rules += other.rules
        self.reasons += other.reasons
        self.differences += other.differences
        self.met += other.met
        self.disagreed += other.disagreed
        self.disagreements = _first([*self.disagreements, *other.disagreements])


def ours(cells: list[Cell], shown: Evidence = ALONE) -> list[Reading]:
    """What `pipeline.normalise` makes of the cells of a column that shows this.

    They are asked with a region column, or all with the same region if they have the same.
    """
    frame = pl.DataFrame(cells, schema={"text": pl.String, "asked": pl.String}, orient="row")
    regions = {cell.region for cell in cells}
    if len(regions) == 1:
        frame = frame.select("text")
        out = normalise(frame, "text", region=regions.pop(), evidence=shown)
    else:
        out = normalise(frame, "text", region_column="asked", evidence=shown)
    assert out.height == len(cells)
    assert out["reject_reason"].is_null().equals(out["reject_detail"].is_null())
    return [Reading._make(row) for row in out.select(Reading._fields).iter_rows()]


def prepare() -> None:
    """Make a process ready for many chunks."""
    quicken()
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


def compared(seed: int, index: int, size: int) -> Outcome:
    """The outcome of one chunk of generated cells."""
    shown = ALONE if index % 2 else Evidence(bare=INTERNATIONAL)
    return judged(chunk(seed, index, size), shown, alone=index)


def judged(cells: list[Cell], shown: Evidence = ALONE, alone: int | None = None) -> Outcome:
    """The outcome of these cells in a column that shows this; `alone` picks the regions that are asked alone as well."""
    said = ours(cells, shown)
    holds = held([cell.text for cell in cells])
    should = [expected(cell, found, shown) for cell, found in zip(cells, holds, strict=True)]
    disagreements = list(_unlike(cells, said, should))
    differences: Counter[str] = Counter()
    for cell, found, reading in zip(cells, holds, should, strict=True):
        word = plain(cell.text, cell.region)
        if not _differ(cell, reading, word):
            continue
        names = explained(Case(cell, found, reading, word, shown))
        if names is None:
            disagreements.append(Disagreement("unlisted", *cell, _shown(reading), _shown(word)))
        else:
            differences.update(names)
    again, unlike = _alone(cells, holds, shown, alone) if alone is not None else ([], [])
    disagreements += unlike
    return Outcome(
        cells=len(cells),
        alone=len(again),
        asked={cell.region for cell in cells if cell.region},
        rules=Counter(reading.rule for reading in [*said, *again] if reading.rule),
        reasons=Counter(reading.reject_reason for reading in said if reading.reject_reason),
        differences=differences,
        met=Counter(
            (reading.region or "", reading.plan_type or "", reading.rule or "")
            for reading in said
            if reading.msisdn
        ),
        disagreed=Counter(one.kind for one in disagreements),
        disagreements=_first(disagreements),
    )


def _differ(cell: Cell, reading: Reading, word: Plain) -> bool:
    """Another number, or another reason where the cell is nothing but a plus sign and digits."""
    if reading[:3] != word[:3]:
        return True
    if reading.msisdn is not None or reading.reject_reason == word.reason:
        return False
    return _INTERNATIONAL.fullmatch(cell.text) is not None


def _unlike(
    cells: list[Cell], said: list[Reading], should: list[Reading]
) -> Iterable[Disagreement]:
    for cell, one, other in zip(cells, said, should, strict=True):
        if one != other:
            yield Disagreement("not the model's", *cell, _shown(one), _shown(other))


def _alone(
    cells: list[Cell], holds: list[Held], shown: Evidence, index: int
) -> tuple[list[Reading], list[Disagreement]]:
    """Cells of some regions, and of none, each as a column of its own that has lost its zeros."""
    regions: list[str | None] = [*sorted({cell.region for cell in cells if cell.region})]
    chosen = [regions[(index * _ALONE + step) % len(regions)] for step in range(_ALONE)]
    readings, disagreements = list[Reading](), list[Disagreement]()
    shown = replace(shown, zeros_lost=True)
    if index % _ALONE == 0:  # cells without a region are many
        chosen.append(None)
    for region in chosen:
        places = [place for place, cell in enumerate(cells) if cell.region == region]
        asked = [cells[place] for place in places]
        should = [expected(cells[place], holds[place], shown) for place in places]
        said = ours(asked, shown)
        disagreements += _unlike(asked, said, should)
        readings += said
    return readings, disagreements


def _first(disagreements: list[Disagreement]) -> list[Disagreement]:
    """Some of each kind."""
    kinds = sorted({one.kind for one in disagreements})
    return [
        one for kind in kinds for one in [one for one in disagreements if one.kind == kind][:_SHOWN]
    ]


def _shown(reading: Reading | Plain) -> str:
    return " ".join(str(value) for value in reading if value is not None)
