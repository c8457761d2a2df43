"""Whether each request keeps its distance from the one before. Pure: time is an argument.

Some services refuse whatever comes sooner than their rate allows after the last request, so where they are
what holds a run back, no time that a timer is late is made up for. On a busy machine timers are so late that
this would cost more than those services refuse.
"""

from typing import Final

__all__ = ("Distances",)


class Distances:
    """What a run does about them, by what it brings."""

    KEPT: Final = 0.85
    """Part of the rate that leaves, at least, where a machine keeps distances well."""
    AGAIN: Final = 60.0
    """Seconds until that is tried again."""

    def __init__(self) -> None:
        self.are_kept = True
        self._again_at = 0.0

    def __repr__(self) -> str:
        return f"<Distances, {'kept' if self.are_kept else 'not kept'}>"

    def left(self, now: float, part: float) -> None:
        """In a round that ends now, this part of the rate has left."""
        if now < self._again_at:
            return
        self.are_kept = part >= self.KEPT
        if not self.are_kept:
            self._again_at = now + self.AGAIN
