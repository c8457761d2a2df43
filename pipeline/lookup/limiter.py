"""How many requests may leave now. Pure: time is an argument, state is one block of integers.

Two rules hold together. A token bucket paces: tokens come evenly, and at most a twentieth of a
second's worth is kept. A sliding window bounds: requests are counted in cells of 2 ms, and the
cells that overlap the last 1.01 seconds never hold more than the rate. A bucket alone would let
`rate + burst` through in some second; a window alone would send each second's worth at once.

A stall (a slow disk, a busy machine) is made up for: what the full bucket did not hold comes
afterwards, a quarter faster than the pace, as the window lets it through. The pace leaves the
window a little room: without any, each second would repeat the last one's stalls and bursts.

Rule: the state lives in a buffer of 64-bit integers, so that several processes can share one
through a file (`account.py`); times are microseconds of one clock that they all have.
"""

import math
from typing import Final

__all__ = ("STATE_BYTES", "Limiter")

EVEN_US: Final = 5_000
"""Microseconds whose requests may leave together where nothing is saved up: a turn of the loop."""
EXACT_US: Final = 950
"""Microseconds between two requests that are kept to, counted from the one that left last: some services
refuse whatever comes sooner. Shorter ones cannot be told from what a turn of the loop is late."""
CELL_US: Final = 2_000
CELLS: Final = 505
"""The cell of this instant and the 500 before it cover any second that ends now; four more, since a
request may need 8 ms more than the one before to leave and to arrive."""

_LAST_CELL, _TOTAL, _TOKENS, _LAST_US, _PAUSED_US, _RING = 0, 1, 2, 3, 4, 5
_MISSED = _RING + CELLS
STATE_BYTES: Final = 8 * (_MISSED + 1)
"""Size of the state: five integers, the cells, one more integer."""

_MICRO: Final = 1_000_000
_BURST_SECONDS: Final = 0.05
_MISSED_SECONDS: Final = 0.5
"""The most that is made up for after a stall."""
_CATCH_UP: Final = 0.25
"""How much faster than the pace that goes."""
_LATE: Final = 2 * _MICRO
"""Tokens that are kept where nothing is saved up and distances are short: the second is for timers that
ring late."""
_PACE_SHARE: Final = 0.9955
"""The pace, in parts of what the window lets through."""


