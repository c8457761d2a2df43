"""How the TCP server treats a connection, found out without losing or re-buying a lookup.

The document leaves it open. So the first connection carries one question alone. After its answer
we wait a little: a server that closes now gets one question a connection from then on, and as many
connections as it has room for (`width.py`); one that keeps it open is asked the next questions
alone, then two at once, four, as each depth is proven: that many were open at once and every one of
them was answered. A depth that fails is halved and not tried again for a while.

Rules: decides only, and reads no clock. A server that changes is found out again.
"""

from enum import StrEnum

from pipeline.transports.tcp.width import MOST_CONNECTIONS, SLOW, Width

__all__ = ("DEEPEST", "OPEN_WHERE_SLOW", "Manners", "Mode")

DEEPEST = 256
"""Questions open on one connection at most."""
OPEN_IN_ALL, OPEN_WHERE_SLOW = 1024, 8192
"""Questions open on all connections at most, once we know how deep one may be. Few connections
make large pieces; a service that takes its time needs many questions open."""
SHORTEST_GRACE, LONGEST_GRACE = 0.05, 0.5
"""Seconds after an answer in which a server that closes after each answer will have closed."""
FIRST_HOLD, LONGEST_HOLD = 64, 1 << 20
"""Answers before a depth that failed is tried again; doubled each time."""
CROWDED = 2
"""Connections in a row that a server that keeps them ends unanswered: it has no room for more."""
ALIKE = 3
"""Connections lost after as many answers that make a rule."""
FORGET = 1000
"""Connections after which such a rule is found out again."""
FAR = 0.25
"""Seconds. Where answers take more, finding out the depth on one connection would take too long."""


class Mode(StrEnum):
    """What is known about the server."""

    PROBING = "not known yet whether the server keeps connections open"
    ONE_SHOT = "the server closes the connection after each answer"
    KEPT = "the server keeps connections open"


