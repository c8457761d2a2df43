"""`--proxy`: everything goes through it, through no other, and nobody learns its password."""

from collections import Counter

import pytest

from tests.flow.conftest import Command, Simulated, numbers, write_list
from tests.flow.proxy import passing

COUNT = 60
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def of_the_environment(address: str) -> dict[str, str]:
    """Variables that other programs take their proxy from."""
    without = {"NO_PROXY": "", "no_proxy": ""}
    return dict.fromkeys(VARIABLES, f"http://{address}") | without


@pytest.mark.parametrize("workers", [1, 2])
def test_every_request_of_a_run_goes_through_the_proxy(
    account: Command, simulator: Simulated, workers: int
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    way = ("--rate", "5000", "--shard-rows", "25", "--workers", workers)
    with passing() as named, passing() as other:
        account.environment |= of_the_environment(other.address)
        proxy = ("--proxy", f"http://{named.address}")
        ended = account("run", listed, "-o", "out", *way, *proxy, *simulator.options("rest"))

    assert ended.returncode == 0, ended.stderr
    meter = simulator.meter()
    assert meter["billed"] == meter["requests"]["rest"] == COUNT
    endpoints = simulator.endpoints
    lookups = [("GET", f"{endpoints.rest}?tel={tel.removeprefix('+')}") for tel in numbers(COUNT)]
    assert Counter(named.passed) == Counter(lookups) | Counter(
        {("POST", endpoints.token_url): meter["requests"]["token"]}
    )
    assert other.passed == []


def test_without_a_proxy_none_is_used(account: Command, simulator: Simulated) -> None:
    with passing() as other:
        account.environment |= of_the_environment(other.address)
        ended = account("lookup", *numbers(3), *simulator.options("rest"))

    assert ended.returncode == 0, ended.stderr
    assert simulator.meter()["billed"] == 3
    assert other.passed == []


def test_the_embedded_simulator_is_asked_without_it(msisdn: Command) -> None:
    with passing() as named:
        ended = msisdn("lookup", *numbers(3), "--simulate", "--proxy", f"http://{named.address}")

    assert ended.returncode == 0, ended.stderr
    assert named.passed == []


def test_its_password_reaches_the_proxy_and_nothing_else(
    account: Command, simulator: Simulated
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    way = ("--rate", "5000", "--shard-rows", "25", "-v", *simulator.options("rest"))
    with passing() as named:
        account.environment |= {
            "MSISDN_PROXY": f"http://me:pass%40word@{named.address}",
            "MSISDN_TRACEBACK": "1",
        }
        doctor = account("doctor", *simulator.options("rest"))
        stopped = account("run", listed, "-o", "out", *way, "--max-lookups", "20")
    refused = account("run", listed, "-o", "out", *way)  # nobody is there any more

    assert (doctor.returncode, stopped.returncode, refused.returncode) == (0, 14, 13)
    assert "cannot connect to the proxy" in refused.stderr
    assert named.credentials == {"Basic bWU6cGFzc0B3b3Jk"}
    told = [
        text.encode() for end in (doctor, stopped, refused) for text in (end.stdout, end.stderr)
    ]
    told += [path.read_bytes() for path in account.folder.rglob("*") if path.is_file()]
    assert len(told) > 10
    for secret in (b"pass%40word", b"pass@word", b"bWU6cGFzc0B3b3Jk"):
        assert [text for text in told if secret in text] == []