class Limiter:
    """Grants requests so that no second sees more than `rate` of them.

    Below 1 a second the rule is one request each `1/rate` seconds. It begins with an empty
    allowance. Never sleeps: `take` says how many may leave now, `ready_at` when to ask again.
    """

    def __init__(
        self, rate: float, now: float, state: memoryview | None = None, *, anew: bool = True
    ) -> None:
        self._cells = (state or memoryview(bytearray(STATE_BYTES))).cast("q")
        if anew:
            self.begin(now)
        self._rate = 0.0
        self.even = False
        """Nothing is saved up, nor made up for: requests keep their distance."""
        self.exact = True
        """Where it is even, and rates are not too high for that, each distance counts from the request that
        left last; what timers are late is lost then."""
        self.rate = rate

    def __repr__(self) -> str:
        return f"<Limiter {self.rate:g}/s, {self._cells[_TOTAL]} in the last second>"

    @property
    def rate(self) -> float:
        """Requests a second; may be set at any time."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        if rate == self._rate:
            return
        self._rate = rate
        self._most = max(1, math.ceil(rate))
        through = self._most * _MICRO / (CELLS * CELL_US)
        self._pace = min(rate, through * _PACE_SHARE)
        self._burst = max(_MICRO, int(rate * _BURST_SECONDS * _MICRO))
        self._is_slow = self._pace * EXACT_US <= _MICRO
        self._together = max(_LATE, int(self._pace * EVEN_US))

    @property
    def is_exact(self) -> bool:
        """Each distance counts, to a part of a millisecond."""
        return self.even and self.exact and self._is_slow

    def begin(self, now: float) -> None:
        """Empty the allowance; what was sent in the last second still counts."""
        state, at = self._cells, int(now * _MICRO)
        if state[_LAST_US] > at:
            # The clock began anew (a reboot), so nothing that was counted is recent.
            self.forget(now)
        state[_TOKENS] = state[_MISSED] = 0
        state[_LAST_US] = at

    def forget(self, now: float) -> None:
        """Empty the allowance, and forget what was sent and paused."""
        state = self._cells
        for slot in range(len(state)):
            state[slot] = 0
        state[_LAST_US] = int(now * _MICRO)

    @property
    def seen(self) -> float:
        """The latest time that it was told."""
        return self._cells[_LAST_US] / _MICRO

    def _advance(self, now: float) -> None:
        """Let tokens come and old cells go."""
        state, at = self._cells, int(now * _MICRO)
        since = state[_LAST_US]
        state[_LAST_US] = at = max(at, since)
        self._turn(at // CELL_US)
        came = int(max(0, at - max(since, state[_PAUSED_US])) * self._pace)
        more = min(state[_MISSED], int(came * _CATCH_UP))
        tokens = state[_TOKENS] + came + more
        if self.even:
            state[_TOKENS] = min(_MICRO if self.is_exact else self._together, tokens)
            state[_MISSED] = 0
            return
        state[_TOKENS] = min(self._burst, tokens)
        missed = state[_MISSED] - more + max(0, tokens - self._burst)
        most = int(self._rate * _MISSED_SECONDS * _MICRO)
        # Whoever asked nothing for a second has missed nothing.
        state[_MISSED] = min(missed, most) if state[_TOTAL] else 0

    def _turn(self, cell: int) -> None:
        """Go on to this cell and empty those that are more than a second old."""
        state, last = self._cells, self._cells[_LAST_CELL]
        for leaving in range(max(last + 1, cell - CELLS + 1), cell + 1):
            slot = _RING + leaving % CELLS
            state[_TOTAL] -= state[slot]
            state[slot] = 0
        state[_LAST_CELL] = max(cell, last)

    def take(self, wanted: int, now: float) -> int:
        """How many of `wanted` requests may leave now; they count from this moment."""
        granted = self.count(min(wanted, self.tokens(now)), now)
        self.draw(granted)
        return granted

    def put_back(self, count: int) -> None:
        """So many requests that were drawn do not leave: others may."""
        if count:
            state = self._cells
            state[_TOKENS] = min(self._burst, state[_TOKENS] + count * _MICRO)

    def tokens(self, now: float) -> int:
        """How many requests the pace allows by now."""
        self._advance(now)
        return self._cells[_TOKENS] // _MICRO

    def draw(self, count: int) -> None:
        """Take so many of them out of the allowance, before or after they are counted."""
        self._cells[_TOKENS] -= count * _MICRO

    def count(self, count: int, now: float) -> int:
        """Count up to so many requests that leave now, as the window allows; says how many."""
        state = self._cells
        if state[_PAUSED_US] > state[_LAST_US]:
            return 0
        granted = max(0, min(count, self._most - state[_TOTAL]))
        if granted:
            state[_TOTAL] += granted
            state[_RING + state[_LAST_CELL] % CELLS] += granted
        return granted

    def recall(self, count: int) -> None:
        """So many of those that `take` has just granted do not leave after all."""
        state = self._cells
        state[_TOKENS] += count * _MICRO
        state[_TOTAL] -= count
        state[_RING + state[_LAST_CELL] % CELLS] -= count

    def ready_at(self, now: float) -> float:
        """When at least one request may leave, if nobody else takes it first."""
        self._advance(now)
        return self.ready_after(1, now)

    @property
    def room(self) -> int:
        """How many requests the window allows, by what is known since the last call of a method."""
        return self._most - self._cells[_TOTAL]

    def ready_after(self, count: int, now: float, promised: int = 0) -> float:
        """When so many requests may leave beside those promised; as much is known as for `room`."""
        state = self._cells
        ready = max(now, state[_PAUSED_US] / _MICRO)
        lacking = count * _MICRO - state[_TOKENS]
        if lacking > 0:
            # A microsecond more than the division says: a wake-up just too early finds nothing.
            ready = max(ready, now + lacking / self._pace / _MICRO + 1e-6)
        if count and state[_TOTAL] + promised >= self._most:
            ready = max(ready, self._oldest_leaves_at())
        return ready

    def _oldest_leaves_at(self) -> float:
        state, last = self._cells, self._cells[_LAST_CELL]
        for cell in range(last - CELLS + 1, last + 1):
            if state[_RING + cell % CELLS]:
                return (cell + CELLS) * CELL_US / _MICRO
        return 0.0

    def pause(self, until: float) -> None:
        """Let nothing leave before `until`; a later pause never shortens an earlier one."""
        state = self._cells
        state[_PAUSED_US] = max(state[_PAUSED_US], int(until * _MICRO))
        state[_TOKENS] = state[_MISSED] = 0

    @property
    def paused_until(self) -> float:
        """End of the latest pause; in the past when none is on."""
        return self._cells[_PAUSED_US] / _MICRO