class Manners:
    """What was found out, and what follows from it: how deep, how many connections."""

    def __init__(self) -> None:
        self.mode = Mode.PROBING
        self.depth = 1
        """Questions that one connection may have open."""
        self.lifetime: int | None = None
        """Questions that one connection may carry in its life, where the server sets a limit."""
        self.latency = 0.0
        """Seconds, smoothed, at this depth."""
        self._width = Width()
        self._shallower = 0.0  # the latency at half the depth
        self._hold = FIRST_HOLD
        self._held = 0  # answers to wait for before the next depth is tried
        self._life = 0  # answers of the last connection that was lost while it was in use
        self._alike = 0  # how many in a row were lost after as many
        self._spent = 0
        self._proven = 0
        self._room = MOST_CONNECTIONS  # that the server seems to have, where it keeps them open
        self._turned_away = 0  # connections in a row
        self._room_hold = FIRST_HOLD
        self._room_held = 0  # answers to wait for before one more is tried

    def __repr__(self) -> str:
        return f"<Manners {self.mode.name}, depth {self.depth}, proven {self._proven}>"

    @property
    def grace(self) -> float:
        """Seconds to wait after an answer for the server to close."""
        return min(max(2 * self.latency, SHORTEST_GRACE), LONGEST_GRACE)

    @property
    def connections(self) -> int:
        """How many connections are of use."""
        if self.mode is Mode.ONE_SHOT:
            return self._width.connections
        if self.mode is Mode.PROBING:
            return 1  # one is enough to find out
        if self.depth < DEEPEST and not self._held:
            # Finding out takes an answer for each doubling, which is too long at a slow service.
            return self._room if self.is_slow else 1
        return min(self._room, self.open_in_all // self.depth)

    @property
    def pause(self) -> float:
        """Seconds to wait before dialling."""
        return self._width.pause if self.mode is Mode.ONE_SHOT else 0.0

    @property
    def is_proven(self) -> bool:
        """So many were open at once, and every one was answered."""
        return self._proven >= self.depth

    @property
    def is_slow(self) -> bool:
        """Answers take so long that many questions must be open at once."""
        return max(self.latency, self._shallower) > FAR

    @property
    def open_in_all(self) -> int:
        """Questions that may be open on all connections together."""
        return OPEN_WHERE_SLOW if self.is_slow else OPEN_IN_ALL

    def stayed_open(self) -> None:
        """The grace went by after an answer, and the connection is open."""
        if self.mode is not Mode.KEPT:
            self._enter(Mode.KEPT)

    def closed(self, *, answered: int, still_open: int, asked_alone: bool) -> None:
        """The server closed a connection in good order.

        `asked_alone`: it had carried one question, and was closed within the grace.
        """
        if asked_alone and answered == 1 and not still_open:
            if self.mode is not Mode.ONE_SHOT:
                self._enter(Mode.ONE_SHOT)
        elif still_open and answered and not self._limited(answered) and self.mode is Mode.KEPT:
            self._enter(Mode.PROBING)
            self._hold_back()

    def broken(self, answered: int, still_open: int) -> None:
        """A connection was reset, fell silent, or its stream could not be read."""
        if still_open > 1 and not self._limited(answered):
            self._retreat()

    def _limited(self, answered: int) -> bool:
        """Several connections in a row that end after so many answers: it is the server's rule."""
        self._alike = self._alike + 1 if 1 < answered == self._life else 1
        self._life = answered
        if self._alike >= ALIKE:
            self.lifetime = answered
            self._spent = 0
        return self.lifetime == answered

    def spent(self) -> None:
        """A connection has carried all that it may. Now and then the rule is put to the test."""
        self._spent += 1
        if self._spent >= FORGET:
            self.lifetime = None
            self._alike = 0

    def unanswered(self) -> None:
        """A question stayed without answer on a connection that answered others.

        That says something about a depth that is not proven, nothing about one that is.
        """
        if self._proven < self.depth:
            self._retreat()

    def unserved(self, others: int, *, turned_away: bool) -> None:
        """A connection brought no answer while so many others were open.

        `turned_away`: the server ended it; else we did, when the time was up.
        """
        if self.mode is Mode.ONE_SHOT:
            self._width.unserved(others, turned_away=turned_away)
        elif turned_away and self.mode is Mode.KEPT:
            self._turned_away += 1
            if self._turned_away >= CROWDED:
                self._room = max(1, others)
                self._room_held = self._room_hold
                self._room_hold = min(self._room_hold * 2, LONGEST_HOLD)

    def served(self) -> None:
        """A connection brought its first answer."""
        self._turned_away = 0
        if self._room < MOST_CONNECTIONS and not self._room_held:
            self._room_hold = self._room_held = FIRST_HOLD

    def answered(self, count: int, sample: float | None) -> None:
        """So many answers came, the first of them after `sample` seconds."""
        if self.mode is Mode.ONE_SHOT:
            self._width.answered(count, sample)
        if sample is not None:
            self.latency += (sample - self.latency) / 4 if self.latency else sample
        if self._held:
            self._held = max(0, self._held - count)
        if self._room_held:
            self._room_held = max(0, self._room_held - count)
            self._room = min(MOST_CONNECTIONS, self._room + (not self._room_held))

    def proven(self, depth: int) -> None:
        """So many questions were open at once on a connection, and all were answered."""
        self._proven = max(self._proven, depth)
        if self._proven < self.depth or self._held or self.depth >= DEEPEST:
            return
        if self.depth > 1 and self.latency > max(SLOW, 1.6 * self._shallower):
            self._retreat()  # it works one after another: more connections serve us better
            return
        self._shallower = self.latency
        # Where each step takes seconds, two at once.
        self.depth = min(DEEPEST, self.depth * (4 if self.latency > FAR else 2))
        self.latency = 0.0

    def _retreat(self) -> None:
        self.depth = max(1, self.depth // 2)
        self._proven = min(self._proven, self.depth)
        self._hold_back()

    def _hold_back(self) -> None:
        self._held = self._hold
        self._hold = min(self._hold * 2, LONGEST_HOLD)

    def _enter(self, mode: Mode) -> None:
        self.mode = mode
        self._width = Width()
        self.depth = 1
        self._proven = 0
        self._shallower = 0.0
