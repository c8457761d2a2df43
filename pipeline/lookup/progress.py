"""Counters of the lookup stage, and when to announce them."""

from collections import deque
from typing import Any

from pipeline.events import Announce, LookupProgress
from pipeline.lookup.asking import Asking
from pipeline.lookup.work import Work
from pipeline.protocol.messages import Fault, FaultKind

__all__ = ("Progress", "RateWindow")

INTERVAL = 0.25
WINDOW = 5.0
"""Seconds over which the rate is taken."""
FEWEST = 5
"""Answers below which no time left is given: it would be a guess."""


class RateWindow:
    """Answers a second over the last seconds."""

    def __init__(self, now: float) -> None:
        self._came: deque[tuple[float, int]] = deque()
        self.count = 0
        self._began = now

    def add(self, count: int, now: float) -> None:
        """So many came."""
        self._came.append((now, count))
        self.count += count

    def rate(self, now: float) -> float:
        """Over the window, or over the time since the beginning where that is shorter."""
        while self._came and self._came[0][0] < now - WINDOW:
            self.count -= self._came.popleft()[1]
        return self.count / max(0.5, min(WINDOW, now - self._began))


class Progress:
    """What happened so far in this process."""

    def __init__(self, announce: Announce, asking: Asking, now: float) -> None:
        self._announce = announce
        self._total = asking.total
        self.done = asking.already
        self.requests = 0
        self.retries = 0
        self.throttled = 0
        self.accepted = 0
        self.refused = 0
        self.refused_type = 0
        self.unresolved = 0
        self.late = 0
        self.reached = False
        """Some request may have come to the service, whatever became of it."""
        self.due = now
        self._window = RateWindow(now)

    @property
    def has_answers(self) -> bool:
        """The service said something about some number, in this run or before."""
        return bool(self.accepted or self.refused)

    @property
    def nothing_but_refused_type(self) -> int:
        """How many answers there are, if every one of them is F0; else 0."""
        return self.refused_type if not self.accepted and self.refused == self.refused_type else 0

    def opened(self, work: Work) -> None:
        """A shard was opened; what earlier runs did in it counts as done."""
        self.done += work.answered + work.held
        self.accepted += work.answered - work.refused
        self.refused += work.refused
        self.refused_type += work.refused_type

    def came(self, count: int, now: float) -> None:
        """Answers came in."""
        self._window.add(count, now)

    def failed(self, fault: Fault) -> None:
        """An attempt failed."""
        self.throttled += fault.kind is FaultKind.THROTTLE
        self.reached |= fault.sent

    def announce(self, now: float, state: dict[str, Any], *, last: bool = False) -> None:
        """Tell where the stage stands, a few times a second."""
        if now < self.due and not last:
            return
        self.due = now + INTERVAL
        rate = self._window.rate(now)
        left = self._total - self.done
        known = self._window.count >= FEWEST and rate > 0
        self._announce(
            LookupProgress(
                done=self.done,
                total=self._total,
                requests=self.requests,
                rate=rate,
                retries=self.retries,
                throttled=self.throttled,
                refused=self.refused,
                unresolved=self.unresolved,
                seconds_left=left / rate if known else None,
                **state,
            )
        )
