"""A pattern of the numbering plans → strings that match it, drawn at random.

Rules: patterns are those of libphonenumber's metadata, plain regular expressions over digits; the
alternatives of a choice are drawn alike often however many numbers each stands for, so that rare
branches are met. Dice are an argument.
"""

from collections.abc import Callable, Iterable
from functools import cache
from random import Random
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ("Draw", "drawn_from")

Draw = Callable[[Random], str]

_MORE = 4
"""How many repeats beyond the least are drawn where a pattern sets no upper bound."""


@cache
def drawn_from(pattern: str) -> Draw:
    """A function that draws strings that `pattern` matches in full."""
    return _sequence(parser.parse(pattern))


def _sequence(tree: Iterable[tuple[Any, Any]]) -> Draw:
    parts = tuple(_one(op, argument) for op, argument in tree)
    if len(parts) == 1:
        return parts[0]
    return lambda dice: "".join([part(dice) for part in parts])


def _one(op: Any, argument: Any) -> Draw:
    if op is ops.LITERAL:
        sign = chr(argument)
        return lambda dice: sign
    if op is ops.IN:
        return _choice([_constant(sign) for sign in _signs(argument)])
    if op is ops.BRANCH:
        return _choice([_sequence(tree) for tree in argument[1]])
    if op is ops.SUBPATTERN:
        return _sequence(argument[-1])
    if op is ops.MAX_REPEAT:
        least, most, tree = argument
        return _repeat(least, least + _MORE if most is ops.MAXREPEAT else most, _sequence(tree))
    if op is ops.AT:  # `$`: the end of the number is wherever the caller ends it
        return _constant("")
    raise ValueError(f"the metadata's patterns use {op}, which is not drawn from yet")


def _constant(sign: str) -> Draw:
    return lambda dice: sign


def _choice(draws: list[Draw]) -> Draw:
    number = len(draws)
    return lambda dice: draws[int(dice.random() * number)](dice)


def _repeat(least: int, most: int, draw: Draw) -> Draw:
    if least == most:
        return lambda dice: "".join([draw(dice) for _ in range(least)])
    spread = most - least + 1
    return lambda dice: "".join([draw(dice) for _ in range(least + int(dice.random() * spread))])


def _signs(members: Iterable[tuple[Any, Any]]) -> list[str]:
    signs: list[str] = []
    for op, argument in members:
        if op is ops.LITERAL:
            signs.append(chr(argument))
        elif op is ops.RANGE:
            signs.extend(map(chr, range(argument[0], argument[1] + 1)))
        elif op is ops.CATEGORY and argument is ops.CATEGORY_DIGIT:
            signs.extend("0123456789")
        else:
            raise ValueError(f"the metadata's patterns use {op} {argument} in a class")
    return signs
