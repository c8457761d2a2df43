"""How long to wait for an answer over UDP, where silence is the only sign of loss.

Jacobson's estimate with Karn's rule (RFC 6298): smoothed round trip plus four deviations, never
sampled from a number that was asked twice, doubled with each attempt of a number. Added to it:
an answer that comes after its question was given up shows that the wait was too short, and
raises all waits until answers come in time again. Rule: decides only; time is an argument.
"""

import math

__all__ = ("Patience",)

INITIAL = 3.0
"""Seconds before anything was measured; RFC 6298 has 1, but an HLR query takes seconds."""
FLOOR = 0.25
STEP = 1.1
"""Waits are rounded up to powers of this, so that equal ones share a lane of the exchange."""


class Patience:
    """The waits of one service."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.round_trip: float | None = None
        self._deviation = 0.0
        self._stretch = 1.0

    def __repr__(self) -> str:
        return f"<Patience {self.wait(0):.3g} s>"

    def sample(self, seconds: float) -> None:
        """A question that was asked once took this long."""
        if self.round_trip is None:
            self.round_trip = seconds
            self._deviation = seconds / 2
        else:
            self._deviation += (abs(seconds - self.round_trip) - self._deviation) / 4
            self.round_trip += (seconds - self.round_trip) / 8
        self._stretch = max(1.0, self._stretch * 0.999)

    def too_short(self) -> None:
        """An answer came after its question was given up, or twice: asking again was needless."""
        self._stretch = min(self._stretch * 1.25, 16.0)

    def wait(self, attempt: int, *, final: bool = False) -> float:
        """Seconds to wait for a number that was given up `attempt` times before."""
        if final:
            return self.timeout
        if self.round_trip is None:
            estimate = INITIAL
        else:
            estimate = max(FLOOR, self.round_trip + 4 * self._deviation) * self._stretch
        estimate = STEP ** math.ceil(math.log(estimate, STEP) - 1e-9)
        return min(self.timeout, estimate * 2.0 ** min(attempt, 16))
