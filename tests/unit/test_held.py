"""Bytes of frames are counted where they are held."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from pipeline.dedupe.spool import Spool
from pipeline.ledger.files import Files

FRAMES, ROWS = 24, 2_000
HOLD = 1 << 20


def frame(number: int, cell: str = "", rows: int = ROWS) -> pl.DataFrame:
    place = pl.int_range(number * rows, (number + 1) * rows, dtype=pl.Int64)
    coded = pl.Enum(["GB", "mobile", "national", "list.csv"])
    words = {"source_file": "list.csv", "region": "GB", "plan_type": "mobile", "rule": "national"}
    return pl.select(row_id=place, line_number=place + 2).with_columns(
        pl.format("4477009{}", pl.col("row_id") % 100_000).alias("msisdn"),
        *(pl.lit(word, coded).alias(name) for name, word in words.items()),
        pl.format(f"{cell} {{}}" if cell else "", *["row_id"] * bool(cell)).alias("in:cell"),
    )


def short() -> Iterator[pl.DataFrame]:
    """Cells of which Polars counts the letters alone."""
    return (frame(number, "x") for number in range(FRAMES))


def long() -> Iterator[pl.DataFrame]:
    """Cells whose letters stand elsewhere."""
    return (frame(number, "Ada Abbott, 1 High Street") for number in range(FRAMES))


def blank() -> Iterator[pl.DataFrame]:
    return (frame(number) for number in range(FRAMES))


def filtered() -> Iterator[pl.DataFrame]:
    """One row in twenty; the letters of the others are held with it."""
    for whole in long():
        yield whole.filter(pl.col("row_id") % 20 == 0)


def slices() -> Iterator[pl.DataFrame]:
    """Pieces of which three share the buffers of one frame."""
    for number in range(FRAMES // 3):
        yield from frame(number, "Ada Abbott, 1 High Street", 3 * ROWS).iter_slices(ROWS)


def many_chunks() -> Iterator[pl.DataFrame]:
    for number in range(FRAMES):
        parts = [
            frame(4 * number + part, "Ada Abbott, 1 High Street", ROWS // 4) for part in range(4)
        ]
        yield pl.concat(parts, rechunk=False)


KINDS = (short, long, blank, filtered, slices, many_chunks)


def bytes_of(frames: list[pl.DataFrame]) -> int:
    """The buffers of all, by PyArrow's own account of what a table refers to."""
    tables = [each.to_arrow(compat_level=pl.CompatLevel.newest()) for each in frames]
    arrays = [array for table in tables for column in table.columns for array in column.chunks]
    buffers = [buffer for array in arrays for buffer in array.buffers() if buffer is not None]
    sizes: dict[int, int] = {}
    for buffer in buffers:
        sizes[buffer.address] = max(buffer.size, sizes.get(buffer.address, 0))
    return sum(sizes.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_spool_holds_what_it_may_and_no_more(
    kind: Callable[[], Iterator[pl.DataFrame]], tmp_path: Path
) -> None:
    frames = list(kind())
    spool = Spool(tmp_path, Files(), "in:cell", HOLD)
    for each in frames:
        spool.add(each)
    held = len(frames) - len(list(tmp_path.iterdir()))
    assert 0 < held < len(frames)
    assert bytes_of(frames[:held]) <= 1.1 * HOLD
    assert bytes_of(frames[: held + 1]) > 0.9 * HOLD
