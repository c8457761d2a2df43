"""Seeded cells: numbers of every plan and type, sound and damaged, as lists write them.

Rules: the same seed and chunk give the same cells with the same version of `phonenumbers`; every
chunk asks for every plan. A cell is made in three steps, each a table of weights: a national
number, what is written before it, and how it is written down.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple, TypeVar

from tests.parity.plans import NON_GEOGRAPHIC, REGIONS, Plan, neighbours, plan_of, plans
from tests.parity.writing import written

__all__ = ("Cell", "chunk")

_T = TypeVar("_T")
_DIGITS = "0123456789"
_CODES = tuple(sorted({plan.code for plan in plans()}))
_TRUNKS = ("0", "1", "8", "00", "01", "06", "9", "10", "02", "044", "045", "15", "0 15")
_ABROAD = ("00", "00", "011", "0011", "810", "010", "001", "009", "119", "000", "99", "990")


class Cell(NamedTuple):
    """A cell, and the region it is asked with (alpha-2, or None)."""

    text: str
    region: str | None


class _Number(NamedTuple):
    """A national number of a plan, and the plan it is asked in, if any."""

    national: str
    plan: Plan
    asked: Plan | None
    dice: Random


def chunk(seed: int, index: int, size: int) -> list[Cell]:
    """`size` cells, those of one plan beside each other; the same for the same three numbers."""
    dice = Random(f"{seed}/{index}")
    everywhere = plans()
    shares = [size // len(everywhere)] * len(everywhere)
    for place in dice.sample(range(len(everywhere)), size % len(everywhere)):
        shares[place] += 1
    return [
        cell
        for plan, share in zip(everywhere, shares, strict=True)
        for cell in _of_plan(plan, share, dice)
    ]


def _of_plan(plan: Plan, count: int, dice: Random) -> Iterator[Cell]:
    for _ in range(count):
        asked = _asked(plan, dice)
        national = _one_of(_NATIONAL, dice)(plan, dice)
        if dice.random() < 0.3:
            national = _one_of(_MUTATIONS, dice)(national, dice)
        text = _one_of(_FORMS, dice)(_Number(national, plan, plan_of(asked), dice))
        yield Cell(written(text, dice), asked)


def _one_of(table: tuple[_T, ...], dice: Random) -> _T:
    return table[int(dice.random() * len(table))]


def _asked(plan: Plan, dice: Random) -> str | None:
    """Mostly the number's own region; else one with its calling code, another one, or none."""
    luck = dice.random()
    if luck < 0.62 and plan.region is not None:
        return plan.region
    if luck < 0.72 and plan.code in neighbours():
        return _one_of(neighbours()[plan.code], dice)
    return None if luck < 0.86 else _one_of(REGIONS, dice)


def _weighted(*rows: tuple[int, _T]) -> tuple[_T, ...]:
    return tuple(value for weight, value in rows for _ in range(weight))


def _digits(dice: Random, count: int) -> str:
    return "".join([_DIGITS[int(dice.random() * 10)] for _ in range(count)])


# ---- national numbers --------------------------------------------------------------------------


def _of_a_type(plan: Plan, dice: Random) -> str:
    return _one_of(plan.types, dice)(dice)


def _example(plan: Plan, dice: Random) -> str:
    return _one_of(plan.examples, dice)


def _near_example(plan: Plan, dice: Random) -> str:
    """An example with another tail of the same length."""
    number = _one_of(plan.examples, dice)
    kept = dice.randrange(len(number))
    return number[:kept] + _digits(dice, len(number) - kept)


def _general(plan: Plan, dice: Random) -> str:
    return plan.general(dice)


def _led(plan: Plan, dice: Random) -> str:
    """The digits that tell regions of one calling code apart, then any."""
    head = plan.leading(dice) if plan.leading else ""
    return head + _digits(dice, max(0, _one_of(plan.lengths, dice) - len(head)))


def _any_of_length(plan: Plan, dice: Random) -> str:
    return _digits(dice, _one_of(plan.lengths, dice))


def _any_digits(plan: Plan, dice: Random) -> str:
    return _digits(dice, dice.randint(1, 20))


_NATIONAL = _weighted(
    (60, _of_a_type),
    (3, _example),
    (14, _near_example),
    (5, _general),
    (7, _led),
    (7, _any_of_length),
    (4, _any_digits),
)


# ---- what goes wrong with digits ---------------------------------------------------------------


def _changed(number: str, dice: Random) -> str:
    place = dice.randrange(len(number)) if number else 0
    return number[:place] + _digits(dice, 1) + number[place + 1 :]


def _inserted(number: str, dice: Random) -> str:
    place = dice.randint(0, len(number))
    return number[:place] + _digits(dice, 1) + number[place:]


def _deleted(number: str, dice: Random) -> str:
    place = dice.randrange(len(number)) if number else 0
    return number[:place] + number[place + 1 :] or "0"


def _swapped(number: str, dice: Random) -> str:
    place = dice.randint(0, max(0, len(number) - 2))
    return number[:place] + number[place : place + 2][::-1] + number[place + 2 :]


def _repeated(number: str, dice: Random) -> str:
    place = dice.randrange(len(number)) if number else 0
    return number[:place] + number[place : place + 1] * dice.randint(2, 3) + number[place + 1 :]


def _cut(number: str, dice: Random) -> str:
    return number[: dice.randint(1, max(1, len(number) - 1))]


def _cut_at_the_front(number: str, dice: Random) -> str:
    return number[dice.randint(1, 3) :] or "1"


