"""The listeners on real sockets: what a client sees of faults of delivery."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from pipeline.simulator.account import Account, addresses_from_text
from pipeline.simulator.population import Population
from pipeline.simulator.server import Endpoints, SimulatorOptions, listening

TELS = [f"44740012340{number}" for number in range(8)]
MOMENT = 1_700_000_000.0
SEED = "listeners"
PATIENCE = 5.0
ODD = {"e": "7F"}
FORM = {
    "grant_type": "client_credentials",
    "client_id": "simulator",
    "client_secret": "not-a-secret",
}


def question(tel: str) -> bytes:
    fields = {"clientid": "simulator", "password": "not-a-secret", "tel": tel}
    return json.dumps(fields).encode()


def answer(tel: str) -> dict[str, str]:
    return Population(SEED).expected(tel)


@asynccontextmanager
async def simulator(*faults: str, **account: Any) -> AsyncIterator[Endpoints]:
    options = SimulatorOptions(seed=SEED, faults=faults, account=Account(**account))
    async with asyncio.timeout(PATIENCE), listening(options, lambda: MOMENT) as (endpoints, _):
        yield endpoints


@asynccontextmanager
async def connected(
    endpoints: Endpoints,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = endpoints.tcp.removeprefix("tcp://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 22)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answers(reader: asyncio.StreamReader, count: int) -> list[dict[str, str]]:
    """So many answers, in the order they come."""
    return [json.loads(await reader.readuntil(b"}")) for _ in range(count)]


# TCP


async def test_connection_is_kept_open_and_answers_come_in_order() -> None:
    async with simulator() as endpoints, connected(endpoints) as (reader, writer):
        for _ in range(2):
            writer.write(b"".join(map(question, TELS)))
            assert await answers(reader, len(TELS)) == [answer(tel) for tel in TELS]


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n", b"  "])
async def test_requests_may_come_in_any_pieces_with_anything_blank_between(between: bytes) -> None:
    stream = b"".join(question(tel) + between for tel in TELS)
    async with simulator() as endpoints, connected(endpoints) as (reader, writer):
        for at in range(0, len(stream), 23):
            writer.write(stream[at : at + 23])
            await writer.drain()
            await asyncio.sleep(0)
        assert await answers(reader, len(TELS)) == [answer(tel) for tel in TELS]


async def test_closing_server_answers_once_and_throws_the_rest_away_unbilled() -> None:
    async with simulator("close=1") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(b"".join(map(question, TELS)))

        assert json.loads(await reader.read()) == answer(TELS[0])
        meter = await fetch(endpoints.meter)
        assert (meter["billed"], meter["requests"]["tcp"]) == (1, len(TELS))


async def test_closing_server_says_all_that_it_owes_first() -> None:
    faults = ("close=3", "jitter=30ms", "reorder=50%", "split=50%")
    async with simulator(*faults) as endpoints, connected(endpoints) as (reader, writer):
        writer.write(b"".join(map(question, TELS)))
        said = await reader.read()

    assert {json.loads(each + b"}")["tel"] for each in said.split(b"}")[:-1]} == set(TELS[:3])


@pytest.mark.parametrize("fault", ["latency=50ms", "newline=yes", "duplicate=100%"])
async def test_a_connection_on_which_nothing_is_said_is_closed(fault: str) -> None:
    """As the document's Java client waits for it."""
    async with simulator("idle=0.2", fault) as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))
        said = await asyncio.wait_for(reader.read(), 10)

    assert json.loads(said.partition(b"}")[0] + b"}") == answer(TELS[0])


async def test_one_that_never_said_anything_is_closed_too() -> None:
    async with simulator("idle=0.1") as endpoints, connected(endpoints) as (reader, _):
        assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_one_that_is_used_stays_open() -> None:
    async with simulator("idle=0.5") as endpoints, connected(endpoints) as (reader, writer):
        for tel in TELS[:8]:
            writer.write(question(tel))
            assert await answers(reader, 1) == [answer(tel)]
            await asyncio.sleep(0.1)


async def test_an_answer_that_takes_longer_is_waited_for() -> None:
    faults = ("idle=0.05", "latency=0.4")
    async with simulator(*faults) as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))
        assert json.loads(await asyncio.wait_for(reader.read(), 10)) == answer(TELS[0])


async def test_answers_may_end_in_a_newline() -> None:
    async with simulator("newline=yes") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))

        assert json.loads(await reader.readline()) == answer(TELS[0])


