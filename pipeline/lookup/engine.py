"""The loop of the lookup stage: one coroutine that turns shards into answers on disk.

Each turn does what can be done now, for all lookups at once: take in what came back, count what
has become durable, note intents for new lookups, send those whose intent is durable and which the
limiter grants (`outbox.py`). Then it waits until something happens or falls due. No task, no
future and no retry object belongs to a single lookup.

    pending → staged → armed → flying → answered (written) → done (durable)
                         ↑        ↓
                         └── waiting (failed, `backlog.py`)
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pipeline.errors import (
    AccountError,
    Interrupted,
    LimitReached,
    MsisdnError,
    ServiceError,
    StorageError,
)
from pipeline.events import Announce
from pipeline.ledger.journal import AnswerRecord, FaultRecord
from pipeline.lookup.asking import Asking
from pipeline.lookup.backlog import Backlog, Retry
from pipeline.lookup.concurrency import Concurrency
from pipeline.lookup.health import Breaker, Slowdown
from pipeline.lookup.outbox import BATCH, Outbox, Way, key_of, number_of, position_of
from pipeline.lookup.progress import Progress
from pipeline.lookup.work import Work
from pipeline.model import SOURCES
from pipeline.protocol.codes import Verdict, code_of
from pipeline.protocol.meaning import NO_ANSWER
from pipeline.protocol.messages import Answer, Fault, FaultKind, Outcome

__all__ = ("Engine",)

TICK = 0.001
"""Seconds; a shorter wait would send single lookups where a batch could form."""
ENOUGH = 64
"""Outcomes that are worth a turn at once."""
AHEAD = 64
"""Intents that may be on disk beyond what the transport can take now, and a quarter of what is
under way besides: the next ones, while an answer makes room."""
REJECTED_IN_A_ROW = 5
REFUSED_TYPE_IN_A_ROW = 10
FATAL_PATIENCE = 2.0
"""Seconds for what is under way when account or service have failed."""


class _Unsettled(NamedTuple):
    """Written, and counted when the journal is durable up to `offset`."""

    work: Work
    offset: int
    slots: int
    settled: int
    since: float


class Engine:
    """Asks everything that its works have pending. Made for one run of one event loop.

    `add` brings works, `run` returns when every one is finished, and raises what ends the run:
    `AccountError`, `ServiceError`, `LimitReached`, `Interrupted`, `StorageError`.
    """

    def __init__(
        self, asking: Asking, finished: Callable[[Work], None], announce: Announce
    ) -> None:
        self._asking = asking
        self._finished = finished
        now = asking.clock()
        self.progress = Progress(announce, asking, now)
        self._backlog = Backlog()
        self._outbox = Outbox(asking, self._backlog, self.progress, now)
        # A REST request may have to open its connection first, and those that wait for theirs
        # leave all at once: so few at the beginning.
        first = Concurrency.FIRST if asking.transport == "rest" else 1024
        self._concurrency = Concurrency(
            asking.rate / asking.processes, asking.concurrency, first=first
        )
        self._breaker = Breaker()
        self._slowdown = Slowdown()
        self._source = SOURCES.index(asking.transport)

        self._works: dict[int, Work] = {}
        self._complete = False
        self._inbox: list[Outcome] = []
        self._flying: dict[int, float] = {}
        self._unsettled: deque[_Unsettled] = deque()
        self._rejected = 0
        self._lost: set[int] = set()
        """Shards whose journal takes nothing more."""
        self._ending: MsisdnError | None = None
        self._drained_by = 0.0
        self._wake = asyncio.Event()
        self.dirty = asyncio.Event()
        """Set when a journal has something that is not durable yet."""

    # What others bring

    def deliver(self, outcomes: list[Outcome]) -> None:
        """Take outcomes from the transport; the next turn looks at them."""
        self._inbox += outcomes
        self._wake.set()

    def add(self, work: Work) -> None:
        """One more shard to ask; one that has nothing left to ask is finished at once."""
        self.progress.opened(work)
        self._outbox.refused_regions |= work.refused_regions
        if not work.left:
            self._finished(work)
            return
        self._works[work.number] = work
        self._outbox.add(work)
        self._wake.set()

    def complete(self) -> None:
        """No more shards will be added."""
        self._complete = True
        self._wake.set()

    def wake(self) -> None:
        """Something became durable, or a stop is asked for. Called on the event loop only."""
        self._wake.set()

    @property
    def open_works(self) -> Iterable[Work]:
        """Shards whose journals are in use."""
        return tuple(self._works.values())

    @property
    def sound_works(self) -> Iterable[Work]:
        """Those whose journals still take something."""
        return tuple(work for work in self._works.values() if work.number not in self._lost)

    @property
    def ending(self) -> MsisdnError | None:
        """What ends the run, if something does."""
        return self._ending

    def fail(self, reason: MsisdnError, work: Work | None = None) -> None:
        """Something went wrong elsewhere: send nothing more, and keep what is under way.

        Nothing more can be kept of `work`, whose journal has failed.
        """
        self._end(reason)
        if work is not None:
            self._lose(work)
        self._wake.set()

    # The loop

    async def run(self, way: Way) -> None:
        """Work until everything is done, or something ends the run."""
        while True:
            now = self._asking.clock()
            self._take_in(now)
            self._settle(now)
            self._watch(now)
            if self._ending is None:
                self._go_out(way, now)
            elif not (self._flying or self._unsettled) or now >= self._drained_by:
                raise self._ending
            if self._complete and not self._works and self._ending is None:
                self.progress.announce(now, self._state(now), last=True)
                self._check_whole_run()
                return
            if self._unsettled or self._outbox.awaits_disk:
                self.dirty.set()
            if now >= self.progress.due:
                self.progress.announce(now, self._state(now))
            await self._rest(way, now)

    def _go_out(self, way: Way, now: float) -> None:
        outbox = self._outbox
        outbox.arm()
        free = self._concurrency.limit - outbox.slots
        probes = self._breaker.allowed(now, outbox.slots)
        if probes is not None:
            free = min(free, probes)
        # An intent that waits long for its turn is a lookup in doubt that was never sent.
        ahead = AHEAD + len(self._flying) // 4 + way.capacity - outbox.waiting
        try:
            spared = outbox.admit(now, min(free, ahead))
        except StorageError as error:  # what was noted before it stays staged, and is withdrawn
            self._end(error)
            return
        for work, count in spared:
            self._unsettled.append(_Unsettled(work, work.journal.written, 0, count, now))
            self.progress.refused += count
        more = True
        while more:
            # Each batch counts at the limiter from when it leaves, and is soon gone.
            now = self._asking.clock()
            sent = outbox.send(way, now)
            self._flying.update(dict.fromkeys([query.key for query in sent], now))
            more = len(sent) == BATCH

    async def _rest(self, way: Way, now: float) -> None:
        """Wait until something happens or falls due, and for what else comes with it."""
        if not self._inbox:
            # `clock` and the loop's own time are the same clock, read at different moments.
            delay = max(self._due(way, now), now + TICK) - now
            timer = asyncio.get_running_loop().call_later(delay, self._wake.set)
            await self._wake.wait()
            self._wake.clear()
            timer.cancel()
        few = len(self._inbox) < ENOUGH
        await asyncio.sleep(max(0.0, now + TICK - self._asking.clock()) if few else 0)

    def _due(self, way: Way, now: float) -> float:
        due = [self.progress.due, self._outbox.limits.due]
        if self._ending is not None:
            return min(self._drained_by, *due)
        if self._outbox.is_armed and way.capacity > 0:
            due.append(self._asking.limiter.ready_at(now))
        if self._breaker.is_open:
            due.append(self._breaker.opens_at(now + TICK))
        elif self._backlog:
            due.append(self._backlog.due)
        return min(due)

    def _state(self, now: float) -> dict[str, object]:
        state = "running"
        if self._ending is not None:
            state = "draining"
        elif self._breaker.is_open:
            state = "broken"
        elif self._asking.limiter.paused_until > now:
            state = "paused"
        return {
            "state": state,
            "rate_set": self._asking.limiter.rate,
            "in_flight": self._outbox.slots,
            "concurrency": self._concurrency.limit,
        }

    # What came back

    def _take_in(self, now: float) -> None:
        inbox, self._inbox = self._inbox, []
        if not inbox:
            return
        flying, retried = self._flying, self._backlog
        keys: list[int] = []  # of those answered at the first attempt, which are most
        raws: list[bytes] = []
        sent: list[float] = []
        for key, result in inbox:
            sent_at = flying.pop(key, None)
            if isinstance(result, Fault):
                self._failed(key, result, now, sent_at)
            elif sent_at is None or key in retried:
                self._answered_again(key, result, now, sent_at)
            else:
                keys.append(key)
                raws.append(result.raw)
                sent.append(sent_at)
                if result.code:
                    self._judge(key, result)
                else:
                    self.progress.accepted += 1
        if keys:
            self._keep(keys, raws, now)
            self._concurrency.answered(len(keys), now - sum(sent) / len(sent))

    def _keep(self, keys: list[int], raws: list[bytes], now: float) -> None:
        """Write first answers down; they count when they are durable."""
        stamp = int(self._asking.wall() * 1000)
        for number in set(map(number_of, keys)):
            work, base = self._works[number], key_of(number, 0)
            own = list(zip(keys, raws, strict=True))
            if number_of(min(keys)) != number_of(max(keys)):
                own = [pair for pair in own if number_of(pair[0]) == number]
            positions = [key - base for key, _ in own]
            bodies = [raw for _, raw in own]
            with self._kept(work):
                offset = work.journal.first_answers(positions, self._source, stamp, bodies)
                self._written(_Unsettled(work, offset, len(positions), len(positions), now))

    def _answered_again(self, key: int, answer: Answer, now: float, sent_at: float | None) -> None:
        """An answer after a failed attempt: in time, late, or when nobody waits for it any more."""
        retry = self._backlog.settle(key)
        if sent_at is None:
            if retry is None:
                self.progress.late += 1
                return
            if retry.due is None:
                self._outbox.recall(key)
        else:
            self._concurrency.answered(1, now - sent_at)
        work, sent = self._works[number_of(key)], retry.sent if retry else 1
        stamp = int(self._asking.wall() * 1000)
        record = AnswerRecord(position_of(key), sent, self._source, stamp, answer.raw)
        with self._kept(work):
            offset = work.journal.answer((record,))
            self._written(_Unsettled(work, offset, sent_at is not None, 1, now))
        self._judge(key, answer)

    def _written(self, answers: _Unsettled) -> None:
        """The service answers, and what it says is written down."""
        self._unsettled.append(answers)
        self._outbox.budget.succeeded(answers.settled, answers.since)
        self._breaker.answered()
        self._slowdown.answered(answers.settled)
        self._rejected = 0
        self.progress.came(answers.settled, answers.since)

    def _judge(self, key: int, answer: Answer) -> None:
        """What an answer means for others than its own row."""
        code = code_of(answer.code) if answer.code else None
        if code is None or code.verdict is not Verdict.REFUSED:
            self.progress.accepted += 1
            return
        self.progress.refused += 1
        if code.code == "F1" and self._asking.stop_refused_country:
            region = self._works[number_of(key)].regions[position_of(key)]
            self._outbox.refused_regions.add(region or "")
        if code.code == "F0":
            self.progress.refused_type += 1
            if self.progress.nothing_but_refused_type >= REFUSED_TYPE_IN_A_ROW:
                self._end(self._asking.type_refused())

    def _failed(self, key: int, fault: Fault, now: float, sent_at: float | None) -> None:
        if sent_at is None:
            return
        retry = self._backlog.failed(key, fault)
        if fault.kind is FaultKind.REPLAY:
            self._outbox.again(key)
            return
        self.progress.failed(fault)
        if fault.reason == NO_ANSWER:
            self._concurrency.lost()
        self._breaker.failed(now, fault.reason, sent_at)
        work = self._works[number_of(key)]
        record = FaultRecord(position_of(key), retry.sent, fault.sent, fault.reason)
        with self._kept(work):
            self._unsettled.append(_Unsettled(work, work.journal.fail((record,)), 1, 0, now))
        delay = self._consequence(fault, retry, now)
        if delay is not None:
            self._backlog.wait(key, now + delay)
            return
        self._backlog.settle(key)
        with self._kept(work):
            self._unsettled.append(_Unsettled(work, work.journal.give_up((record,)), 0, 1, now))
        self.progress.unresolved += 1

    def _consequence(self, fault: Fault, retry: Retry, now: float) -> float | None:
        """Seconds until the next attempt, None for none; slows down or ends the run if need be."""
        if fault.kind is FaultKind.ACCOUNT:
            self._end(AccountError(f"the service refused the account: {fault.reason}"))
            return 0.0
        if fault.kind is FaultKind.REJECTED:
            self._rejected += 1
            if self._rejected >= REJECTED_IN_A_ROW:
                self._end(self._asking.unusable(fault.reason))
        if fault.kind is FaultKind.THROTTLE:
            pause = self._slowdown.throttled(now, fault.retry_after)
            if pause:
                self._asking.limiter.pause(now + min(pause, self._asking.longest_pause))
                self._concurrency.troubled(now)
            if retry.throttled < self._asking.most_throttled:
                return 0.0
        return self._asking.retries.delay(fault, retry.failures)

    # What became durable

    def _settle(self, now: float) -> None:
        """Count what is on disk, free its slots, and let finished shards go."""
        keep: deque[_Unsettled] = deque()
        for entry in self._unsettled:
            if entry.work.number in self._lost:
                continue
            if entry.work.journal.durable < entry.offset:
                keep.append(entry)
                continue
            self._concurrency.synced(now - entry.since)
            self._outbox.slots -= entry.slots
            entry.work.left -= entry.settled
            self.progress.done += entry.settled
        self._unsettled = keep
        for work in self.open_works:
            if not work.left and not any(entry.work is work for entry in keep):
                del self._works[work.number]
                self._outbox.remove(work)
                self._finished(work)

    # What ends a run

    def _watch(self, now: float) -> None:
        """Look at everything that may end the run or change its pace."""
        rate = self._asking.rate * self._slowdown.recover(now)
        self._asking.limiter.rate = rate
        self._concurrency.adjust(now, rate / self._asking.processes)
        if self._ending is not None:
            return
        if self._breaker.has_given_up:
            self._end(self._asking.unusable(self._breaker.reason))
        elif (signal := self._asking.stop.signal) is not None:
            self._end(Interrupted("stopped by a signal; run the same command to go on", signal))
        elif (reached := self._outbox.limits.reached(now)) and self._outbox.has_more:
            self._end(LimitReached(f"{reached}; progress is kept: run the same command to go on"))

    def _end(self, reason: MsisdnError) -> None:
        """Send nothing more; give what is under way the time to come in."""
        if self._ending is not None:
            # What ends it is kept, unless the checkpoint turns out not to be as clean as it promises.
            if isinstance(reason, StorageError) and not isinstance(self._ending, StorageError):
                self._ending = reason
            return
        self._ending = reason
        fatal = isinstance(reason, AccountError | ServiceError)
        patience = min(FATAL_PATIENCE, self._asking.timeout) if fatal else self._asking.timeout
        now = self._asking.clock()
        self._drained_by = now + patience
        for query in self._outbox.withdraw():
            work = self._works[number_of(query.key)]
            sent = self._backlog.sent(query.key)
            record = FaultRecord(position_of(query.key), sent, False, "not sent")
            with self._kept(work):
                self._unsettled.append(_Unsettled(work, work.journal.fail((record,)), 1, 0, now))

    @contextmanager
    def _kept(self, work: Work) -> Iterator[None]:
        """Around what is written of a shard: its journal failing ends the run, and not at once."""
        try:
            yield
        except StorageError as error:
            self._lose(work)
            self._end(error)

    def _lose(self, work: Work) -> None:
        """Nothing more can be kept of a shard, so nothing more of it is waited for."""
        self._lost.add(work.number)
        for key in [key for key in self._flying if number_of(key) == work.number]:
            del self._flying[key]

    def _check_whole_run(self) -> None:
        """A run that ended may still have been in vain."""
        if self.progress.nothing_but_refused_type:
            raise self._asking.type_refused()
        if self.progress.unresolved and not self.progress.has_answers:
            raise self._asking.unusable(self._breaker.reason)
