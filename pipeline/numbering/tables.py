"""The plans compiled to tables, and the walk of whole columns of digits through them.

A plan is compiled when it is first wanted: a list of one country needs one of 254, which takes
milliseconds; all of them take half a second and 3 MB. Tables only grow: the states at which a walk
has begun stay good while another thread adds a plan.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pipeline.numbering.automaton import DEAD, States
from pipeline.numbering.digits import BLANK, Digits
from pipeline.numbering.plans import PLANS, codes_sharing, general, main_code, metadata
from pipeline.numbering.prefixes import Edit, prefix_matches
from pipeline.numbering.verdicts import Verdict, general_matches, verdict_matches

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Answer = TypeVar("_Answer", Verdict, Edit)

__all__ = (
    "IMPOSSIBLE",
    "LENGTHS",
    "LOCAL_ONLY",
    "POSSIBLE",
    "TOO_LONG",
    "TOO_SHORT",
    "Tables",
    "tables",
)

_WIDTH = 16
"""Entries of a state in the table of steps: ten digits, `BLANK` (which stays), and padding to a power of two."""
_SHIFT = 4

POSSIBLE, LOCAL_ONLY, TOO_SHORT, TOO_LONG, IMPOSSIBLE = range(5)
"""libphonenumber's verdicts on the length of a national number."""

LENGTHS = 32
"""Lengths that the table of lengths knows, from 0; the last stands for all that are longer."""

_LOOKS = (4, 8)
"""After so many digits, and after the first two, it is looked which rows a prefix is decided for."""


