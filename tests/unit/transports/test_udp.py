"""UDP: loss, repetition, refusals, and a socket of its own for a question that must be alone."""

import asyncio
import json
import random
import socket
import time

import pytest

from pipeline.protocol.messages import Answer, Fault, FaultKind, Outcome, Query
from tests.conformance.services import (
    SILENCE,
    TEL,
    TELS,
    Client,
    Reply,
    Running,
    answer,
    connected,
    plainly,
)


async def test_a_lost_datagram_is_given_up_soon_and_asked_again_it_is_answered() -> None:
    dice = random.Random(1)

    def lossy(tel: str, nth: int) -> Reply:
        return SILENCE if dice.random() < 0.2 else plainly(tel, nth)

    async with connected("udp", timeout=30) as (client, running):
        await client.ask_one()  # so that the time an answer takes is known
        running.script = lossy
        left = dict(enumerate(TELS))
        async with asyncio.timeout(8):
            while left:
                outcomes = await client.ask(*(Query(key, tel) for key, tel in left.items()))
                for key, result in outcomes:
                    if isinstance(result, Answer):
                        del left[key]
                    else:
                        assert (result.sent, result.retry_after) == (True, 0.0)

    assert len(running.asked) >= len(TELS)


async def test_a_last_attempt_waits_the_whole_time_out() -> None:
    async with connected("udp", timeout=1.0) as (client, running):
        for _ in range(3):
            await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS[:30])))
        loop = asyncio.get_running_loop()
        running.script = lambda *_: SILENCE
        began = loop.time()
        await client.ask_one()
        middle = loop.time()
        await client.ask_one(TELS[1], final=True)

        assert middle - began < 0.9
        assert loop.time() - middle >= 0.99


async def test_a_solo_question_has_a_socket_of_its_own_and_its_late_answer_counts() -> None:
    async with connected("udp", lambda tel, _: Reply((answer(tel),), delay=0.45)) as (
        client,
        running,
    ):
        result = await client.ask_one(solo=True)
        await client.ended(2)

        assert running.connections == 1
        assert client.transport.counts.connections == 2
        assert isinstance(result, Fault)
        assert client.outcomes[1] == (1, Answer(answer(TEL), ""))


async def test_an_answer_that_came_while_the_process_was_busy_is_not_late() -> None:
    tels = [f"1212555{number:04}" for number in range(600)]  # more than one turn reads
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        service.bind(("127.0.0.1", 0))
        endpoint = f"udp://127.0.0.1:{service.getsockname()[1]}"
        client = Client("udp", Running(plainly, endpoint), timeout=0.2)
        async with client.transport:
            client.transport.send([Query(key, tel) for key, tel in enumerate(tels)])
            for _ in tels:
                request, asker = service.recvfrom(2048)
                service.sendto(answer(json.loads(request)["tel"]), asker)
            time.sleep(0.3)  # noqa: ASYNC251  the loop turns when all have been due for long
            outcomes = await client.ended(len(tels))

    assert all(isinstance(outcome.result, Answer) for outcome in outcomes)


class Eager(Client):
    """Asks again wherever there is room, before it reads what else has come; all is answered."""

    def __init__(self, service: socket.socket, rounds: int) -> None:
        endpoint = f"udp://127.0.0.1:{service.getsockname()[1]}"
        super().__init__("udp", Running(plainly, endpoint), timeout=5)
        self.asked = 0
        self._service = service
        self._rounds = rounds

    def ask_and_answer(self) -> None:
        """As many as it takes now; the answers are as long as any of the provider's may be."""
        numbers = range(self.asked, self.asked + self.transport.capacity)
        self.transport.send([Query(key, f"1212{5550000 + key}") for key in numbers])
        for _ in numbers:
            request, asker = self._service.recvfrom(2048)
            self._service.sendto(answer(json.loads(request)["tel"]).ljust(600), asker)
        self.asked += len(numbers)

    def _deliver(self, outcomes: list[Outcome]) -> None:
        super()._deliver(outcomes)
        self._rounds -= 1
        if self._rounds > 0:
            self.ask_and_answer()


async def test_no_answer_is_lost_for_want_of_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.transports.udp.transport.BUFFER", 1 << 18)
    monkeypatch.setattr("pipeline.transports.udp.port.DATAGRAMS_A_TURN", 64)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        service.bind(("127.0.0.1", 0))
        client = Eager(service, rounds=20)
        async with client.transport:
            client.ask_and_answer()
            await client.until(lambda: len(client.outcomes) == client.asked > 1000)

    assert all(isinstance(outcome.result, Answer) for outcome in client.outcomes)


async def test_a_port_where_nobody_listens_ends_questions_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = Client("udp", Running(plainly, f"udp://127.0.0.1:{port}"), timeout=30)
    async with client.transport, asyncio.timeout(5):
        outcomes = await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS)))

    assert {outcome.result.kind for outcome in outcomes} == {FaultKind.TRANSIENT}  # type: ignore[union-attr]


async def test_more_than_one_object_in_a_datagram_is_no_answer() -> None:
    async with connected("udp", lambda tel, _: Reply((answer(tel) * 2,))) as (client, _):
        fault = await client.ask_one()

        assert isinstance(fault, Fault)
        assert client.transport.counts.strays == 1


async def test_no_more_is_asked_at_once_than_the_receive_buffer_holds_answers_for() -> None:
    async with connected("udp", lambda *_: SILENCE) as (client, _):
        assert 1 <= client.transport.capacity <= (16 << 20) // 1280
        (note,) = client.transport.counts.notes
        assert note.startswith("receive buffer of ")
