"""Which answer belongs to which question: the cases that have a rule of their own."""

import pytest

from pipeline.protocol.codec import encode_answer, encode_wrapped
from pipeline.protocol.exchange import Exchange
from pipeline.protocol.framing import FAILED
from pipeline.protocol.messages import Answer, Fault, FaultKind, Query
from pipeline.transports.contract import TransportCounts

A, B, C = (f"1212555010{n}" for n in range(3))
BLANK = encode_answer({"error_code": "F2"})


def said(tel: str, code: str = "") -> bytes:
    return encode_answer({"msisdn": tel, "error_code": code})


def exchange_with(*tels: str, datagrams: bool = False, patience: float = 10.0) -> Exchange:
    exchange = Exchange(TransportCounts(), datagrams=datagrams)
    for key, tel in enumerate(tels):
        exchange.ask(Query(key, tel), 0.0, patience)
    return exchange


def test_an_answer_is_credited_to_the_number_that_it_names() -> None:
    exchange = exchange_with(A, B)

    assert exchange.receive([said(B, "01")], 1.0) == [(1, Answer(said(B, "01"), "01"))]
    assert exchange.receive([said("+" + A)], 1.0) == [(0, Answer(said("+" + A), ""))]


def test_a_number_can_have_one_open_question() -> None:
    with pytest.raises(ValueError, match="open"):
        exchange_with(A, A)


def test_a_question_is_given_up_when_it_is_due_and_its_answer_still_comes() -> None:
    exchange = exchange_with(A)

    assert exchange.next_deadline() == 10.0
    assert exchange.expire(9.9) == []
    ((key, fault),) = exchange.expire(10.0)
    assert (key, fault) == (0, Fault(FaultKind.TIMEOUT, "no answer in time"))
    assert exchange.next_deadline() is None
    assert exchange.receive([said(A)], 11.0) == [(0, Answer(said(A), ""))]
    assert exchange.receive([said(A)], 11.0) == []
    assert (exchange.tally.late, exchange.tally.doubled) == (1, 1)


def test_over_udp_a_question_given_up_may_be_asked_again_at_once() -> None:
    exchange = exchange_with(A, datagrams=True, patience=1.0)

    ((_, fault),) = exchange.expire(1.0)

    assert isinstance(fault, Fault)
    assert fault.retry_after == 0.0
    assert exchange.attempts(A) == 1


def test_the_earliest_of_several_patiences_is_due_first() -> None:
    exchange = exchange_with(A, patience=10.0)
    exchange.ask(Query(1, B), 1.0, 2.0)

    assert exchange.next_deadline() == 3.0
    assert [key for key, _ in exchange.expire(5.0)] == [1]
    assert exchange.next_deadline() == 10.0


def test_a_blank_is_credited_to_the_only_open_question_on_tcp() -> None:
    exchange = exchange_with(A, B)
    exchange.receive([said(A)], 1.0)

    assert exchange.receive([BLANK], 1.0) == [(1, Answer(BLANK, "F2"))]


def test_a_second_blank_is_credited_to_nobody_for_it_may_be_the_first_again() -> None:
    exchange = exchange_with(A)
    exchange.receive([BLANK], 1.0)
    exchange.ask(Query(1, B), 1.0, 10.0)

    ((key, fault),) = exchange.receive([BLANK], 2.0)

    assert key == 1
    assert fault == Fault(FaultKind.TRANSIENT, "answer without a number", solo=True)


def test_a_blank_is_credited_to_nobody_after_a_question_was_given_up() -> None:
    exchange = exchange_with(A)
    exchange.expire(10.0)
    exchange.ask(Query(1, B), 10.0, 10.0)

    ((_, fault),) = exchange.receive([BLANK], 11.0)

    assert isinstance(fault, Fault)


def test_over_udp_a_blank_is_credited_only_where_nothing_else_was_ever_asked() -> None:
    alone = exchange_with(A, datagrams=True)
    shared = exchange_with(A, B, datagrams=True)
    shared.receive([said(A)], 1.0)

    assert alone.receive([BLANK], 1.0) == [(0, Answer(BLANK, "F2"))]
    ((_, fault),) = shared.receive([BLANK], 1.0)
    assert isinstance(fault, Fault)


def test_a_question_that_expires_with_a_blank_about_is_to_be_asked_alone() -> None:
    exchange = exchange_with(A, B)
    exchange.receive([BLANK], 1.0)
    exchange.ask(Query(2, C), 2.0, 10.0)

    assert [(key, r.solo) for key, r in exchange.expire(10.0)] == [(0, True), (1, True)]  # type: ignore[union-attr]
    assert [(key, r.solo) for key, r in exchange.expire(12.0)] == [(2, False)]  # type: ignore[union-attr]


def test_the_word_failed_ends_every_open_question() -> None:
    exchange = exchange_with(A, B)

    outcomes = exchange.receive([FAILED], 1.0)

    assert [(key, r.kind) for key, r in outcomes] == [  # type: ignore[union-attr]
        (0, FaultKind.ACCOUNT),
        (1, FaultKind.ACCOUNT),
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, FaultKind.TRANSIENT), (503, FaultKind.THROTTLE), (404, FaultKind.REJECTED)],
)
def test_a_status_in_a_wrapped_answer_counts(status: int, kind: FaultKind) -> None:
    exchange = exchange_with(A)

    ((_, fault),) = exchange.receive([encode_wrapped({"msisdn": A}, status)], 1.0)

    assert isinstance(fault, Fault)
    assert fault.kind is kind


def test_a_refusal_in_a_wrapped_answer_ends_all() -> None:
    raw = b'{"statuscode":401,"response":{"message":"Unauthorized"}}'

    assert [r.kind for _, r in exchange_with(A, B).receive([raw], 1.0)] == [FaultKind.ACCOUNT] * 2  # type: ignore[union-attr]


def test_a_message_is_no_answer() -> None:
    ((_, fault),) = exchange_with(A).receive([b'{"message":"Internal error"}'], 1.0)

    assert isinstance(fault, Fault)


def test_a_round_trip_is_not_sampled_from_a_number_that_was_asked_twice() -> None:
    exchange = exchange_with(A, datagrams=True, patience=1.0)
    exchange.expire(1.0)
    exchange.ask(Query(0, A), 1.0, 2.0)
    exchange.receive([said(A)], 1.25)

    assert exchange.sample is None
    exchange.ask(Query(1, B), 2.0, 1.0)
    exchange.receive([said(B)], 2.25)
    assert exchange.sample == 0.25


def test_asking_again_was_needless_when_both_answers_come() -> None:
    exchange = exchange_with(A, datagrams=True, patience=1.0)
    exchange.expire(1.0)
    exchange.ask(Query(0, A), 1.0, 2.0)
    exchange.receive([said(A), said(A)], 1.25)

    assert exchange.needless == 1


def test_memory_of_numbers_given_up_is_bounded() -> None:
    exchange = Exchange(TransportCounts())
    for key in range(70_000):
        exchange.ask(Query(key, str(10**9 + key)), 0.0, 1.0)
    exchange.expire(1.0)

    assert exchange.receive([said(str(10**9))], 2.0) == []
    assert len(exchange.receive([said(str(10**9 + 69_999))], 2.0)) == 1


def test_no_number_shows_in_a_repr() -> None:
    assert repr(exchange_with(A)) == "<Exchange 1 open of 1, 0 answered>"
