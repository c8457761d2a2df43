"""What everyone pays who types the command's name."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.commands import msisdn, python
from tests.benchmarks.figures import Figure
from tests.benchmarks.scale import Scale

__all__ = ("start_up",)

RUNS = 10


def start_up(folder: Path, scale: Scale) -> Iterator[Figure]:
    """`msisdn --help`, beside a Python that does nothing."""
    runs = RUNS // 2 if scale.quick else RUNS
    pairs = [(msisdn(folder, "--help"), python(folder, "-c", "")) for _ in range(runs)]
    yield Figure("start-up, --help", "ms", tuple(ours.wall * 1e3 for ours, _ in pairs))
    yield Figure("start-up, bare Python", "ms", tuple(bare.wall * 1e3 for _, bare in pairs))
    yield Figure("start-up, peak memory", "MB", tuple(ours.peak / 1e6 for ours, _ in pairs))
