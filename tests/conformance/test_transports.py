"""Every transport keeps the promises of `transports/contract.py`, against a service that may not."""

import asyncio
from collections import Counter

import pytest

from pipeline.protocol.messages import Answer, Fault, FaultKind, Query
from pipeline.transports import TRANSPORTS
from pipeline.transports.contract import Unreachable
from tests.conformance.services import (
    SERVICES,
    SILENCE,
    TEL,
    TELS,
    Client,
    Reply,
    Running,
    answer,
    answers,
    connected,
    faults,
    plainly,
)

DIRECT = ("tcp", "udp")


@pytest.fixture(params=TRANSPORTS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_each_query_gets_its_own_answer_as_the_service_sent_it(kind: str) -> None:
    async with connected(kind) as (client, running):
        outcomes = await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS)))

    assert outcomes == [(key, Answer(answer(tel), "")) for key, tel in enumerate(TELS)]
    assert Counter(running.asked) == Counter(TELS)


async def test_answers_in_another_order_find_their_questions(kind: str) -> None:
    def backwards(tel: str, _: int) -> Reply:
        return Reply((answer(tel, tel[-2:]),), delay=0.1 - int(tel[-2:]) / 1000)

    async with connected(kind, backwards, timeout=5) as (client, _):
        outcomes = await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS)))

    assert [found.code for found in answers(outcomes).values()] == [tel[-2:] for tel in TELS]


@pytest.mark.parametrize("code", ["", "01", "1B", "F0", "F1", "7Z"])
async def test_codes_are_answers_kept_verbatim(kind: str, code: str) -> None:
    async with connected(kind, lambda tel, _: Reply((answer(tel, code),))) as (client, _):
        result = await client.ask_one()

    assert result == Answer(answer(TEL, code), code)


async def test_an_unknown_error_is_a_word_about_the_number_and_may_have_been_billed(
    kind: str,
) -> None:
    async with connected(kind, lambda *_: Reply((answer("", "F3"),))) as (client, _):
        result = await client.ask_one()

    assert (result.kind, result.sent) == (FaultKind.UNTOLD, True)


async def test_invalid_parameters_without_a_number_belong_to_the_only_question(kind: str) -> None:
    async with connected(kind, lambda *_: Reply((answer("", "F2"),))) as (client, _):
        result = await client.ask_one(solo=True)

    assert result == Answer(answer("", "F2"), "F2")


async def test_a_wrapped_answer_is_an_answer(kind: str) -> None:
    body = b'{"statuscode": 200, "response": ' + answer(TEL, "05") + b"}"

    async with connected(kind, lambda *_: Reply((body,))) as (client, _):
        result = await client.ask_one()

    assert result == Answer(body, "05")


async def test_an_answer_for_another_number_is_never_used(kind: str) -> None:
    def wrong_once(tel: str, nth: int) -> Reply:
        return Reply((answer(TELS[50] if nth == 1 else tel),))

    async with connected(kind, wrong_once) as (client, _):
        first = await client.ask_one(final=True)
        second = await client.ask_one()

        assert (first.kind, first.sent) == (
            FaultKind.TIMEOUT if kind != "rest" else FaultKind.TRANSIENT,
            True,
        )
        assert second == Answer(answer(TEL), "")
        assert client.transport.counts.strays == 1


async def test_silence_ends_at_the_time_out_and_leaves_the_transport_usable(kind: str) -> None:
    def silent_once(tel: str, nth: int) -> Reply:
        return SILENCE if nth == 1 else plainly(tel, nth)

    async with connected(kind, silent_once) as (client, _):
        first = await client.ask_one(final=True)
        second = await client.ask_one(TELS[1])

    assert (first.kind, first.sent, first.reason) == (
        FaultKind.TIMEOUT,
        True,
        "no answer in time",
    )
    assert second == Answer(answer(TELS[1]), "")


async def test_garbage_is_transient_and_leaves_the_transport_usable(kind: str) -> None:
    def garbage_once(tel: str, nth: int) -> Reply:
        return Reply((b"<html>\xff</html>\n",)) if nth == 1 else plainly(tel, nth)

    async with connected(kind, garbage_once) as (client, _):
        first = await client.ask_one(final=True)
        second = await client.ask_one(TELS[1])

    assert (first.kind, first.sent) == (
        FaultKind.TIMEOUT if kind == "udp" else FaultKind.TRANSIENT,
        True,
    )
    assert second == Answer(answer(TELS[1]), "")


