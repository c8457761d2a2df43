"""Trees and automata agree with `re` on every pattern of the syntax that plans are written in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.numbering.automaton import DEAD, States, matches
from pipeline.numbering.patterns import Choice, lengths, tree

DIGITS = "0123456789"


def _range(ends: tuple[str, str]) -> str:
    return "-".join(sorted(ends))


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.lists(inner, min_size=1, max_size=3).map("|".join)
    bracketed = st.builds("({}{})".format, st.sampled_from(["", "?:"]), group)
    bounds = st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda b: (b[0], b[0] + b[1]))
    often = st.one_of(
        st.just("?"),
        st.integers(0, 3).map("{{{}}}".format),
        bounds.map(lambda both: "{{{},{}}}".format(*both)),
    )
    repeated = st.builds("{}{}".format, st.one_of(_one, bracketed), often)
    return st.one_of(bracketed, repeated, st.lists(inner, min_size=1, max_size=4).map("".join))


_ranges = st.tuples(st.sampled_from(DIGITS), st.sampled_from(DIGITS)).map(_range)
_class = st.lists(st.one_of(st.sampled_from(DIGITS), _ranges), min_size=1, max_size=3)
_one = st.one_of(st.sampled_from(DIGITS), st.just(r"\d"), _class.map(lambda s: f"[{''.join(s)}]"))
PATTERNS = st.recursive(_one, _grown, max_leaves=8)


@st.composite
def texts_for(draw: st.DrawFn, pattern: str) -> str:
    """Digits of which many match the pattern, or nearly do."""
    if draw(st.booleans()):
        return draw(st.text(DIGITS, max_size=10))
    text = draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    cut = draw(st.integers(0, len(text)))
    return draw(st.sampled_from([text, text[:cut], text + "0", text[:cut] + "5" + text[cut:]]))


@given(st.data(), st.lists(PATTERNS, min_size=1, max_size=4))
def test_one_walk_tells_all_patterns_that_match_the_whole_text(
    data: st.DataObject, patterns: list[str]
) -> None:
    states = States()
    begin = matches(states, [tree(each) for each in patterns], lambda matched: matched)

    text = data.draw(texts_for(data.draw(st.sampled_from(patterns))))

    expected = sum(1 << n for n, each in enumerate(patterns) if re.fullmatch(each, text))
    assert states.answer_of(begin, text) == expected


@given(st.data(), PATTERNS)
def test_lengths_are_those_of_the_texts_that_match(data: st.DataObject, pattern: str) -> None:
    states = States()
    at = {matches(states, [tree(pattern)], lambda matched: matched)}
    reached = set()
    for length in range(100):
        if any(states.answers[state] for state in at):
            reached.add(length)
        at = {following for state in at for following in states.following[state]} - {DEAD}
        if not at:
            break

    assert lengths(tree(pattern)) == reached


def test_states_with_one_meaning_are_one_state() -> None:
    states = States()
    patterns = ["12|22|32", "(?:1|2|3)2", "[1-3]2"]

    begins = {matches(states, [tree(each)], lambda matched: matched) for each in patterns}

    assert len(begins) == 1
    assert len(states.answers) == 4


def test_a_set_may_mix_digits_ranges_and_all_digits() -> None:
    assert tree(r"[13-57]") == tree("[7543331]")
    assert tree(r"[\d]") == tree("[0-9]")
    assert isinstance(tree("1|23"), Choice)


@pytest.mark.parametrize(
    "pattern",
    ["1*", "1+", "1{2,}", "(?=1)1", "1(?!2)", "(?<!1)2", ".", "[^1]", r"\w", "a", "[a-f]", "^1", "1+?"],
)  # fmt: skip
def test_syntax_that_no_plan_is_written_in_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="a numbering plan holds a"):
        tree(pattern)


def test_the_end_of_a_text_has_no_place_in_a_pattern_that_is_matched_whole() -> None:
    with pytest.raises(ValueError, match="`\\$`"):
        matches(States(), [tree("1$")], lambda matched: matched)
