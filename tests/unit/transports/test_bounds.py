"""Numbers and dates of the service are bounded where they enter, and no token is asked for in a storm."""

import itertools
import json

import pytest

from pipeline.protocol.messages import Credentials
from pipeline.protocol.token import DEFAULT_LIFE, TokenKeeper
from pipeline.transports.rest.waits import LONGEST_WAIT, retry_after

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    "told",
    [
        "Sun, 06 Nov 1994 08:49:37 +" + "9" * 33,
        "Sun, 06 Nov 1994 08:49:37 -" + "9" * 400,
        "Sun, 06 Nov " + "9" * 30 + " 08:49:37 GMT",
        "Sun, 06 Nov 1994 " + "9" * 30 + ":49:37 GMT",
        "Sun, " + "9" * 400 + " Nov 1994 08:49:37 GMT",
        "nan",
        "-1",
        "1e400",
        "inf",
        "٣",
        "²",
    ],
)
def test_a_retry_after_that_is_neither_number_nor_date_says_nothing(told: str) -> None:
    assert retry_after({"Retry-After": told, "Date": DATE}) is None
    # The date beside it is the service's as well.
    assert retry_after({"Retry-After": DATE, "Date": told}) is None


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("9" * 400, LONGEST_WAIT),
        ("9" * 30 + ".5", LONGEST_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("Mon, 01 Jan 1900 00:00:00 GMT", 0.0),
        ("2.0", 2.0),
        ("2.", 2.0),
        ("0", 0.0),
        ("000000000000000000017", 17.0),
    ],
)
def test_a_retry_after_is_taken_within_bounds(told: str, seconds: float) -> None:
    assert retry_after({"Retry-After": told, "Date": DATE}) == seconds


@pytest.mark.parametrize(
    "told",
    [
        "9" * 400,
        "-" + "9" * 400,
        "1e999",
        "NaN",
        "-Infinity",
        '"' + "9" * 400 + '"',
        '"nan"',
        '"-0.0"',
        "true",
        "1e9",
        "{}",
    ],
)
def test_a_lifetime_beyond_all_bounds_is_as_one_that_is_not_told(told: str) -> None:
    body = b'{"access_token":"abc","token_type":"bearer","expires_in":%s}' % told.encode()

    token = TokenKeeper(Credentials("an-id", "a-secret")).accept(200, body, 1000.0)

    assert token.expires_at == 1000.0 + DEFAULT_LIFE


@pytest.mark.parametrize("life", [1e-9, 1e-300, 0.001, 0.5, 1.0])
def test_a_token_is_asked_for_at_most_once_a_second_however_short_it_lives(life: float) -> None:
    keeper = TokenKeeper(Credentials("an-id", "a-secret"))
    body = json.dumps({"access_token": "abc", "token_type": "bearer", "expires_in": life}).encode()
    now, asked = 1000.0, []
    while now < 1004.0:
        now += keeper.wait(now)
        asked.append(now)
        now = keeper.accept(200, body, now).renew_at

    assert len(asked) <= 5
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(asked))


def test_tokens_that_are_refused_at_once_are_asked_for_once_a_second_too() -> None:
    keeper = TokenKeeper(Credentials("an-id", "a-secret"))

    assert [keeper.wait(1000.0) for _ in range(4)] == [0.0, 1.0, 2.0, 3.0]
    assert keeper.wait(1010.0) == 0.0
