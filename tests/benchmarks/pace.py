"""Whether the set rate is kept and reached, by the service's own time stamps.

At every rate, by three jobs at once, at a service that takes seconds, and at one that becomes slow
in the middle of a run and quick again.
"""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

from pipeline.simulator.embedded import embedded
from pipeline.simulator.server import Endpoints
from tests.benchmarks.commands import meter
from tests.benchmarks.figures import Comparison, Figure, Goal, Result
from tests.benchmarks.lists import write_list
from tests.benchmarks.lookup import RATE
from tests.benchmarks.scale import Scale
from tests.benchmarks.service import Seen, run, runs_at_once, set_faults

__all__ = ("latency", "rate")

_RATES = {
    "tcp": (10, 500, 5_000, 30_000),
    "udp": (10, 500, 5_000, 30_000),
    "rest": (10, 500, 2_000),
}
_SECONDS = 12
"""How long a run should take at its rate."""
_REMEMBERED = 20_000
"""Requests a second from which on the service has been asked the same before: to work out an answer
takes it longer than to give it, and on two cores it would not keep up."""
_SHARED = {"tcp": 5_000, "udp": 5_000, "rest": 500}
_JOBS = 3
_KEPT = 1.0
"""Goal of the worst second, in parts of the rate."""
_REACHED = 0.98


def rate(folder: Path, scale: Scale) -> Iterator[Result]:
    """Share of the rate that is reached, and the worst second, over each transport."""
    seconds = 1 if scale.quick else _SECONDS
    for transport, rates in _RATES.items():
        # The lower rates' numbers, which are others, are remembered too.
        with embedded(seed="bench", arguments=("--remember", str(sum(rates) * seconds))) as service:
            for set_rate in rates:
                listed = write_list(folder / "list.csv", set_rate * seconds)
                if set_rate >= _REMEMBERED:
                    run(folder, service, transport, listed, "--rate", RATE)
                seen = run(folder, service, transport, listed, "--rate", set_rate)
                yield from _paced(f"rate {transport} {set_rate}/s", set_rate, seen)
            yield from _three(folder, service, transport, seconds)


def _three(folder: Path, service: Endpoints, transport: str, seconds: int) -> Iterator[Result]:
    set_rate = _SHARED[transport]
    share = set_rate * seconds // _JOBS
    lists = [write_list(folder / f"{job}.csv", share, seed=job + 2) for job in range(_JOBS)]
    seen = runs_at_once(folder, service, transport, lists, "--rate", set_rate)
    yield from _paced(f"rate {transport} {set_rate}/s, {_JOBS} jobs", set_rate, seen)


def _paced(name: str, set_rate: int, seen: Seen) -> Iterator[Result]:
    reached = Figure(f"{name}, reached", "of the rate", (seen.rate / set_rate,))
    worst = Figure(f"{name}, worst second", "of the rate", (seen.meter["worst_second"] / set_rate,))
    yield reached
    yield worst
    goals = (Goal(reached, _REACHED), Goal(worst, _KEPT, at_least=False))
    yield Comparison(name, reached, worst, goals=goals)


def latency(folder: Path, scale: Scale) -> Iterator[Result]:
    """A service that takes 3 s at 1 000 a second; one that takes 5 ms, then 2 s, then 5 ms."""
    set_rate = 100 if scale.quick else 1_000
    listed = write_list(folder / "list.csv", set_rate * (2 if scale.quick else 30))
    for transport in ("tcp", "udp"):
        with embedded(seed="bench", faults=("latency=3s",)) as service:
            seen = run(folder, service, transport, listed, "--rate", set_rate)
        name = f"latency {transport}, 3 s at {set_rate}/s"
        yield from _paced(name, set_rate, seen)
        yield Figure(f"{name}, in flight", "lookups", (seen.rate * 3,))
        yield Figure(
            f"{name}, requests", "a number", (seen.requests / seen.meter["billed_numbers"],)
        )
        yield from _slower(folder, transport, listed, set_rate)


def _slower(folder: Path, transport: str, listed: Path, set_rate: int) -> Iterator[Result]:
    """Seconds 8 to 16 are slow; what each second of the run brought."""
    with embedded(seed="bench", faults=("latency=5ms",)) as service:
        stop, counts = threading.Event(), [0]

        def steer() -> None:
            changes = {8: "latency=2s", 16: "latency=5ms"}
            second = 0
            while not stop.wait(1.0):
                counts.append(meter(service)["requests"][transport])
                second += counts[-1] > 0
                if second in changes:
                    set_faults(service, changes.pop(second))

        steering = threading.Thread(target=steer)
        steering.start()
        seen = run(folder, service, transport, listed, "--rate", set_rate)
        stop.set()
        steering.join()
    name = f"latency {transport}, 5 ms, 2 s, 5 ms at {set_rate}/s"
    each = [max(0, later - earlier) for earlier, later in itertools.pairwise(counts)]
    asked = tuple(count / set_rate for count in each if count)
    if asked:
        yield Figure(f"{name}, each second", "of the rate", asked)
    yield from _paced(name, set_rate, seen)
    yield Figure(f"{name}, requests", "a number", (seen.requests / seen.meter["billed_numbers"],))
