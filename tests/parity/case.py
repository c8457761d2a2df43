"""A cell with all that is said of it, and what a difference is.

Rule: what a case knows comes from the cell and from libphonenumber, except our reading of it.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from pipeline.normalise.evidence import INTERNATIONAL, Evidence
from tests.parity.cells import Cell
from tests.parity.oracle import Plain, plain
from tests.parity.reference import (
    ALONE,
    Held,
    Reading,
    after_prefix,
    by_itself,
    full,
    national,
    plan,
)

__all__ = ("Case", "Difference", "is_sound")

_SIGNS_OF_PLUS = str.maketrans("＋﹢", "++")


class Case:
    """A cell, what it holds, our reading of it, and libphonenumber's word."""

    def __init__(
        self, cell: Cell, found: Held, reading: Reading, word: Plain, shown: Evidence = ALONE
    ) -> None:
        self.text, self.region = cell
        self.shown = shown
        self.found, self.reading, self.word = found, reading, word
        self.digits = found.digits or ""

    @cached_property
    def folded(self) -> str:
        """The cell with ASCII digits and plus signs."""
        return "".join(
            str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
            for sign in self.text.translate(_SIGNS_OF_PLUS)
        )

    @cached_property
    def signs(self) -> str:
        """The cell's digits and plus signs, and nothing else of it."""
        return re.sub(r"[^0-9+]", "", self.folded)

    def is_written_in(self, text: str) -> bool:
        """Its digits and plus sign are those of `text`, but for zeros beside the plus sign."""
        signs = re.sub(r"^\++", "+", re.sub(r"[^0-9+]", "", text))
        return self.plainly in {signs, re.sub(r"^(?:0{1,2}\++0*|\+0{2,})", "+", signs)}

    @cached_property
    def plainly(self) -> str:
        """What the cell holds, with neither noise nor damage."""
        return self.digits if self.found.form == "bare" else "+" + self.digits

    def holds(self, digits: str) -> bool:
        """These are its digits, but for zeros beside the plus sign."""
        if self.found.form == "plus":
            digits = digits.lstrip("0")
        return digits == self.digits

    @cached_property
    def plain_word(self) -> Plain:
        """libphonenumber's word on that."""
        return plain(self.plainly, self.region)

    @cached_property
    def full(self) -> Plain:
        """libphonenumber's word on the digits with a plus sign before them."""
        return plain("+" + self.digits, None)

    @cached_property
    def dialled(self) -> dict[str, Reading]:
        """What follows a prefix for international calls → the number that it is."""
        found = {rest: full(rest) for rest in after_prefix(self.digits, self.region)}
        return {rest: said for rest, said in found.items() if said.msisdn is not None}

    @cached_property
    def without_zero(self) -> Reading:
        """Our reading of the digits without the zero in brackets, if there is one."""
        if self.found.spare is None:
            return Reading()
        found = self.found._replace(digits=self.found.spare, spare=None)
        return by_itself(Cell(self.text, self.region), found)[0]

    @property
    def is_bare(self) -> bool:
        """The digits stand alone, and do not begin with zero."""
        return self.found.form == "bare" and not self.digits.startswith("0")

    @property
    def is_full_column(self) -> bool:
        """The column holds full numbers without a plus sign."""
        return self.shown.bare == INTERNATIONAL

    @property
    def is_own_code(self) -> bool:
        """The digits begin with the calling code of the region that is asked."""
        return self.is_bare and self.region is not None and self.digits.startswith(self._code)

    @property
    def _code(self) -> str:
        assert self.region is not None
        return str(plan(self.region).country_code)

    @property
    def ambiguous(self) -> bool:
        """We refuse it because it reads as two numbers."""
        return self.reading.reject_reason == "ambiguous"

    def is_read_as(self, said: Plain | Reading) -> bool:
        """Our reading is this number."""
        return self.reading.msisdn is not None and self.reading[:3] == said[:3]

    @cached_property
    def home(self) -> Reading:
        """The reading within the region."""
        return national(self.digits, self.region) if self.region else Reading()


def is_sound(said: Plain) -> bool:
    """A valid number that E.164 has room for."""
    return said.msisdn is not None and len(said.msisdn) <= 15


class Difference(NamedTuple):
    """A departure: what libphonenumber does, what we do, and when that is meant."""

    name: str
    title: str
    theirs: str
    ours: str
    shown: str
    """The `rule` or `reject_reason` that tells it."""
    example: Cell
    meant: Callable[[Case], bool]
    column: Evidence = ALONE
    """What the column shows in which the example is read so."""
