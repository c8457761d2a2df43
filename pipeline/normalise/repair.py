"""Cell → the digits it holds and how they are written, or why it holds no number.

Rules: the steps of `steps.py` in turn, each for those cells alone that it can matter to; what a cell
is does not depend on the cells beside it. No Python per cell.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.normalise import writing
from pipeline.normalise.signs import BRACKET, LINE, PLUS, SPACE, digits_of, signs_of
from pipeline.normalise.steps import REFUSALS, REPAIRS, STEPS, Step
from pipeline.normalise.verdict import FORMS

__all__ = ("FORM", "REFUSAL", "REFUSALS", "REPAIR", "mended")

FORM, REPAIR, REFUSAL = pl.Enum(FORMS), pl.Enum(REPAIRS), pl.Enum([*REFUSALS])
_SOUND, _NO_REPAIR = len(REFUSALS), len(REPAIRS)

Rows = npt.NDArray[np.int64]


def mended(cells: pl.Series) -> pl.DataFrame:
    """For each cell of a String column: `digits spare head form rule refusal`.

    `digits` (String) is null exactly where `refusal` is not. `spare` (String) is the digits without
    a zero in brackets, if there is one; `head` (String) those before what may be a second value. `form` (`FORM`), `rule` (`REPAIR`, null where none was
    needed) and `refusal` (`REFUSAL`) are Enums: a byte a cell, and comparable with text. `REFUSALS`
    says what a refusal means. Tidy cells are read rightly too; they are only faster elsewhere.
    """
    work = _Work(cells)
    for step in STEPS:
        work.take(step)
    return work.result()


class _Work:
    """The cells under repair: the text of each, the signs it holds, and what became of it."""

    def __init__(self, cells: pl.Series) -> None:
        # What a text becomes is appended to the texts; `_place` says where the present one is.
        self._texts = cells.fill_null("").rename("text")
        self._place = np.arange(len(cells))
        self._kinds, self._digits = signs_of(self._texts)
        self._rule = np.full(len(cells), _NO_REPAIR, np.uint8)
        self._refusal = np.full(len(cells), _SOUND, np.uint8)
        self._form = np.zeros(len(cells), np.uint8)

    def take(self, step: Step) -> None:
        """One step for those cells that it can matter to and that are not refused yet."""
        rows = self._rows(step.needs, step.digits)
        if step.suspects:
            rows = self._with(step.suspects, rows)
        if not rows.size:
            return
        before = self._at(rows)
        for found in before.to_frame().select(step.does(pl.col("text"))):
            if found.name == "text":
                changed = found != before
                self._replace(rows[changed.to_numpy()], found.filter(changed))
            else:
                self._note(rows[found.fill_null(value=False).to_numpy()], found.name)

    def result(self) -> pl.DataFrame:
        """The columns that `mended` promises."""
        texts = self._at(np.arange(self._place.size))
        self._note(np.flatnonzero(self._digits == 0), "letters")
        sound = self._refusal == _SOUND
        self._form[self._holds(PLUS) & (self._form == 0)] = FORMS.index("plus")
        return pl.DataFrame(
            {
                "digits": digits_of(texts, sound),
                "spare": self._spare(),
                "head": self._head(),
                "form": _named(np.where(sound, self._form, len(FORMS)), FORM),
                "rule": _named(np.where(sound, self._rule, _NO_REPAIR), REPAIR),
                "refusal": _named(self._refusal, REFUSAL),
            }
        )

    def _rows(self, needs: Iterable[int], digits: range | None = None) -> Rows:
        matters = self._refusal == _SOUND
        for signs in needs:
            matters &= self._holds(signs)
        if digits is not None:
            matters &= (self._digits >= digits.start) & (self._digits < digits.stop)
        return np.flatnonzero(matters)

    def _holds(self, signs: int) -> npt.NDArray[np.bool_]:
        return (self._kinds & np.uint32(signs)) != 0

    def _at(self, rows: Rows) -> pl.Series:
        return self._texts[self._place[rows]]

    def _replace(self, rows: Rows, texts: pl.Series) -> None:
        if rows.size:
            self._place[rows] = np.arange(rows.size) + len(self._texts)
            self._texts = pl.concat([self._texts, texts], rechunk=True)
            self._kinds[rows], self._digits[rows] = signs_of(texts)

    def _note(self, rows: Rows, name: str) -> None:
        """A repair or a refusal; of refusals the first holds, of repairs the first in `REPAIRS`."""
        if name in REPAIRS:
            self._rule[rows] = np.minimum(self._rule[rows], REPAIRS.index(name))
        elif name in FORMS:
            self._form[rows] = FORMS.index(name)
        else:
            open_rows = rows[self._refusal[rows] == _SOUND]
            self._refusal[open_rows] = list(REFUSALS).index(name)

    def _spare(self) -> pl.Series:
        """The digits without a zero in brackets; null where there is none."""
        rows = self._with(writing.SPARE, self._rows((BRACKET,)))
        return self._spread(rows, self._at(rows).str.replace(writing.BRACKETED_ZERO, ""))

    def _head(self) -> pl.Series:
        """The digits before what may be a second value; null where there is none such."""
        rows = self._with(writing.MAY_BE_SECOND, self._rows((SPACE | BRACKET | LINE,)))
        if not rows.size:
            return self._spread(rows, pl.Series("text", [], pl.String))
        text = pl.col("text")
        field = text.str.extract(writing.NEXT_FIELD)
        value = pl.coalesce(text.str.extract(writing.SECOND_VALUE, at) for at in (1, 2))
        heads = self._at(rows).to_frame().select(field.fill_null(value)).to_series()
        there = heads.is_not_null()
        return self._spread(rows[there.to_numpy()], heads.filter(there))

    def _with(self, pattern: str, rows: Rows) -> Rows:
        """Those whose text has the pattern: to find is cheap, to take out is not."""
        return rows[self._at(rows).str.contains(pattern).to_numpy()] if rows.size else rows

    def _spread(self, rows: Rows, texts: pl.Series) -> pl.Series:
        """The digits of texts at their rows, null at all others."""
        none = pl.Series("text", [None], pl.String)
        if not rows.size:
            return none.new_from_index(0, self._place.size)
        place = np.zeros(self._place.size, np.int64)
        place[rows] = np.arange(rows.size) + 1
        return pl.concat([none, digits_of(texts)])[place]


def _named(places: npt.NDArray[np.uint8], names: pl.Enum) -> pl.Series:
    """The names of these places; null behind the last."""
    return pl.Series([*names.categories, None], dtype=names)[places]
