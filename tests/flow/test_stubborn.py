"""Numbers that fail each time they are asked do not keep a list from its end."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.simulator.embedded import embedded
from tests.flow.conftest import Command, Simulated, enriched, write_list

NUMBERS = 1000
ATTEMPTS = 3
SEED = "stubborn"

CASES = (
    ("rest", "f3"),
    ("rest", "server_error"),
    ("rest", "not_found"),
    ("rest", "unavailable"),
    ("rest", "loss"),
    ("rest", "reset"),
    ("tcp", "f3"),
    ("tcp", "loss"),
    ("udp", "f3"),
    ("udp", "lost_request"),
)


def asking(command: Command, rough: Simulated, transport: str) -> Callable[[], dict[str, Any]]:
    """The run; each call gives its exit code, summary and requests."""
    given = ("run", "list.csv", "-o", "out", "--rate", "5000", "--attempts", str(ATTEMPTS))

    def run() -> dict[str, Any]:
        rough.reset()
        options = (*given, "--timeout", "0.4", *rough.options(transport), "--json")
        ended = command(*options)
        assert ended.stdout, ended.stderr
        meter = rough.meter()
        told: dict[str, Any] = json.loads(ended.stdout)
        return told | {"code": ended.returncode, "asked": meter["requests"][transport]}

    return run


@pytest.mark.parametrize(("transport", "fault"), CASES)
@pytest.mark.parametrize("share", ["1%", "4%"])
def test_they_are_unresolved_in_every_run_and_all_else_is_written(
    account: Command, transport: str, fault: str, share: str
) -> None:
    write_list(account.folder / "list.csv", NUMBERS)
    faults = (f"{fault}={share}", "stubborn=yes")
    with embedded(seed=SEED, faults=faults) as endpoints:
        run = asking(account, Simulated(endpoints), transport)
        first, again = run(), run()

    assert (first["code"], again["code"]) == (3, 3)
    assert 1 <= first["unresolved"] == again["unresolved"] <= 80
    assert first["answered"] == again["answered"] == NUMBERS - first["unresolved"]
    assert again["asked"] <= ATTEMPTS * first["unresolved"]
    assert enriched(account.folder / "out").height == NUMBERS

    with embedded(seed=SEED) as endpoints:
        last = asking(account, Simulated(endpoints), transport)()
    assert (last["code"], last["unresolved"], last["asked"]) == (0, 0, first["unresolved"])
