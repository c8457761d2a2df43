"""TCP finds out how the server treats a connection, without losing or re-buying a lookup."""

from collections import Counter
from typing import cast

import pytest

from pipeline.protocol.meaning import NO_NUMBER
from pipeline.protocol.messages import Answer, FaultKind, Query
from pipeline.transports.tcp import TcpTransport
from pipeline.transports.tcp.width import MOST_CONNECTIONS
from tests.conformance.services import (
    SILENCE,
    TELS,
    Client,
    Reply,
    answer,
    answers,
    connected,
    faults,
    plainly,
)


def queries(tels: list[str]) -> list[Query]:
    return [Query(key, tel) for key, tel in enumerate(tels)]


MANY = [f"12125550{n:03}" for n in range(600)]


@pytest.fixture
def quick_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers late on a busy machine, in the process of its client, is not taken for slow."""
    for module in ("width", "manners"):
        monkeypatch.setattr(f"pipeline.transports.tcp.{module}.SLOW", 5.0)


async def test_the_first_connection_carries_one_question_alone() -> None:
    async with connected("tcp", lambda *_: SILENCE) as (client, running):
        client.transport.send(queries(TELS))
        await client.until(lambda: bool(client.outcomes))

        assert len(running.asked) == 1


async def test_a_server_that_closes_after_each_answer_is_asked_nothing_twice() -> None:
    def closes(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), close=True)

    async with connected("tcp", closes, timeout=5) as (client, running):
        outcomes = await client.ask(*queries(MANY))

        assert all(isinstance(outcome.result, Answer) for outcome in outcomes)
        assert Counter(running.asked) == Counter(MANY)
        assert client.transport.counts.notes == [
            "the server closes the connection after each answer"
        ]


@pytest.mark.usefixtures("quick_service")
async def test_a_server_that_keeps_connections_gets_many_questions_on_few() -> None:
    async with connected("tcp", timeout=5) as (client, running):
        outcomes = await client.ask(*queries(MANY))

        assert all(isinstance(outcome.result, Answer) for outcome in outcomes)
        assert Counter(running.asked) == Counter(MANY)
        assert running.connections <= 4
        assert client.transport.counts.notes == ["the server keeps connections open"]


async def test_a_server_that_begins_to_close_after_answers_is_found_out() -> None:
    """What was open at the moment of the change is asked again, and nothing else."""

    def changes(tel: str, nth: int) -> Reply:
        return Reply((answer(tel),), close=nth > 300)

    async with connected("tcp", changes, timeout=5) as (client, running):
        outcomes = await client.ask(*queries(MANY))
        lost = faults(outcomes)
        retried = await client.ask(*queries([MANY[key] for key in lost]))

        assert len(answers(retried)) == len(lost)
        assert all(fault.sent for fault in lost.values())
        assert len(lost) <= 4 * 256
        assert client.transport.counts.notes == [
            "the server closes the connection after each answer"
        ]
        assert running.open <= 128


async def test_a_server_that_begins_to_keep_connections_is_found_out() -> None:
    def changes(tel: str, nth: int) -> Reply:
        return Reply((answer(tel),), close=nth <= 20)

    async with connected("tcp", changes, timeout=5) as (client, running):
        answered = 0
        while client.transport.counts.notes != ["the server keeps connections open"]:
            outcomes = await client.ask(*queries(TELS[:10]))
            answered += sum(isinstance(o.result, Answer) for o in outcomes)

        assert answered == len(running.asked)


async def test_a_server_that_reads_one_question_of_a_piece_is_asked_one_at_a_time() -> None:
    async with connected("tcp") as (client, running):
        running.first_only = True
        outcomes = await client.ask(*queries(MANY))

    lost = faults(outcomes)
    assert 1 <= len(lost) <= 4
    assert len(running.asked) == len(MANY) - len(lost)
    assert max(Counter(running.asked).values()) == 1


@pytest.mark.parametrize("gap", [b"", b"\n", b"\r\n", b" "])
async def test_answers_in_single_bytes_are_put_together(gap: bytes) -> None:
    def in_bytes(tel: str, _: int) -> Reply:
        whole = answer(tel) + gap
        return Reply(tuple(bytes([byte]) for byte in whole))

    async with connected("tcp", in_bytes, timeout=5) as (client, _):
        outcomes = await client.ask(*queries(TELS[:8]))

    assert [found.raw for found in answers(outcomes).values()] == [answer(tel) for tel in TELS[:8]]


async def test_merged_answers_are_taken_apart() -> None:
    held: list[bytes] = []

    def merged(tel: str, nth: int) -> Reply:
        held.append(answer(tel))
        if nth > 30 and len(held) % 2:
            return SILENCE
        together, held[:] = b"".join(held), []
        return Reply((together,))

    async with connected("tcp", merged) as (client, _):
        outcomes = await client.ask(*queries(TELS))

    assert len(answers(outcomes)) >= 96


async def test_a_reset_ends_the_open_questions_and_no_others() -> None:
    def resets(tel: str, nth: int) -> Reply:
        return Reply(reset=True) if nth == 50 else plainly(tel, nth)

    async with connected("tcp", resets, timeout=5) as (client, running):
        outcomes = await client.ask(*queries(TELS))
        lost = faults(outcomes)

        assert TELS.index(running.asked[49]) in lost
        assert {(fault.kind, fault.sent) for fault in lost.values()} == {
            (FaultKind.DISCONNECTED, True)
        }
        assert isinstance(await client.ask_one(), Answer)


async def test_a_connection_on_which_nothing_is_heard_is_given_up() -> None:
    async with connected("tcp") as (client, running):
        await client.ask(*queries(TELS[:20]))
        running.script = lambda *_: SILENCE
        await client.ask_one()
        running.script = plainly

        assert isinstance(await client.ask_one(), Answer)
        assert running.connections == 2


async def test_a_question_that_only_it_is_left_unanswered_costs_no_other() -> None:
    lost = TELS[70]

    def forgets(tel: str, nth: int) -> Reply:
        return SILENCE if tel == lost else plainly(tel, nth)

    async with connected("tcp", forgets) as (client, running):
        client.transport.send(queries(TELS))
        for key, tel in enumerate(f"1212556{n:04}" for n in range(10_000)):
            if any(o.key == 70 for o in client.outcomes):
                break
            await client.ask(Query(1000 + key, tel))

    found = faults(client.outcomes)
    assert {key: fault.reason for key, fault in found.items()} == {70: "no answer in time"}
    assert running.connections <= 2


async def test_questions_wait_no_longer_than_the_time_out_for_a_connection() -> None:
    async with connected("tcp", lambda *_: SILENCE) as (client, _):
        outcomes = await client.ask(*queries(TELS[:1]))
        client.transport.send(queries(TELS[:5]))
        await client.ended(6)

    assert faults(outcomes)[0].sent
    assert sum(not fault.sent for fault in faults(client.outcomes[1:]).values()) == 4


async def test_a_service_that_went_away_is_transient_and_not_billed() -> None:
    def closes(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), close=True)

    async with connected("tcp", closes) as (client, running):
        await client.ask_one()
        running.stop()
        await client.until(lambda: client.transport.capacity > 0)
        results = [await client.ask_one(TELS[key]) for key in range(4)]

    assert results[-1].kind is FaultKind.TRANSIENT
    assert not results[-1].sent


async def test_an_oversized_answer_is_passed_over_and_costs_no_other() -> None:
    def oversized(tel: str, nth: int) -> Reply:
        return Reply((b'{"tel":"' + b"1" * 100_000 + b'"}',)) if nth == 50 else plainly(tel, nth)

    async with connected("tcp", oversized, timeout=5) as (client, running):
        outcomes = await client.ask(*queries(TELS))

    assert list(faults(outcomes)) == [TELS.index(running.asked[49])]
    assert running.connections == 1


@pytest.mark.parametrize("length", [30, 98, 99, 101, 128])
async def test_an_answer_that_is_cut_off_costs_no_other(length: int) -> None:
    cut_off = set(MANY[50::100])

    def cuts(tel: str, _: int) -> Reply:
        sound = answer(tel)
        return Reply((sound[:length] + b"\n" if tel in cut_off else sound + b"\n",))

    async with connected("tcp", cuts, timeout=5) as (client, running):
        outcomes = await client.ask(*queries(MANY))

        lost = {MANY[key]: fault.reason for key, fault in faults(outcomes).items()}
        assert lost == dict.fromkeys(cut_off, NO_NUMBER)
        assert Counter(running.asked) == Counter(MANY)


async def test_a_frame_without_end_closes_the_connection() -> None:
    def endless(tel: str, nth: int) -> Reply:
        return Reply((b"{" * 100,)) if nth == 1 else plainly(tel, nth)

    async with connected("tcp", endless) as (client, running):
        first = await client.ask_one()
        second = await client.ask_one()

    assert first.reason.startswith("the stream cannot be read")
    assert isinstance(second, Answer)
    assert running.connections == 2


async def test_bytes_that_make_no_frame_are_no_sign_of_life() -> None:
    def drips(tel: str, nth: int) -> Reply:
        return Reply((b'{"tel":"',)) if nth == 30 else plainly(tel, nth)

    async with connected("tcp", drips) as (client, running):
        await client.ask(*queries(TELS[:40]))
        client.outcomes.clear()

        assert isinstance(await client.ask_one(TELS[60]), Answer)
        assert running.connections == 2


async def test_a_server_that_closes_after_so_many_answers_is_asked_no_more_than_that() -> None:
    async with connected("tcp", timeout=5) as (client, running):
        running.lifetime = 50
        lost = faults(await client.ask(*queries(MANY)))
        later = await client.ask(*(Query(key, f"1212556{key:04}") for key in range(600)))

    assert faults(later) == {}
    assert len(lost) < 300


async def test_a_solo_question_has_a_connection_of_its_own() -> None:
    async with connected("tcp") as (client, running):
        await client.ask(*queries(TELS[:20]))
        before = running.connections
        await client.ask_one(solo=True)

        assert running.connections == before + 1


async def rounds(
    client: Client, most: int, tels: list[str] = MANY
) -> tuple[dict[int, Answer], Counter[int]]:
    """Ask all, and what failed again, so many times at most; the answers, and how often each failed."""
    found: dict[int, Answer] = {}
    failed: Counter[int] = Counter()
    for _ in range(most):
        outcomes = await client.ask(*(q for q in queries(tels) if q.key not in found))
        found |= answers(outcomes)
        failed.update(faults(outcomes).keys())
        if len(found) == len(tels):
            break
    return found, failed


@pytest.mark.parametrize("turns_away", [True, False], ids=["closes", "backlog"])
@pytest.mark.parametrize("room", [1, 3])
@pytest.mark.parametrize("delay", [0.0, 0.02])
async def test_a_server_with_room_for_few_kept_connections_loses_few_questions(
    turns_away: bool, room: int, delay: float
) -> None:
    """Each connection beyond its room costs the one question that tries it."""

    def slowly(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), delay=delay)

    async with connected("tcp", slowly, room=room, turns_away=turns_away) as (client, running):
        found, failed = await rounds(client, 4)

        assert found == {key: Answer(answer(tel), "") for key, tel in enumerate(MANY)}
        assert failed.total() <= 40
        assert client.transport.counts.connections <= 50
        assert running.most <= room
        assert max(Counter(running.asked).values()) == 1


@pytest.mark.parametrize("room", [1, 4])
async def test_a_backlog_before_a_server_that_closes_after_answers_costs_nothing(room: int) -> None:
    def closes(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), close=True)

    service = connected("tcp", closes, room=room, turns_away=False, timeout=5)
    async with service as (client, running):
        outcomes = await client.ask(*queries(MANY))

        assert answers(outcomes) == {key: Answer(answer(tel), "") for key, tel in enumerate(MANY)}
        assert Counter(running.asked) == Counter(MANY)
        assert running.most <= room
        assert client.transport.counts.connections <= len(MANY) + 128


@pytest.mark.parametrize("turns_away", [True, False], ids=["closes", "backlog"])
@pytest.mark.parametrize("room", [1, 4])
@pytest.mark.parametrize("delay", [0.0, 0.02])
async def test_a_server_that_closes_after_answers_and_has_little_room_is_not_dialled_in_vain(
    turns_away: bool, room: int, delay: float
) -> None:
    tels = MANY[:150] if delay else MANY

    def closes(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), delay=delay, close=True)

    async with connected("tcp", closes, room=room, turns_away=turns_away) as (client, running):
        found, failed = await rounds(client, 8, tels)

        assert found == {key: Answer(answer(tel), "") for key, tel in enumerate(tels)}
        assert failed.total() <= len(tels) // 4
        assert client.transport.counts.connections <= 1.5 * len(tels)
        assert running.most <= room
        assert max(Counter(running.asked).values()) <= 2


@pytest.mark.parametrize("delay", [0.0, 0.1])
async def test_a_server_that_closes_after_answers_and_has_room_gets_most_connections(
    delay: float, request: pytest.FixtureRequest
) -> None:
    if not delay:
        request.getfixturevalue("quick_service")

    def closes(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), delay=delay, close=True)

    async with connected("tcp", closes, timeout=5) as (client, running):
        outcomes = await client.ask(*queries(MANY))

        assert len(answers(outcomes)) == len(MANY)
        assert Counter(running.asked) == Counter(MANY)
        assert cast("TcpTransport", client.transport).manners.connections == MOST_CONNECTIONS


async def test_a_server_that_turns_everything_away_is_dialled_seldom() -> None:
    def closes(tel: str, _: int) -> Reply:
        return Reply((answer(tel),), close=True)

    async with connected("tcp", closes, room=4, timeout=3) as (client, running):
        assert isinstance(await client.ask_one(), Answer)
        running.room = 0
        before = running.connections
        outcomes = await client.ask(*queries(TELS[:6]))

        assert len(faults(outcomes)) == 6
        assert running.connections - before <= 12
        running.room = 4
        await client.until(lambda: client.transport.capacity > 0)
        assert isinstance(await client.ask_one(), Answer)
