"""Patterns → one automaton that a text of digits is walked through, a step a digit.

All patterns are finite, so the automaton has no loops and is built from its ends: two states with
the same answer and the same successors are one (what others minimise afterwards). The construction
is the classical one by sets of positions, each set an integer with a bit a position.
"""

from collections.abc import Callable, Sequence

from pipeline.numbering.patterns import Choice, Digit, End, Group, Node, Repeat, Row

__all__ = ("DEAD", "States", "matches")

DEAD = 0
"""The state from which nothing is reached; its answer is 0, which means: none."""

_VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))


class States:
    """States as they are made; equal ones are one. A state is known by its number."""

    def __init__(self) -> None:
        self.answers: list[int] = [0]
        """What is known of a text that ends in the state."""
        self.following: list[tuple[int, ...]] = [(DEAD,) * 10]
        """The ten states after one more digit."""
        self._known = {(0, self.following[DEAD]): DEAD}
        self._final = {0: DEAD}

    def state(self, answer: int, following: Sequence[int]) -> int:
        """The state with this answer and these successors."""
        row = (answer, tuple(following))
        state = self._known.setdefault(row, len(self.answers))
        if state == len(self.answers):
            self.answers.append(answer)
            self.following.append(row[1])
        return state

    def final(self, answer: int) -> int:
        """The state with this answer that no digit leads out of."""
        if answer not in self._final:
            state = self._final[answer] = len(self.answers)
            self.answers.append(answer)
            self.following.append((state,) * 10)
        return self._final[answer]

    def answer_of(self, begin: int, digits: str) -> int:
        """The answer for one text of ASCII digits, by the walk that begins in a state."""
        state, following = begin, self.following
        for digit in digits.encode().translate(_VALUES):
            state = following[state][digit]
        return self.answers[state]


def matches(states: States, patterns: Sequence[Node], answer: Callable[[int], int]) -> int:
    """The state in which the walk begins that finds out which patterns match a whole text.

    `answer` says what it means that just these match (bit 0 is the first pattern); where it says
    0 whatever more digits may come, states are left out. Raises `ValueError` for `$` in a pattern.
    """
    positions = _Positions(len(patterns))
    begin = 0
    for number, pattern in enumerate(patterns):
        begin |= positions.before(pattern, 1 << number)
    accepted = (1 << len(patterns)) - 1
    known: dict[int, int] = {0: DEAD}

    def reached(at: int) -> int:
        found = known.get(at)
        if found is None:
            following = [reached(places) for places in positions.step(at)]
            found = known[at] = states.state(answer(at & accepted), following)
        return found

    return reached(begin)


class _Positions:
    """The places in the patterns where one more digit may come, or the pattern ends."""

    def __init__(self, ends: int) -> None:
        self._digits: list[tuple[int, ...]] = [()] * ends
        self._after: list[int] = [0] * ends

    def before(self, node: Node, after: int) -> int:  # noqa: C901  a case a kind
        """The positions, as bits, where a text begins that matches `node` and goes on at `after`."""
        match node:
            case Digit(mask):
                self._digits.append(tuple(digit for digit in range(10) if mask >> digit & 1))
                self._after.append(after)
                return 1 << (len(self._after) - 1)
            case Row(parts):
                for part in reversed(parts):
                    after = self.before(part, after)
                return after
            case Choice(options):
                begin = 0
                for option in options:
                    begin |= self.before(option, after)
                return begin
            case Repeat(part, least, most):
                begin = after
                for times in range(most, 0, -1):
                    begin = self.before(part, begin) | (after if times > least else 0)
                return begin
            case Group(part, _):
                return self.before(part, after)
            case End():
                raise ValueError("a pattern that is matched whole holds `$`")

    def step(self, at: int) -> list[int]:
        """The positions after each of the ten digits."""
        after = [0] * 10
        while at:
            lowest = at & -at
            at ^= lowest
            place = lowest.bit_length() - 1
            reached = self._after[place]
            for digit in self._digits[place]:
                after[digit] |= reached
        return after