class Tables:
    """Compiled plans. Arrays are indexed by plan code (`plans.PLANS`), or by answer.

    A start is an offset into `steps`; that of a plan which is not compiled, or that has no such
    pattern, is the dead state's, whose answer is 0.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._states = States()
        self._verdict_states: dict[int, int] = {}  # by calling code, for single numbers
        self._verdicts: list[Verdict | None] = [None]
        self.verdict_plan = np.zeros(1, np.int16)
        """The plan of the number's region, by the answer of a walk from `verdict_start`."""
        self.verdict_type = np.zeros(1, np.int8)
        """Its type, as a place in `model.PLAN_TYPES`, likewise; answer 0 has none."""
        self.edits: list[Edit | None] = [None]
        """By the answer of a walk that begins at `trunk_start` or `idd_start`."""
        plans = len(PLANS)
        self.compiled = np.zeros(plans, np.bool_)
        self.compiled[0] = True
        self.verdict_start, self.general_start, self.trunk_start, self.idd_start = (
            np.zeros(plans, np.int64) for _ in range(4)
        )
        self.possible = np.full((plans, LENGTHS), IMPOSSIBLE, np.uint8)
        self.trunk, self.trunk_digits = np.zeros(plans, np.int64), np.zeros(plans, np.int64)
        """The trunk prefix that is written, as a number, and how many digits it has; 0: none."""
        self.edit_end = np.zeros(1, np.int64)
        """How many digits in front an edit takes, by its place in `edits`."""
        self._steps = np.zeros(_WIDTH, np.int64)
        self._answers = np.zeros(1, np.int32)
        self._decided = np.ones(1, np.bool_)

    def __repr__(self) -> str:
        return f"<Tables of {int(self.compiled.sum()) - 1} plans, {len(self._answers)} states>"

    def need(self, codes: "NDArray[np.int64]") -> None:
        """Compile those of the plans, and all that share their calling codes, that are not yet."""
        if self.compiled[codes].all():
            return
        with self._lock:
            missing = np.unique(codes[~self.compiled[codes]]).tolist()
            made = [
                start
                for calling_code in sorted({PLANS[code].calling_code for code in missing})
                for start in self._compiled(calling_code)
            ]
            # First the steps, then the starts that lead there, then that they are: a walk which
            # another thread has under way sees a plan whole or not at all.
            self._publish()
            for code, starts in made:
                for name, state in starts.items():
                    getattr(self, name)[code] = state << _SHIFT
                self.possible[code] = _possible(code)
                trunk = metadata(code).national_prefix or ""
                self.trunk[code], self.trunk_digits[code] = int(trunk or 0), len(trunk)
                self.compiled[code] = True

    def walk(self, start: "NDArray[np.int64]", last: "NDArray[np.uint8]") -> "NDArray[np.int32]":
        """The answer for each row of a matrix of digits, `BLANK` where a row has none."""
        at = start.copy()
        steps = self._steps
        for place in range(last.shape[1]):
            at += last[:, place]
            np.take(steps, at, out=at, mode="clip")
        return self._answers.take(at >> _SHIFT, mode="clip")

    def walk_prefix(self, start: "NDArray[np.int64]", digits: Digits) -> "NDArray[np.int32]":
        """The answer for each row, where most are decided by their first digits."""
        found = self._steps.take(start + digits.place_or_blank(0), mode="clip")
        going = np.flatnonzero(~self._decided.take(found >> _SHIFT, mode="clip"))
        if len(going):
            found[going] = self._steps[found[going] + digits.at(going).place_or_blank(1)]
            going = going[~self._decided[found[going] >> _SHIFT]]
        if len(going):
            at, first = found[going], digits.at(going).first()
            for place in range(2, first.shape[1]):
                at = self._steps[at + first[:, place]]
                if place + 1 in _LOOKS:
                    found[going] = at
                    still = ~self._decided[at >> _SHIFT]
                    going, at, first = going[still], at[still], first[still]
                    if not len(going):
                        break
            found[going] = at
        return self._answers.take(found >> _SHIFT, mode="clip")

    def verdict_of(self, calling_code: int, national: str) -> Verdict | None:
        """What one national significant number, ASCII digits, is; None if it is not valid."""
        begin = self._verdict_states.get(calling_code)
        if begin is None:
            code = main_code(calling_code)
            self.need(np.array([code]))
            begin = self._verdict_states[calling_code] = int(self.verdict_start[code]) >> _SHIFT
        return self._verdicts[self._states.answer_of(begin, national)]

    def _compiled(self, calling_code: int) -> Iterator[tuple[int, dict[str, int]]]:
        """The states at which the walks of each plan behind a calling code begin."""
        states = self._states
        verdict = verdict_matches(states, calling_code, _numbering(self._verdicts))
        for code in codes_sharing(calling_code):
            found = metadata(code)
            trunk, rule = found.national_prefix_for_parsing, found.national_prefix_transform_rule
            idd, edit = found.international_prefix, _numbering(self.edits)
            starts = {
                "verdict_start": verdict,
                "general_start": general_matches(states, code),
                "trunk_start": prefix_matches(states, trunk, rule, edit) if trunk else DEAD,
                "idd_start": prefix_matches(states, idd, None, edit) if idd else DEAD,
            }
            yield code, starts

    def _publish(self) -> None:
        """Take the states that are new into the arrays."""
        known = len(self._answers)
        count = len(self._states.answers)
        steps = np.empty((count, _WIDTH), np.int64)
        steps[:known] = self._steps.reshape(-1, _WIDTH)
        steps[known:] = (np.arange(known, count) << _SHIFT)[:, None]
        following = np.array(self._states.following[known:], np.int64).reshape(-1, BLANK)
        steps[known:, :BLANK] = following << _SHIFT
        self._steps = steps.ravel()
        stays = (steps[:, :BLANK] == steps[:, BLANK:][:, :1]).all(axis=1)
        self._decided = stays
        self._answers = np.array(self._states.answers, np.int32)
        self.edit_end = np.array([edit.end if edit else 0 for edit in self.edits], np.int64)
        found = [(0, -1), *(verdict for verdict in self._verdicts if verdict)]
        self.verdict_plan = np.array([plan for plan, _ in found], np.int16)
        self.verdict_type = np.array([plan_type for _, plan_type in found], np.int8)


def _numbering(known: list[_Answer | None]) -> Callable[[_Answer | None], int]:
    """Numbers for answers, in the order in which they come; `known` is added to."""
    numbers = {answer: number for number, answer in enumerate(known)}

    def number_of(answer: _Answer | None) -> int:
        if answer not in numbers:
            numbers[answer] = len(known)
            known.append(answer)
        return numbers[answer]

    return number_of


def _possible(code: int) -> list[int]:
    """What libphonenumber says of each length of a national number, from 0 to `LENGTHS` - 1."""
    desc = general(code)
    possible, local = desc.possible_length, desc.possible_length_local_only

    def said(length: int) -> int:
        if length in local:
            return LOCAL_ONLY
        if length in possible:
            return POSSIBLE
        if length < possible[0]:
            return TOO_SHORT
        return TOO_LONG if length > possible[-1] else IMPOSSIBLE

    return [said(length) for length in range(LENGTHS)]


@lru_cache(maxsize=1)
def tables() -> Tables:
    """The one set of tables of this process."""
    return Tables()
