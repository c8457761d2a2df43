"""Questions that others have overtaken: asked well before one that is answered, and not answered.

That is the sign of a lost question or answer long before the time is up (RFC 8985 has it for TCP's own
segments). They are still waited for, since an answer may come after all and asking again may be
billed; but they tell at what rate questions are lost, and the places that they keep are no longer
counted. Where such an answer does come, more is left to chance from then on. Pure.
"""

from typing import Final

__all__ = ("Overtaken",)

_NOTHING: tuple[list[int], int] = ([], 0)


class Overtaken:
    """Those of `flying`: keys and when they left, in that order."""

    LEAST: Final = 0.25
    """Seconds by which the other one was asked later, at least; and as long ago it was answered."""
    TIMES: Final = 4.0
    """Likewise, times what an answer takes."""
    STRETCH: Final = 1.5
    """How much more it takes after each look that shows it was too little."""
    LONGEST: Final = 32.0

    def __init__(self, flying: dict[int, float]) -> None:
        self._flying = flying
        self._keys: set[int] = set()
        self._newest = self._before = 0.0
        self._looked = 0.0
        self._stretch = 1.0
        self._mistaken = 0

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<Overtaken: {len(self)} of {len(self._flying)}>"

    def answered(self, keys: list[int], newest: float) -> None:
        """These were, the latest of which had left at `newest`."""
        self._newest = max(self._newest, newest)
        if self._keys:
            mistaken = self._keys.intersection(keys)
            self._keys -= mistaken
            self._mistaken += len(mistaken)

    def ended(self, key: int) -> bool:
        """It is waited for no more, unanswered; whether that was told by `look` already."""
        if key not in self._keys:
            return False
        self._keys.discard(key)
        return True

    def look(self, now: float, latency: float) -> tuple[list[int], int]:
        """Those that are new since the last look, and how many were answered after all."""
        if now - self._looked < self.LEAST:
            return _NOTHING
        mistaken, self._mistaken = self._mistaken, 0
        if mistaken:
            self._stretch = min(self.LONGEST, self._stretch * self.STRETCH)
        else:
            self._stretch = max(1.0, self._stretch * 0.99)
        self._looked = now
        # What is answered now may have overtaken others only in the order in which sockets are read.
        bound = self._before - max(self.LEAST, self.TIMES * latency) * self._stretch
        self._before = self._newest
        found: list[int] = []
        for key, left in self._flying.items():
            if left >= bound:
                break
            if key not in self._keys:
                found.append(key)
        self._keys.update(found)
        return found, mistaken
