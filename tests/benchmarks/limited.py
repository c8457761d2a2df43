"""How much of what a service lets through is used, where the set rate is more than that.

The service takes so many requests in any second: over REST it refuses the others with 429, with or
without Retry-After, over TCP and UDP it says nothing to them.
"""

from collections.abc import Iterator
from pathlib import Path

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
"""How long the list takes at the limit. What was lost before the limit was known is asked again at
its time-out, 10 s later."""
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
                yield from _used(f"limited {way}, {limit}/s, rate {more:g} times that", limit, seen)


def _used(name: str, limit: int, seen: Seen) -> Iterator[Result]:
    meter = seen.meter
    used = Figure(name, "of the limit", (meter["billed"] / meter["seconds"] / limit,))
    twice = Figure(f"{name}, bought twice", "lookups", (float(meter["billed_more_than_once"]),))
    requests = sum(meter["requests"].values()) / meter["billed"]
    asked = Figure(f"{name}, requests", "a number", (requests,))
    yield used
    yield twice
    yield asked
    yield Comparison(name, used, asked, goals=(Goal(used, _USED),))