async def test_a_refused_account_ends_the_run(kind: str) -> None:
    refusal = Reply(status=403) if kind == "rest" else Reply((b"failed",))

    async with connected(kind, lambda *_: refusal) as (client, _):
        result = await client.ask_one()

    assert result.kind is FaultKind.ACCOUNT


async def test_an_answer_without_a_number_is_credited_to_none_of_several(kind: str) -> None:
    """Which of them it was for shows when they are asked again, each alone."""
    refused = TELS[20]

    def one_is_refused(tel: str, _: int) -> Reply:
        return Reply((answer("", "F2") if tel == refused else answer(tel),), delay=0.02)

    async with connected(kind, one_is_refused) as (client, _):
        await client.ask(*(Query(100 + key, tel) for key, tel in enumerate(TELS[50:])))
        outcomes = await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS[:40])))
        again = faults(outcomes)
        client.outcomes.clear()
        retried = await client.ask(*(Query(key, TELS[key], solo=True) for key in again))

    found = answers(outcomes) | answers(retried)
    assert {key: result.code for key, result in found.items()} == {
        key: "F2" if tel == refused else "" for key, tel in enumerate(TELS[:40])
    }
    assert all(fault.solo for fault in again.values())


@pytest.mark.parametrize("kind", DIRECT)
async def test_a_late_answer_is_delivered_after_the_fault(kind: str) -> None:
    slow = TELS[99]

    def late(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), delay=0.5 if tel == slow else 0.01)

    async with connected(kind, late) as (client, _):
        await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS[:60])))
        client.outcomes.clear()
        client.transport.send([Query(99, slow)])
        of_slow: list[type] = []
        for key in range(1000, 9000):  # questions all the while, so that TCP stays in use
            of_slow = [type(result) for known, result in client.outcomes if known == 99]
            if len(of_slow) == 2:
                break
            await client.ask(Query(key, f"1212556{key}"))

        assert of_slow == [Fault, Answer]
        assert client.transport.counts.late == 1


@pytest.mark.parametrize("kind", DIRECT)
async def test_an_answer_that_comes_twice_counts_once(kind: str) -> None:
    async with connected(kind, lambda tel, _: Reply((answer(tel), answer(tel)))) as (client, _):
        outcomes = await client.ask(Query(1, TEL))
        outcomes = await client.ask(Query(2, TELS[1]))

        assert [outcome.key for outcome in client.outcomes] == [1, 2]
        assert all(isinstance(outcome.result, Answer) for outcome in outcomes)
        assert client.transport.counts.doubled >= 1


async def test_more_than_there_is_room_for_is_answered_too(kind: str) -> None:
    async with connected(kind, timeout=5) as (client, _):
        client.transport.send([Query(key, tel) for key, tel in enumerate(TELS)])
        outcomes = await client.ended(len(TELS))

    assert sorted(outcome.key for outcome in outcomes) == list(range(100))


async def test_no_more_is_taken_than_the_user_allows(kind: str) -> None:
    async with connected(kind, concurrency=3, timeout=5) as (client, running):
        await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS[:30])))
        running.script = lambda *_: SILENCE
        flying = 0
        while client.transport.capacity:
            client.transport.send([Query(flying, TELS[50 + flying])])
            flying += 1

    assert flying == 3


async def test_closing_with_open_questions_delivers_nothing_and_leaves_nothing(kind: str) -> None:
    async with connected(kind, lambda *_: SILENCE) as (client, _):
        client.transport.send([Query(1, TEL)])
        await asyncio.sleep(0.01)
    await asyncio.sleep(0)

    assert client.outcomes == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("kind", ["rest", "tcp"])
async def test_nobody_at_the_endpoint_is_said_at_once(kind: str) -> None:
    running = Running(plainly)
    async with SERVICES[kind](running):
        pass
    client = Client(kind, running)

    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        await client.transport.__aenter__()


@pytest.mark.parametrize("kind", DIRECT)
async def test_a_name_that_does_not_exist_is_said_at_once(kind: str) -> None:
    running = Running(plainly, endpoint=f"{kind}://no-such-host.invalid:10054")
    client = Client(kind, running, timeout=10)

    with pytest.raises(Unreachable, match=r"no-such-host\.invalid"):
        await client.transport.__aenter__()


async def test_nothing_that_is_secret_or_personal_shows_in_a_repr(kind: str) -> None:
    async with connected(kind, lambda *_: SILENCE) as (client, _):
        client.transport.send([Query(1, TEL)])

        assert TEL not in repr(client.transport)
        assert "secret" not in repr(client.transport)
