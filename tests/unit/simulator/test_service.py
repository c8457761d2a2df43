"""Who may ask what: the same for all transports."""

import json

import pytest

from pipeline.simulator.account import Account
from pipeline.simulator.faults import faults_from_text
from pipeline.simulator.population import Population
from pipeline.simulator.service import Service

TEL = "447400123457"
GOOD = {"clientid": "simulator", "password": "not-a-secret", "tel": TEL}


def service(account: Account | None = None, *faults: str) -> Service:
    return Service(account or Account(), Population("s"), faults_from_text(faults))


def ask(made: Service, now: float = 0.0, **fields: str) -> dict[str, str] | bytes | None:
    body = made.direct_plain(json.dumps(GOOD | fields).encode(), now)
    if body is None or not body.startswith(b"{"):
        return body
    answer: dict[str, str] = json.loads(body)
    return answer


def filled(answer: dict[str, str] | bytes | None) -> dict[str, str]:
    """The fields that are not blank."""
    assert isinstance(answer, dict)
    return {name: value for name, value in answer.items() if value}


@pytest.mark.parametrize("lookup", ["mnp", "hlr"])
def test_answer_is_of_the_lookup_type_that_was_asked(lookup: str) -> None:
    made = service()

    assert ask(made, lookup=lookup) == Population("s").expected(TEL, (lookup,))
    assert made.meter.summary()["billed_by_lookup"] == {lookup: 1}


def test_without_a_lookup_type_the_profile_decides() -> None:
    assert ask(service()) == Population("s").expected(TEL)
    assert ask(service(Account(profile=("hlr",)))) == Population("s").expected(TEL, ("hlr",))


@pytest.mark.parametrize(
    "question",
    [
        json.dumps(GOOD | {"password": "other"}).encode(),
        json.dumps(GOOD | {"clientid": "other"}).encode(),
        json.dumps({"tel": TEL}).encode(),
        b"{}",
        b"{nonsense}",
        b"hello",
        b"",
    ],
)
def test_wrong_or_missing_credentials_get_the_word_failed(question: bytes) -> None:
    made = service()

    assert made.direct_plain(question, 0.0) == b"failed"
    assert made.direct(question, 0.0).body == b"failed"
    assert made.meter.summary()["billed"] == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"tel": ""},
        {"tel": "+447400123456"},
        {"tel": "07400123456"},
        {"tel": "4474"},
        {"tel": "4" * 18},
        {"tel": "٤٤٧٤٠٠١٢٣٤٥٦"},
        {"lookup": "mnnp"},
        {"lookup": "MNP"},
    ],
)
def test_invalid_parameters_are_f2_with_all_else_blank_and_not_billed(
    fields: dict[str, str],
) -> None:
    made = service()

    assert filled(ask(made, 0.0, **fields)) == {"e": "F2"}
    assert made.meter.summary()["billed"] == 0


def test_lookup_type_that_is_not_allowed_is_f0_with_the_number_only() -> None:
    made = service(Account(lookup_types=("mnp",)))

    assert filled(ask(made, lookup="hlr")) == {"tel": TEL, "e": "F0"}
    assert filled(ask(made, lookup="mnp"))["lookup"] == "mnp"
    assert made.meter.summary()["billed"] == 1


def test_profile_of_types_that_are_not_allowed_is_f0() -> None:
    assert filled(ask(service(Account(lookup_types=("mnp",), profile=("hlr",)))))["e"] == "F0"


def test_country_that_is_not_allowed_is_f1_with_the_number_only() -> None:
    made = service(Account(refuse_countries=frozenset({"GB"})))

    assert filled(ask(made)) == {"tel": TEL, "e": "F1"}
    assert filled(ask(made, tel="4915112345678"))["cc"] == "DE"


def test_above_the_rate_limit_direct_requests_are_dropped_unbilled() -> None:
    made = service(Account(rate_limit=2))

    answers = [ask(made, now) is not None for now in (0.0, 0.1, 0.2, 0.9, 1.0)]

    assert answers == [True, True, False, False, True]
    assert made.meter.billed(TEL) == 3
    assert made.meter.summary()["answers"]["dropped"] == 2


def token(made: Service, now: float = 0.0) -> str:
    form = {"grant_type": "client_credentials"}
    own = {"client_id": made.account.client_id, "client_secret": made.account.client_secret}
    text: str = made.tokens.issue(form | own, None, now)["access_token"]
    return text


def test_above_the_rate_limit_rest_gets_429() -> None:
    made = service(Account(rate_limit=1))
    good = token(made)

    statuses = [made.rest(TEL, "", good, "127.0.0.1", 0.0).status for _ in range(2)]

    assert statuses == [200, 429]
    assert made.meter.billed(TEL) == 1


def test_without_a_good_token_rest_gets_401_in_the_shape_of_the_document() -> None:
    reply = service().rest(TEL, "", "made up", "127.0.0.1", 0.0)

    assert reply.status == 401
    assert reply.body == b'{"statuscode":401,"response":{"message":"Unauthorized"}}'


def test_expired_token_gets_401_and_a_new_one_serves() -> None:
    made = service(Account(token_lifetime=10.0))
    old = token(made)

    assert made.rest(TEL, "", old, "127.0.0.1", 11.0).status == 401
    assert made.rest(TEL, "", token(made, 11.0), "127.0.0.1", 11.0).status == 200


def test_revoked_token_gets_401_after_its_uses() -> None:
    made = service(None, "revoke=1")
    first = token(made)

    assert [made.rest(TEL, "", first, "127.0.0.1", 0.0).status for _ in range(2)] == [200, 401]


def test_every_answer_is_counted_by_its_code() -> None:
    made = service(Account(lookup_types=("mnp",)))
    ask(made, lookup="mnp")
    ask(made, lookup="hlr")
    ask(made, tel="1")
    ask(made, password="other")

    assert made.meter.summary()["answers"] == {"F0": 1, "F2": 1, "failed": 1, "ok": 1}