def _extended(number: str, dice: Random) -> str:
    return number + _digits(dice, dice.randint(1, 5))


_MUTATIONS: tuple[Callable[[str, Random], str], ...] = _weighted(
    (4, _changed),
    (2, _inserted),
    (2, _deleted),
    (2, _swapped),
    (1, _repeated),
    (1, _cut),
    (1, _cut_at_the_front),
    (2, _extended),
)


# ---- what is written before the national number --------------------------------------------------


def _plus(number: _Number) -> str:
    return f"+{number.plan.code}{number.national}"


def _plus_trunk(number: _Number) -> str:
    trunk = number.plan.trunk or _one_of(_TRUNKS, number.dice)
    return f"+{number.plan.code}{trunk}{number.national}"


def _plus_bracket(number: _Number) -> str:
    """A stray plus sign before a trunk prefix; the bracket behind it says that it is one."""
    trunk = number.plan.trunk or _one_of(_TRUNKS, number.dice)
    area = number.dice.randint(2, 4)
    blank = _one_of(("", " ", "-"), number.dice)
    return f"+{trunk}{blank}({number.national[:area]}) {number.national[area:]}"


def _plus_trunks(number: _Number) -> str:
    return f"+{number.plan.code}{_before(number.plan, number.dice)}{number.national}"


def _national(number: _Number) -> str:
    return number.national


def _trunk(number: _Number) -> str:
    return number.plan.trunk + number.national


def _wrong_trunk(number: _Number) -> str:
    return _one_of(_TRUNKS, number.dice) + number.national


def _before(plan: Plan, dice: Random) -> str:
    return plan.trunks(dice) if plan.trunks else plan.trunk


def _trunks(number: _Number) -> str:
    """A trunk prefix and carrier code of the region, or a local number of it and then some."""
    return _before(number.plan, number.dice) + number.national


def _local(number: _Number) -> str:
    """What a transform rule takes for a whole number; now and then with a digit too many."""
    dice = number.dice
    head = _before(number.plan, dice) or number.national
    return head + _digits(dice, dice.randint(0, 2)) if dice.random() < 0.3 else head


def _bare(number: _Number) -> str:
    return number.plan.code + number.national


def _bare_trunk(number: _Number) -> str:
    return number.plan.code + _before(number.plan, number.dice) + number.national


def _dialled(number: _Number) -> str:
    prefix = number.asked and number.asked.abroad
    return (prefix(number.dice) if prefix else "00") + _bare(number)


def _dialled_elsewhere(number: _Number) -> str:
    other = plan_of(_one_of(REGIONS, number.dice))
    prefix = other and other.abroad
    return (prefix(number.dice) if prefix else "00") + _bare(number)


def _dialled_commonly(number: _Number) -> str:
    return _one_of(_ABROAD, number.dice) + _bare(number)


def _dialled_nationally(number: _Number) -> str:
    """A prefix for international calls with no calling code behind it."""
    return _one_of(_ABROAD, number.dice) + number.national


def _stray_zeros(number: _Number) -> str:
    sign = _one_of(("+0", "+00", "00+", "0+", "+000", "+ 0", "(00)+", "+(0)", "+(00)"), number.dice)
    return sign + (_bare(number) if number.dice.random() < 0.7 else number.national)


def _plus_twice(number: _Number) -> str:
    return _one_of(("++", "+ +", "+++", "＋", "﹢", "(+", "[+"), number.dice) + _bare(number)


def _plus_dialled(number: _Number) -> str:
    return "+" + (_dialled(number) if number.dice.random() < 0.7 else _dialled_commonly(number))


def _code_twice(number: _Number) -> str:
    return _one_of(("+", "", "00"), number.dice) + number.plan.code + _bare(number)


def _other_code(number: _Number) -> str:
    code = _one_of((*_CODES[:: number.dice.randint(1, 9)], "999", "210", "42"), number.dice)
    return _one_of(("+", "+", "00", ""), number.dice) + code + number.national


def _asked_code(number: _Number) -> str:
    """A national number after the calling code of the region that is asked."""
    code = number.asked.code if number.asked else str(_one_of(NON_GEOGRAPHIC, number.dice))
    return _one_of(("+", "", ""), number.dice) + code + number.national


def _formerly_mexican(number: _Number) -> str:
    plan = plan_of("MX")
    assert plan is not None
    number = number._replace(national=_one_of(plan.types, number.dice)(number.dice))
    return _one_of(("+521", "521", "00521", "044", "045", "01", "1"), number.dice) + number.national


def _any(number: _Number) -> str:
    return _one_of(("", "", "+", "00"), number.dice) + _digits(
        number.dice, number.dice.randint(1, 20)
    )


def _few(number: _Number) -> str:
    return _one_of(("+", "00", ""), number.dice) + _bare(number)[: number.dice.randint(1, 6)]


_FORMS: tuple[Callable[[_Number], str], ...] = _weighted(
    (26, _plus),
    (2, _plus_trunk),
    (2, _plus_trunks),
    (1, _plus_bracket),
    (12, _national),
    (14, _trunk),
    (3, _wrong_trunk),
    (5, _trunks),
    (3, _local),
    (11, _bare),
    (2, _bare_trunk),
    (7, _dialled),
    (2, _dialled_elsewhere),
    (4, _dialled_commonly),
    (1, _dialled_nationally),
    (3, _stray_zeros),
    (1, _plus_twice),
    (2, _plus_dialled),
    (2, _code_twice),
    (3, _other_code),
    (2, _asked_code),
    (1, _formerly_mexican),
    (2, _any),
    (1, _few),
)
