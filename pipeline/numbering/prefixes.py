"""What is dialled before a number, and what becomes of the number without it.

libphonenumber's patterns for trunk and international prefixes are matched at the beginning of the
digits, and where several ways fit, the first is meant: the states of their automaton are lists of
threads in order of preference. Some plans put digits in place of what they take off (0 11 15 … in
Argentina is 9 11 …), so that an edit may have pieces.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pipeline.numbering.automaton import States
from pipeline.numbering.patterns import Choice, Digit, End, Group, Node, Repeat, Row, tree

__all__ = ("Edit", "prefix_matches")

_Spans = tuple[tuple[int, int], ...]
"""Start and end of each group; the end is -1 while it is open, both where it took no part."""

_OPEN = -1


class Edit(NamedTuple):
    """What becomes of digits: `pieces`, then the digits from `end` on."""

    end: int
    pieces: tuple[str | tuple[int, int], ...] = ()
    """Digits that are put in, and stretches (start, end) of the digits that are kept."""


class _Thread(NamedTuple):
    """One way of matching: what must still come, in order, and the groups so far."""

    rest: tuple[Node | int, ...]
    """A number is the end of that group."""
    spans: _Spans


class _State(NamedTuple):
    depth: int
    threads: tuple[_Thread, ...]
    """Each begins with a digit or `$`; all are preferred to `matched`."""
    matched: tuple[int, _Spans] | None


def prefix_matches(
    states: States, pattern: str, transform: str | None, number_of: Callable[[Edit | None], int]
) -> int:
    """The state in which the walk begins that finds out what a prefix pattern does to digits.

    `number_of` gives each edit, and None for no match, the answer that stands for it; an edit that
    leaves the digits as they are counts as no match. `transform` is libphonenumber's rule for what
    replaces the match where its last group took part, such as `9\\1`.
    """
    node = tree(pattern)
    groups = re.compile(pattern).groups
    known: dict[_State, int] = {}

    def answer(at: _State) -> int:
        ended = (_ended(thread, at.depth) for thread in at.threads)
        matched = next((found for found in ended if found is not None), at.matched)
        return number_of(None if matched is None else _edit(*matched, transform))

    def reached(at: _State) -> int:
        if at not in known:
            if at.threads:
                following = [reached(_step(at, digit)) for digit in range(10)]
                known[at] = states.state(answer(at), following)
            else:
                known[at] = states.final(answer(at))
        return known[at]

    begin = _Thread((node,), ((_OPEN, _OPEN),) * groups)
    return reached(_closed(0, [begin], None))


def _step(at: _State, digit: int) -> _State:
    moved = [
        _Thread(thread.rest[1:], thread.spans)
        for thread in at.threads
        if isinstance(step := thread.rest[0], Digit) and step.mask >> digit & 1
    ]
    return _closed(at.depth + 1, moved, at.matched)


def _closed(depth: int, threads: list[_Thread], matched: tuple[int, _Spans] | None) -> _State:
    """The threads up to their next digit; what is less preferred than a match is given up."""
    found: dict[tuple[Node | int, ...], _Thread] = {}
    for thread in threads:
        for each in _unfolded(thread, depth):
            if not each.rest:
                return _State(depth, tuple(found.values()), (depth, each.spans))
            found.setdefault(each.rest, each)
    return _State(depth, tuple(found.values()), matched)


def _unfolded(thread: _Thread, depth: int) -> Iterator[_Thread]:  # noqa: C901  a case a kind
    """The ways in which a thread goes on, the preferred first: each ends, or begins with a digit."""
    if not thread.rest:
        yield thread
        return
    first, rest = thread.rest[0], thread.rest[1:]
    spans = thread.spans
    ways: list[tuple[tuple[Node | int, ...], _Spans]]
    match first:
        case Digit() | End():
            yield thread
            return
        case int(group):
            ways = [(rest, _with_span(spans, group, (spans[group - 1][0], depth)))]
        case Group(part, group):
            ways = [((part, group, *rest), _with_span(spans, group, (depth, _OPEN)))]
        case Row(parts):
            ways = [((*parts, *rest), spans)]
        case Choice(options):
            ways = [((option, *rest), spans) for option in options]
        case Repeat(part, least, most):
            again = (part, Repeat(part, max(0, least - 1), most - 1), *rest)
            ways = [(again, spans)] if most else []
            ways += [] if least else [(rest, spans)]
    for way in ways:
        yield from _unfolded(_Thread(*way), depth)


def _with_span(spans: _Spans, group: int, span: tuple[int, int]) -> _Spans:
    return (*spans[: group - 1], span, *spans[group:])


def _ended(thread: _Thread, depth: int) -> tuple[int, _Spans] | None:
    """The match that a thread has come to if no digit follows."""
    if not isinstance(thread.rest[0], End):
        return None
    rest = next(_unfolded(_Thread(thread.rest[1:], thread.spans), depth))
    return None if rest.rest else (depth, rest.spans)


def _edit(end: int, spans: _Spans, transform: str | None) -> Edit | None:
    taking_part = bool(spans) and spans[-1][1] != _OPEN
    pieces: list[str | tuple[int, int]] = []
    if transform and taking_part:
        for literal, group in re.findall(r"([0-9]+)|\\([0-9])", transform):
            pieces.append(literal or spans[int(group) - 1])
    return Edit(end, tuple(pieces)) if end or pieces else None
