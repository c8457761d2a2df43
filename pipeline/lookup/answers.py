"""What a service answered of late, as far as its rate is judged by it. Pure: time is an argument."""

from typing import Final

__all__ = ("GoodRound", "Lately")


class Lately:
    """Answers, and what was refused or lost; half of it is forgotten each second."""

    def __init__(self) -> None:
        self.answers = self.bad = self._at = 0.0

    def forget(self, now: float) -> None:
        """Halve them, where a second has passed."""
        if now - self._at >= 1.0:
            self._at = now
            self.answers, self.bad = self.answers / 2, self.bad / 2


class GoodRound:
    """What was answered a second in the latest round that went well, and less of it where that is in vain."""

    SUDDEN: Final = 0.9
    """Part of it that is no gradual decline."""
    DOUBT: Final = 0.9
    """Part of it which is tried next, and as much less of that each time that this is in vain."""

    def __init__(self) -> None:
        self.rate = 0.0
        self._part = 1.0
        self._failing = 0.0
        """What was answered a second when it was tried in vain."""

    def well(self, answered: float) -> None:
        """A round went well, with so many answers a second."""
        self.rate, self._part = answered, 1.0

    def is_sudden(self, answered: float) -> bool:
        """So few answers came all at once."""
        return answered < self.SUDDEN * self.rate

    def is_steady(self, answered: float) -> bool:
        """There are as many answers as when more was asked, and not next to none."""
        steady = abs(answered - self._failing) < 0.1 * self._failing
        return self._part < 1.0 and steady and answered > 0.1 * self.rate

    def less(self, answered: float) -> float:
        """What to try next, where so many were answered."""
        self._part *= self.DOUBT
        self._failing = answered
        self.rate *= self._part
        return self.rate
