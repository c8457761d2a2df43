"""Which region and which type of number: libphonenumber's order of questions as one automaton.

For the regions of a calling code in libphonenumber's order: one that has `leading_digits` is the
number's if they fit, any other if some type of it does. Then its types, in order; one pattern for
both, or two that both fit, make a number `fixed_line_or_mobile`.
"""

from collections.abc import Callable, Container, Iterable
from functools import cache
from typing import NamedTuple

from pipeline.model import PLAN_TYPES
from pipeline.numbering.automaton import States, matches
from pipeline.numbering.patterns import Choice, Digit, Node, Repeat, Row, lengths, tree
from pipeline.numbering.plans import codes_sharing, general, metadata

__all__ = ("Verdict", "general_matches", "verdict_matches")

_GENERAL = "general_desc"
_LEADING = "leading_digits"
_FIXED, _MOBILE, _EITHER = PLAN_TYPES[:3]
_FIRST = (
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail",
)  # fmt: skip
"""libphonenumber asks for these, in this order, before it asks for fixed lines and mobiles."""
_LONGEST_NSN = 17
_ANY_DIGIT = Digit((1 << 10) - 1)


class Verdict(NamedTuple):
    """What a valid number is."""

    plan: int
    """Code of the plan whose region the number belongs to."""
    plan_type: int
    """Place in `model.PLAN_TYPES`."""


class _Question(NamedTuple):
    """A pattern, and what it tells where it fits; all of a plan's questions of a kind must fit."""

    plan: int
    kind: str
    pattern: Node


def verdict_matches(
    states: States, calling_code: int, number_of: Callable[[Verdict | None], int]
) -> int:
    """The state in which the walk over a national significant number begins.

    `number_of` gives each verdict, and None for an invalid number, the answer that stands for it.
    """
    plans = codes_sharing(calling_code)
    questions = [question for plan in plans for question in _questions(plan)]
    asked = {(each.plan, each.kind) for each in questions}

    @cache
    def answer(matched: int) -> int:
        if not matched:
            return number_of(None)
        failed = {
            (each.plan, each.kind)
            for number, each in enumerate(questions)
            if not matched >> number & 1
        }
        return number_of(_verdict(plans, asked - failed))

    return matches(states, [question.pattern for question in questions], answer)


def general_matches(states: States, plan: int) -> int:
    """The walk that answers 1 where libphonenumber holds a national number to be viable at all."""
    return matches(states, [tree(general(plan).national_number_pattern)], int)


def _questions(plan: int) -> Iterable[_Question]:
    found = metadata(plan)
    for kind in (_GENERAL, *_FIRST, _FIXED, _MOBILE):
        desc = getattr(found, kind)
        if desc is None or not desc.national_number_pattern:
            continue
        pattern = tree(desc.national_number_pattern)
        yield _Question(plan, kind, pattern)
        if not lengths(pattern) <= set(desc.possible_length):
            possible = [Repeat(_ANY_DIGIT, length, length) for length in desc.possible_length]
            yield _Question(plan, kind, Choice(tuple(possible)))
    if found.leading_digits is not None:
        more = Repeat(_ANY_DIGIT, 0, _LONGEST_NSN)
        yield _Question(plan, _LEADING, Row((tree(found.leading_digits), more)))


def _verdict(plans: Iterable[int], fitting: Container[tuple[int, str]]) -> Verdict | None:
    for plan in plans:
        plan_type = _plan_type(plan, fitting)
        has_leading = metadata(plan).leading_digits is not None
        if (plan, _LEADING) in fitting if has_leading else plan_type:
            return Verdict(plan, PLAN_TYPES.index(plan_type)) if plan_type else None
    return None


def _plan_type(plan: int, fitting: Container[tuple[int, str]]) -> str | None:
    if (plan, _GENERAL) not in fitting:
        return None
    for kind in _FIRST:
        if (plan, kind) in fitting:
            return kind
    same = metadata(plan).same_mobile_and_fixed_line_pattern
    fixed, mobile = (plan, _FIXED) in fitting, (plan, _MOBILE) in fitting
    if fixed:
        return _EITHER if same or mobile else _FIXED
    return _MOBILE if mobile and not same else None
