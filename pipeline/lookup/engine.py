"""The loop of the lookup stage: one coroutine that turns shards into answers on disk.

Each turn does what can be done now, for all lookups at once: take in what came back (`intake.py`),
count what has become durable (`settlement.py`), note intents for new lookups, send those whose
intent is durable and which the limiter grants (`outbox.py`). Then it waits until something happens or falls due. No task, no
future and no retry object belongs to a single lookup.

    pending → staged → armed → flying → answered (written) → done (durable)
                         ↑        ↓
                         └── waiting (failed, `backlog.py`)
"""

import asyncio
from collections.abc import Callable

from pipeline.errors import (
    AccountError,
    Interrupted,
    LimitReached,
    MsisdnError,
    ServiceError,
    StorageError,
)
from pipeline.events import Announce
from pipeline.ledger.journal import FaultRecord
from pipeline.lookup.asking import Asking, Limits
from pipeline.lookup.concurrency import Concurrency
from pipeline.lookup.condition import Condition
from pipeline.lookup.health import Breaker
from pipeline.lookup.intake import Intake
from pipeline.lookup.outbox import AGAIN, BATCH, Outbox, Spared, Way, position_of
from pipeline.lookup.progress import Progress
from pipeline.lookup.service_rate import ServiceRate
from pipeline.lookup.settlement import Settlement
from pipeline.lookup.work import Work
from pipeline.protocol.messages import Outcome
from pipeline.transports.turns import turns

__all__ = ("Engine",)

