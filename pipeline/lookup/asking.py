"""How the stage asks: settings, limits and the things that tests replace (clocks, dice, signals)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from pipeline.errors import AccountError, ServiceError
from pipeline.lookup.quota import Purse, Quota, most_requests
from pipeline.lookup.retry import RETRY_AFTER_CAP, Retries
from pipeline.stop import Loop, Stop

__all__ = ("Allowance", "Asking", "Limits")


class Allowance(Protocol):
    """A limiter, this process's own or one shared with others."""

    rate: float
    even: bool
    """Nothing is saved up and made up for: the service has room for no more at once."""
    exact: bool
    """Likewise each distance counts, where they are not too short for that."""

    @property
    def is_exact(self) -> bool:
        """Each distance between two requests counts, to a part of a millisecond."""
        ...

    @property
    def paused_until(self) -> float:
        """End of the latest pause."""
        ...

    def take(self, wanted: int, now: float) -> int:
        """How many may leave now."""
        ...

    def ready_at(self, now: float) -> float:
        """When at least one may leave."""
        ...

    def pause(self, until: float) -> None:
        """Let nothing leave until then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Everything the engine needs to know. Times are seconds."""

    transport: str
    endpoint: str
    rate: float
    processes: int = 1
    """How many processes share that rate."""
    concurrency: int | None
    attempts: int
    timeout: float
    limiter: Allowance
    retries: Retries
    clock: Callable[[], float]
    """Monotonic, the same for all processes of the machine."""
    wall: Callable[[], float]
    """Seconds since 1970."""
    busy: Callable[[], float] = lambda: 0.0
    """Processor seconds that the calling thread has taken."""
    lookup: str = "profile"
    stop: Stop = field(default_factory=Stop)
    stop_refused_country: bool = True
    hold_unknown: bool = False
    max_lookups: int | None = None
    budget: Decimal | None = None
    price: Decimal | None = None
    """Of one lookup; the dearest that the account's profile may choose."""
    quota: Quota | None = None
    """What this process may send of what they allow; None where it is all of it."""
    deadline: float | None = None
    """Seconds since 1970, by `wall`: it comes when the clocks of the machine show it."""
    until: float | None = None
    """The end of a span, by `clock`, whatever is done to the machine's clocks."""
    trusted: bool = False
    """The service answered in an earlier run, whose shards are done."""
    total: int = 0
    """Numbers to ask in the whole run, and how many of them are done before it begins."""
    already: int = 0
    longest_pause: float = RETRY_AFTER_CAP
    most_throttled: int = 50
    """Refusals for lack of room that one number may meet before they count as failures."""

    def type_refused(self) -> AccountError:
        """Nothing but F0: every further lookup would be the same."""
        wanted = "this type of lookup" if self.lookup == "profile" else f"{self.lookup} lookups"
        return AccountError(
            f"the service allows this account no {wanted} (F0): choose another --lookup, or ask"
            " the provider to allow it"
        )

    def unusable(self, reason: str) -> ServiceError:
        """The service does not do its work."""
        return ServiceError(
            f"{self.endpoint} cannot be used: {reason or 'no answer'}. Check --endpoint and"
            " --transport (msisdn doctor); progress is kept, run the same command to go on"
        )


class Limits:
    """What the user allows in this invocation: lookups, money, time.

    Every request counts in full when it leaves, since a request that fails may be billed too.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._most = most_requests(asking.max_lookups, asking.budget, asking.price)
        self._quota = asking.quota or Purse(self._most)

    @property
    def left(self) -> int:
        """Requests that may still be sent."""
        return self._quota.left

    @property
    def due(self) -> float:
        """When the deadline comes, as things are: a clock that is set moves it."""
        asking = self._asking
        due = float("inf") if asking.until is None else asking.until
        if asking.deadline is None:
            return due
        return min(due, asking.clock() + asking.deadline - asking.wall())

    def sent(self, count: int) -> None:
        """That many requests left."""
        self._quota.spend(count)

    def want(self, count: int) -> None:
        """There is work at hand for so many requests more."""
        self._quota.want(count)

    def report(self, promised: int) -> None:
        """What is left beyond `promised` is not needed now."""
        self._quota.report(promised)

    def heard_by(self, loop: Loop, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Meanwhile `loop` takes in what other processes leave to this one, and calls `wake`."""
        return self._quota.heard_by(loop, wake)

    def reached(self, now: float) -> str:
        """Which limit is reached, in words; empty for none."""
        if now >= self.due:
            return "the deadline is reached"
        if not self._quota.is_exhausted:
            return ""
        asking = self._asking
        if asking.max_lookups is not None and self._most == asking.max_lookups:
            return f"the limit of {asking.max_lookups} lookups is reached"
        if not self._most:
            return f"the budget of {asking.budget} does not pay for one lookup, which may cost {asking.price}"
        return f"the budget of {asking.budget} is used up"
