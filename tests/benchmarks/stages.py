"""Single stages through their public functions, beside what Polars needs for the like of it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl

import pipeline
from tests.benchmarks.commands import Timed, inside
from tests.benchmarks.figures import Comparison, Figure, Result, ratios
from tests.benchmarks.one_country import Listed, write_one_country
from tests.benchmarks.scale import Scale, check_space

__all__ = ("parts", "stages")

_FRAME_ROWS = 65_536
"""Rows of the frames that `read` gives, and so of the files that `dedupe` takes."""


def stages(
    folder: Path, scale: Scale, only: tuple[str, ...] = ("read-csv", "read-parquet", "dedupe")
) -> Iterator[Result]:
    """Rows a second of `read` and `dedupe`, start-up and the other stages left out."""
    rows = scale.of(1_000_000, 10_000)
    check_space(folder, rows)
    for name in only:
        suffix = ".csv" if name == "read-csv" else ".parquet"
        listed = write_one_country(folder / f"{name}{suffix}", rows)
        orders = (
            _orders_dedupe(folder, listed) if name == "dedupe" else _orders_read(folder, listed)
        )
        timed = inside(folder, orders | {"runs": scale.runs})
        listed.path.unlink()
        yield from _figures(f"stage {name}", rows, timed)


parts = {
    f"stages-{name}": partial(stages, only=(name,))
    for name in ("read-csv", "read-parquet", "dedupe")
}
"""The benchmark of each stage alone."""


def _orders_read(folder: Path, listed: Listed) -> dict[str, object]:
    absent = str(folder / "absent")
    return {"what": "read", "list": str(listed.path), "rows": listed.rows, "absent": absent}


def _orders_dedupe(folder: Path, listed: Listed) -> dict[str, object]:
    """Normalised frames as files, which is what the stage takes."""
    spool = folder / "spool"
    spool.mkdir()
    frame = pl.read_parquet(listed.path).cast(pl.String).rename(lambda name: f"in:{name}")
    for number, begin in enumerate(range(0, frame.height, _FRAME_ROWS)):
        own = frame.slice(begin, _FRAME_ROWS).with_columns(
            (pl.int_range(pl.len(), dtype=pl.Int64) + begin).alias("row_id"),
            pl.lit(str(listed.path)).alias("source_file"),
            (pl.int_range(pl.len(), dtype=pl.Int64) + begin + 2).alias("line_number"),
        )
        made = pipeline.normalise(own, "in:phone", region="GB")
        made.write_parquet(spool / f"frame-{number:05}.parquet", compression="lz4")
    scratch = str(folder / "scratch")
    return {"what": "dedupe", "spool": str(spool), "scratch": scratch, "distinct": listed.distinct}


def _figures(name: str, rows: int, timed: Timed) -> Iterator[Result]:
    ours, theirs = timed.seconds["ours"], timed.seconds["theirs"]
    speed = Figure(name, "rows/s", tuple(rows / seconds for seconds in ours))
    bare = Figure(f"{name}, bare", "rows/s", tuple(rows / seconds for seconds in theirs))
    ratio = ratios(f"{name}, time to bare", ours, theirs)._replace(unit="× the time")
    yield from (speed, bare, ratio)
    for word, side in (("", "ours"), (", bare", "theirs")):
        spent = tuple(seconds / rows * 1e6 for seconds in timed.seconds[f"{side}, processor"])
        yield Figure(f"{name}, processor{word}", "µs a row", spent)
    yield Comparison(name, speed, bare, ratio)
