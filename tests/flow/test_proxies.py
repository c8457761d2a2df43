"""REST through nginx and haproxy: what they close and refuse costs nothing twice, and little time."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulator.embedded import embedded
from tests.flow.conftest import Command, Simulated, write_list
from tests.flow.proxies import haproxy, nginx

pytestmark = pytest.mark.slow

Proxy = Callable[[Path, str], AbstractContextManager[str]]

MANNERS: dict[str, Proxy] = {
    "nginx closes after 50 requests": partial(nginx, inner="keepalive_requests 50;"),
    "nginx closes after each answer": partial(nginx, inner="keepalive_timeout 0;"),
    "nginx closes after a second": partial(nginx, inner="keepalive_timeout 1s;"),
    "haproxy closes after each answer": partial(haproxy, defaults="option httpclose"),
    "haproxy closes after a second": partial(haproxy, defaults="timeout http-keep-alive 1s"),
}

_ZONE = "limit_req_zone $server_port zone=all:1m rate={limit}r/s;"
_TOO_MANY = (
    "error_page 429 = @full; location @full {{ add_header Retry-After {wait} always; return 429; }}"
)

LIMITS: dict[str, Callable[[int], Proxy]] = {
    "nginx, 503, room for 20 more": lambda limit: partial(
        nginx, outer=_ZONE.format(limit=limit), at="limit_req zone=all burst=20 nodelay;"
    ),
    "nginx, 503, each at its distance": lambda limit: partial(
        nginx, outer=_ZONE.format(limit=limit), at="limit_req zone=all;"
    ),
    "nginx, 429 and Retry-After": lambda limit: partial(
        nginx,
        outer=_ZONE.format(limit=limit),
        inner=_TOO_MANY.format(wait=1),
        at="limit_req zone=all burst=20 nodelay; limit_req_status 429;",
    ),
    "haproxy, 429": lambda limit: partial(
        haproxy,
        inner="stick-table type integer size 1 expire 10s store http_req_rate(1s)\n"
        "    http-request track-sc0 int(1)\n"
        f"    http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt {limit} }}",
    ),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulated]:
    with embedded(seed="proxies") as endpoints:
        yield Simulated(endpoints)


def run(
    command: Command, running: Simulated, proxy: Proxy, count: int, *more: object
) -> dict[str, Any]:
    """What the meter says of a run through the proxy, which has to end well."""
    running.reset()
    command.environment |= running.account
    listed = write_list(command.folder / "list.csv", count)
    with proxy(command.folder, running.endpoints.rest) as endpoint:
        flags = ["--endpoint", endpoint, "--token-url", running.endpoints.token_url]
        ended = command("run", listed, "-o", "out", *flags, *more, "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["answered"] == count
    return running.meter()


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("rate", [50, 2000])
def test_what_a_proxy_closes_costs_nothing_twice(
    msisdn: Command, running: Simulated, manner: str, rate: int
) -> None:
    meter = run(msisdn, running, MANNERS[manner], 200 if rate == 50 else 3000, "--rate", rate)
    assert meter["billed_more_than_once"] == 0


@pytest.mark.parametrize("manner", ["nginx closes after a second", "haproxy closes after a second"])
def test_a_connection_that_is_idle_for_about_as_long_as_a_proxy_bears_it(
    msisdn: Command, running: Simulated, manner: str
) -> None:
    meter = run(msisdn, running, MANNERS[manner], 12, "--rate", "0.99")
    assert meter["billed_more_than_once"] == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", LIMITS)
@pytest.mark.parametrize("limit", [50, 200, 1000])
@pytest.mark.parametrize("times", [1.02, 2.5, 5])
def test_most_of_what_a_proxy_lets_through_is_used(
    msisdn: Command, running: Simulated, how: str, limit: int, times: float
) -> None:
    seconds = 60 if limit < 1000 else 40
    rate = round(limit * times)
    meter = run(msisdn, running, LIMITS[how](limit), seconds * limit, "--rate", rate)
    share = meter["billed"] / meter["seconds"] / limit
    assert share >= 0.85
    assert meter["billed_more_than_once"] == 0
