"""Where the time of a lookup goes: each part alone, in processor time."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.simulator.embedded import embedded
from tests.benchmarks.commands import python
from tests.benchmarks.figures import Comparison, Figure, Result
from tests.benchmarks.scale import Scale

__all__ = ("cost",)

_NUMBERS = {"rest": 20_000, "tcp": 100_000, "udp": 100_000}
_PROGRAM = Path(__file__).with_name("of_a_lookup.py")


def cost(folder: Path, scale: Scale) -> Iterator[Result]:
    """Microseconds of all threads for each lookup, and what they come to together."""
    for transport, usual in _NUMBERS.items():
        count = usual // (10 if scale.quick else 1)
        with embedded(seed="bench", arguments=("--remember", str(count))) as service:
            orders = {"transport": transport, "service": msgspec.to_builtins(service)}
            runs = [_spent(folder, orders | {"count": count}) for _ in range(scale.runs)]
        parts = [
            Figure(
                f"cost {transport}, {name}", "µs", tuple(one[name] / count * 1e6 for one in runs)
            )
            for name in runs[0]
        ]
        sums = tuple(sum(one.values()) / count * 1e6 for one in runs)
        whole = Figure(f"cost {transport}, together", "µs", sums)
        for part in (*parts, whole):
            yield part
            yield Comparison(part.name, part)


def _spent(folder: Path, orders: dict[str, object]) -> dict[str, float]:
    result = folder / "parts.json"
    python(folder, _PROGRAM, json.dumps(orders), result)
    for left in ("shard.parquet", "shard.journal"):
        (folder / left).unlink()
    found: dict[str, float] = json.loads(result.read_text("utf-8"))
    return found
