"""The compiled plans say what libphonenumber says, by the column and by the number."""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from threading import Barrier

import numpy as np
import phonenumbers
import pytest
from phonenumbers import PhoneNumber, ValidationResult

from pipeline.model import PLAN_TYPES
from pipeline.numbering.digits import BLANK, Digits, with_room
from pipeline.numbering.patterns import tree
from pipeline.numbering.plans import PLANS, codes_sharing, main_code, metadata
from pipeline.numbering.tables import (
    IMPOSSIBLE,
    LENGTHS,
    LOCAL_ONLY,
    POSSIBLE,
    TOO_LONG,
    TOO_SHORT,
    Tables,
    tables,
)
from tests.unit.numbering.by_libphonenumber import (
    edited,
    example_numbers,
    neighbours,
    sample,
    stripped,
    verdict,
)

Number = tuple[int, str]
"""Calling code and national significant number."""
Said = tuple[str, str] | None
"""Region and plan type; None for an invalid number."""

THREADS = 6
WIDTH = 16
"""Digits that a column walks through: the longest that E.164 allows, and one."""


def _numbers() -> list[Number]:
    dice = random.Random(20)
    found = []
    for calling_code, national in example_numbers():
        found.append((calling_code, national))
        found += [(calling_code, each) for each in neighbours(national, dice)]
    return [(code, each) for code, each in found if len(each) <= WIDTH]


@pytest.fixture(scope="module")
def numbers() -> list[Number]:
    """Examples of all regions and types, and numbers near them."""
    return _numbers()


@pytest.fixture(scope="module")
def said(numbers: list[Number]) -> list[Said]:
    """What libphonenumber says of them."""
    return [verdict(*number) for number in numbers]


def by_column(found: Tables, numbers: Sequence[Number]) -> list[Said]:
    """What the tables say of a column of numbers."""
    codes = np.array([main_code(calling_code) for calling_code, _ in numbers])
    found.need(codes)
    last = np.full((len(numbers), WIDTH), BLANK, np.uint8)
    for row, (_, national) in enumerate(numbers):
        last[row, WIDTH - len(national) :] = [int(digit) for digit in national]
    answers = found.walk(found.verdict_start[codes], last)
    plans, types = found.verdict_plan[answers], found.verdict_type[answers]
    return [
        (PLANS[plan].region, PLAN_TYPES[kind]) if answer else None
        for answer, plan, kind in zip(answers, plans, types, strict=True)
    ]


def one_by_one(found: Tables, numbers: Sequence[Number]) -> list[Said]:
    verdicts = [found.verdict_of(*number) for number in numbers]
    return [(PLANS[v.plan].region, PLAN_TYPES[v.plan_type]) if v else None for v in verdicts]


def unlike(numbers: Sequence[Number], ours: list[Said], theirs: list[Said]) -> list[object]:
    rows = zip(numbers, ours, theirs, strict=True)
    return [(number, one, other) for number, one, other in rows if one != other]


def test_columns_and_single_numbers_get_libphonenumbers_verdict(
    numbers: list[Number], said: list[Said]
) -> None:
    assert unlike(numbers, by_column(tables(), numbers), said) == []
    assert unlike(numbers, one_by_one(tables(), numbers), said) == []
    assert {kind for _, kind in filter(None, said)} == set(PLAN_TYPES)
    assert said.count(None) > len(said) // 4


def test_numbers_of_no_plan_have_no_verdict() -> None:
    assert tables().verdict_of(999, "123456789") is None
    assert tables().verdict_of(44, "") is None
    assert tables().verdict_of(44, "7506123456" * 4) is None


def test_a_plan_not_compiled_yet_answers_nothing() -> None:
    found = Tables()

    found.need(np.array([main_code(44)]))

    assert found.compiled[list(codes_sharing(44))].all()
    assert not found.compiled[main_code(49)]
    assert found.verdict_start[main_code(49)] == 0
    assert by_column(found, [(44, "7506123456")]) == [("GB", "mobile")]


def test_plans_compiled_later_leave_earlier_starts_good() -> None:
    found = Tables()
    by_column(found, [(44, "7506123456")])
    before = found.verdict_start[main_code(44)]

    found.need(np.array([main_code(code) for code in (49, 54, 881)]))

    assert found.verdict_start[main_code(44)] == before
    assert by_column(found, [(44, "7506123456")]) == [("GB", "mobile")]


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that take turns a thousand times as often."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
@pytest.mark.parametrize("ask", [by_column, one_by_one])
def test_threads_that_need_plans_at_once_all_get_right_tables(
    numbers: list[Number],
    said: list[Said],
    ask: Callable[[Tables, Sequence[Number]], list[Said]],
) -> None:
    found = Tables()
    together = Barrier(THREADS)
    rows = sorted(range(len(numbers)), key=lambda row: numbers[row])
    # Not the largest plans, for speed; they are the same to threads.
    every = [list(group) for code, group in groupby(rows, key=lambda row: numbers[row][0])]
    countries = [group for group in every if numbers[group[0]][0] > 100][::2]

    def work(seed: int) -> list[object]:
        wrong = []
        together.wait()
        for group in random.Random(seed // 2).sample(countries, len(countries)):
            asked = [numbers[row] for row in group]
            wrong += unlike(asked, ask(found, asked), [said[row] for row in group])
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(work, range(THREADS))) == [[]] * THREADS


_REASONS = {
    ValidationResult.IS_POSSIBLE: POSSIBLE,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: LOCAL_ONLY,
    ValidationResult.TOO_SHORT: TOO_SHORT,
    ValidationResult.TOO_LONG: TOO_LONG,
    ValidationResult.INVALID_LENGTH: IMPOSSIBLE,
}


def test_lengths_are_as_possible_as_libphonenumber_says() -> None:
    for calling_code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        code = main_code(calling_code)
        tables().need(np.array([code]))
        for length in range(1, LENGTHS):
            number = PhoneNumber(country_code=calling_code, national_number=int("2" * length))
            reason = _REASONS[phonenumbers.is_possible_number_with_reason(number)]
            assert tables().possible[code, length] == reason, (calling_code, length)


@pytest.mark.parametrize(
    ("start", "pattern", "rule"),
    [
        ("trunk_start", "national_prefix_for_parsing", "national_prefix_transform_rule"),
        ("idd_start", "international_prefix", None),
    ],
)
def test_prefixes_come_off_columns_as_libphonenumber_takes_them_off(
    start: str, pattern: str, rule: str | None
) -> None:
    dice = random.Random(pattern)
    codes, cells = [], []
    for code in range(1, len(PLANS)):
        written = getattr(metadata(code), pattern)
        for _ in range(12):
            begun = sample(tree(written), dice) if written else ""
            more = "".join(dice.choices("0123456789", k=dice.randrange(12)))
            codes += [code, code, code]
            cells += [begun + more, begun, more]
    found = tables()
    found.need(np.array(codes))
    length = np.array([len(cell) for cell in cells])
    digits = Digits(
        with_room(np.frombuffer("".join(cells).encode(), np.uint8) - ord("0")),
        32 + np.cumsum(length),
        length,
    )

    answers = found.walk_prefix(getattr(found, start)[codes], digits)

    for code, cell, answer in zip(codes, cells, answers, strict=True):
        about = metadata(code)
        expected = cell
        if written := getattr(about, pattern):
            expected = stripped(written, getattr(about, rule) if rule else None, cell)
        assert edited(found.edits[answer], cell) == expected, (code, cell)