async def test_split_answers_come_in_pieces_and_whole_in_the_end() -> None:
    async with simulator("split=1") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))
        piece = await reader.read(1 << 16)
        assert 0 < len(piece) < len(json.dumps(answer(TELS[0]), separators=(",", ":")))

        writer.write(b"".join(map(question, TELS[1:])))
        rest = await reader.readuntil(b"}")
        assert json.loads(piece + rest) == answer(TELS[0])
        assert await answers(reader, len(TELS) - 1) == [answer(tel) for tel in TELS[1:]]


async def test_merged_answers_come_together() -> None:
    async with simulator("merge=200ms") as endpoints, connected(endpoints) as (reader, writer):
        for tel in TELS:
            writer.write(question(tel))
            await writer.drain()
            await asyncio.sleep(0)

        assert (await reader.read(1 << 16)).count(b"}") == len(TELS)


async def test_reordered_answers_are_all_there_in_another_order() -> None:
    async with simulator("reorder=50%") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(b"".join(map(question, TELS)))
        tels = [each["tel"] for each in await answers(reader, len(TELS))]

    assert tels != TELS
    assert sorted(tels) == TELS


async def test_answer_held_back_comes_even_if_none_overtakes_it() -> None:
    async with simulator("reorder=1") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))

        assert await answers(reader, 1) == [answer(TELS[0])]


async def test_duplicates_come_twice_and_are_billed_once() -> None:
    async with simulator("duplicate=1") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))

        assert await answers(reader, 2) == [answer(TELS[0])] * 2
        assert (await fetch(endpoints.meter))["billed"] == 1


async def test_reset_connection_is_billed() -> None:
    async with simulator("reset=1") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))

        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert (await fetch(endpoints.meter))["billed"] == 1


async def test_truncated_answer_is_followed_by_the_end() -> None:
    async with simulator("truncated=1") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))
        said = await reader.read()

    assert said.startswith(b"{")
    assert b"}" not in said


async def test_hanging_connection_stays_silent_but_open() -> None:
    async with simulator("hang=1") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(question(TELS[0]))
        writer.write(question(TELS[1]))

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(1)
        assert (await fetch(endpoints.meter))["billed"] == 1


async def test_delayed_answers_overtake_each_other() -> None:
    async with simulator("jitter=60ms") as endpoints, connected(endpoints) as (reader, writer):
        writer.write(b"".join(map(question, TELS)))
        tels = [each["tel"] for each in await answers(reader, len(TELS))]

    assert sorted(tels) == TELS
    assert tels != TELS


async def test_client_that_does_not_read_is_not_heard_until_it_does() -> None:
    count = 60_000
    async with simulator() as endpoints, connected(endpoints) as (reader, writer):
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # no other way to not read
        writer.write(question(TELS[0]) * count)
        heard = -1
        while heard < (now := (await fetch(endpoints.meter))["requests"]["tcp"]):
            heard = now
        assert heard < count

        reader._transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(count):
            await reader.readuntil(b"}")


async def test_address_that_is_not_allowed_is_told_failed() -> None:
    only = addresses_from_text("10.0.0.0/8")
    async with (
        simulator(allow_addresses=only) as endpoints,
        connected(endpoints) as (reader, writer),
    ):
        writer.write(question(TELS[0]))

        assert await reader.readexactly(6) == b"failed"


async def test_stream_that_cannot_be_requests_is_closed() -> None:
    async with simulator() as endpoints, connected(endpoints) as (reader, writer):
        writer.write(b"{" * 100_000)

        assert await reader.read() == b""


# UDP


class Client:
    """A UDP client on the running loop."""

    def __init__(self, endpoints: Endpoints) -> None:
        host, port = endpoints.udp.removeprefix("udp://").split(":")
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect((host, int(port)))

    async def send(self, *tels: str) -> None:
        for tel in tels:
            await self._loop.sock_sendall(self._socket, question(tel))

    async def receive(self, count: int) -> list[bytes]:
        return [await self._loop.sock_recv(self._socket, 1 << 16) for _ in range(count)]

    async def silent(self) -> bool:
        try:
            async with asyncio.timeout(0.05):
                await self._loop.sock_recv(self._socket, 1 << 16)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def datagrams(*faults: str, **account: Any) -> AsyncIterator[tuple[Endpoints, Client]]:
    async with simulator(*faults, **account) as endpoints:
        client = Client(endpoints)
        try:
            yield endpoints, client
        finally:
            client.close()


async def test_every_datagram_is_answered_by_one() -> None:
    async with datagrams() as (_, client):
        await client.send(*TELS)

        assert [json.loads(each) for each in await client.receive(8)] == [*map(answer, TELS)]


