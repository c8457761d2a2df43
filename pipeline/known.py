"""What an earlier run knew of its numbers, taken over by a run of the same lists grown.

`grow` gathers it from the journals of a run that is under way, or from the parts of one that is
complete; `Known.seed` writes it into the journals of the new shards before anything is asked.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.errors import CheckpointError
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.exchange import stage
from pipeline.ledger.files import Files, read_json
from pipeline.ledger.frames import Shard
from pipeline.ledger.growth import KNOWN, not_growth
from pipeline.ledger.journal import AnswerRecord, FaultRecord, Journal, open_journal
from pipeline.ledger.layout import NEW
from pipeline.ledger.manifest import verify
from pipeline.ledger.own_parquet import check_rows, read_rows
from pipeline.ledger.parquet import save
from pipeline.ledger.planned import Plan
from pipeline.ledger.records import FileRecord, Identity, Manifest, TakenOver
from pipeline.ledger.replay import State, replay
from pipeline.ledger.run import begin, stored_checkpoint
from pipeline.ledger.sealed import publish_sealed, read_sealed
from pipeline.model import ANSWER, SOURCES
from pipeline.protocol.codec import encode_answer
from pipeline.read import Source

__all__ = ("Known", "grow")

_LIST = "known.json"
_BATCH = 10_000
"""Answers in one record of a journal."""
_WITHOUT_ANSWER = (State.UNKNOWN, State.FAILED, State.UNRESOLVED)
"""Sent, and asked again: that they may have been billed must not be forgotten."""
_FLAGS = {True: "yes", False: "no", None: ""}
_WIRE = [column.name for column in ANSWER if column.wire]
_SCHEMA = {
    "msisdn": pl.String,
    "state": pl.UInt8,
    "raw": pl.Binary,
    "answered_at": pl.Int64,
    "attempts": pl.Int32,
    "source": pl.UInt8,
    "billed": pl.Boolean,
    "reason": pl.String,
    "code": pl.String,
}


def grow(
    out: Path, fresh: Identity, sources: Sequence[Source], files: Files, *, staged: bool = False
) -> None:
    """Make the run in `out` one of these inputs, if they are its own and have only grown.

    Where there is no run, or it is of these very inputs, nothing is done. `staged`: as for
    `open_checkpoint`. Raises `CheckpointError` that says what has changed besides, `UsageError` and
    `StorageError`.
    """
    stored = stored_checkpoint(out, files)
    if stored is None or stored.identity == fresh:
        return
    paths = {source.name: source.path for source in sources}
    if other := not_growth(stored.identity, fresh, paths):
        raise CheckpointError(
            f"{out}: it holds another run, whose lists have not only grown: {'; '.join(other)}."
            " Change that back, choose another --out, or add --restart in place of --grow"
        )
    if problems := verify(out):
        raise CheckpointError(f"{problems[0]}: restore it, or add --restart in place of --grow")
    folder = (out / NEW if staged else stage(out, files)) / KNOWN
    files.make_directory(folder)
    records: list[FileRecord] = []
    for frame in _known(stored):
        path = folder / f"known-{len(records):05}.parquet"
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        records.append(save(path, table, files, kind=KNOWN, relative_to=folder))
    publish_sealed(files, folder / _LIST, TakenOver(files=records), fresh.run_id)
    begin(out, fresh, files)


def _known(old: Checkpoint) -> Iterator[pl.DataFrame]:
    if old.finished:
        yield from _from_parts(old)
    elif old.plan_file.exists():
        yield from _from_journals(old)
    else:  # planning was not complete, so nothing was asked; it may have taken something over
        yield from map(read_rows, _taken_over(old))


def _taken_over(checkpoint: Checkpoint) -> list[Path]:
    """The files of what a run has taken over, checked; none where it took nothing over."""
    folder = checkpoint.root / KNOWN
    if not folder.is_dir():
        return []
    told = read_sealed(folder / _LIST, TakenOver, checkpoint.identity.run_id)
    check_rows(folder, told.files)
    return [folder / record.path for record in told.files]


def _from_parts(old: Checkpoint) -> Iterator[pl.DataFrame]:
    """The answers as they were written: their raw form went with the checkpoint."""
    columns = ["msisdn", "status", "answered_at", "attempts", "source", *_WIRE]
    for file in read_json(old.manifest_file, Manifest).files:
        if file.kind == "enriched":
            path, wanted = old.out / file.path, list(dict.fromkeys(columns))
            rows = read_rows(path, wanted, sha256=file.sha256)
            final = rows.filter(pl.col("answered_at").is_not_null()).unique(
                "msisdn", keep="first", maintain_order=True
            )
            yield final.select(
                "msisdn",
                state=pl.lit(State.ANSWERED.value, pl.UInt8),
                raw=pl.Series([_raw(row) for row in final.iter_rows(named=True)], dtype=pl.Binary),
                answered_at=pl.col("answered_at").cast(pl.Int64),
                attempts="attempts",
                source=pl.col("source").cast(pl.Enum(SOURCES)).to_physical().cast(pl.UInt8),
                billed=pl.lit(True),
                reason=pl.lit(""),
                code=pl.lit(""),
            )


def _raw(row: dict[str, object]) -> bytes:
    """An answer that reads as the one that the row was made of."""
    told = {name: row[name] for name in _WIRE}
    words = {
        name: _FLAGS[value] if value is None or isinstance(value, bool) else str(value)
        for name, value in told.items()
    }
    return encode_answer({"msisdn": str(row["msisdn"]), **words})


def _from_journals(old: Checkpoint) -> Iterator[pl.DataFrame]:
    for shard in read_sealed(old.plan_file, Plan, old.identity.run_id).shards:
        if not old.journal(shard.number).exists():
            continue
        known = replay(old.journal(shard.number), Shard(shard.sha256, shard.rows))
        path = old.shard(shard.number)
        tels = read_rows(path, ["msisdn"], sha256=shard.sha256)["msisdn"]
        others = [known.positions(state) for state in _WITHOUT_ANSWER]
        places = np.concatenate([known.answered, *others])
        sent = places[len(known.answered) :].tolist()
        nothing = [None] * len(sent)
        yield pl.DataFrame(
            {
                "msisdn": tels.gather(places.tolist()),
                "state": known.state_of[places],
                "raw": [*known.raws, *nothing],
                "answered_at": [*known.answered_at.tolist(), *nothing],
                "attempts": [*known.attempts.tolist(), *known.attempts_of[sent].tolist()],
                "source": [*known.sources.tolist(), *nothing],
                "billed": known.billed_of[places],
                "reason": [known.reasons.get(place, "") for place in places.tolist()],
                "code": [known.fault_codes.get(place, "") for place in places.tolist()],
            },
            schema=_SCHEMA,
        )


class Known:
    """What was taken over, by number. Threads may `seed` at the same time."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._files = checkpoint.files
        self._paths = _taken_over(checkpoint)
        # Sixteen bytes a number: the answers themselves stay in their files.
        self._index = pl.concat(
            [pl.DataFrame(schema={"tel": pl.UInt64, "file": pl.UInt32})]
            + [
                read_rows(path, ["msisdn"]).select(
                    tel=pl.col("msisdn").cast(pl.UInt64), file=pl.lit(number, pl.UInt32)
                )
                for number, path in enumerate(self._paths)
            ]
        )

    def seed(self, shard: pl.DataFrame, sha256: str, journal: Path) -> None:
        """Make the journal of a shard that holds what is known, if something is and none is there.

        Raises `StorageError`.
        """
        numbers = shard.select("msisdn").with_row_index("position")
        tels = numbers["msisdn"].cast(pl.UInt64)
        files = self._index.filter(pl.col("tel").is_in(tels.implode()))["file"].unique().sort()
        if journal.exists() or files.is_empty():
            return
        temporary = journal.with_name(f".{journal.name}.tmp")
        opened, _ = open_journal(temporary, Shard(sha256, shard.height), self._files)
        with opened:
            for number in files:
                kept = read_rows(self._paths[number])
                rows = kept.join(numbers, on="msisdn", how="inner", maintain_order="right")
                for batch in rows.iter_slices(_BATCH):
                    _write_down(batch, opened)
        self._files.rename(temporary, journal)
        self._files.fsync_directory(journal.parent)

    def __repr__(self) -> str:
        return f"<Known: {self._index.height} numbers in {len(self._paths)} files>"


def _write_down(rows: pl.DataFrame, journal: Journal) -> None:
    """Each number in the class that it was in."""
    of = {state: rows.filter(pl.col("state") == state) for state in State}
    sent = pl.concat([of[state] for state in _WITHOUT_ANSWER])
    if sent.height:
        journal.intend(sent["position"].to_list())
    for state, note in ((State.FAILED, journal.fail), (State.UNRESOLVED, journal.give_up)):
        told = of[state].select("position", "attempts", "billed", "reason", "code").iter_rows()
        note([FaultRecord(*row) for row in told])
    final = of[State.ANSWERED].select("position", "attempts", "source", "answered_at", "raw")
    journal.answer([AnswerRecord(*row) for row in final.iter_rows()])
