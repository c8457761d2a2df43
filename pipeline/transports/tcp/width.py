"""How many connections a server that closes each after its answer has room for.

Few at first, and twice as many after as many answers in a row, until it turns one away, leaves one
unanswered, or only lets them queue. From then on one more after a while, and later each time that
fails. A width is proven when it brought as many answers in a row as it has connections: a lone
mishap says nothing about it then, several do.

Rules: decides only, and reads no clock.
"""

__all__ = ("MOST_CONNECTIONS", "SLOW", "Width")

MOST_CONNECTIONS = 128
FIRST_CONNECTIONS = 4
FIRST_HOLD, LONGEST_HOLD = 64, 4096
"""Answers before one more is tried; doubled each time that this fails. Each try costs a question."""
MISHAPS, MANY_MISHAPS, FORGIVEN = 2, 4, 8
"""So many mishaps more than one in so many answers end a step up, and so many a proven width."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds before a server that turned the only connection away is dialled again."""
FIRST_BREATH, LONGEST_BREATH, CALMER = 0.001, 0.05, 0.98
"""Seconds that a server may need after an answer until it has room again; less with each answer."""
SLOW = 0.025
"""Seconds. Where answers take less, a server that works one after another costs little."""
QUEUED = 2.5
"""Where even the quickest answers take so many times as long, connections wait for one another."""


class Width:
    """The number of connections, and the pause before the next one."""

    def __init__(self) -> None:
        self.connections = FIRST_CONNECTIONS
        self._pause = 0.0  # seconds, until an answer comes
        self._breath = 0.0  # seconds, after each answer
        self._proven = 1
        self._doubt = 0.0
        self._starting = True  # the number is doubled
        self._trying = True  # the last step up is not proven
        self._suspected = False  # of letting connections queue
        self._in_a_row = 0
        self._hold = FIRST_HOLD
        self._held = FIRST_HOLD  # answers to wait for before one more is tried
        self._quickest = float("inf")  # since the last step
        self._usual = float("inf")  # the quickest before it

    def __repr__(self) -> str:
        return f"<Width {self.connections}, proven {self._proven}, held {self._held}>"

    @property
    def pause(self) -> float:
        """Seconds to wait before dialling."""
        return max(self._pause, self._breath) if self.connections == 1 else 0.0

    def answered(self, count: int, sample: float | None) -> None:
        """So many answers came, the first of them after `sample` seconds."""
        if not count:
            return
        self._pause = 0.0
        self._breath *= CALMER
        self._doubt = max(0.0, self._doubt - count / FORGIVEN)
        self._in_a_row += count
        if sample is not None:
            self._quickest = min(self._quickest, sample)
        if self._proven < self.connections <= self._in_a_row:
            self._prove()
        if not self._starting:
            self._held -= count
            if self._held <= 0:
                self._try_one_more()

    def unserved(self, others: int, *, turned_away: bool) -> None:
        """A connection brought no answer while so many others were open: closed, reset, silent."""
        if turned_away and self.connections == 1 and not others:
            self._pause = min(max(2 * self._pause, SHORTEST_PAUSE), LONGEST_PAUSE)
            self._breath = min(max(2 * self._breath, FIRST_BREATH), LONGEST_BREATH)
        self._in_a_row = 0
        self._doubt = min(self._doubt + 1, MANY_MISHAPS)
        if self._doubt >= MANY_MISHAPS:
            self._proven = 1
        elif self._doubt < MISHAPS or self.connections <= self._proven:
            return
        self.connections = max(1, self._proven, min(self.connections, others))
        self._hold_back()

    def _prove(self) -> None:
        if self._starting and self._are_queueing:
            if not self._suspected:  # a machine that was held up for a moment looks the same
                self._suspected = True
                self._quickest, self._in_a_row = float("inf"), 0
                return
            # More of them bring no more answers, and would be given up where the time-out is short.
            self.connections = self._proven
            self._hold_back()
            return
        self._proven = self.connections
        if self._starting:
            self._step(2 * self.connections)
        elif self._trying:
            self._hold = FIRST_HOLD
        self._trying = self._starting

    def _try_one_more(self) -> None:
        if self._are_queueing:
            self._trying = True
            self._hold_back()
            self._usual *= 1.25  # a server that has become slower is not held back for ever
            self._quickest = float("inf")
            return
        self._held = self._hold
        self._step(self.connections + 1)

    def _step(self, connections: int) -> None:
        """Up; at the most there is nothing left to try."""
        if self._quickest < float("inf"):
            self._usual = min(self._usual, self._quickest)
        self._quickest = float("inf")
        self._suspected = False
        self.connections = min(MOST_CONNECTIONS, connections)
        self._trying = self.connections > self._proven
        self._starting = self._starting and self._trying
        self._in_a_row = 0

    def _hold_back(self) -> None:
        """One try failed, however many connections show it."""
        if self._trying and not self._starting:
            self._hold = min(2 * self._hold, LONGEST_HOLD)
        self._starting = self._trying = False
        self._held = self._hold

    @property
    def _are_queueing(self) -> bool:
        return float("inf") > self._quickest > max(SLOW, QUEUED * self._usual)