async def test_lost_datagrams_leave_silence_and_a_bill() -> None:
    async with datagrams("loss=1") as (endpoints, client):
        await client.send(*TELS)

        assert await client.silent()
        assert (await fetch(endpoints.meter))["billed"] == len(TELS)


async def test_duplicated_datagrams_come_twice() -> None:
    async with datagrams("duplicate=1") as (_, client):
        await client.send(TELS[0])

        assert [json.loads(each) for each in await client.receive(2)] == [answer(TELS[0])] * 2


async def test_reordered_datagrams_are_all_there_in_another_order() -> None:
    async with datagrams("reorder=50%") as (_, client):
        await client.send(*TELS)
        tels = [json.loads(each)["tel"] for each in await client.receive(len(TELS))]

    assert tels != TELS
    assert sorted(tels) == TELS


async def test_truncated_datagram_is_not_json() -> None:
    async with datagrams("truncated=1") as (_, client):
        await client.send(TELS[0])
        [said] = await client.receive(1)

    assert said.startswith(b"{")
    assert b"}" not in said


async def test_oversized_datagram_still_fits_one() -> None:
    async with datagrams("oversized=1") as (_, client):
        await client.send(TELS[0])
        [said] = await client.receive(1)

    assert len(said) == 60_000


async def test_late_datagram_comes_late() -> None:
    async with datagrams("late=1", "late_by=300ms") as (_, client):
        await client.send(TELS[0])

        assert await client.silent()
        assert [json.loads(each) for each in await client.receive(1)] == [answer(TELS[0])]


async def test_datagram_from_an_address_that_is_not_allowed_is_told_failed() -> None:
    only = addresses_from_text("10.0.0.0/8")
    async with datagrams("newline=yes", allow_addresses=only) as (_, client):
        await client.send(TELS[0])

        assert await client.receive(1) == [b"failed\n"]


async def test_client_that_has_gone_does_not_stop_the_others() -> None:
    async with datagrams("latency=10ms") as (endpoints, client):
        gone = Client(endpoints)
        await gone.send(*TELS)
        gone.close()
        await client.send(TELS[0])

        assert [json.loads(each) for each in await client.receive(1)] == [answer(TELS[0])]


# REST


async def fetch(url: str, method: str = "GET") -> Any:
    async with aiohttp.ClientSession() as session, session.request(method, url) as response:
        assert response.status == 200
        return await response.json()


@asynccontextmanager
async def signed_in(
    *faults: str, **account: Any
) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """The URL for lookups and a session that has a token."""
    async with simulator(*faults, **account) as endpoints:
        async with (
            aiohttp.ClientSession() as session,
            session.post(endpoints.token_url, data=FORM) as response,
        ):
            token = (await response.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield endpoints.rest, session


@pytest.mark.parametrize("slash", ["", "/"])
async def test_lookup_by_rest_is_answered_with_and_without_a_slash(slash: str) -> None:
    async with (
        signed_in() as (url, session),
        session.get(f"{url}{slash}?tel={TELS[0]}") as response,
    ):
        assert response.status == 200
        assert await response.json() == answer(TELS[0])


async def test_token_may_be_asked_for_with_basic_authentication() -> None:
    async with simulator() as endpoints, aiohttp.ClientSession() as session:
        headers = {"Authorization": "Basic c2ltdWxhdG9yOm5vdC1hLXNlY3JldA=="}
        form = {"grant_type": "client_credentials", "scope": "linklookup/lookup"}
        async with session.post(endpoints.token_url, data=form, headers=headers) as response:
            assert (await response.json())["expires_in"] == 3600


async def test_wrong_credentials_get_no_token() -> None:
    async with simulator() as endpoints, aiohttp.ClientSession() as session:
        form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
        async with session.post(endpoints.token_url, data=form) as response:
            assert response.status == 401
            assert await response.json() == {"error": "invalid_client"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [("missing", None), ("0", 0), ("-5", -5), ("soon", "soon")],
)
async def test_expires_in_is_what_the_fault_tells(told: str, expected: object) -> None:
    async with (
        simulator(f"expires_in={told}") as endpoints,
        aiohttp.ClientSession() as session,
        session.post(endpoints.token_url, data=FORM) as response,
    ):
        assert (await response.json()).get("expires_in") == expected


async def test_token_endpoint_is_down_for_as_many_requests_as_the_fault_says() -> None:
    async with simulator("token_down=1") as endpoints, aiohttp.ClientSession() as session:
        statuses = []
        for _ in range(2):
            async with session.post(endpoints.token_url, data=FORM) as response:
                statuses.append(response.status)

    assert statuses == [503, 200]


async def test_retry_after_is_seconds() -> None:
    async with (
        signed_in("throttle=1", "retry_after=2") as (url, session),
        session.get(f"{url}?tel={TELS[0]}") as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (429, "2")


async def test_retry_after_can_be_a_date() -> None:
    async with (
        signed_in("unavailable=1", "retry_after=30", "retry_date=yes") as (url, session),
        session.get(f"{url}?tel={TELS[0]}") as response,
    ):
        assert response.status == 503
        assert parsedate_to_datetime(response.headers["Retry-After"]).timestamp() == MOMENT + 30


async def test_above_the_rate_limit_rest_is_told_to_wait_a_second() -> None:
    async with signed_in(rate_limit=1) as (url, session):
        async with session.get(f"{url}?tel={TELS[0]}") as response:
            assert response.status == 200
        async with session.get(f"{url}?tel={TELS[1]}") as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "1")


async def test_rest_refuses_an_address_that_is_not_allowed() -> None:
    only = addresses_from_text("10.0.0.0/8")
    async with (
        signed_in(allow_addresses=only) as (url, session),
        session.get(f"{url}?tel={TELS[0]}") as response,
    ):
        assert response.status == 403


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("reset=1", aiohttp.ClientOSError),
        ("truncated=1", aiohttp.ClientPayloadError),
    ],
)
async def test_broken_http_answers_are_errors_to_the_client(
    fault: str, raised: type[Exception]
) -> None:
    async with signed_in(fault) as (url, session):
        with pytest.raises(raised):
            async with session.get(f"{url}?tel={TELS[0]}") as response:
                await response.read()


