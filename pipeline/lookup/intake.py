"""What came back: answers are written down, failures judged.

Most answers are to a first attempt; those of a turn go to the journal together. What an answer or a
failure means beyond its own row (a refused country, a service that is full, an account that may
ask nothing) is drawn here too.
"""

from collections.abc import Callable

from pipeline.errors import AccountError, MsisdnError
from pipeline.ledger.journal import AnswerRecord, FaultRecord
from pipeline.lookup.asking import Asking
from pipeline.lookup.backlog import Retry
from pipeline.lookup.condition import Condition
from pipeline.lookup.outbox import Outbox, key_of, number_of, position_of
from pipeline.lookup.progress import Progress
from pipeline.lookup.settlement import Settlement
from pipeline.lookup.work import Work
from pipeline.model import SOURCES
from pipeline.protocol.codes import Verdict, code_of
from pipeline.protocol.meaning import MUTE, NO_ANSWER
from pipeline.protocol.messages import Answer, Fault, FaultKind, Outcome

__all__ = ("Intake",)

REJECTED_IN_A_ROW = 5
REFUSED_TYPE_IN_A_ROW = 10


class Intake:
    """Takes outcomes, and tells by `ended_by` what ends the run."""

    def __init__(
        self,
        asking: Asking,
        outbox: Outbox,
        settlement: Settlement,
        condition: Condition,
        progress: Progress,
        ended_by: Callable[[MsisdnError], None],
    ) -> None:
        self._asking = asking
        self._outbox = outbox
        self._settlement = settlement
        self._condition = condition
        self._progress = progress
        self._ended_by = ended_by
        self._source = SOURCES.index(asking.transport)
        self._rejected = 0

    def __repr__(self) -> str:
        return f"<Intake of {self._progress}>"

    def take_in(self, outcomes: list[Outcome], now: float) -> None:
        """Write answers down, and decide what becomes of failures."""
        flying, retried = self._outbox.flying, self._outbox.backlog
        keys: list[int] = []  # of those answered at the first attempt, which are most
        raws: list[bytes] = []
        sent: list[float] = []
        spoke = False
        for key, result in outcomes:
            sent_at = flying.pop(key, None)
            if isinstance(result, Fault):
                spoke = spoke or (result.sent and result.reason not in MUTE)
                self._failed(key, result, now, sent_at)
            elif sent_at is None or key in retried:
                spoke = True
                self._answered_again(key, result, now, sent_at)
            else:
                keys.append(key)
                raws.append(result.raw)
                sent.append(sent_at)
                if result.code:
                    self._judge(key, result)
                else:
                    self._progress.accepted += 1
        if keys:
            self._keep(keys, raws, now)
            took = now - sum(sent) / len(sent)
            self._condition.concurrency.answered(len(keys), took)
            self._outbox.heard(now, took)
        elif spoke:
            self._outbox.heard(now)

    def _keep(self, keys: list[int], raws: list[bytes], now: float) -> None:
        """Write first answers down; they count when they are durable."""
        stamp = int(self._asking.wall() * 1000)
        for number in set(map(number_of, keys)):
            base = key_of(number, 0)
            work = self._settlement[base]
            own = list(zip(keys, raws, strict=True))
            if number_of(min(keys)) != number_of(max(keys)):
                own = [pair for pair in own if number_of(pair[0]) == number]
            positions = [key - base for key, _ in own]
            bodies = [raw for _, raw in own]
            with self._settlement.kept(work):
                offset = work.journal.first_answers(positions, self._source, stamp, bodies)
                self._written(work, offset, now, slots=len(positions), settled=len(positions))

    def _answered_again(self, key: int, answer: Answer, now: float, sent_at: float | None) -> None:
        """An answer after a failed attempt: in time, late, or when nobody waits for it any more."""
        retry = self._outbox.backlog.settle(key)
        if sent_at is None:
            self._condition.concurrency.late(retry.failures if retry else 1)
            if retry is None:
                self._progress.late += 1
                return
            if retry.due is None:
                self._outbox.recall(key)
        # Which of its requests it answers is not known. A late one answers the first, as a rule.
        since = retry.since if sent_at is None and retry else sent_at or now
        self._condition.concurrency.answered(1, now - since)
        work, sent = self._settlement[key], retry.sent if retry else 1
        stamp = int(self._asking.wall() * 1000)
        record = AnswerRecord(position_of(key), sent, self._source, stamp, answer.raw)
        with self._settlement.kept(work):
            offset = work.journal.answer((record,))
            self._written(work, offset, now, slots=int(sent_at is not None), settled=1)
        self._judge(key, answer)

    def _written(self, work: Work, offset: int, now: float, *, slots: int, settled: int) -> None:
        """The service answers, and what it says is written down."""
        self._settlement.written(work, offset, now, slots=slots, settled=settled)
        self._outbox.budget.succeeded(settled, now)
        self._condition.breaker.answered()
        self._condition.slowdown.answered(settled)
        self._rejected = 0
        self._progress.came(settled, now)

    def _judge(self, key: int, answer: Answer) -> None:
        """What an answer means for others than its own row."""
        code = code_of(answer.code) if answer.code else None
        if code is None or code.verdict is not Verdict.REFUSED:
            self._progress.accepted += 1
            return
        self._progress.refused += 1
        if code.code == "F1" and self._asking.stop_refused_country:
            region = self._settlement[key].regions[position_of(key)]
            self._outbox.refused_regions.add(region or "")
        if code.code == "F0":
            self._progress.refused_type += 1
            if self._progress.nothing_but_refused_type >= REFUSED_TYPE_IN_A_ROW:
                self._ended_by(self._asking.type_refused())

    def _failed(self, key: int, fault: Fault, now: float, sent_at: float | None) -> None:
        if sent_at is None:
            return
        retry = self._outbox.backlog.failed(key, fault, sent_at)
        if fault.kind is FaultKind.REPLAY:
            self._outbox.again(key)
            return
        self._progress.failed(fault)
        if fault.reason == NO_ANSWER:
            self._condition.concurrency.lost(now - sent_at)
        self._condition.breaker.failed(now, fault.reason, sent_at)
        work = self._settlement[key]
        record = FaultRecord(position_of(key), retry.sent, fault.sent, fault.reason)
        with self._settlement.kept(work):
            self._settlement.written(work, work.journal.fail((record,)), now, slots=1, settled=0)
        delay = self._consequence(fault, retry, now)
        if delay is not None:
            self._outbox.backlog.wait(key, now + delay)
            return
        self._outbox.backlog.settle(key)
        with self._settlement.kept(work):
            self._settlement.written(work, work.journal.give_up((record,)), now, slots=0, settled=1)
        self._progress.unresolved += 1

    def _consequence(self, fault: Fault, retry: Retry, now: float) -> float | None:
        """Seconds until the next attempt, None for none; slows down or ends the run if need be."""
        if fault.kind is FaultKind.ACCOUNT:
            self._ended_by(AccountError(f"the service refused the account: {fault.reason}"))
            return 0.0
        if fault.kind is FaultKind.REJECTED:
            self._rejected += 1
            if self._rejected >= REJECTED_IN_A_ROW:
                self._ended_by(self._asking.unusable(fault.reason))
        if fault.kind is FaultKind.THROTTLE:
            pause = self._condition.slowdown.throttled(now, fault.retry_after)
            if pause:
                self._asking.limiter.pause(now + min(pause, self._asking.longest_pause))
                self._condition.concurrency.troubled(now)
            if retry.throttled < self._asking.most_throttled:
                return 0.0
        return self._asking.retries.delay(fault, retry.failures)
