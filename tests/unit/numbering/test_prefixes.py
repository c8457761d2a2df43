"""Prefixes come off as `re` and libphonenumber take them off."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.numbering.automaton import States
from pipeline.numbering.patterns import tree
from pipeline.numbering.plans import PLANS, metadata
from pipeline.numbering.prefixes import Edit, prefix_matches
from tests.unit.numbering.by_libphonenumber import edited, sample, stripped

DIGITS = "0123456789"


class Prefix:
    """A prefix pattern, compiled alone."""

    def __init__(self, pattern: str, rule: str | None = None) -> None:
        self._states = States()
        self._edits: list[Edit | None] = [None]
        self._begin = prefix_matches(self._states, pattern, rule, self._number_of)

    def edit(self, digits: str) -> Edit | None:
        return self._edits[self._states.answer_of(self._begin, digits)]

    def _number_of(self, edit: Edit | None) -> int:
        if edit not in self._edits:
            self._edits.append(edit)
        return self._edits.index(edit)


def _rules() -> list[tuple[str, str | None]]:
    """All prefix patterns of the metadata, each with its transform rule."""
    plans = [metadata(code) for code in range(1, len(PLANS))]
    trunk = {(p.national_prefix_for_parsing, p.national_prefix_transform_rule) for p in plans}
    idd = {(plan.international_prefix, None) for plan in plans}
    return sorted(((p, rule) for p, rule in trunk | idd if p), key=str)


RULES = _rules()


@pytest.mark.parametrize(("pattern", "rule"), RULES)
def test_prefix_comes_off_as_the_regular_expression_says(pattern: str, rule: str | None) -> None:
    dice = random.Random(pattern)
    prefix = Prefix(pattern, rule)
    for _ in range(60):
        begun = sample(tree(pattern), dice)
        more = "".join(dice.choices(DIGITS, k=dice.randrange(14)))
        cut = dice.randrange(len(begun) + 1)
        for digits in (begun, begun + more, begun[:cut] + more, more, begun * 2):
            assert edited(prefix.edit(digits), digits) == stripped(pattern, rule, digits), digits


PREFERRED = (
    "(1|12)(2|23)?",
    "(12|1)(2|23)?",
    "(1?)(2?)",
    "(\\d{1,3})(\\d{2})?",
    "1(?:(2)|(3))?",
    "(1{0,2})1(2)?",
    "(?:1|(2\\d))(3)?",
    "([2-5]{3})$|1",
    "(1|11)$|1",
    "(?:0|(9))?(1[12]|1)?",
)
"""Patterns with several ways to match, of which the first must be taken."""


@given(
    st.sampled_from(PREFERRED),
    st.sampled_from([None, "", r"\1", r"7\1", r"9\1\1"]),
    st.text("123459", max_size=7),
)
def test_of_several_ways_to_match_the_first_is_taken(
    pattern: str, rule: str | None, digits: str
) -> None:
    assert edited(Prefix(pattern, rule).edit(digits), digits) == stripped(pattern, rule, digits)


def test_a_rule_holds_only_where_the_last_group_took_part() -> None:
    prefix = Prefix(r"0?(?:(11|22)15)?", r"9\1")

    assert prefix.edit("011151234") == Edit(5, ("9", (1, 3)))
    assert prefix.edit("01234") == Edit(1)
    assert prefix.edit("1234") is None


def test_a_match_that_changes_nothing_is_no_edit() -> None:
    assert Prefix("0?").edit("123") is None
