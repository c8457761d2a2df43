"""How much of what a service lets through is used, where the set rate is more than that.

The service takes so many requests in any second: over REST it refuses the others with 429, with or
without Retry-After, over TCP and UDP it says nothing to them.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipeline.simulator.embedded import embedded
from tests.benchmarks.figures import Comparison, Figure, Goal, Result
from tests.benchmarks.lists import write_list
from tests.benchmarks.scale import Scale
from tests.benchmarks.service import Seen, run

__all__ = ("limited",)

_LIMITS: tuple[int, ...] = (50, 200, 1_000)
_TIMES: tuple[float, ...] = (1.02, 1.5, 5.0)
_WAYS = {
    "rest, 429": ("rest", ()),
    "rest, 429 and Retry-After 1": ("rest", ("retry_after=1",)),
    "tcp": ("tcp", ()),
    "udp": ("udp", ()),
}
_SECONDS = 60
"""How long the list takes at the limit."""
_MOST = 0.95
"""The share of the numbers until whose answers the limit counts: what was lost last is asked again at its
time-out, 10 s later, and how long the list is says how much that is."""
_USED = 0.85


def limited(folder: Path, scale: Scale) -> Iterator[Result]:
    """Every way of refusing, limit, and rate in parts of the limit."""
    limits, times, seconds = _LIMITS, _TIMES, _SECONDS
    if scale.quick:
        limits, times, seconds = (200,), (1.5,), 5
    for way, (transport, faults) in _WAYS.items():
        for limit in limits:
            listed = write_list(folder / "list.csv", limit * seconds)
            for more in times:
                arguments = ("--rate-limit", str(limit))
                with embedded(seed="bench", faults=faults, arguments=arguments) as service:
                    seen = run(folder, service, transport, listed, "--rate", limit * more)
                name = f"limited {way}, {limit}/s, rate {more:g} times that"
                yield from _used(name, limit, seen, _until_most(folder / "out"))


def _until_most(out: Path) -> float:
    """Answers a second, from the first one on."""
    times = pl.read_parquet(out / "enriched" / "*.parquet")["answered_at"].drop_nulls().sort()
    most = int(_MOST * len(times)) - 1
    seconds: float = (times[most] - times[0]).total_seconds()
    return most / seconds


def _used(name: str, limit: int, seen: Seen, until_most: float) -> Iterator[Result]:
    meter = seen.meter
    used = Figure(name, "of the limit", (until_most / limit,))
    whole = Figure(
        f"{name}, to the last", "of the limit", (meter["billed"] / meter["seconds"] / limit,)
    )
    twice = Figure(f"{name}, bought twice", "lookups", (float(meter["billed_more_than_once"]),))
    requests = sum(meter["requests"].values()) / meter["billed"]
    asked = Figure(f"{name}, requests", "a number", (requests,))
    yield used
    yield whole
    yield twice
    yield asked
    yield Comparison(name, used, asked, goals=(Goal(used, _USED),))
