"""What a service that says nothing may get all at once when it speaks again.

While it stands still, or the way to it is broken, what leaves us piles up before it: in buffers, in
connections that wait to be accepted, with the network that sends again what was not acknowledged.
Then all of that arrives in one moment, whatever the pace was at which it left. So where nothing comes
back any more, nothing more goes out but a probe now and then; and what had left until then is paid for once
more at the limiter when the first answer comes, before anything new leaves.

What left while the last answers were on their way is among it: they were heard, it was not.

Rule: pure, time is an argument. A few operations a batch.
"""

from collections import deque
from typing import Final

__all__ = ("Silence",)

_MICROSECOND = 1e-6


class Silence:
    """What left since the service was last heard, and whether that is for too long."""

    NOTED: Final = 0.1
    """Seconds without a word after which what had left counts again; a busy machine is held up for
    less, as a rule."""
    HELD: Final = 0.25
    """Seconds without a word after which nothing more leaves."""
    LONGEST_GAP: Final = 2.0
    """Seconds from one probe to the next; the first come sooner, each gap twice as long as the one
    before. What is under way may be lost, and the service be there."""
    NOTED_TIMES: Final = 2.0
    HELD_TIMES: Final = 3.0
    """Likewise, times what an answer usually takes, where that is longer."""
    LEARNT: Final = 0.2
    """Share of the latest answers in what is usual."""
    GROWS: Final = 4.0
    """What is usual becomes this many times as much at most by the answers after a silence."""

    def __init__(self) -> None:
        self.unheard = 0
        """Requests that left after those to which the service was last heard."""
        self._batches: deque[tuple[float, int]] = deque()
        """When they left, and how many."""
        self._usual = 0.0
        self._gap = self.HELD
        self.probe_at = 0.0
        """When the next probe may leave, while it is long."""

    def __repr__(self) -> str:
        return f"<Silence, {self.unheard} unheard>"

    def sent(self, count: int, now: float) -> None:
        """So many left."""
        if self.is_long(now):
            self.probe_at = now + self._gap
            self._gap = min(self.LONGEST_GAP, 2 * self._gap)
        self._batches.append((now, count))
        self.unheard += count

    def heard(self, now: float, took: float | None = None) -> int:
        """The service spoke, to questions that had waited `took` seconds on average.

        Gives how many requests are to be paid for once more.
        """
        self._gap, self.probe_at = self.HELD, 0.0
        lasted = now - self._batches[0][0] if self._batches else 0.0
        again = self.unheard if lasted > self._longest(self.NOTED, self.NOTED_TIMES) else 0
        self._forget(now if again or took is None else now - took + _MICROSECOND)
        if took is not None and (not again or not self._usual):
            self._usual += (took - self._usual) * (self.LEARNT if self._usual else 1.0)
        elif took is not None:  # it may have become slow for good
            self._usual = min(took, max(self.NOTED, self.GROWS * self._usual))
        return again

    def _forget(self, left_by: float) -> None:
        while self._batches and self._batches[0][0] <= left_by:
            self.unheard -= self._batches.popleft()[1]

    def is_long(self, now: float) -> bool:
        """Whether nothing but a probe should leave."""
        longest = self._longest(self.HELD, self.HELD_TIMES)
        return bool(self._batches) and now - self._batches[0][0] > longest

    def _longest(self, seconds: float, times: float) -> float:
        return max(seconds, times * self._usual)
