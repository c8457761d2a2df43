"""What the service's behaviour says: hold retries back, stop hammering, give up.

Two small judges, each pure and with time as an argument: `RetryBudget` keeps retries a share of what
succeeds, `Breaker` pauses a run in which one number after the other gets no answer, and in the end
gives it up. A third, at which rate to ask, is `service_rate.py`.
"""

import math
from typing import Final, NamedTuple

__all__ = ("Breaker", "Failure", "RetryBudget")


class RetryBudget:
    """Retries may be half of what succeeds, and a tenth of the rate besides.

    Over that they wait, so that a dying service meets fewer requests, not more. Saved up are at
    most as many as half of what succeeded lately: a burst of losses is asked again at once, where
    the service has just shown that it answers.
    """

    SHARE: Final = 0.5
    LEAST: Final = 200.0
    """May always be saved up."""
    LATELY: Final = 10.0
    """Seconds after which a third of a success still counts as recent."""
    OF_RATE: Final = 0.1
    """Share of the rate that retries may always have, within these bounds."""
    LEAST_PER_SECOND: Final = 5.0
    MOST_PER_SECOND: Final = 50.0

    def __init__(self, now: float, rate: float = 0.0) -> None:
        """`rate`: requests a second that this process may send."""
        self._tokens = 50.0
        self._last = now
        self._recent = 0.0
        share = min(self.MOST_PER_SECOND, self.OF_RATE * rate)
        self._per_second = max(self.LEAST_PER_SECOND, share)

    def succeeded(self, count: int, now: float) -> None:
        """That many lookups were answered."""
        self._advance(now)
        self._recent += count
        self._save(self.SHARE * count)

    def spoke(self, now: float) -> None:
        """The service had a word about one number that is asked again: that costs it no more than
        another number would."""
        self._advance(now)
        self._save(1.0)

    def available(self, now: float) -> int:
        """How many retries may be sent now."""
        self._advance(now)
        return int(self._tokens)

    def ready_at(self, now: float) -> float:
        """When one may be sent, if nothing succeeds before."""
        return now + max(0.0, 1.0 - self._tokens) / self._per_second

    def spend(self, count: int) -> None:
        """That many retries are sent."""
        self._tokens -= count

    def _advance(self, now: float) -> None:
        elapsed = max(0.0, now - self._last)
        self._last = max(now, self._last)
        self._recent *= math.exp(-elapsed / self.LATELY)
        self._save(self._per_second * elapsed)

    def _save(self, tokens: float) -> None:
        most = max(self.LEAST, self.SHARE * self._recent)
        self._tokens = max(self._tokens, min(most, self._tokens + tokens))


class Failure(NamedTuple):
    """An attempt that brought no answer."""

    reason: str
    sent_at: float
    again: bool = False
    """It says something of the number: it failed before, or others were answered that were asked later."""
    sent: bool = True
    """It may have reached the service."""
    rejected: bool = False
    throttled: bool = False


class Breaker:
    """Open after a row of numbers without an answer; probes; gives up when probes keep failing.

    It judges the service. So a number counts once: what fails again after others were answered, in
    this run or an earlier one, says something of that number. A service that never answered gets
    fewer probes than one that did: it is probably not there, or not the service.
    """

    FAILURES: Final = 20
    REJECTED: Final = 5
    """Likewise where a service that never answered rejects them: it is probably another."""
    FULL: Final = 1.0
    """Seconds for which a service that has answered may do nothing but ask for less."""
    PROBES: Final = 3
    PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    PAUSES_NEVER_ANSWERED: Final = (1.0, 2.0)

    def __init__(self, *, trusted: bool = False) -> None:
        """`trusted`: it answered in an earlier run."""
        self.reason = ""
        self.is_trusted = trusted
        """It answered, be it in an earlier run."""
        self.is_about_numbers = False
        """What failed last had reached the service, as far as is known."""
        self._failures = 0
        self._opened = 0
        self._until = 0.0
        self._opened_at = 0.0
        self._open = False
        self._answered = False
        self._answered_at = 0.0

    def __repr__(self) -> str:
        state = "open" if self._open else "closed"
        return f"<Breaker {state}, {self._failures} failures in a row>"

    @property
    def is_open(self) -> bool:
        """Failures only, of late: at most a few probes may be under way."""
        return self._open

    def answered(self, now: float = 0.0) -> None:
        """The service answered."""
        self.is_trusted = self._answered = True
        self._answered_at = now
        self.close()

    def close(self) -> None:
        """Hold nothing back, until as many numbers have failed anew."""
        self._open = False
        self._failures = 0
        self._opened = 0

    def failed(self, now: float, failure: Failure) -> None:
        """An attempt ended without an answer. What left before the last opening is old news."""
        self.reason = failure.reason
        self.is_about_numbers = failure.sent
        if self._open and failure.sent_at < self._opened_at:
            return
        if failure.again and self.is_trusted and not self._open:
            return
        self._failures += 1
        if failure.throttled and not self._open and now - self._answered_at < self.FULL:
            return  # it is full, and says so beside its answers
        enough = self.REJECTED if failure.rejected and not self.is_trusted else self.FAILURES
        if self._failures >= (self.PROBES if self._open else enough):
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
