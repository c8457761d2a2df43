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
from pipeline.lookup.health import Failure
from pipeline.lookup.outbox import Outbox, key_of, number_of, position_of
from pipeline.lookup.progress import Progress
from pipeline.lookup.settlement import Settlement
from pipeline.lookup.work import Work
from pipeline.model import SOURCES
from pipeline.protocol.codes import Verdict, code_of
from pipeline.protocol.messages import Answer, Fault, FaultKind, Outcome

__all__ = ("Intake",)

REFUSED_TYPE_IN_A_ROW = 10
REFUSED_ALONE, REFUSED_AMONG_MANY = 3, 10
"""Refusals of one number beside others that were answered, after which they are its own: where few
others are refused, and where many are."""
UNTOLD_IN_A_ROW = 1_000
"""Numbers that get F3 and no answer between them: no list has so many that a service cannot tell of."""


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
        self._untold = 0
        self._answered = 0

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
                spoke = spoke or (result.sent and not result.is_mute)
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
            self._outbox.overtaken.answered(keys, max(sent))
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
            times = retry.failures if retry else 1
            self._condition.concurrency.late(times)
            self._condition.rate.lost(-times)
            if retry is None:
                self._progress.late += 1
                return
            if retry.due is None:
                self._outbox.recall(key)
        else:
            self._outbox.overtaken.answered([key], sent_at)
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
        self._condition.breaker.answered(now)
        self._condition.rate.answered(settled)
        self._answered += settled
        self._untold = 0
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
        told = self._outbox.overtaken.ended(key)
        if fault.kind is FaultKind.REPLAY:
            self._outbox.again(key)
            return
        self._progress.failed(fault)
        if fault.kind is FaultKind.TIMEOUT:
            self._condition.concurrency.lost(now - sent_at)
        work = self._settlement[key]
        # What never left says nothing of the number.
        again = fault.sent and (retry.again or position_of(key) in work.failed)
        if fault.kind is FaultKind.TIMEOUT and fault.sent and not (told or again):
            self._condition.rate.lost(1)
        # What others have overtaken was lost while the service was there.
        self._weigh(fault, now, sent_at, again=again or told)
        record = FaultRecord(position_of(key), retry.sent, fault.sent, fault.reason, fault.code)
        with self._settlement.kept(work):
            self._settlement.written(work, work.journal.fail((record,)), now, slots=1, settled=0)
        delay = self._consequence(fault, retry, now, again=again)
        if delay is not None:
            self._outbox.backlog.wait(key, now + delay)
            return
        self._outbox.backlog.settle(key)
        with self._settlement.kept(work):
            self._settlement.written(work, work.journal.give_up((record,)), now, slots=0, settled=1)
        self._progress.unresolved += 1

    def _weigh(self, fault: Fault, now: float, sent_at: float, *, again: bool) -> None:
        """What a failure says of the service."""
        if fault.kind is not FaultKind.UNTOLD:
            failure = Failure(
                fault.reason,
                sent_at,
                again=again,
                sent=fault.sent,
                rejected=fault.kind is FaultKind.REJECTED,
                throttled=fault.kind is FaultKind.THROTTLE,
            )
            self._condition.breaker.failed(now, failure)
            return
        self._condition.breaker.answered(now)
        self._outbox.budget.spoke(now)
        self._untold += not again
        if self._untold >= UNTOLD_IN_A_ROW:
            reason = f"{fault.reason} for {self._untold:,} numbers, and answered none"
            self._ended_by(self._asking.unusable(reason))

    def _consequence(self, fault: Fault, retry: Retry, now: float, *, again: bool) -> float | None:
        """Seconds until the next attempt, None for none; slows down or ends the run if need be."""
        if fault.kind is FaultKind.ACCOUNT:
            self._ended_by(AccountError(f"the service refused the account: {fault.reason}"))
            return 0.0
        if fault.kind is FaultKind.THROTTLE:
            # What is refused again may be refused for itself, and the breaker has pauses of its own.
            if not (again or self._condition.breaker.is_open):
                self._slow_down(fault, now)
            its_own = self._is_its_own(retry, fault, again=again)
            if not its_own and retry.throttled < self._asking.most_throttled:
                return self._asking.retries.pause(fault, retry.throttled)
        return self._asking.retries.delay(fault, retry.failures)

    def _slow_down(self, fault: Fault, now: float) -> None:
        wait = fault.retry_after and min(fault.retry_after, self._asking.longest_pause)
        if pause := self._condition.rate.refused(now, wait):
            self._asking.limiter.pause(now + pause)
            self._condition.concurrency.troubled(now)

    def _is_its_own(self, retry: Retry, fault: Fault, *, again: bool) -> bool:
        """Whether a refusal for lack of room speaks of this number, and counts as its failure.

        So it is where the number is refused time and again while others are answered, and where
        those that are left have all been refused or failed before, and none is answered.
        """
        others, retry.beside = self._answered - retry.beside, self._answered
        retry.refused_alone += bool(again and others)
        few = self._condition.rate.is_few
        alone = again and not others and fault.retry_after is None
        alone = alone and self._condition.breaker.is_trusted and self._outbox.all_failed
        its_own = alone or retry.refused_alone >= (REFUSED_ALONE if few else REFUSED_AMONG_MANY)
        retry.failures += its_own
        return its_own
