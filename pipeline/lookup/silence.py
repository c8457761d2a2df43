"""What a service that says nothing may get all at once when it speaks again.

While it stands still, or the way to it is broken, what leaves us piles up before it: in buffers, in
connections that wait to be accepted, with the network that sends again what was not acknowledged.
Then all of that arrives in one moment, whatever the pace was at which it left. So where nothing comes
back any more, nothing more goes out but a probe; and what had left until then is paid for once
more at the limiter when the first answer comes, before anything new leaves.

Rule: pure, time is an argument. A few operations a batch.
"""

from typing import Final

__all__ = ("Silence",)


class Silence:
    """What left since the service was last heard, and whether that is for too long."""

    NOTED: Final = 0.1
    """Seconds without a word after which what had left counts again; a busy machine is held up for
    less, as a rule."""
    HELD: Final = 0.25
    """Seconds without a word after which nothing more leaves."""
    NOTED_TIMES: Final = 2.0
    HELD_TIMES: Final = 3.0
    """Likewise, times what an answer usually takes, where that is longer."""
    LEARNT: Final = 0.2
    """Share of the latest answers in what is usual."""
    GROWS: Final = 4.0
    """What is usual becomes this many times as much at most by the answers after a silence."""

    def __init__(self) -> None:
        self.unheard = 0
        """Requests that left since the service was last heard."""
        self._since = 0.0
        self._usual = 0.0

    def __repr__(self) -> str:
        return f"<Silence, {self.unheard} unheard>"

    def sent(self, count: int, now: float) -> None:
        """So many left."""
        if not self.unheard:
            self._since = now
        self.unheard += count

    def heard(self, now: float, took: float | None = None) -> int:
        """The service spoke, to questions that had waited `took` seconds on average.

        Gives how many requests are to be paid for once more.
        """
        lasted = now - self._since if self.unheard else 0.0
        again = self.unheard if lasted > self._longest(self.NOTED, self.NOTED_TIMES) else 0
        self.unheard = 0
        if took is not None and (not again or not self._usual):
            self._usual += (took - self._usual) * (self.LEARNT if self._usual else 1.0)
        elif took is not None:  # it may have become slow for good
            self._usual = min(took, max(self.NOTED, self.GROWS * self._usual))
        return again

    def is_long(self, now: float) -> bool:
        """Whether nothing but a probe should leave."""
        longest = self._longest(self.HELD, self.HELD_TIMES)
        return self.unheard > 0 and now - self._since > longest

    def _longest(self, seconds: float, times: float) -> float:
        return max(seconds, times * self._usual)
