"""Which answer belongs to which question, on one TCP connection or one UDP socket.

Rules:

- An answer belongs to the number that it names. One question at a time is open for a number, so
  a dict decides, and order, timing and position decide nothing.
- A question ends exactly once: answered, given up at its due time, or lost with the connection.
  An answer that comes after its question was given up is delivered once more, as late.
- An answer without a number (F2, F3) is credited only where it can mean nothing else; otherwise
  those that it may have been for are to be asked again, alone. See `_blank`.
- Time is an argument, in seconds of any steady clock. This file reads no clock and knows no wire.

The cost of a question is a few operations on dicts: no task, no future, no timer of its own.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import repeat, takewhile
from typing import NamedTuple, Protocol

from pipeline.protocol.codec import Head, NotAnAnswer, decode_head
from pipeline.protocol.framing import FAILED
from pipeline.protocol.meaning import NO_ANSWER, NO_NUMBER, REFUSED, WORD_FAILED, result_of
from pipeline.protocol.messages import Answer, Fault, FaultKind, Outcome, Query

__all__ = ("ANY", "Exchange", "Tally")

MEMORY = 65_536
"""Numbers given up, and numbers answered, that an exchange remembers: some 10 MB at most."""


ANY = 1 << 62
"""More questions than are ever asked."""


class _Open(NamedTuple):
    """A question that waits for its answer."""

    key: int
    asked: float
    due: float
    serial: int
    """How many were asked before it on this exchange."""
    attempt: int
    """How often its number had been given up on this exchange before."""


# A class of tuples made in Python costs five times the tuple itself.
_open_of = partial(tuple.__new__, _Open)
_answer_of = partial(tuple.__new__, Answer)
_outcome_of = partial(tuple.__new__, Outcome)


class Tally(Protocol):
    """What an exchange saw that no outcome tells, counted by it; several may share one."""

    late: int
    """Answers to questions that had been given up."""
    doubled: int
    """Answers to questions that had been answered."""
    strays: int
    """Answers with a number that was never asked, and bytes that are no answer."""


class Exchange:
    """The questions and answers of one connection or socket.

    `datagrams`: one may come twice, or much later, or not at all. So an answer without a number is
    credited only to the one question ever asked here, what is no answer is nobody's, and a
    question that was given up may be asked again at once.
    """

    def __init__(self, tally: Tally, *, datagrams: bool = False) -> None:
        self.tally = tally
        self.asked = 0
        """Questions asked, ever."""
        self.answered = 0
        """Questions ended by what the service said, ever."""
        self.sample: float | None = None
        """Seconds that the first of the last answers took; None where that cannot be known."""
        self.latest = 0.0
        """When the latest question was asked, at least, that is answered."""
        self.needless = 0
        """Numbers asked again although the first answer was under way."""
        self._datagrams = datagrams
        # By patience; in each, due times rise in the order of asking, so its first is due first.
        self._lanes: dict[float, dict[str, _Open]] = {}
        self._given_up: OrderedDict[str, _Open] = OrderedDict()
        self._done: tuple[set[str], set[str]] = (set(), set())  # younger, older
        self._repeated: set[str] = set()  # of those done, asked more than once
        self._ever_gave_up = False
        self._blanks: list[int] = []  # questions asked before each blank, rising
        self._suspects: list[int] = []  # still open of those asked between it and the one before
        self._ever_blank = False
        self._before = ANY

    def __repr__(self) -> str:
        return f"<Exchange {len(self)} open of {self.asked}, {self.answered} answered>"

    def __len__(self) -> int:
        return sum([len(lane) for lane in self._lanes.values()])

    # Asking

    def ask(self, query: Query, now: float, patience: float) -> None:
        """A question goes out; it is given up `patience` seconds from now.

        Raises `ValueError` when the number has a question open here.
        """
        self.ask_all((query,), (query.tel,), now, patience)

    def ask_all(
        self, queries: Sequence[Query], tels: Sequence[str], now: float, patience: float
    ) -> None:
        """Many questions go out together; `tels` are their numbers, in the same order.

        Raises `ValueError` when a number has a question open here; then none of them is asked.
        """
        distinct = set(tels)
        if len(distinct) < len(tels) or not all(
            lane.keys().isdisjoint(distinct) for lane in self._lanes.values()
        ):
            raise ValueError("a question for this number is open")
        attempts: Iterable[int] = repeat(0)
        if self._given_up:
            attempts = map(self.attempts, tels)
        serials = range(self.asked, self.asked + len(tels))
        keys = [query.key for query in queries]
        opened = zip(keys, repeat(now), repeat(now + patience), serials, attempts)
        self._lanes.setdefault(patience, {}).update(zip(tels, map(_open_of, opened), strict=True))
        self.asked += len(tels)
        for tel in self._given_up.keys() & distinct if self._given_up else ():
            del self._given_up[tel]

    def attempts(self, tel: str) -> int:
        """How often a number was given up here, as far as it is remembered."""
        known = self._given_up.get(tel)
        return known.attempt + 1 if known else 0

    # Answers

    def receive(self, frames: Iterable[bytes], now: float, before: int = ANY) -> list[Outcome]:
        """What frames mean: the outcomes of those that are answers. The rest is counted.

        `before`: they had come when so many questions were asked, so they answer none of the later.
        """
        outcomes: list[Outcome] = []
        first: _Open | None = None
        lanes = tuple(self._lanes.values())
        self._before, done, blanks = before, self._done[0], self._blanks
        for frame in frames:
            try:
                head = decode_head(frame)
            except NotAnAnswer:
                self._not_an_answer(frame, outcomes)
                continue
            tel, code, statuscode, message = head
            for lane in lanes:
                known = lane.pop(tel, None)
                if known is not None:
                    break
            else:
                self._odd(head, frame, outcomes)
                continue
            if known[3] >= before and self._too_early(lane, tel, known):
                continue
            first = first or known
            done.add(tel)
            plain = not code and statuscode is None and message is None
            result = _answer_of((frame, "")) if plain else result_of(head, frame)
            outcomes.append(_outcome_of((known[0], result)))
            if known[4]:
                self._repeated.add(tel)
            if blanks and known.serial < blanks[-1]:
                self._cleared(known.serial, outcomes)
        self._account(first, outcomes, now)
        return outcomes

    def _too_early(self, lane: dict[str, _Open], tel: str, known: _Open) -> bool:
        """It came before its question was asked, which stays open."""
        lane[tel] = known
        self.tally.strays += 1
        return True

    def _account(self, first: _Open | None, outcomes: Sequence[Outcome], now: float) -> None:
        """Keep the figures of one batch."""
        self.sample = now - first.asked if first and not first.attempt else None
        self.latest = max(self.latest, first.asked) if first else self.latest
        self.answered += len(outcomes)
        if len(self._done[0]) >= MEMORY // 2:
            self._done = (set(), self._done[0])
            self._repeated.clear()

    def _odd(self, head: Head, frame: bytes, outcomes: list[Outcome]) -> None:
        """An answer to no open question: late, doubled, without a number, nothing to do with us."""
        tel = head.tel
        if not tel:
            self._blank(head, frame, outcomes)
        elif tel in self._given_up:
            known = self._given_up.pop(tel)
            self._done[0].add(tel)
            self.tally.late += 1
            self.needless += 1
            result = result_of(head, frame)
            if isinstance(result, Answer):
                outcomes.append(Outcome(known.key, result))
        elif tel in self._done[0] or tel in self._done[1]:
            self.tally.doubled += 1
            self.needless += tel in self._repeated
        else:
            self.tally.strays += 1

    def _not_an_answer(self, frame: bytes, outcomes: list[Outcome]) -> None:
        if frame == FAILED:
            outcomes += self._end_all(Fault(FaultKind.ACCOUNT, WORD_FAILED))
            return
        self.tally.strays += 1
        if not self._datagrams and self._may_answer:
            self._suspect(outcomes)

    @property
    def _may_answer(self) -> bool:
        """Whether a question is open that what came just now may answer."""
        first = self.first_open()
        return first is not None and first < self._before

    # Answers without a number

    def _blank(self, head: Head, frame: bytes, outcomes: list[Outcome]) -> None:
        """An answer that does not say whose it is.

        It is credited when one question is open and it can be no other's: on TCP none was given
        up here and no other blank came (it might be that one again); on UDP no other was ever
        asked. Otherwise it is remembered: each question open now may be the one. As soon as no
        more of these are open than blanks came, all of them are to be asked again, alone.
        """
        only = (
            len(self) == 1 and self._may_answer and not self._ever_gave_up and not self._ever_blank
        )
        self._ever_blank = True
        if head.statuscode in (401, 403):
            outcomes += self._end_all(Fault(FaultKind.ACCOUNT, REFUSED))
        elif only and (self.asked == 1 or not self._datagrams):
            lane = next(lane for lane in self._lanes.values() if lane)
            tel, known = lane.popitem()
            self._done[0].add(tel)
            outcomes.append(Outcome(known.key, result_of(head, frame)))
        elif self._may_answer:
            self._suspect(outcomes)
        else:
            self.tally.strays += 1

    @property
    def _bound(self) -> int:
        return self._blanks[-1] if self._blanks else 0

    def _suspect(self, outcomes: list[Outcome]) -> None:
        """A blank came: any question that is open now may be the one it answers."""
        self._suspects.append(len(self) - sum(self._suspects))
        self._blanks.append(self.asked)
        self._accuse(outcomes)

    def _cleared(self, serial: int, outcomes: list[Outcome]) -> None:
        """A question that a blank might have been for has ended otherwise."""
        self._suspects[bisect_right(self._blanks, serial)] -= 1
        self._accuse(outcomes)

    def _accuse(self, outcomes: list[Outcome]) -> None:
        """End the questions of the longest run of blanks that is not shorter than its suspects."""
        suspects = guilty = 0
        for blanks, count in enumerate(self._suspects, 1):
            suspects += count
            if suspects <= blanks:
                guilty = blanks
        if not guilty:
            return
        bound = self._blanks[guilty - 1]
        del self._blanks[:guilty], self._suspects[:guilty]
        fault = Fault(FaultKind.TRANSIENT, NO_NUMBER, solo=True)
        for lane in self._lanes.values():
            for tel in [tel for tel, known in lane.items() if known.serial < bound]:
                known = lane.pop(tel)
                self._remember(tel, known)
                outcomes.append(Outcome(known.key, fault))

    # Time

    def next_deadline(self) -> float | None:
        """When `expire` has something to do next; None when nothing is open."""
        due = [next(iter(lane.values())).due for lane in self._lanes.values() if lane]
        return min(due, default=None)

    def expire(self, now: float) -> list[Outcome]:
        """Give up the questions that are due."""
        outcomes: list[Outcome] = []
        for patience, lane in list(self._lanes.items()):
            for tel, known in list(takewhile(lambda pair: pair[1].due <= now, lane.items())):
                if lane.pop(tel, None) is None:
                    continue  # accused meanwhile
                outcomes.append(self._give_up(tel, known))
                if known.serial < self._bound:
                    self._cleared(known.serial, outcomes)
            if not lane:
                del self._lanes[patience]
        return outcomes

    def first_open(self) -> int | None:
        """How many were asked before the oldest open question; None when nothing is open."""
        serials = [next(iter(lane.values())).serial for lane in self._lanes.values() if lane]
        return min(serials, default=None)

    def asked_before(self, then: float) -> int:
        """How many of the open questions were."""
        lanes = self._lanes.values()
        return sum(1 for lane in lanes for _ in takewhile(lambda o: o.asked < then, lane.values()))

    def _give_up(self, tel: str, known: _Open) -> Outcome:
        self._remember(tel, known)
        suspect = known.serial < self._bound
        again = 0.0 if self._datagrams else None
        fault = Fault(FaultKind.TIMEOUT, NO_ANSWER, retry_after=again, solo=suspect)
        return Outcome(known.key, fault)

    def _remember(self, tel: str, known: _Open) -> None:
        self._ever_gave_up = True
        self._given_up[tel] = known
        if len(self._given_up) > MEMORY:
            self._given_up.popitem(last=False)

    # The end

    def abandon(self, kind: FaultKind, reason: str) -> list[Outcome]:
        """The connection is lost: every open question ends, and may have been carried out."""
        bound = self._bound
        return [
            Outcome(known.key, Fault(kind, reason, solo=known.serial < bound))
            for _, known in self._clear()
        ]

    def _end_all(self, fault: Fault) -> list[Outcome]:
        return [Outcome(known.key, fault) for _, known in self._clear()]

    def _clear(self) -> Sequence[tuple[str, _Open]]:
        """Take every open question away."""
        ended = [pair for lane in self._lanes.values() for pair in lane.items()]
        for lane in self._lanes.values():
            lane.clear()  # whoever is in the middle of a batch finds nothing there either
        self._lanes.clear()
        self._blanks.clear()
        self._suspects.clear()
        for tel, known in ended:
            self._remember(tel, known)
        return ended
