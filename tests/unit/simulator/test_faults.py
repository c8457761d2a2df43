"""Each fault does what its row says, and nothing does when none is set."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.protocol.codec import decode_head
from pipeline.simulator.account import Account
from pipeline.simulator.faults import FAULTS, KINDS, Draws, faults_from_text
from pipeline.simulator.population import Population
from pipeline.simulator.service import Reply, Service

TEL = "447400123456"
NEXT = "447400123457"
CERTAIN = {
    "lost_request": (None, False),
    "loss": (None, True),
    "garbage": ("not JSON", True),
    "wrong_tel": (f"{NEXT} {Population('f').answer(NEXT)[2]}", True),
    "odd_code": (f"{TEL} 7F", True),
    "f2": (" F2", False),
    "f3": (" F3", False),
}
"""What is said, as `tel e`, and whether it is billed, with a chance of 1."""


def service(*faults: str) -> Service:
    return Service(Account(), Population("f"), faults_from_text(faults), "f")


def direct(made: Service, tel: str = TEL) -> Reply:
    question = {"clientid": "simulator", "password": "not-a-secret", "tel": tel, "lookup": "mnp"}
    return made.direct(json.dumps(question).encode(), now=0.0)


def rest(made: Service) -> Reply:
    form = {
        "grant_type": "client_credentials",
        "client_id": "simulator",
        "client_secret": "not-a-secret",
    }
    token = made.tokens.issue(form, None, now=0.0)["access_token"]
    return made.rest(TEL, "mnp", token, "127.0.0.1", now=0.0)


def told(reply: Reply) -> str | None:
    if reply.body is None:
        return None
    try:
        head = decode_head(reply.body)
    except ValueError:
        return "not JSON"
    return f"{head.tel} {head.code}"


@pytest.mark.parametrize("ask", [direct, rest])
@pytest.mark.parametrize("name", CERTAIN)
def test_fault_spoils_an_answer_and_is_billed_if_the_lookup_was_carried_out(
    name: str, ask: Callable[[Service], Reply]
) -> None:
    made = service(f"{name}=100%")

    reply = ask(made)

    assert (told(reply), bool(made.meter.billed(TEL))) == CERTAIN[name]


@pytest.mark.parametrize("ask", [direct, rest])
def test_without_faults_the_answer_is_what_the_population_says(
    ask: Callable[[Service], Reply],
) -> None:
    made = service()

    reply = ask(made)

    assert reply == Reply(Population("f").answer(TEL, ("mnp",))[0])
    assert made.meter.billed(TEL) == 1


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("unauthorized", 401),
        ("forbidden", 403),
        ("not_found", 404),
        ("throttle", 429),
        ("server_error", 500),
        ("unavailable", 503),
    ],
)
def test_http_fault_is_said_in_place_of_an_answer_and_not_billed(name: str, status: int) -> None:
    made = service(f"{name}=1")

    reply = rest(made)

    assert reply.status == status
    assert reply.body is not None
    assert json.loads(reply.body)["statuscode"] == status
    assert made.meter.billed(TEL) == 0


def test_failed_is_said_on_direct_connections_only() -> None:
    assert direct(service("failed=1")).body == b"failed"
    assert told(rest(service("failed=1"))) == f"{TEL} "


def test_oversized_answer_is_a_sound_answer_of_a_megabyte() -> None:
    reply = direct(service("oversized=1"))

    assert reply.body is not None
    assert len(reply.body) > 1 << 20
    assert json.loads(reply.body)["tel"] == TEL


def test_wrapped_body_holds_the_flat_one_and_only_by_rest() -> None:
    made = service("wrapped=yes")
    flat, wrapped = direct(made).body, rest(made).body

    assert flat is not None
    assert wrapped is not None
    assert json.loads(wrapped) == {"statuscode": 200, "response": json.loads(flat)}


@pytest.mark.parametrize(
    ("faults", "least", "most"),
    [
        (["latency=0.2"], 0.2, 0.2),
        (["latency=200ms", "jitter=100ms"], 0.2, 0.3),
        (["late=1"], 15.0, 15.0),
        (["late=1", "late_by=3", "latency=1"], 4.0, 4.0),
    ],
)
def test_answers_take_as_long_as_they_are_told(
    faults: list[str], least: float, most: float
) -> None:
    assert least <= direct(service(*faults)).delay <= most


def test_chances_strike_about_as_often_as_they_say() -> None:
    made = service("loss=20%", "duplicate=5%")
    replies = [direct(made, f"44740{number:07}") for number in range(2000)]

    assert 340 < sum(reply.body is None for reply in replies) < 460
    assert 60 < sum("duplicate" in reply.struck for reply in replies) < 140


def test_retry_is_drawn_anew() -> None:
    made = service("loss=50%")

    assert {direct(made).body is None for _ in range(40)} == {True, False}


@given(st.permutations([f"44740012340{number}" for number in range(8)] * 2))
def test_what_strikes_depends_on_the_number_and_the_count_but_not_on_the_order(
    order: list[str],
) -> None:
    values = faults_from_text(["loss=50%", "f3=30%", "garbage=10%"])

    def struck(tels: list[str]) -> dict[str, list[frozenset[str]]]:
        draws = Draws("s", values)
        found: dict[str, list[frozenset[str]]] = {}
        for tel in tels:
            found.setdefault(tel, []).append(draws.draw(tel)[0])
        return found

    assert struck(order) == struck(sorted(order))


@pytest.mark.parametrize(
    "name", [name for name, row in FAULTS.items() if row.kind.__name__ == "chance"]
)
def test_every_chance_can_strike_alone(name: str) -> None:
    draws = Draws("s", faults_from_text([f"{name}=1"]))

    struck, amount = draws.draw(TEL)

    assert struck == {name}
    assert 0 <= amount < 1


def test_faults_strike_independently() -> None:
    names = [name for name, row in FAULTS.items() if row.kind.__name__ == "chance"]
    draws = Draws("s", faults_from_text([f"{name}=50%" for name in names]))
    strikes = [draws.draw(str(tel))[0] for tel in range(1000, 1400)]

    for name in names:
        for other in names:
            together = sum(name in struck and other in struck for struck in strikes)
            assert together > 150 if name == other else 60 < together < 140


def test_good_behaviour_is_the_default_of_all() -> None:
    assert faults_from_text([]) == {name: row.default for name, row in FAULTS.items()}
    assert service().plain


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("lost=1", "names: latency, jitter"),
        ("loss", "write name=value"),
        ("loss=2", "a share such as 0.05 or 5%"),
        ("loss=nan", "a share such as 0.05 or 5%"),
        ("latency=soon", "seconds such as 0.5 or 20ms"),
        ("latency=-1", "seconds such as 0.5 or 20ms"),
        ("close=often", "a whole number"),
        ("newline=maybe", "yes or no"),
    ],
)
def test_wrong_fault_is_refused_with_what_it_takes(text: str, advice: str) -> None:
    with pytest.raises(UsageError, match=advice):
        faults_from_text([text])


def test_every_fault_has_a_described_kind() -> None:
    for row in FAULTS.values():
        assert KINDS[row.kind].wanted
        assert row.help
        assert row.transports
