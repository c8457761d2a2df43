"""REST: tokens, statuses, Retry-After, and that each request on the wire was asked for."""

import asyncio
import gzip
from collections import Counter

import pytest
from aiohttp import web

from pipeline.errors import AccountError
from pipeline.protocol.messages import Answer, Fault, FaultKind, Query
from pipeline.transports.contract import Unreachable, Withdrawn
from pipeline.transports.rest.redirects import redirected
from pipeline.transports.rest.waits import retry_after
from tests.conformance.services import (
    TEL,
    TELS,
    Client,
    Reply,
    Running,
    answer,
    connected,
    plainly,
    rest_service,
)

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
LATER = "Sun, 06 Nov 1994 08:50:07 GMT"


def queries(tels: list[str]) -> list[Query]:
    return [Query(key, tel) for key, tel in enumerate(tels)]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": LATER, "Date": DATE}, 30.0),
        ({"Retry-After": DATE, "Date": LATER}, 0.0),
        ({"Retry-After": LATER}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "kind", "seconds"),
    [
        (429, {"Retry-After": "2"}, FaultKind.THROTTLE, 2.0),
        (429, {"Retry-After": LATER, "Date": DATE}, FaultKind.THROTTLE, 30.0),
        (429, {}, FaultKind.THROTTLE, None),
        (503, {"Retry-After": "1"}, FaultKind.THROTTLE, 1.0),
        (502, {}, FaultKind.THROTTLE, None),
        (504, {}, FaultKind.THROTTLE, None),
        (500, {"Retry-After": "3"}, FaultKind.THROTTLE, 3.0),
        (500, {}, FaultKind.TRANSIENT, None),
        (404, {}, FaultKind.REJECTED, None),
        (400, {}, FaultKind.REJECTED, None),
        (403, {}, FaultKind.ACCOUNT, None),
        (302, {"Location": "/elsewhere"}, FaultKind.REJECTED, None),
    ],
)
async def test_what_a_status_means(
    status: int, headers: dict[str, str], kind: FaultKind, seconds: float | None
) -> None:
    async with connected("rest", lambda *_: Reply(status=status, headers=headers)) as (client, _):
        fault = await client.ask_one()

    assert (fault.kind, fault.retry_after, fault.sent) == (kind, seconds, True)


async def test_a_redirect_is_not_followed() -> None:
    async with connected("rest") as (client, running):
        elsewhere = f"{running.endpoint}?tel={TELS[1]}"
        running.script = lambda *_: Reply(status=307, headers={"Location": elsewhere})
        await client.ask_one()

        assert running.asked == [TEL]


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("https://login.example.com/sso?secret=1", " to https://login.example.com"),
        ("https://me:word@login.example.com:8443/", " to https://login.example.com:8443"),
        ("//other.example.com/x", " to the same scheme://other.example.com"),
        ("/elsewhere", " to another path"),
        ("http://[", ""),
        ("https://" + "a." * 200 + "com", ""),
        ("https://b\xfccher.example/", " to https://xn--bcher-kva.example"),
        ("", ""),
    ],
)
def test_a_redirect_says_where_to_and_nothing_that_may_be_secret(location: str, said: str) -> None:
    whole = f"redirected (302){said}, which is not followed"
    assert redirected(302, {"Location": location}) == whole


async def test_one_token_serves_all() -> None:
    async with connected("rest", timeout=5) as (client, running):
        await client.ask(*queries(TELS))

        assert running.tokens == 1


async def test_a_refused_token_is_renewed_once_for_all_and_each_asked_again_once() -> None:
    async with connected("rest", timeout=5) as (client, running):
        await client.ask_one()
        running.refused.add("token-1")
        outcomes = await client.ask(*queries(TELS[:50]))
        again = await client.ask(*queries(TELS[:50]))

        assert {outcome.result.kind for outcome in outcomes} == {FaultKind.REPLAY}  # type: ignore[union-attr]
        assert all(isinstance(outcome.result, Answer) for outcome in again)
        assert running.tokens == 2


async def test_two_fresh_tokens_refused_end_the_run() -> None:
    async with connected("rest", timeout=5) as (client, running):
        running.refused |= {"token-1", "token-2", "token-3"}
        results = [await client.ask_one() for _ in range(3)]

        assert [result.kind for result in results] == [
            FaultKind.REPLAY,
            FaultKind.ACCOUNT,
            FaultKind.ACCOUNT,
        ]
        assert [result.sent for result in results] == [True, True, False]
        assert running.tokens == 2


async def test_a_refusal_inside_the_body_is_a_refusal() -> None:
    body = b'{"statuscode":401,"response":{"message":"Unauthorized"}}'

    def refused_once(tel: str, nth: int) -> Reply:
        return Reply((body,)) if nth == 1 else plainly(tel, nth)

    async with connected("rest", refused_once, timeout=5) as (client, running):
        first = await client.ask_one()
        second = await client.ask_one()

        assert first.kind is FaultKind.REPLAY
        assert isinstance(second, Answer)
        assert running.tokens == 2


