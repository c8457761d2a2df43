"""A service that refuses whatever comes sooner than a fixed time after the request before, as nginx's
`limit_req` does without a `burst`: its clock has milliseconds, and what it refuses does not count."""

import asyncio
from pathlib import Path

import pytest

from pipeline.lookup.distances import Distances
from pipeline.protocol.messages import Fault, FaultKind, Query
from tests.unit.lookup.instant import Bench, Reply, ok

REFUSED = Fault(FaultKind.THROTTLE, "503")


class Spacing:
    """Takes one request each `1/limit` seconds."""

    def __init__(self, limit: int) -> None:
        self.distance = 1000 // limit
        self.last = -self.distance
        self.taken: list[float] = []

    def __call__(self, query: Query, _asked: int) -> Reply:
        now = asyncio.get_running_loop().time()
        if int(1000 * now) - self.last < self.distance:
            return [(0.0031, REFUSED)]
        self.last = int(1000 * now)
        self.taken.append(now)
        return [(0.0031, ok(query.tel))]


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("limit", "times"),
    [
        pytest.param(50, 1.02, marks=SLOW),
        (50, 2.5),
        pytest.param(50, 5, marks=SLOW),
        pytest.param(200, 1.02, marks=SLOW),
        pytest.param(200, 2.5, marks=SLOW),
        pytest.param(200, 5, marks=SLOW),
    ],
)
def test_a_service_that_minds_each_distance_is_used_well(
    tmp_path: Path, limit: int, times: float
) -> None:
    service = Spacing(limit)
    bench = Bench(tmp_path, 20 * limit)
    bench.late = 0.001
    fake = bench.ask(service, rate=limit * times)
    begin = service.taken[0] + 5
    used = [when for when in service.taken if when > begin]
    assert len(used) >= 0.85 * limit * (used[-1] - begin)
    assert len(fake.sent) <= 1.1 * len(service.taken) + 10 * limit


def test_a_machine_too_busy_for_it_makes_up_for_lost_time_for_a_minute() -> None:
    distances = Distances()
    kept = []
    for now, part in [(10.0, 0.95), (11.0, 0.8), (60.0, 1.0), (71.0, 0.95)]:
        distances.left(now, part)
        kept.append(distances.are_kept)
    assert kept == [True, False, False, True]
