"""Decisions about REST's token."""

import base64
import json
from urllib.parse import parse_qs, quote_plus

import pytest

from pipeline.protocol.messages import Credentials
from pipeline.protocol.token import Refusal, TokenKeeper, TokenRefused, TokenUnusable


def keeper(secret: str = "a-secret") -> TokenKeeper:
    return TokenKeeper(Credentials("an-id", secret))


def body(**fields: object) -> bytes:
    return json.dumps({"access_token": "abc", "token_type": "Bearer"} | fields).encode()


def test_the_request_is_the_samples() -> None:
    headers, sent = keeper("a:secret/+ü").request()

    assert sent == b"grant_type=client_credentials&scope=linklookup%2Flookup"
    scheme, _, pair = headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(pair).decode() == "an-id:a:secret/+ü"


@pytest.mark.parametrize(
    ("expires_in", "life", "renew_after"),
    [
        (3600, 3600, 3240),
        (300, 300, 240),
        ("3600", 3600, 3240),
        (60, 60, 30),
        (10, 10, 5),
        (0, 300, 240),
        (-5, 300, 240),
        (None, 300, 240),
        ("soon", 300, 240),
        ([], 300, 240),
        (1e300, 300, 240),
    ],
)
def test_a_token_is_renewed_before_it_expires(
    expires_in: object, life: float, renew_after: float
) -> None:
    token = keeper().accept(200, body(expires_in=expires_in), 1000.0)

    assert (token.expires_at - 1000, token.renew_at - 1000) == (life, renew_after)


def test_a_token_says_nothing_of_its_life_or_another_scope_and_is_taken() -> None:
    assert keeper().accept(200, body(scope="something else"), 0.0).expires_at == 300
    assert keeper().accept(200, b'{"access_token":"abc"}', 0.0).value == "abc"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_account_is_said_in_the_endpoints_word(status: int) -> None:
    with pytest.raises(TokenRefused, match=rf"^{status} invalid_client$"):
        keeper().accept(status, b'{"error":"invalid_client"}', 0.0)


@pytest.mark.parametrize("said", [b"", b"<html>", b'{"error":"the secret is a:secret"}', b"[]"])
def test_a_refusal_repeats_nothing_but_one_word(said: bytes) -> None:
    with pytest.raises(TokenRefused, match=r"^401$"):
        keeper().accept(401, said, 0.0)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, b""),
        (429, body()),
        (302, body()),
        (200, b""),
        (200, b"[]"),
        (200, b"[" * 100_000),
        (200, b"{}"),
        (200, b'{"access_token":null}'),
        (200, b'{"access_token":""}'),
        (200, body(access_token="a\r\nHost: b")),
        (200, body(access_token=5)),
        (200, body(scope=5)),
        (200, b'{"error":"server_error"}'),
        (200, b"access_token=abc"),
    ],
)
def test_an_answer_without_a_token_may_be_better_next_time(status: int, said: bytes) -> None:
    with pytest.raises(TokenUnusable):
        keeper().accept(status, said, 0.0)


ACCOUNT = (
    "invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type"
    " invalid_scope"
)


@pytest.mark.parametrize("error", ACCOUNT.split())
@pytest.mark.parametrize("status", [400, 401])
def test_errors_of_the_account_are_final(status: int, error: str) -> None:
    with pytest.raises(TokenRefused, match=error):
        keeper().accept(status, b'{"error":"%s"}' % error.encode(), 0.0)


@pytest.mark.parametrize(
    ("status", "said", "passing"),
    [
        (400, b'{"error":"temporarily_unavailable"}', True),
        (400, b'{"error":"server_error"}', True),
        (400, b'{"error":"slow_down"}', True),
        (401, b'{"error":"temporarily_unavailable"}', True),
        (403, b"<html>blocked</html>", True),
        (403, b"", True),
        (400, b"", True),
        (429, b"", True),
        (500, b"", True),
        (503, b'{"error":"invalid_client"}', True),
        (404, b"", False),
        (405, b"", False),
        (302, b"", False),
    ],
)
def test_everything_else_passes_or_is_a_wrong_address(
    status: int, said: bytes, passing: bool
) -> None:
    with pytest.raises(TokenUnusable) as error:
        keeper().accept(status, said, 0.0, 7.0 if status == 429 else None)
    assert error.value.passing is passing
    assert error.value.retry_after == (7.0 if status == 429 else None)


@pytest.mark.parametrize("secret", ["a+b", "a/b", "100%", "a=b", "a b", "é"])
def test_a_secret_with_signs_is_sent_in_three_ways(secret: str) -> None:
    tokens, sent = keeper(secret), []
    for last in (False, False, True):
        sent.append(tokens.request())
        with pytest.raises(TokenRefused if last else TokenUnusable):
            tokens.accept(401, b'{"error":"invalid_client"}', 0.0)

    headers = [headers.get("Authorization", "Basic ").removeprefix("Basic ") for headers, _ in sent]
    assert base64.b64decode(headers[0]).decode() == f"an-id:{secret}"
    assert base64.b64decode(headers[1]).decode() == f"an-id:{quote_plus(secret)}"
    assert parse_qs(sent[2][1].decode())["client_secret"] == [secret]
    assert (headers[2], b"client_secret" in sent[0][1]) == ("", False)


@pytest.mark.parametrize("works", [0, 1, 2])
def test_the_way_that_works_is_kept(works: int) -> None:
    tokens = keeper("a+b")
    for _ in range(works):
        with pytest.raises(TokenUnusable):
            tokens.accept(400, b'{"error":"invalid_client"}', 0.0)
    right = tokens.request()
    tokens.accept(200, body(), 0.0)
    assert tokens.request() == right
    with pytest.raises(TokenRefused):
        tokens.accept(401, b'{"error":"invalid_client"}', 1.0)


def test_a_plain_secret_is_refused_at_once() -> None:
    with pytest.raises(TokenRefused):
        keeper().accept(401, b'{"error":"invalid_client"}', 0.0)


def test_a_refused_token_is_renewed_and_older_refusals_are_replayed() -> None:
    tokens = keeper()
    tokens.accept(200, body(), 0.0)
    tokens.proven(1)

    assert [tokens.refused(1), tokens.refused(1)] == [Refusal.RENEW, Refusal.RENEW]
    tokens.accept(200, body(), 1.0)
    assert tokens.refused(1) is Refusal.REPLAY


def test_two_fresh_tokens_refused_in_a_row_are_fatal() -> None:
    tokens = keeper()
    tokens.accept(200, body(), 0.0)
    assert tokens.refused(1) is Refusal.RENEW
    tokens.accept(200, body(), 1.0)

    assert tokens.refused(2) is Refusal.FATAL


def test_a_success_between_two_refusals_makes_them_two_stories() -> None:
    tokens = keeper()
    for generation in range(1, 5):
        tokens.accept(200, body(), float(generation))
        tokens.proven(generation)
        assert tokens.refused(generation) is Refusal.RENEW


def test_a_late_success_of_an_old_token_proves_nothing_of_the_new() -> None:
    tokens = keeper()
    tokens.accept(200, body(), 0.0)
    tokens.refused(1)
    tokens.accept(200, body(), 1.0)
    tokens.proven(1)

    assert tokens.refused(2) is Refusal.FATAL


def test_no_secret_shows_in_a_repr() -> None:
    tokens = keeper()
    token = tokens.accept(200, body(access_token="very-secret"), 0.0)

    assert "secret" not in repr(token) + repr(tokens)
