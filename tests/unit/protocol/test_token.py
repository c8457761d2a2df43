"""Decisions about REST's token."""

import base64
import json

import pytest

from pipeline.protocol.messages import Credentials
from pipeline.protocol.token import Refusal, TokenKeeper, TokenRefused, TokenUnusable


def keeper() -> TokenKeeper:
    return TokenKeeper(Credentials("an-id", "a:secret/+ü"))


def body(**fields: object) -> bytes:
    return json.dumps({"access_token": "abc", "token_type": "Bearer"} | fields).encode()


def test_the_request_is_the_samples() -> None:
    headers, sent = keeper().request()

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
