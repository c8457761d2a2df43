"""What goes out: from pending questions to requests on the wire.

    pending → staged (intent written) → armed (intent durable) → sent

A slot of the concurrency is held from the intent until the outcome is durable, so what a crash
leaves in doubt is never more than the concurrency.

Rule: every request is paid for at the limiter here, and nowhere else.
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from pipeline.lookup.asking import Asking, Limits
from pipeline.lookup.backlog import Backlog, Retry
from pipeline.lookup.health import RetryBudget
from pipeline.lookup.overtaken import Overtaken
from pipeline.lookup.progress import Progress
from pipeline.lookup.silence import Silence
from pipeline.lookup.work import Work
from pipeline.protocol.messages import Query, queries_of
from pipeline.transports.contract import Withdrawn

__all__ = ("AGAIN", "BATCH", "Outbox", "Spared", "Way", "key_of", "number_of", "position_of")

BATCH = 256
"""Requests that are sent at one go: by UDP they take some 3 ms."""
AGAIN = 0.05
"""Seconds after which what is due and had no place is looked at again, if nothing happens before."""
_POSITION_BITS = 32
_POSITION = (1 << _POSITION_BITS) - 1


def key_of(number: int, position: int) -> int:
    """A lookup's key: its shard and its position there in one integer."""
    return number << _POSITION_BITS | position


def number_of(key: int) -> int:
    """The shard of a key."""
    return key >> _POSITION_BITS


def position_of(key: int) -> int:
    """The position of a key in its shard."""
    return key & _POSITION


class Way(Protocol):
    """The part of a transport that is used here."""

    @property
    def capacity(self) -> int:
        """How many queries it can take now."""
        ...

    def send(self, queries: Sequence[Query]) -> None:
        """Put them on the wire."""
        ...


class _Staged(NamedTuple):
    work: Work
    offset: int
    queries: list[Query]
    probes: bool = False


class Spared(NamedTuple):
    """Numbers that are not asked, since their country was refused."""

    work: Work
    numbers: int


