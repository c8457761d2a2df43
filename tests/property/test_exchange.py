"""Each question ends exactly once, and nothing is credited to a number but what was said of it."""

from dataclasses import dataclass

import hypothesis.strategies as st
from hypothesis import given
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.protocol.codec import decode_head, encode_answer
from pipeline.protocol.exchange import Exchange
from pipeline.protocol.framing import FAILED
from pipeline.protocol.messages import Answer, Fault, FaultKind, Outcome, Query
from pipeline.transports.contract import TransportCounts

TELS = [f"121255501{n:02}" for n in range(12)]


@dataclass
class Asked:
    """What really happened to one question."""

    key: int
    tel: str
    ended: int = 0
    answers: int = 0


class Conversations(RuleBasedStateMachine):
    """A service that answers, keeps silent, repeats itself, and leaves numbers out."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = TransportCounts()
        self.datagrams = False
        self.exchange = Exchange(self.counts)
        self.now = 0.0
        self.asked: list[Asked] = []
        self.open: dict[str, Asked] = {}
        self.owed: list[Asked] = []  # what the service may still answer
        self.blank_for: Asked | None = None

    @precondition(lambda self: not self.asked)
    @rule()
    def over_udp(self) -> None:
        self.datagrams = True
        self.exchange = Exchange(self.counts, datagrams=True)

    @rule(tel=st.sampled_from(TELS), patience=st.sampled_from([1.0, 3.0, 10.0]))
    def ask(self, tel: str, patience: float) -> None:
        if tel in self.open:
            return
        asked = Asked(len(self.asked), tel)
        self.asked.append(asked)
        self.open[tel] = asked
        self.owed.append(asked)
        self.exchange.ask(Query(asked.key, tel), self.now, patience)

    @precondition(lambda self: self.owed)
    @rule(
        data=st.data(),
        code=st.sampled_from(["", "01", "F0", "F3", "xx"]),
        times=st.sampled_from([1, 1, 1, 2]),
    )
    def answer(self, data: st.DataObject, code: str, times: int) -> None:
        owed = data.draw(st.sampled_from(self.owed))
        self.owed.remove(owed)
        raw = encode_answer({"msisdn": owed.tel, "error_code": code})
        self.take(self.exchange.receive([raw] * times, self.now))

    @precondition(lambda self: self.owed)
    @rule(data=st.data(), code=st.sampled_from(["F2", "F3"]))
    def answer_without_number(self, data: st.DataObject, code: str) -> None:
        owed = data.draw(st.sampled_from(self.owed))
        self.owed.remove(owed)
        self.blank_for = owed
        raw = encode_answer({"error_code": code})
        self.take(self.exchange.receive([raw], self.now))
        self.blank_for = None

    @rule(tel=st.sampled_from(TELS))
    def answer_to_nothing_asked(self, tel: str) -> None:
        raw = encode_answer({"msisdn": "1" + tel})
        strays = self.counts.strays
        assert self.exchange.receive([raw], self.now) == []
        assert self.counts.strays == strays + 1

    @rule(raw=st.sampled_from([b"{}", b"junk", b'{"tel":[1]}', b'{"tel":']))
    def nonsense(self, raw: bytes) -> None:
        self.take(self.exchange.receive([raw], self.now))

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.take(self.exchange.expire(self.now))
        due = self.exchange.next_deadline()
        assert due is None or due > self.now

    @rule(how=st.sampled_from(["lost", "failed"]))
    def end(self, how: str) -> None:
        if how == "lost":
            self.take(self.exchange.abandon(FaultKind.DISCONNECTED, "connection lost"))
        else:
            outcomes = self.exchange.receive([FAILED], self.now)
            assert all(o.result.kind is FaultKind.ACCOUNT for o in outcomes)  # type: ignore[union-attr]
            self.take(outcomes)
        assert not self.open

    def take(self, outcomes: list[Outcome]) -> None:
        for key, result in outcomes:
            asked = self.asked[key]
            if isinstance(result, Answer):
                self.credited(asked, result)
            late = asked.ended > 0
            assert not late or isinstance(result, Answer), "a fault may come only once"
            asked.ended += 1
            asked.answers += isinstance(result, Answer)
            if self.open.get(asked.tel) is asked:
                del self.open[asked.tel]

    def credited(self, asked: Asked, result: Answer) -> None:
        tel = decode_head(result.raw).tel
        if tel:
            assert tel == asked.tel
        else:
            assert self.blank_for is asked, "credited to the wrong number"

    @invariant()
    def each_question_ends_once(self) -> None:
        for asked in self.asked:
            is_open = self.open.get(asked.tel) is asked
            assert asked.ended == 0 if is_open else asked.ended in (1, 2)
            assert asked.answers <= 1
        assert len(self.exchange) == len(self.open)


TestConversations = Conversations.TestCase


@given(st.permutations(TELS), st.sets(st.sampled_from(TELS), min_size=1, max_size=4))
def test_those_that_a_blank_may_have_been_for_are_found_without_waiting(
    order: list[str], blank: set[str]
) -> None:
    """Everything else answered, only those whose answers were blank are asked again."""
    exchange = Exchange(TransportCounts())
    for key, tel in enumerate(TELS):
        exchange.ask(Query(key, tel), 0.0, 10.0)
    outcomes = []
    for tel in order:
        fields = {"error_code": "F2"} if tel in blank else {"msisdn": tel}
        outcomes += exchange.receive([encode_answer(fields)], 1.0)

    assert len(exchange) == 0
    assert sorted(outcome.key for outcome in outcomes) == list(range(len(TELS)))
    for key, result in outcomes:
        if isinstance(result, Fault):
            assert result.solo
            assert TELS[key] in blank
        else:
            assert decode_head(result.raw).tel == ("" if TELS[key] in blank else TELS[key])
