"""Lookups that failed and may be asked again: what happened to each, and when each falls due.

Only failures get here, so an object each is affordable.
"""

import heapq
from dataclasses import dataclass

from pipeline.protocol.messages import Fault, FaultKind

__all__ = ("Backlog", "Retry")


@dataclass(slots=True)
class Retry:
    """The history of one number's failed attempts in this run."""

    since: float
    """When it was first asked."""
    sent: int = 0
    """Requests sent so far, the one under way included."""
    failures: int = 0
    """Attempts that count against `--attempts`."""
    throttled: int = 0
    beside: int = 0
    """Answers to others by when it was last refused for lack of room."""
    refused_alone: int = 0
    """How often it was, while nearly all others were answered."""
    solo: bool = False
    due: float | None = None
    """When it may be asked again; None while it is under way."""

    @property
    def again(self) -> bool:
        """It has failed more than once."""
        return self.failures + self.throttled > 1


class Backlog:
    """Retries by key, those waiting also by time. True while any is waiting."""

    def __init__(self) -> None:
        self._retries: dict[int, Retry] = {}
        self._heap: list[tuple[float, int]] = []
        self._waiting = 0

    def __contains__(self, key: int) -> bool:
        """The number has failed before and has no final place yet."""
        return key in self._retries

    def __bool__(self) -> bool:
        return self._waiting > 0

    def __repr__(self) -> str:
        return f"<Backlog of {len(self._retries)}, {self._waiting} waiting>"

    @property
    def due(self) -> float:
        """When the next one may be asked again."""
        self._drop_settled()
        return self._heap[0][0] if self._heap else float("inf")

    def sent(self, key: int) -> int:
        """Requests sent for this number, none under way."""
        retry = self._retries.get(key)
        return retry.sent - 1 if retry else 0

    def failed(self, key: int, fault: Fault, sent_at: float) -> Retry:
        """Note how an attempt ended that began at `sent_at`."""
        retry = self._retries.setdefault(key, Retry(since=sent_at, sent=1))
        if fault.kind is FaultKind.THROTTLE:
            retry.throttled += 1
        elif fault.kind is not FaultKind.REPLAY:
            retry.failures += 1
        else:
            retry.sent += 1
        retry.solo = retry.solo or fault.solo
        return retry

    def wait(self, key: int, due: float) -> None:
        """Ask again at `due`."""
        self._retries[key].due = due
        self._waiting += 1
        heapq.heappush(self._heap, (due, key))

    def settle(self, key: int) -> Retry | None:
        """The number has its final place. Gives its history if it ever failed."""
        retry = self._retries.pop(key, None) if self._retries else None
        if retry is not None and retry.due is not None:
            self._waiting -= 1
        return retry

    def take(self, now: float, most: int) -> list[tuple[int, Retry]]:
        """Those that are due, at most so many; they count as under way from now."""
        taken: list[tuple[int, Retry]] = []
        while len(taken) < most and self.due <= now:
            _, key = heapq.heappop(self._heap)
            retry = self._retries[key]
            retry.due = None
            retry.sent += 1
            self._waiting -= 1
            taken.append((key, retry))
        return taken

    def _drop_settled(self) -> None:
        while self._heap:
            due, key = self._heap[0]
            retry = self._retries.get(key)
            if retry is not None and retry.due == due:
                return
            heapq.heappop(self._heap)
