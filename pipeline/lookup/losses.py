"""Lookups that get no answer: too many at once, or a network that loses its share. Pure.

A cut tells one from the other. Where too many at once were the cause, the lost ones become few;
where a network loses a share of whatever it carries, as large a share is lost after it, and then
fewer at once would only make the run slower.
"""

import math
from enum import Enum, auto
from typing import Final, NamedTuple

__all__ = ("Loss", "Losses", "Verdict")


class Verdict(Enum):
    """What to do about the losses since the last look."""

    NOTHING = auto()
    """They are as many as usual."""
    CUT = auto()
    """They are more than that."""
    WAIT = auto()
    """Not known yet: what is given up now was sent before the cut."""
    RESTORE = auto()
    """The cut did not lessen them, so it was for nothing."""


class Loss(NamedTuple):
    """The losses of late."""

    share: float
    """Of all lookups that ended."""
    wait: float
    """Seconds until one is known to be lost."""

    @property
    def burden(self) -> float:
        """Seconds for which places are kept in vain, for each answer."""
        return self.wait * self.share / (1.0 - self.share)


class _Trial(NamedTuple):
    share: float
    until: float
    """By then, all that left before the cut has ended."""


class Losses:
    """Counts them, and judges each look's share."""

    CHANCE: Final = 0.05
    """Share that is not more than chance: networks lose a hundredth."""
    OWN: Final = 0.2
    """Share that a network may lose by itself. One that is full may lose as much, but not after a
    cut, which is larger."""
    ROOM: Final = 2.0
    """Times the usual share that still counts as usual: what is lost varies."""
    MEMORY: Final = 2.0
    """Times the wait over which losses are counted. What is lost shows late, and beside the answers
    of a moment of standstill a few would look like many."""

    def __init__(self) -> None:
        self._count = 0  # since the last look
        self._seconds = 0.0
        self._late = False
        self._looked = 0.0
        self._wait = 0.0
        self._answers = 0.0  # of late
        self._losses = 0.0
        self._usual = 0.0
        self._trial: _Trial | None = None

    def __repr__(self) -> str:
        return f"<Losses, {self._usual:.1%} as a rule>"

    def lost(self, seconds: float) -> None:
        """A lookup was given up without any answer, after so long."""
        self._count += 1
        self._seconds += seconds

    def late(self, times: int) -> None:
        """The answer came after all to a lookup that had been given up so many times."""
        known = min(self._count, times)
        self._count -= known
        self._losses = max(0.0, self._losses - (times - known))
        self._late = True

    def look(self, now: float, answers: int) -> Loss:
        """What is lost of late; `answers` (at least one) have come since the last look."""
        if self._count:
            self._wait = self._seconds / self._count
        kept = math.exp((self._looked - now) / (self.MEMORY * (self._wait or 1.0)))
        self._answers = kept * self._answers + answers
        # What seems to be lost while answers come late is late too.
        self._losses = kept * self._losses + (0 if self._late else self._count)
        self._looked = now
        self.clear()
        return Loss(self._losses / (self._answers + self._losses), self._wait)

    def clear(self) -> None:
        """Forget what came since the last look."""
        self._count, self._seconds, self._late = 0, 0.0, False

    def judge(self, now: float, share: float) -> Verdict:
        """What a look's share means."""
        if share <= max(self.CHANCE, min(self.OWN, self.ROOM * self._usual)):
            self._usual += 0.1 * (share - self._usual)
            return Verdict.NOTHING
        trial = self._trial
        if trial is None or share > self.OWN:
            return Verdict.CUT
        if now < trial.until:
            self._begin()
            return Verdict.WAIT
        self._trial = None
        if share < trial.share / 2:
            return Verdict.CUT
        self._usual = max(share, trial.share)
        return Verdict.RESTORE

    def cut(self, now: float, share: float, wait: float) -> None:
        """For such a share fewer are asked at once; all that was sent before ends within `wait`."""
        self._begin()
        self._trial = _Trial(share, now + wait)

    def _begin(self) -> None:
        """What came before a cut says nothing about it."""
        self._answers = self._losses = 0.0

    def raised(self) -> None:
        """More are asked at once than after the cut, so that it shows nothing any more."""
        self._trial = None