class Outbox:
    """Holds what is to be sent, and the slots of what is in flight."""

    def __init__(self, asking: Asking, progress: Progress, now: float) -> None:
        self._asking = asking
        self.backlog = Backlog()
        self._progress = progress
        self.budget = RetryBudget(now, asking.rate / asking.processes)
        self.limits = Limits(asking)
        self.slots = 0
        """In flight: intent noted, outcome not yet durable."""
        self.flying: dict[int, float] = {}
        """What is under way, and since when."""
        self.overtaken = Overtaken(self.flying)
        self.silence = Silence()
        self._owed = 0
        self.delayed: list[asyncio.Future[None]] = []
        """Under way, and waiting to be paid for anew (`Service.pay_again`)."""
        self.refused_regions: set[str] = set()
        self._works: dict[int, Work] = {}
        self._fresh: deque[Work] = deque()
        self._staged: deque[_Staged] = deque()
        self._armed: deque[Query] = deque()
        self._probes: deque[Query] = deque()
        """Armed, and to leave before the others while it is not known whether the service is there."""
        self._recalled: set[int] = set()

    def __repr__(self) -> str:
        return (
            f"<Outbox {len(self._armed)} armed, {self._staged_count()} staged, {self.slots} slots>"
        )

    def add(self, work: Work) -> None:
        """One more shard to ask."""
        self._works[work.number] = work
        self._fresh.append(work)

    def remove(self, work: Work) -> None:
        """A shard that has nothing left."""
        del self._works[work.number]
        if work in self._fresh:
            self._fresh.remove(work)

    @property
    def has_new(self) -> bool:
        """Some numbers of the shards at hand never failed and are still to be asked."""
        return any(work.has_new for work in self._fresh)

    @property
    def all_failed(self) -> bool:
        """Whatever is left of the shards at hand was asked in vain before, and failed."""
        if self.has_new:
            return False
        waiting = (query.key for query in self._waiting_queries())
        return all(map(self.failed_before, chain(self.flying, waiting)))

    @property
    def has_more(self) -> bool:
        """Something of the shards at hand is still to be sent."""
        return bool(self._fresh or self.is_armed or self._staged or self.backlog)

    @property
    def is_armed(self) -> bool:
        """Something could be sent now, if limiter and transport allow."""
        return bool(self._armed or self._probes)

    @property
    def awaits_grant(self) -> bool:
        """Requests that have left, or are under way, are still to be paid for."""
        return bool(self._owed or self.delayed)

    @property
    def awaits_disk(self) -> bool:
        """Intents are written and not yet durable."""
        return bool(self._staged)

    @property
    def waiting(self) -> int:
        """Lookups whose intent is written, and which are not sent yet."""
        return len(self._armed) + len(self._probes) + self._staged_count()

    @property
    def probes(self) -> int:
        """Those of them that are to show whether the service is there."""
        staged = sum(len(staged.queries) for staged in self._staged if staged.probes)
        return len(self._probes) + staged

    # Admission

    def admit(self, now: float, free: int) -> list[Spared]:
        """Note intents for up to `free` lookups: those that failed before and are due, then new."""
        left = self.limits.left - self.waiting
        wanted = free if free > 0 and self._has_work(now) else 0
        if wanted > left:
            self.limits.want(wanted - left)
        free = min(free, left)
        if free <= 0:
            return []
        due = self.backlog.take(now, min(free, self.budget.available(now)))
        self.budget.spend(len(due))
        self._progress.retries += len(due)
        by_work: dict[int, list[Query]] = {}
        for key, retry in due:
            tel = self._works[number_of(key)].tels[position_of(key)]
            query = Query(key, tel, retry.solo, self._is_final(retry))
            by_work.setdefault(number_of(key), []).append(query)
        for number, queries in by_work.items():
            positions = [position_of(query.key) for query in queries]
            self._intend(self._works[number], positions, queries)
        return self._admit_fresh(free - len(due))

    def admit_probes(self, wanted: int) -> bool:
        """Have so many numbers wait that never failed, from here and there, to see whether the
        service is there: what failed may fail again by itself, and so may its neighbours.

        False where there are none.
        """
        works = [work for work in reversed(self._fresh) if work.has_new]
        if not works or self.refused_regions:
            return False
        final = self._asking.attempts == 1
        for _ in range(min(wanted - self.probes, self.limits.left - self.waiting)):
            work = works[0]
            position = work.probe()
            query = Query(key_of(work.number, position), work.tels[position], final=final)
            self._intend(work, [position], [query], probes=True)
            if work.is_exhausted:
                self._fresh.remove(work)
            if not work.has_new and not (works := works[1:]):
                break
        return True

    def falls_due(self, now: float) -> float:
        """When a retry is due; where one is, and has no place yet, when it may have one."""
        due = self.backlog.due
        return due if due > now else max(now + AGAIN, self.budget.ready_at(now))

    def failed_before(self, key: int) -> bool:
        """The number has been asked in vain, in this run or an earlier one."""
        return key in self.backlog or position_of(key) in self._works[number_of(key)].failed

    def _has_work(self, now: float) -> bool:
        """Something could be admitted now."""
        return bool(self._fresh or (self.backlog and self.backlog.due <= now))

    def _admit_fresh(self, free: int) -> list[Spared]:
        spared: list[Spared] = []
        final = self._asking.attempts == 1
        while free > 0 and self._fresh:
            work = self._fresh[0]
            positions, passed_over = work.next(free, self.refused_regions)
            if passed_over:
                spared.append(Spared(work, passed_over))
            if work.is_exhausted:
                self._fresh.popleft()
            if positions:
                base, tels = key_of(work.number, 0), work.tels
                keys = [base | position for position in positions]
                asked = [tels[position] for position in positions]
                self._intend(work, positions, queries_of(keys, asked, final=final))
                free -= len(positions)
        return spared

    def _is_final(self, retry: Retry) -> bool:
        return retry.failures + 1 >= self._asking.attempts

    def _intend(
        self, work: Work, positions: list[int], queries: list[Query], *, probes: bool = False
    ) -> None:
        offset = work.journal.intend(positions)
        self._staged.append(_Staged(work, offset, queries, probes))
        self.slots += len(queries)

    def _staged_count(self) -> int:
        return sum(len(staged.queries) for staged in self._staged)

    def arm(self) -> None:
        """Let those go whose intents have become durable."""
        while self._staged and self._staged[0].work.journal.durable >= self._staged[0].offset:
            staged = self._staged.popleft()
            (self._probes if staged.probes else self._armed).extend(staged.queries)

    # Sending

    def send(self, way: Way, now: float, room: int, *, probing: bool = False) -> int:
        """Send what limiter, transport, limits and `room` allow, a batch at most; says how many."""
        if not probing and self._probes:
            self._armed.extendleft(self._probes)
            self._probes.clear()
        if self._recalled:
            self._drop_recalled()
        armed = self._probes if probing and self.probes else self._armed
        if self._owed:
            self._owed -= self._asking.limiter.take(self._owed, now)
        if self.delayed and not self._owed:
            self._let_through(now)
        if not armed or self._owed:
            return 0
        wanted = min(len(armed), way.capacity, self.limits.left, room, BATCH)
        granted = self._asking.limiter.take(wanted, now) if wanted > 0 else 0
        if not granted:
            return 0
        batch = [armed.popleft() for _ in range(granted)]
        self.limits.sent(granted)
        self._progress.requests += granted
        way.send(batch)
        self.silence.sent(granted, now)
        self.flying.update(dict.fromkeys([query.key for query in batch], now))
        return granted

    def heard(self, now: float, took: float | None = None) -> None:
        """The service spoke, to questions that had waited `took` seconds on average.

        What left while it said nothing may arrive only now, and all at once: nothing new leaves
        until that has been paid for again. A second's worth is as much as any second may have.
        """
        again = self.silence.heard(now, took)
        if again:
            self._owed = min(self._owed + again, math.ceil(self._asking.rate))

    def _let_through(self, now: float) -> None:
        """Requests that wait for a grant of their own go first."""
        waiting = [granted for granted in self.delayed if not granted.done()]
        count = self._asking.limiter.take(len(waiting), now) if waiting else 0
        for granted in waiting[:count]:
            granted.set_result(None)
        self.delayed = waiting[count:]

    def withdraw_delayed(self) -> None:
        """None of those leaves any more."""
        for granted in self.delayed:
            if not granted.done():
                granted.set_exception(Withdrawn())
        self.delayed = []

    def forget(self, work: Work) -> None:
        """Nothing of this shard is waited for any more."""
        for key in [key for key in self.flying if number_of(key) == work.number]:
            del self.flying[key]
            self.overtaken.ended(key)

    def again(self, key: int) -> None:
        """The same question goes out again at once, keeping its slot: its token was refused."""
        tel = self._works[number_of(key)].tels[position_of(key)]
        self._armed.appendleft(Query(key, tel))

    def recall(self, key: int) -> None:
        """Its answer came late, while it was about to go out again: it stays here."""
        self._recalled.add(key)

    def _drop_recalled(self) -> None:
        gone = {query.key for query in self._armed} & self._recalled
        self._armed = deque(query for query in self._armed if query.key not in gone)
        self._recalled -= gone
        self.slots -= len(gone)

    def _waiting_queries(self) -> Iterator[Query]:
        """Those whose intent is written, and which are not sent yet."""
        staged = (staged.queries for staged in self._staged)
        return chain(self._armed, self._probes, chain.from_iterable(staged))

    def withdraw(self) -> list[Query]:
        """Nothing more goes out; gives what was about to. Their slots stay taken."""
        waiting = list(self._waiting_queries())
        self._armed.clear()
        self._probes.clear()
        self._staged.clear()
        kept = [query for query in waiting if query.key not in self._recalled]
        self.slots -= len(waiting) - len(kept)
        return kept