async def test_a_token_is_renewed_ahead_while_the_old_one_stays_in_use() -> None:
    def short(nth: int) -> web.Response:
        return web.json_response({"access_token": f"token-{nth}", "expires_in": 0.2})

    running = Running(plainly, token_script=short)
    async with rest_service(running):
        client = Client("rest", running)
        async with client.transport:
            while running.tokens < 3:
                assert isinstance(await client.ask_one(), Answer)
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_client_is_said_at_the_start(status: int) -> None:
    def refuses(_: int) -> web.Response:
        return web.json_response({"error": "invalid_client"}, status=status)

    running = Running(plainly, token_script=refuses)
    async with rest_service(running):
        client = Client("rest", running)
        with pytest.raises(AccountError, match=r"invalid_client.*MSISDN_CLIENT_SECRET"):
            await client.transport.__aenter__()


@pytest.mark.parametrize(
    "response",
    [
        lambda: web.Response(status=503),
        lambda: web.Response(text="<html>"),
        lambda: web.json_response({"token": "x"}),
        lambda: web.Response(status=302, headers={"Location": "/elsewhere"}),
        lambda: web.Response(body=b"x" * 200_000),
    ],
)
async def test_a_token_url_that_gives_none_may_be_tried_again(response) -> None:  # type: ignore[no-untyped-def]
    running = Running(plainly, token_script=lambda nth: response() if nth == 1 else ok())
    async with rest_service(running):
        client = Client("rest", running, timeout=5)
        with pytest.raises(Unreachable, match="no token from"):
            await client.transport.__aenter__()
        async with client.transport:
            assert isinstance(await client.ask_one(), Answer)


def ok() -> web.Response:
    return web.json_response({"access_token": "a", "token_type": "Bearer", "expires_in": "3600"})


async def test_a_kept_connection_that_dies_is_not_asked_twice_in_silence() -> None:
    """aiohttp would send an idempotent request again by itself; the meter would count two."""

    def dies(tel: str, nth: int) -> Reply:
        return Reply(close=True) if nth % 2 == 0 else plainly(tel, nth)

    async with connected("rest", dies, concurrency=1) as (client, running):
        results = [await client.ask_one(tel) for tel in TELS[:10]]

    assert Counter(running.asked) == Counter(TELS[:10])
    assert [isinstance(result, Answer) for result in results] == [True, False] * 5
    assert all(result.kind is FaultKind.DISCONNECTED and result.sent for result in results[1::2])


async def test_an_oversized_body_is_not_read_to_its_end() -> None:
    async with connected("rest", lambda *_: Reply((b" " * 10_000_000,))) as (client, _):
        fault = await client.ask_one()

    assert fault.kind is FaultKind.TRANSIENT
    assert "65536" in fault.reason


async def test_a_compressed_answer_is_read_and_a_bomb_is_not() -> None:
    def packed(tel: str, nth: int) -> Reply:
        body = answer(tel) if nth == 1 else b" " * 50_000_000
        return Reply((gzip.compress(body),), headers={"Content-Encoding": "gzip"})

    async with connected("rest", packed, timeout=5) as (client, _):
        sound, bomb = [await client.ask_one() for _ in range(2)]

    assert sound == Answer(answer(TEL), "")
    assert "65536" in bomb.reason


async def test_a_broken_compression_is_transient() -> None:
    reply = Reply((b"not gzip",), headers={"Content-Encoding": "gzip"})

    async with connected("rest", lambda *_: reply) as (client, _):
        fault = await client.ask_one()

    assert fault.kind is FaultKind.DISCONNECTED


async def test_a_service_that_went_away_is_transient_and_not_billed() -> None:
    async with connected("rest", lambda *_: Reply(close=True)) as (client, running):
        await running.stop()
        await client.ask_one()
        fault = await client.ask_one()

    assert (fault.kind, fault.sent) == (FaultKind.TRANSIENT, False)


async def test_a_request_that_could_not_leave_when_it_was_paid_for_is_paid_for_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paid = []

    async def pay_again() -> None:
        paid.append(list(running.asked))

    monkeypatch.setattr(
        "pipeline.transports.rest.attempt.SOON", -1.0
    )  # as if each took long to connect
    async with connected("rest", concurrency=1, pay_again=pay_again) as (client, running):
        outcomes = await client.ask(*queries(TELS[:3]))

    assert all(isinstance(outcome.result, Answer) for outcome in outcomes)
    assert paid == [TELS[:0], TELS[:1], TELS[:2]]  # before it leaves, not after


async def test_a_request_that_is_withdrawn_meanwhile_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def pay_again() -> None:
        raise Withdrawn

    monkeypatch.setattr("pipeline.transports.rest.attempt.SOON", -1.0)
    async with connected("rest", pay_again=pay_again) as (client, running):
        result = await client.ask_one()

    assert isinstance(result, Fault)
    assert not result.sent
    assert running.asked == []


async def test_requests_that_leave_soon_are_paid_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pay_again() -> None:
        raise AssertionError("paid twice")

    monkeypatch.setattr("pipeline.transports.rest.attempt.SOON", 5.0)  # however busy the machine is
    async with connected("rest", concurrency=2, pay_again=pay_again) as (client, _):
        outcomes = await client.ask(*queries(TELS[:20]))

    assert all(isinstance(outcome.result, Answer) for outcome in outcomes)
