"""A finished shard: its file and its journal in, one part out."""

from pathlib import Path

import polars as pl

from pipeline.events import Announce, PartWritten
from pipeline.job.brief import Brief
from pipeline.ledger.frames import Shard
from pipeline.ledger.own_parquet import read_rows
from pipeline.ledger.records import Done, record_of
from pipeline.ledger.replay import Replay, State, replay
from pipeline.model import STATUSES, ShardSpec
from pipeline.write import answers, keep, write

__all__ = ("write_shard",)


def write_shard(brief: Brief, announce: Announce, spec: ShardSpec) -> None:
    """Shard file and journal → one part, and the record that it is done."""
    journal = record_of(Path(spec.journal), "journal", relative_to=brief.checkpoint.out)
    known = replay(Path(spec.journal), Shard(spec.sha256, spec.rows))
    frame = answers(read_rows(Path(spec.path), sha256=spec.sha256), known)
    if brief.settings.rows == "all":
        part = keep(frame, brief.checkpoint.unique(spec.number), "unique", brief.output)
    else:
        part = write(frame, "enriched", spec.number, brief.output)
    counted = dict(frame["status"].cast(pl.String).value_counts().rows())
    counts = {status: counted.get(status, 0) for status in STATUSES}
    unknown = {"asked_again": known.asked_again, "held": _held(frame, known)}
    brief.checkpoint.record_done(
        Done(shard=spec.number, part=part, counts=counts, outcome_unknown=unknown, journal=journal)
    )
    announce(PartWritten(part.path, frame.height))


def _held(frame: pl.DataFrame, known: Replay) -> int:
    """Rows that are unresolved because their outcome is unknown (`--on-unknown hold`)."""
    unknown = pl.Series(known.state_of == State.UNKNOWN)
    return frame.filter(unknown, pl.col("status") == "unresolved").height
