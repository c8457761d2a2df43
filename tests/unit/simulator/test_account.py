from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.simulator.account import (
    SCOPE,
    Account,
    Gate,
    Refusal,
    Tokens,
    addresses_from_text,
    countries_from_text,
    lookup_types_from_text,
)

FORM = {"grant_type": "client_credentials", "scope": SCOPE}
ACCOUNT = Account(client_id="me", client_secret="mine")
BASIC = "Basic " + b64encode(b"me:mine").decode()


def test_token_is_good_until_its_lifetime_is_over() -> None:
    tokens = Tokens(Account(client_id="me", client_secret="mine", token_lifetime=60.0))
    answer = tokens.issue(FORM, BASIC, now=100.0)

    assert answer["expires_in"] == 60
    assert answer["token_type"] == "Bearer"
    assert tokens.accepts(answer["access_token"], now=159.9)
    assert not tokens.accepts(answer["access_token"], now=160.0)


def test_credentials_may_stand_in_the_body() -> None:
    form = FORM | {"client_id": "me", "client_secret": "mine"}

    assert Tokens(ACCOUNT).issue(form, None, now=0.0)["access_token"]


def test_new_token_leaves_the_old_one_alive() -> None:
    tokens = Tokens(ACCOUNT)
    first, second = (tokens.issue(FORM, BASIC, now=0.0)["access_token"] for _ in range(2))

    assert first != second
    assert tokens.accepts(first, now=1.0)
    assert tokens.accepts(second, now=1.0)


def test_token_dies_after_the_uses_that_it_has() -> None:
    tokens = Tokens(ACCOUNT, revoke_after=2)
    token = tokens.issue(FORM, BASIC, now=0.0)["access_token"]

    assert [tokens.accepts(token, now=1.0) for _ in range(4)] == [True, True, False, False]


@pytest.mark.parametrize("token", ["", "made up"])
def test_unknown_token_is_refused(token: str) -> None:
    assert not Tokens(ACCOUNT).accepts(token, now=0.0)


@pytest.mark.parametrize(
    ("form", "authorization", "status", "error"),
    [
        (FORM, "Basic " + b64encode(b"me:yours").decode(), 401, "invalid_client"),
        (FORM, None, 401, "invalid_client"),
        (FORM, "Basic !!!", 401, "invalid_client"),
        (FORM, "Bearer x", 401, "invalid_client"),
        ({"scope": SCOPE}, BASIC, 400, "unsupported_grant_type"),
        (FORM | {"scope": "other"}, BASIC, 400, "invalid_scope"),
    ],
)
def test_wrong_token_request_is_refused_in_the_words_of_the_standard(
    form: dict[str, str], authorization: str | None, status: int, error: str
) -> None:
    with pytest.raises(Refusal) as refused:
        Tokens(ACCOUNT).issue(form, authorization, now=0.0)

    assert (refused.value.status, refused.value.error) == (status, error)


@given(st.lists(st.floats(0, 5), max_size=60).map(sorted), st.integers(1, 5))
def test_gate_lets_no_more_through_than_the_limit_in_any_second(
    times: list[float], limit: int
) -> None:
    gate = Gate(limit)
    passed = [now for now in times if gate.passes(now)]

    for start in passed:
        assert sum(start <= each < start + 1.0 for each in passed) <= limit


def test_gate_opens_again_when_a_second_is_over() -> None:
    gate = Gate(1)

    assert [gate.passes(now) for now in (0.0, 0.9, 1.0)] == [True, False, True]


def test_addresses_are_allowed_by_network() -> None:
    account = Account(allow_addresses=addresses_from_text("10.0.0.0/8, 127.0.0.1"))

    assert account.allows_address("10.2.3.4")
    assert account.allows_address("127.0.0.1")
    assert not account.allows_address("127.0.0.2")
    assert not account.allows_address("::1")
    assert Account().allows_address("192.0.2.1")


def test_profile_passes_over_types_that_are_not_allowed() -> None:
    account = Account(lookup_types=("hlr",))

    assert account.cascade("") == ("hlr",)
    assert account.cascade("mnp") == ()


def test_countries_are_allowed_or_refused() -> None:
    allowing = Account(allow_countries=frozenset({"GB"}))
    refusing = Account(refuse_countries=frozenset({"GB"}))

    assert [each.allows_country("GB") for each in (allowing, refusing)] == [True, False]
    assert [each.allows_country("DE") for each in (allowing, refusing)] == [False, True]


def test_texts_become_values() -> None:
    assert lookup_types_from_text("hlr, MNP") == ("hlr", "mnp")
    assert countries_from_text("gb,IE") == {"GB", "IE"}


@pytest.mark.parametrize(
    ("read", "text", "advice"),
    [
        (lookup_types_from_text, "sms", "mnp, hlr"),
        (lookup_types_from_text, "", "mnp, hlr"),
        (lookup_types_from_text, "mnp,mnp", "mnp, hlr"),
        (countries_from_text, "UK", "no such region: UK"),
        (addresses_from_text, "10.0.0.1/8", "write 127.0.0.1"),
        (addresses_from_text, "here", "write 127.0.0.1"),
    ],
)
def test_wrong_text_is_refused_with_advice(read: object, text: str, advice: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=advice):
        read(text)


def test_secret_is_in_no_repr() -> None:
    assert "mine" not in repr(ACCOUNT)
    assert "mine" not in repr(Tokens(ACCOUNT))
