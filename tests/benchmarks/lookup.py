"""`msisdn run` over each transport, beside a client that asks the same and keeps nothing.

The service is a simulator in a process of its own, and it is asked how fast it was asked.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from pipeline.simulator.embedded import embedded
from pipeline.simulator.server import Endpoints
from tests.benchmarks.commands import Spent, account, meter, msisdn, python, reaching, reset_meter
from tests.benchmarks.figures import Comparison, Figure, Goal, Result, net, ratios
from tests.benchmarks.lists import write_list
from tests.benchmarks.scale import Scale

__all__ = ("RATE", "lookup", "transports")

_RUNS = {"rest": 7, "tcp": 3, "udp": 3}
"""REST's goal is a ratio, and a client and a service that need a core each feel whatever else the
machine does."""
RATE = 1_000_000
"""Lookups a second; far above what is reached, so that nothing waits for the limiter."""
_NUMBERS = {"rest": 60_000, "tcp": 300_000, "udp": 300_000}
"""Several shards, so that parts are written while others are asked."""
_A_CORE = {"tcp": 60_000, "udp": 40_000}
_OF_BARE = 0.9
"""Goals of the design."""
_BASELINES = Path(__file__).with_name("bare.py")


class _Asked(NamedTuple):
    """One run, as it was seen here and at the service."""

    spent: Spent
    seconds: float
    """From the first request at the service to the last."""
    requests: int
    worst_second: int
    lookups: int
    """Different numbers that were really looked up."""


def lookup(folder: Path, scale: Scale, only: tuple[str, ...] = tuple(_NUMBERS)) -> Iterator[Result]:
    """Lookups a second over REST, TCP and UDP."""
    for transport in only:
        count = _NUMBERS[transport] // (10 if scale.quick else 1)
        with embedded(seed="bench", arguments=("--remember", str(count))) as service:
            yield from _figures(folder, service, transport, count)


transports = {f"lookup-{name}": partial(lookup, only=(name,)) for name in _NUMBERS}
"""The benchmark of each transport alone."""


def _figures(folder: Path, service: Endpoints, transport: str, count: int) -> Iterator[Result]:
    one = write_list(folder / "one.csv", 1)
    listed = write_list(folder / "list.csv", count)
    turns = range(_RUNS[transport])
    start = [_ours(folder, service, transport, one).spent for _ in turns]
    bare_start = [_bare(folder, service, transport, one).spent for _ in turns]
    _ours(folder, service, transport, listed)  # the service remembers its answers from here on
    cleaned = [_clean(folder, listed) for _ in turns]
    # In turn, so that whatever else the machine does falls on both.
    pairs = [
        (_ours(folder, service, transport, listed), _bare(folder, service, transport, listed))
        for _ in turns
    ]
    ours, bare = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    name = f"lookup {transport}"
    yield Figure(f"{name} start-up", "s", tuple(spent.wall for spent in start))
    yield from _at_the_service(name, count, ours, bare)
    yield from _judged(name, transport, count, [ours, bare], cleaned)
    yield Figure(f"{name}, whole command, raw", "s", tuple(asked.spent.wall for asked in ours))
    yield Figure(f"{name}, whole command, raw, bare", "s", tuple(a.spent.wall for a in bare))
    whole = net([asked.spent.wall for asked in ours], [spent.wall for spent in start])
    if whole:
        yield Figure(f"{name}, whole command", "lookups/s", tuple(count / one for one in whole))
    for word, runs, begun in (("", ours, start), (", bare", bare, bare_start)):
        raw, before = [asked.spent.cpu for asked in runs], [spent.cpu for spent in begun]
        if spent := net(raw, before):
            each = tuple(seconds / count * 1e6 for seconds in spent)
            yield Figure(f"{name}, processor{word}", "µs a lookup", each)


def _judged(
    name: str, transport: str, count: int, runs: list[list[_Asked]], cleaned: list[Spent]
) -> Iterator[Result]:
    """What the design promises: of a core for TCP and UDP, of the bare client for REST."""
    ours, bare = ([count / asked.seconds for asked in each] for each in runs)
    to_bare = ratios(f"{name}, asking, to bare", ours, bare)
    goals = [] if transport in _A_CORE else [Goal(to_bare, _OF_BARE)]
    asking = Figure(f"{name}, asking", "lookups/s", tuple(ours))
    spent = net([asked.spent.cpu for asked in runs[0]], [one.cpu for one in cleaned])
    if spent:
        each = tuple(seconds / count * 1e6 for seconds in spent)
        yield Figure(f"{name}, processor, asking and writing", "µs a lookup", each)
        core = Figure(f"{name}, of a core", "lookups/s", tuple(1e6 / one for one in each))
        yield core
        goals += [Goal(core, _A_CORE[transport])] if transport in _A_CORE else []
    theirs = Figure(f"{name}, asking, bare", "lookups/s", tuple(bare))
    yield Comparison(name, asking, theirs, to_bare, goals=tuple(goals))


def _clean(folder: Path, listed: Path) -> Spent:
    """What normalising and start-up take of the same list."""
    out = folder / "cleaned"
    return msisdn(
        folder, "clean", listed, "-o", out, "--region-column", "country", "--restart", "-q"
    )


def _at_the_service(
    name: str, count: int, ours: list[_Asked], bare: list[_Asked]
) -> Iterator[Figure]:
    """What the service saw: its meter runs from the first request to the last."""
    speed = [count / asked.seconds for asked in ours]
    bare_speed = [count / asked.seconds for asked in bare]
    yield Figure(f"{name}, asking", "lookups/s", tuple(speed))
    yield Figure(f"{name}, asking, bare", "lookups/s", tuple(bare_speed))
    yield ratios(f"{name}, asking, to bare", speed, bare_speed)
    for word, runs in (("", ours), (", bare", bare)):
        worst = tuple(asked.worst_second for asked in runs)
        yield Figure(f"{name}, worst second{word}", "requests", worst)
        yield Figure(f"{name}, requests{word}", "a number", tuple(r.requests / count for r in runs))
        looked_up = tuple(asked.lookups / count for asked in runs)
        yield Figure(f"{name}, looked up{word}", "a number", looked_up)


def _ours(folder: Path, service: Endpoints, transport: str, listed: Path) -> _Asked:
    reset_meter(service)
    flags = ["--region-column", "country", "--rate", str(RATE), "--restart", "-q"]
    flags += reaching(service, transport)
    out = folder / "out"
    spent = msisdn(folder, "run", listed, "-o", out, *flags, environment=account(service))
    return _asked(service, transport, spent)


def _bare(folder: Path, service: Endpoints, transport: str, listed: Path) -> _Asked:
    """The baseline asks about what our run made of the list, so it must come second."""
    reset_meter(service)
    numbers = pl.read_parquet(folder / "out" / "enriched" / "*.parquet", columns=["msisdn"])
    column = listed.with_suffix(".txt")
    numbers.write_csv(column, include_header=False)
    spent = python(
        folder,
        _BASELINES,
        *(transport, str(getattr(service, transport)), column),
        environment=account(service) | {"BARE_TOKEN_URL": service.token_url},
    )
    return _asked(service, transport, spent)


def _asked(service: Endpoints, transport: str, spent: Spent) -> _Asked:
    seen = meter(service)
    requests = seen["requests"][transport]
    return _Asked(spent, seen["seconds"], requests, seen["worst_second"], seen["billed_numbers"])
