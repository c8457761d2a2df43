"""Which of many patterns a text of digits matches, found in one walk over the digits.

libphonenumber's patterns are plain: digits, classes, groups, alternatives, bounded repeats. Tried
one after another by `re` they take 5 µs for a number; joined to one automaton, 1 µs. Its states
are sets of positions in the patterns (the subset construction), made only when a number gets
there: all of a country's numbers need a few hundred.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ("Automaton",)

DIGITS = frozenset("0123456789")

_TOKEN = re.compile(r"\\d|\[[^\]]*\]|\(\?:|[()|?*+]|\{\d+(?:,\d*)?\}|\d")
_ENDLESS = 20
"""Repeats without an end stop here: no number is as long."""


class _Digit(NamedTuple):
    """One digit of a set."""

    digits: frozenset[str]


class _Row(NamedTuple):
    """One after another."""

    parts: tuple["_Node", ...]


class _Choice(NamedTuple):
    """One of several."""

    options: tuple["_Node", ...]


class _Repeat(NamedTuple):
    """The same, `least` to `most` times."""

    part: "_Node"
    least: int
    most: int


_Node = _Digit | _Row | _Choice | _Repeat


class _Reader:
    """A pattern as a tree. Raises `ValueError` for syntax that no pattern has so far."""

    def __init__(self, pattern: str) -> None:
        self._tokens = _TOKEN.findall(pattern)
        if "".join(self._tokens) != pattern:
            raise ValueError(f"not a plain pattern of digits: {pattern}")
        self._tokens.append("")
        self._at = 0

    def choice(self) -> _Node:
        options = [self._row()]
        while self._tokens[self._at] == "|":
            self._at += 1
            options.append(self._row())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _row(self) -> _Node:
        parts = []
        while (token := self._tokens[self._at]) not in ("", "|", ")"):
            self._at += 1
            if token in ("(", "(?:"):
                part = self.choice()
                self._at += 1
            else:
                part = _Digit(_members(token))
            parts.append(self._repeated(part))
        return _Row(tuple(parts))

    def _repeated(self, part: _Node) -> _Node:
        token = self._tokens[self._at]
        if token[:1] not in ("?", "*", "+", "{") or not token:
            return part
        self._at += 1
        named = {"?": (0, 1), "*": (0, _ENDLESS), "+": (1, _ENDLESS)}
        if token in named:
            return _Repeat(part, *named[token])
        least, comma, most = token[1:-1].partition(",")
        return _Repeat(part, int(least), int(most or (_ENDLESS if comma else least)))


def _members(written: str) -> frozenset[str]:
    if written == r"\d":
        return DIGITS
    spread = re.sub(
        r"(\d)-(\d)",
        lambda ends: "".join(map(str, range(int(ends[1]), int(ends[2]) + 1))),
        written.strip("[]").replace(r"\d", "0-9"),
    )
    return frozenset(spread)


class Automaton:
    """Patterns by their index; `whole` ones must match all of a text, the others its beginning."""

    def __init__(self, whole: Sequence[str], beginning: Sequence[str] = ()) -> None:
        self._moves: list[tuple[frozenset[str], int] | None] = []  # one digit on, by position
        self._jumps: list[tuple[int, ...]] = []  # no digit on
        self._ends: dict[int, int] = {}
        starts = []
        for index, pattern in enumerate((*whole, *(f"(?:{each})\\d*" for each in beginning))):
            end = self._position()
            self._ends[end] = index
            starts.append(self._build(_Reader(pattern).choice(), end))
        self._sets: list[frozenset[int]] = []
        self._numbers: dict[frozenset[int], int] = {}
        self.steps: list[dict[str, int]] = []
        """Next state by digit, for each state; what is missing, `step` adds."""
        self._state(starts)

    def __repr__(self) -> str:
        return f"<Automaton of {len(self._ends)} patterns, {len(self.steps)} states so far>"

    def walk(self, digits: str) -> int:
        """The state in which a text ends."""
        steps = self.steps
        state = 0
        for digit in digits:
            following = steps[state].get(digit)
            state = self._step(state, digit) if following is None else following
        return state

    def matched(self, state: int) -> frozenset[int]:
        """Indices of the patterns that match a text which ends in this state."""
        return frozenset(self._ends[each] for each in self._sets[state] if each in self._ends)

    def _step(self, state: int, digit: str) -> int:
        reached = [
            move[1]
            for each in self._sets[state]
            if (move := self._moves[each]) is not None and digit in move[0]
        ]
        following = self.steps[state][digit] = self._state(reached)
        return following

    def _state(self, positions: Sequence[int]) -> int:
        """Number of the state of these positions and all that no digit lies between."""
        seen = set(positions)
        waiting = list(positions)
        while waiting:
            for each in self._jumps[waiting.pop()]:
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
        key = frozenset(seen)
        number = self._numbers.setdefault(key, len(self._sets))
        if number == len(self._sets):
            self._sets.append(key)
            self.steps.append({})
        return number

    def _position(
        self, move: tuple[frozenset[str], int] | None = None, jumps: tuple[int, ...] = ()
    ) -> int:
        self._moves.append(move)
        self._jumps.append(jumps)
        return len(self._moves) - 1

    def _build(self, node: _Node, end: int) -> int:
        """Lay out a tree that leads to `end`; the position where it begins."""
        match node:
            case _Digit(digits):
                return self._position(move=(digits, end))
            case _Row(parts):
                for part in reversed(parts):
                    end = self._build(part, end)
                return end
            case _Choice(options):
                return self._position(jumps=tuple(self._build(each, end) for each in options))
            case _Repeat(part, least, most):
                start = end
                for _ in range(most - least):
                    start = self._position(jumps=(end, self._build(part, start)))
                for _ in range(least):
                    start = self._build(part, start)
                return start
