"""A list under combined faults: every row as the service knows it, and what that took."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipeline.protocol.codec import decode_columns
from pipeline.simulator.embedded import embedded
from pipeline.simulator.population import Population
from tests.benchmarks.figures import Comparison, Figure, Goal, Result
from tests.benchmarks.lists import write_list
from tests.benchmarks.scale import Scale
from tests.benchmarks.service import run

__all__ = ("faults",)

SEED = "bench"
FAULTS = (
    *("loss=5%", "duplicate=5%", "garbage=2%", "f3=3%", "reset=2%", "unavailable=5%"),
    *("split=20%", "reorder=20%"),
)
"""5 % lost, 5 % doubled, 2 % no JSON, 3 % F3 without `tel`, 2 % reset, 5 % 503, cut and shuffled;
each where its transport can have it."""
_RATE = 2_000


def faults(folder: Path, scale: Scale) -> Iterator[Result]:
    """Each transport in turn. A wrong row ends the benchmark."""
    count = 300 if scale.quick else 20_000
    listed = write_list(folder / "list.csv", count)
    for transport in ("tcp", "udp", "rest"):
        with embedded(seed=SEED, faults=FAULTS) as service:
            flags = ("--rate", _RATE, "--timeout", 1, "--attempts", 12)
            seen = run(folder, service, transport, listed, *flags)
        wrong = _wrong(pl.read_parquet(folder / "out" / "enriched" / "*.parquet"), count)
        if wrong:
            raise RuntimeError(f"{transport}: {wrong} of {count} rows are not as the service knows")
        name = f"faults {transport}, {count} numbers"
        right = Figure(f"{name}, rows as the service knows them", "a number", (1.0,))
        yield right
        needed = Figure(f"{name}, requests", "a number", (seen.requests / count,))
        yield needed
        yield Figure(f"{name}, billed", "a number", (seen.meter["billed"] / count,))
        yield Figure(f"{name}, whole command", "s", (seen.spent[0].wall,))
        yield Comparison(name, right, needed, goals=(Goal(right, 1.0),))


def _wrong(rows: pl.DataFrame, count: int) -> int:
    """Rows that differ in any column from what the service says of their number, or are missing."""
    known = Population(SEED)
    expected = decode_columns([known.answer(tel)[0] for tel in rows["msisdn"]])
    differs = pl.Series([False]).new_from_index(0, rows.height)
    for name, values in expected.items():
        differs |= (
            rows[name].cast(pl.String).ne_missing(pl.Series(values, strict=False).cast(pl.String))
        )
    return int(differs.sum()) + count - rows["msisdn"].n_unique()
