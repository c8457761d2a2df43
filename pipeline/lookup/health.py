"""What the service's behaviour says: slow down, hold retries back, stop hammering, give up.

Three small judges, each pure and each with time as an argument: `Slowdown` turns throttling into
a lower rate for the whole run, `RetryBudget` keeps retries a share of what succeeds, `Breaker`
pauses a run that gets nothing but failures and in the end gives it up.
"""

import math
from typing import Final

__all__ = ("Breaker", "RetryBudget", "Slowdown")


class Slowdown:
    """Share of the set rate that is used: down at each throttling, up a little every second.

    A service that refuses a few among many answers is not full: it gets less by as much as it
    refuses, and nothing pauses. Otherwise it would be asked less and less, and refuse its share.
    """

    DOWN: Final = 0.7
    UP_PER_SECOND: Final = 0.05
    LOWEST: Final = 0.02
    PAUSE: Final = 1.0
    FEW: Final = 0.1
    """Share of refusals up to which they are few."""

    def __init__(self) -> None:
        self.factor = 1.0
        self._changed = 0.0
        self._pauses = 0
        self._answers = 0  # and refusals, lately
        self._refusals = 0

    def answered(self, count: int) -> None:
        """The service answered so many."""
        self._answers += count

    def throttled(self, now: float, retry_after: float | None) -> float:
        """The service asked for less. Gives the seconds for which nothing should leave."""
        self._refusals += 1
        share = self._refusals / (self._refusals + self._answers)
        few = share <= self.FEW
        if now - self._changed >= self.PAUSE or self.factor == 1.0:
            # One step down for a whole burst of refusals, which all speak of the same second.
            self.factor = max(self.LOWEST, self.factor * (1.0 - share if few else self.DOWN))
            self._changed = now
            self._pauses += not few
            self._answers //= 2
            self._refusals //= 2
        if retry_after is not None:
            return retry_after
        if few:
            return 0.0
        return min(self.PAUSE * 2.0 ** (self._pauses - 1), 30.0)

    def recover(self, now: float) -> float:
        """The factor after the time since it last changed."""
        if self.factor < 1.0 and now - self._changed >= self.PAUSE:
            seconds = now - self._changed
            self.factor = min(1.0, self.factor + self.UP_PER_SECOND * seconds)
            self._changed = now
            self._pauses = max(0, self._pauses - 1)
        return self.factor


class RetryBudget:
    """Retries may be half of what succeeds, and a few a second besides.

    Over that they wait, so that a dying service meets fewer requests, not more. Saved up are at
    most as many as half of what succeeded lately: a burst of losses is asked again at once, where
    the service has just shown that it answers.
    """

    SHARE: Final = 0.5
    LEAST: Final = 200.0
    """May always be saved up."""
    LATELY: Final = 10.0
    """Seconds after which a third of a success still counts as recent."""
    PER_SECOND: Final = 5.0

    def __init__(self, now: float) -> None:
        self._tokens = 50.0
        self._last = now
        self._recent = 0.0

    def succeeded(self, count: int, now: float) -> None:
        """That many lookups were answered."""
        self._advance(now)
        self._recent += count
        self._save(self.SHARE * count)

    def available(self, now: float) -> int:
        """How many retries may be sent now."""
        self._advance(now)
        return int(self._tokens)

    def spend(self, count: int) -> None:
        """That many retries are sent."""
        self._tokens -= count

    def _advance(self, now: float) -> None:
        elapsed = max(0.0, now - self._last)
        self._last = max(now, self._last)
        self._recent *= math.exp(-elapsed / self.LATELY)
        self._save(self.PER_SECOND * elapsed)

    def _save(self, tokens: float) -> None:
        most = max(self.LEAST, self.SHARE * self._recent)
        self._tokens = max(self._tokens, min(most, self._tokens + tokens))


class Breaker:
    """Open after a row of failures without one answer; probes; gives up when probes keep failing.

    A service that never answered gets fewer probes than one that did: it is probably not there,
    or not the service.
    """

    FAILURES: Final = 20
    PROBES: Final = 3
    PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    PAUSES_NEVER_ANSWERED: Final = (1.0, 2.0)

    def __init__(self) -> None:
        self.reason = ""
        self._failures = 0
        self._opened = 0
        self._until = 0.0
        self._opened_at = 0.0
        self._open = False
        self._answered = False

    def __repr__(self) -> str:
        state = "open" if self._open else "closed"
        return f"<Breaker {state}, {self._failures} failures in a row>"

    @property
    def is_open(self) -> bool:
        """Failures only, of late: at most a few probes may be under way."""
        return self._open

    def answered(self) -> None:
        """The service answered."""
        self._answered = True
        self._open = False
        self._failures = 0
        self._opened = 0

    def failed(self, now: float, reason: str, sent_at: float) -> None:
        """An attempt ended without an answer. What left before the last opening is old news."""
        self.reason = reason
        if self._open and sent_at < self._opened_at:
            return
        self._failures += 1
        if self._failures >= (self.PROBES if self._open else self.FAILURES):
            self._trip(now)

    def _trip(self, now: float) -> None:
        pauses = self.PAUSES if self._answered else self.PAUSES_NEVER_ANSWERED
        self._open = True
        self._failures = 0
        self._opened_at = now
        self._until = now + pauses[min(self._opened, len(pauses) - 1)]
        self._opened += 1

    @property
    def has_given_up(self) -> bool:
        """The pauses are used up and the service still does not answer."""
        pauses = self.PAUSES if self._answered else self.PAUSES_NEVER_ANSWERED
        return self._opened > len(pauses)

    def allowed(self, now: float, flying: int) -> int | None:
        """How many requests may be sent now; None for any number."""
        if not self._open:
            return None
        if now < self._until:
            return 0
        return max(0, self.PROBES - flying)

    def opens_at(self, now: float) -> float:
        """When `allowed` may say more than it says now."""
        return max(now, self._until) if self._open else now
