"""How much a peer may say that answers nothing, before it counts as broken. Decides only.

Doubled answers, blank ones and bytes that are no answer happen, a few for each question. A peer that
repeats one answer for ever, or sends empty objects without end, would keep a run busy for nothing.
"""

from typing import Final

__all__ = ("TALKS_ON", "Noise")

TALKS_ON = "it says more than it was asked"


class Noise:
    """An allowance of messages that answer nothing: so many for each question, and for each second."""

    A_QUESTION: Final = 8
    A_SECOND: Final = 64
    MOST: Final = 1024
    """That are saved up."""
    PIECE: Final = 64 * 1024
    """Bytes that count as one such message, whatever is in them."""

    def __init__(self) -> None:
        self._left = float(self.MOST // 4)
        self._asked = 0
        self._at: float | None = None

    def __repr__(self) -> str:
        return f"<Noise, {self._left:.0f} left>"

    def allowed(self, asked: int, now: float) -> int:
        """How many there may be now; `asked` is how many questions there were, ever."""
        seconds = max(0.0, now - self._at) if self._at is not None else 0.0
        more = (asked - self._asked) * self.A_QUESTION + seconds * self.A_SECOND
        self._left = min(float(self.MOST), self._left + more)
        self._asked, self._at = asked, now
        return max(0, int(self._left))

    def heard(self, messages: int, size: int) -> bool:
        """So many came, in a piece of `size` bytes; false when that was too much."""
        self._left -= max(0, messages) + size // self.PIECE
        return self._left >= 0