TICK = 0.001
"""Seconds; a shorter wait would send single lookups where a batch could form."""
SHORT = 0.00005
"""Seconds of a turn where each distance between two requests counts."""
ENOUGH = 64
"""Outcomes that are worth a turn at once."""
MOST_OVERTAKEN = 4096
"""Lookups that are waited for without hope of an answer, beside those that count."""
FATAL_PATIENCE = 2.0
"""Seconds for what is under way when account or service have failed."""


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
        self._outbox = Outbox(asking, self.progress, now)
        self._condition = Condition(
            Concurrency(asking.rate / asking.processes, asking.concurrency, **_at_once(asking)),
            ServiceRate(asking.rate, asking.processes),
            Breaker(trusted=asking.trusted),
        )
        self.settlement = Settlement(
            self._outbox, self.progress, self._condition.concurrency, finished, self._end
        )
        self._intake = Intake(
            asking,
            self._outbox,
            self.settlement,
            self._condition,
            self.progress,
            self._end,
        )
        self._complete = False
        self._inbox: list[Outcome] = []
        self._ending: MsisdnError | None = None
        self._drained_by = 0.0
        self._has_looked = False
        self._wake = asyncio.Event()
        self.dirty = asyncio.Event()
        """Set when a journal has something that is not durable yet."""

    # What others bring

    def deliver(self, outcomes: list[Outcome]) -> None:
        """Take outcomes from the transport; the next turn looks at them."""
        self._inbox += outcomes
        self._wake.set()

    async def pay_again(self) -> None:
        """Wait until the limiter lets one more request out, which is under way already.

        Raises `Withdrawn` if nothing is to leave any more.
        """
        granted = asyncio.get_running_loop().create_future()
        self._outbox.delayed.append(granted)
        self._wake.set()
        if self._ending is not None:
            self._outbox.withdraw_delayed()
        await granted

    def add(self, work: Work) -> None:
        """One more shard to ask; one that has nothing left to ask is finished at once."""
        self.progress.opened(work)
        self._outbox.refused_regions |= work.refused_regions
        self._condition.breaker.is_trusted |= work.answered > 0
        if not work.left:
            self._finished(work)
            return
        self.settlement.add(work)
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
    def limits(self) -> Limits:
        """What may be sent."""
        return self._outbox.limits

    @property
    def service_rate(self) -> float | None:
        """Requests a second that the service lets through, where that is less than the rate set."""
        return self._condition.rate.found

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
            self.settlement.lose(work)
        self._wake.set()

    # The loop

    async def run(self, way: Way) -> None:
        """Work until everything is done, or something ends the run."""
        while True:
            now = self._asking.clock()
            inbox, self._inbox = self._inbox, []
            self._intake.take_in(inbox, now)
            self.settlement.settle(now)
            self._watch(now)
            if self._ending is None:
                self._go_out(way, now)
            elif await self._is_drained(now):
                raise self._ending
            self._outbox.limits.report(self._outbox.waiting)
            if self._complete and not self.settlement.open_works and self._ending is None:
                self.progress.announce(now, self._state(now), last=True)
                self._check_whole_run()
                return
            if self.settlement or self._outbox.awaits_disk:
                self.dirty.set()
            if now >= self.progress.due:
                self.progress.announce(now, self._state(now))
            await self._rest(way, now)

    async def _is_drained(self, now: float) -> bool:
        """Whether nothing is under way any more, or there is no time left for it."""
        if not (self._outbox.flying or self.settlement):
            return True
        if now < self._drained_by:
            return False
        if self._has_looked:
            return True
        self._has_looked = True
        await turns()  # what waits in a socket has come in time
        self._wake.set()
        return False

    def _go_out(self, way: Way, now: float) -> None:
        outbox, probing = self._outbox, self._condition.breaker.is_open
        outbox.arm()
        room = min(way.capacity, self._room(now))
        try:
            spared: list[Spared] = []
            if not (probing and outbox.admit_probes(room)):
                spared = outbox.admit(now, self._ahead(room))
        except StorageError as error:  # what was noted before it stays staged, and is withdrawn
            self._end(error)
            return
        for work, count in spared:
            offset = work.journal.written
            self.settlement.written(work, offset, now, slots=0, settled=count)
            self.progress.refused += count
        try:
            more = True
            while more:
                # Each batch counts at the limiter from when it leaves, and is soon gone.
                now = self._asking.clock()
                more = outbox.send(way, now, self._room(now), probing=probing) == BATCH
        except StorageError as error:  # of the state that jobs of one account share
            self._end(error)

    def _ahead(self, room: int) -> int:
        """How many more intents may be noted, where so many requests more may be under way."""
        concurrency = self._condition.concurrency
        # An intent that waits long for its turn is a lookup in doubt that was never sent.
        spare = 0 if self._condition.breaker.is_open else concurrency.spare
        free = concurrency.limit + self._beside + spare - self._outbox.slots
        return min(free, room + spare - self._outbox.waiting)

    def _room(self, now: float) -> int:
        """How many more may be under way."""
        flying = len(self._outbox.flying)
        room = self._condition.concurrency.limit + self._beside - flying
        if self._outbox.silence.is_long(now):
            # Those that are left may have no answer, each for itself; a second's worth may arrive at once.
            most = int(self._asking.limiter.rate) - flying if self._all_failed else 0
            if not self._asking.concurrency:
                room = max(room, 1)  # all that is under way may be lost: a probe tells
            room = min(room, max(most, now >= self._outbox.silence.probe_at))
        probes = self._condition.breaker.allowed(now, flying - len(self._outbox.overtaken))
        return max(0, room if probes is None else min(room, probes))

    @property
    def _beside(self) -> int:
        """How many are under way that take no place: they have no answer to come, as it seems, and as
        many again may be lost without being known to be, until later questions are answered.

        A number that is set for what is under way is meant for all.
        """
        if self._asking.concurrency:
            return 0
        return min(2 * len(self._outbox.overtaken), MOST_OVERTAKEN)

    async def _rest(self, way: Way, now: float) -> None:
        """Wait until something happens or falls due, and for what else comes with it."""
        exact, turn = self._asking.limiter.is_exact, now + TICK
        if not self._inbox:
            due = self._due(way, now)
            # Timers ring that late: where it matters, the rest of the time is spent in short turns.
            due = max(due - TICK, now + SHORT) if exact else max(due, turn)
            # `clock` and the loop's own time are the same clock, read at different moments.
            delay = due - now
            timer = asyncio.get_running_loop().call_later(delay, self._wake.set)
            await self._wake.wait()
            self._wake.clear()
            timer.cancel()
        at_once = exact or len(self._inbox) >= ENOUGH
        await asyncio.sleep(0 if at_once else max(0.0, turn - self._asking.clock()))

    def _due(self, way: Way, now: float) -> float:
        due = [self.progress.due, self._outbox.limits.due]
        if self._ending is not None:
            return min(self._drained_by, *due)
        sendable = self._outbox.is_armed and way.capacity > 0 and self._room(now)
        if sendable or self._outbox.awaits_grant:
            due.append(self._asking.limiter.ready_at(now))
        if self._outbox.is_armed and self._outbox.silence.probe_at > now:
            due.append(self._outbox.silence.probe_at)
        if self._condition.breaker.is_open:
            due.append(max(now + AGAIN, self._condition.breaker.opens_at(now)))
        elif self._outbox.backlog:
            due.append(self._outbox.falls_due(now))
        return min(due)

    def _state(self, now: float) -> dict[str, object]:
        state = "running"
        if self._ending is not None:
            state = "draining"
        elif self._condition.breaker.is_open:
            state = "broken"
        elif self._asking.limiter.paused_until > now:
            state = "paused"
        return {
            "state": state,
            "rate_set": self._asking.limiter.rate,
            "service_rate": self.service_rate,
            "in_flight": self._outbox.slots,
            "concurrency": self._condition.concurrency.limit + self._condition.concurrency.spare,
        }

    # What ends a run

    def _watch(self, now: float) -> None:
        """Look at everything that may end the run or change its pace."""
        condition, limiter = self._condition, self._asking.limiter
        latency = condition.concurrency.latency
        found, mistaken = self._outbox.overtaken.look(now, latency)
        if found or mistaken:
            condition.rate.lost(self._telling(found) - mistaken)
        limiter.rate = condition.rate.look(now, latency)
        limiter.even = limiter.rate < self._asking.rate
        limiter.exact = condition.rate.distances.are_kept
        share = limiter.rate / self._asking.processes
        condition.concurrency.adjust(now, share, self._asking.busy)
        if self._ending is not None:
            return
        breaker = self._condition.breaker
        if breaker.is_open and breaker.is_about_numbers and self._all_failed:
            breaker.close()  # whether it is they or the service, they get their attempts
        elif breaker.has_given_up:
            self._end(self._asking.unusable(breaker.reason))
        elif (signal := self._asking.stop.signal) is not None:
            self._end(Interrupted("stopped by a signal; run the same command to go on", signal))
        elif (reached := self._outbox.limits.reached(now)) and self._outbox.has_more:
            self._end(LimitReached(f"{reached}; progress is kept: run the same command to go on"))

    def _telling(self, lost: list[int]) -> int:
        """How many of the lost say something of the rate in force: it was their first time, and they
        left since it has been."""
        outbox, since = self._outbox, self._condition.rate.changed_at
        flying = outbox.flying
        return sum(flying[key] >= since and not outbox.failed_before(key) for key in lost)

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
        self._outbox.withdraw_delayed()
        for query in self._outbox.withdraw():
            work = self.settlement[query.key]
            sent = self._outbox.backlog.sent(query.key)
            record = FaultRecord(position_of(query.key), sent, False, "not sent")
            with self.settlement.kept(work):
                offset = work.journal.fail((record,))
                self.settlement.written(work, offset, now, slots=1, settled=0)

    @property
    def _all_failed(self) -> bool:
        """What is left of the shards at hand was asked in vain before, by a service that answers others."""
        return self._condition.breaker.is_trusted and self._outbox.all_failed

    def _check_whole_run(self) -> None:
        """A run that ended may still have been in vain."""
        progress, breaker = self.progress, self._condition.breaker
        if progress.nothing_but_refused_type:
            raise self._asking.type_refused()
        in_vain = not (progress.reached and breaker.is_trusted)
        if progress.unresolved and not progress.has_answers and in_vain:
            raise self._asking.unusable(breaker.reason)


def _at_once(asking: Asking) -> dict[str, int]:
    """How many lookups to begin with at most, and how many are never too many."""
    if asking.transport != "rest":
        # Fewer make small batches, which cost more each.
        return {"first": 1024, "enough": 128}
    # A REST request may have to open its connection first, and those that wait for theirs leave
    # all at once: so at the beginning few, beside what a second holds. And each of 128 connections
    # costs a tenth more than each of 64.
    return {"first": min(64, int(asking.rate / 128)), "enough": 64, "paced": 64}
