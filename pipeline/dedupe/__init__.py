"""Stage 3: unique numbers, and the way back to every row.

Rules: the first row of a number wins, whatever its cell looked like; `occurrences` counts it and
all later ones; each of these is recorded as a duplicate of it. Input order is kept throughout,
and how rows are cut into frames changes nothing.

Two passes, and between them files, so that memory does not grow with the list:

    spool.py     pass 1 puts the frames by, pass 2 takes them back, one at a time
    buckets.py   pass 1 scatters the numbers over buckets, so that equal ones meet
    repeats.py   each bucket on its own → what is known of the rows whose number others have too
    scratch.py   the file that either of these two writes and reads back

Everything is exact: numbers are compared, not hashes.
"""

from collections.abc import Generator, Iterable
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.ahead import ahead, in_order
from pipeline.dedupe.buckets import Buckets
from pipeline.dedupe.repeats import Known, Repeats
from pipeline.dedupe.scratch import ScratchFile
from pipeline.dedupe.spool import HOLD, Spool
from pipeline.ledger.files import Files
from pipeline.model import DUPLICATES, NORMALISED, OWN, ROW

__all__ = ("HOLD", "dedupe")

_UNIQUE = tuple(column.name for column in (*ROW, *NORMALISED))
_DUPLICATE = (
    *(column.name for column in DUPLICATES),
    *("source_file", "line_number", "column", "msisdn_input", "rule"),
)
"""`column` only where the numbers are from several."""


def dedupe(
    frames: Iterable[pl.DataFrame],
    scratch: Path,
    files: Files,
    cell: str | None = None,
    *,
    hold: int = HOLD,
) -> Generator[tuple[pl.DataFrame, pl.DataFrame], None, None]:
    """For each normalised frame, in order: its unique rows and its duplicates.

    `frames` come in row order; rows without `msisdn` are rejected ones and left out. All of them
    are consumed before the first pair is given. Unique rows: `row_id occurrences msisdn
    msisdn_input region plan_type rule`, then `in:*`. Duplicates: `row_id first_row_id msisdn
    msisdn_input rule`, then `in:*`. `cell` names the own column that `msisdn_input` repeats, where
    there is one; then it is put by only once.

    `scratch` is a folder for files that are read again, about 100 bytes a row and the own columns'
    text; it is made, and emptied on the way. `hold` bytes of frames, and a third as much of numbers,
    are kept in memory instead. Raises `StorageError` if it cannot be written, and `CheckpointError`
    that names the file when one is missing or damaged.
    """
    files.make_directory(scratch)
    spool = Spool(scratch, files, cell, hold)
    with (
        ScratchFile(scratch / "numbers", files, hold // 4) as numbers,
        ScratchFile(scratch / "repeats", files, hold // 16) as known,
    ):
        buckets = Buckets(numbers)

        def put_by(frame: pl.DataFrame) -> None:
            valid = frame.drop_nulls("msisdn")
            spool.add(valid)
            buckets.add(valid["msisdn"].cast(pl.UInt64).to_numpy(), valid["row_id"].to_numpy())

        _all(in_order(put_by, frames, workers=1))
        repeats = Repeats(known, buckets.finish())
        _all(in_order(repeats.take, buckets.groups()))
        for frame in ahead(spool.frames()):
            yield _told(frame, repeats)


def _all(steps: Iterable[None]) -> None:
    for _ in steps:
        pass


def _told(frame: pl.DataFrame, repeats: Repeats) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A frame's unique rows and its duplicates."""
    own = [name for name in frame.columns if name.startswith(OWN)]
    row_ids = frame["row_id"].to_numpy()
    known = repeats.between(row_ids[0], row_ids[-1]) if len(row_ids) else Known.nothing()
    places = np.searchsorted(row_ids, known.row_ids)
    wins = known.told < 0
    occurrences = np.ones(len(row_ids), np.int64)
    occurrences[places[wins]] = -known.told[wins]
    later = places[~wins]
    unique = frame.with_columns(pl.Series("occurrences", occurrences, pl.Int64)).lazy()
    if len(later):
        is_first = np.ones(len(row_ids), np.bool_)
        is_first[later] = False
        unique = unique.filter(pl.Series(is_first))
    repeated = frame[later].with_columns(pl.Series("first_row_id", known.told[~wins], pl.Int64))
    there = {*frame.columns, "occurrences", "first_row_id"}
    first = unique.select(*(name for name in _UNIQUE if name in there), *own)
    later_rows = repeated.select(*(name for name in _DUPLICATE if name in there), *own)
    return first.collect(engine="in-memory"), later_rows
