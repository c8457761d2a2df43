"""libphonenumber's patterns as trees of digits, sequences, choices and repeats.

The syntax is Python's own: its parser reads it, and this module turns the result into the few kinds
of nodes that the patterns of the metadata are made of. A pattern of any other kind is refused.
"""

import re
from functools import cache

# Private, but Python's own reading of a pattern; there is no public one. What is used of it has
# been the same since Python 2, and a property test holds the outcome against `re` itself.
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

__all__ = ("Choice", "Digit", "End", "Group", "Node", "Repeat", "Row", "lengths", "tree")


class Digit(NamedTuple):
    """One digit of a set; bit 0 of `mask` is the digit 0."""

    mask: int


class Row(NamedTuple):
    """One after another."""

    parts: tuple["Node", ...]


class Choice(NamedTuple):
    """One of several, the first that fits preferred."""

    options: tuple["Node", ...]


class Repeat(NamedTuple):
    """The same, `least` to `most` times, as often as it goes."""

    part: "Node"
    least: int
    most: int


class Group(NamedTuple):
    """What matches `part` is remembered under `number`, from 1."""

    part: "Node"
    number: int


class End(NamedTuple):
    """Nothing follows: `$`."""


Node = Digit | Row | Choice | Repeat | Group | End

_ANY_DIGIT = (1 << 10) - 1


@cache
def tree(pattern: str) -> Node:
    """The pattern's tree. Raises `ValueError` for what no pattern of the metadata has so far."""
    return _row(parser.parse(pattern, re.ASCII))


def lengths(node: Node) -> frozenset[int]:
    """How many digits the texts that match a tree may have."""
    match node:
        case Digit():
            return frozenset({1})
        case End():
            return frozenset({0})
        case Group(part, _):
            return lengths(part)
        case Choice(options):
            return frozenset().union(*map(lengths, options))
        case Row(parts):
            return _sums([lengths(part) for part in parts])
        case Repeat(part, least, most):
            each = lengths(part)
            found = frozenset[int]()
            for times in range(least, most + 1):
                found |= _sums([each] * times)
            return found


def _sums(terms: list[frozenset[int]]) -> frozenset[int]:
    sums = frozenset({0})
    for term in terms:
        sums = frozenset(one + other for one in sums for other in term)
    return sums


def _row(items: Any) -> Node:
    parts = tuple(_node(code, value) for code, value in items)
    return parts[0] if len(parts) == 1 else Row(parts)


def _node(code: object, value: Any) -> Node:
    match code:
        case codes.LITERAL | codes.IN:
            return Digit(_mask([(code, value)] if code is codes.LITERAL else value))
        case codes.BRANCH:
            return Choice(tuple(map(_row, value[1])))
        case codes.MAX_REPEAT if value[1] is not codes.MAXREPEAT:
            return Repeat(_row(value[2]), int(value[0]), int(value[1]))
        case codes.SUBPATTERN:
            number, _, _, items = value
            return _row(items) if number is None else Group(_row(items), number)
        case codes.AT if value in {codes.AT_END, codes.AT_END_STRING}:
            return End()
    raise ValueError(f"a numbering plan holds a pattern of an unknown kind: {code} {value}")


def _mask(items: list[tuple[object, Any]]) -> int:
    mask = 0
    for code, value in items:
        match code:
            case codes.LITERAL:
                mask |= 1 << _digit(value)
            case codes.RANGE:
                low, high = map(_digit, value)
                mask |= (2 << high) - (1 << low)
            case codes.CATEGORY if value is codes.CATEGORY_DIGIT:
                mask |= _ANY_DIGIT
            case _:
                raise ValueError(f"a numbering plan holds a set of an unknown kind: {code} {value}")
    return mask


def _digit(character: int) -> int:
    digit = character - ord("0")
    if not 0 <= digit <= 9:
        raise ValueError(f"a numbering plan holds a pattern with {chr(character)!r} in it")
    return digit