@pytest.mark.parametrize("fault", ["hang=1", "loss=1", "lost_request=1"])
async def test_http_answer_may_never_come(fault: str) -> None:
    async with signed_in(fault) as (url, session):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), session.get(f"{url}?tel={TELS[0]}"):
                pass


async def test_http_answer_takes_its_latency() -> None:
    loop = asyncio.get_running_loop()
    async with signed_in("latency=50ms") as (url, session):
        before = loop.time()
        async with session.get(f"{url}?tel={TELS[0]}") as response:
            assert await response.json() == answer(TELS[0])

    assert loop.time() - before >= 0.05


async def test_country_may_have_three_letters() -> None:
    async with (
        signed_in("alpha3=yes") as (url, session),
        session.get(f"{url}?tel={TELS[0]}") as response,
    ):
        assert (await response.json())["cc"] == "GBR"


async def test_other_paths_are_not_found() -> None:
    async with (
        signed_in() as (url, session),
        session.get(url.replace("enumlookup", "else")) as response,
    ):
        assert response.status == 404


async def test_meter_lists_numbers_and_starts_anew() -> None:
    async with datagrams() as (endpoints, client):
        await client.send(TELS[0], TELS[0], TELS[1])
        await client.receive(3)

        assert (await fetch(endpoints.meter + "?numbers=1"))["numbers"] == {TELS[0]: 2}
        counts = (await fetch(endpoints.meter + "?numbers=all"))["numbers"]
        assert counts == {TELS[0]: 2, TELS[1]: 1}
        await fetch(endpoints.meter + "/reset", "POST")
        assert (await fetch(endpoints.meter))["billed"] == 0


async def test_faults_can_be_set_while_it_runs() -> None:
    async with simulator() as endpoints, aiohttp.ClientSession() as session:
        faults = endpoints.meter.replace("/meter", "/faults")
        async with connected(endpoints) as (reader, writer):
            for text, told in ((b"", answer(TELS[0])), (b"odd_code=1", answer(TELS[0]) | ODD)):
                async with session.post(faults, data=text) as set_now:
                    assert set_now.status == 200
                writer.write(question(TELS[0]))
                assert await answers(reader, 1) == [told]
        async with session.post(faults, data=b"nonsense=1") as refused:
            assert refused.status == 400
            assert "nonsense" in (await refused.json())["message"]


async def test_answers_that_are_remembered_are_the_same_and_billed_alike() -> None:
    options = SimulatorOptions(seed=SEED, remember=1)
    async with listening(options, lambda: MOMENT) as (endpoints, _):
        async with connected(endpoints) as (reader, writer):
            for tel in (TELS[0], TELS[1], TELS[0], TELS[1]):
                writer.write(question(tel))
                assert await answers(reader, 1) == [answer(tel)]
        counts = (await fetch(endpoints.meter + "?numbers=all"))["numbers"]
    assert counts == {TELS[0]: 2, TELS[1]: 2}
