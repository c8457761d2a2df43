"""`.checkpoint` and the outputs beside it: where everything lies, and which shards are done.

Rules:
- A shard is done when its `done` file names a part of that size. The record is written last, so a
  part without one is written again.
- What an earlier run has written and nobody writes any more is read again before it is built on.
- A run ends in this order: manifest, `_SUCCESS`, and only then the checkpoint goes. One that was
  built beside an output takes its place first (exchange.py).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import CheckpointError
from pipeline.ledger.exchange import exchange, remove_checkpoint, written
from pipeline.ledger.files import Files, sha256_of
from pipeline.ledger.layout import CHECKPOINT
from pipeline.ledger.nofollow import is_file
from pipeline.ledger.planned import Plan
from pipeline.ledger.records import Done, FileRecord, Identity, Manifest, Owner, record_of
from pipeline.ledger.sealed import publish_sealed, read_sealed

__all__ = ("Checkpoint",)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The output directory of one run and what lies in it. Made by `run.open_checkpoint`."""

    out: Path
    identity: Identity
    files: Files
    resumed: bool = False
    """Something was there already."""
    finished: bool = False
    """The run is complete; nothing is left to do."""
    beside: bool = False
    """Another output stands until this one is written."""

    @property
    def outputs(self) -> Path:
        """Where folders of parts, and what tells of them, are made."""
        return self.root / "output" if self.beside else self.out

    def place_of(self, file: FileRecord) -> Path:
        """Where a file is: parts are known by where they come, the others by where they are."""
        kept = file.path.startswith(f"{CHECKPOINT}/")
        return (self.out if kept else self.outputs) / file.path

    @property
    def root(self) -> Path:
        """`.checkpoint`."""
        return self.out / CHECKPOINT

    @property
    def run_file(self) -> Path:
        """The identity."""
        return self.root / "run.json"

    @property
    def plan_file(self) -> Path:
        """The plan; it exists when planning is complete."""
        return self.root / "plan.json"

    @property
    def manifest_file(self) -> Path:
        """What the run has made."""
        return self.outputs / "manifest.json"

    @property
    def success_file(self) -> Path:
        """The SHA-256 of the manifest; only a complete run has it."""
        return self.out / "_SUCCESS"

    @property
    def stdin_file(self) -> Path:
        """What `-` brought."""
        return self.root / "input" / "stdin"

    @property
    def spool(self) -> Path:
        """Where normalised frames are kept, while planning."""
        return self.root / "spool"

    @property
    def so_far(self) -> Path:
        """How far planning is; it goes with what else is there only while planning."""
        return self.spool / "so-far.json"

    @property
    def expand_folder(self) -> Path:
        """Scratch space of `write.expand`."""
        return self.root / "expand"

    def shard(self, number: int) -> Path:
        """The numbers of a shard."""
        return self.root / "shards" / f"shard-{number:05}.parquet"

    def repeats(self, number: int) -> Path:
        """Duplicate rows, kept for `--rows all` until they get their answers."""
        return self.root / "repeats" / f"rows-{number:05}.parquet"

    def unique(self, number: int) -> Path:
        """The answered numbers of a shard, with `--rows all` until they are spread over all rows."""
        return self.root / "unique" / f"part-{number:05}.parquet"

    def journal(self, number: int) -> Path:
        """The journal of a shard."""
        return self.root / "journal" / f"shard-{number:05}.journal"

    def done_file(self, number: int) -> Path:
        """The record that a shard's part is written."""
        return self.root / "done" / f"shard-{number:05}.json"

    def done(self, number: int) -> Done | None:
        """What came of a shard; None if it is not done, or its part is missing or cut short.

        Raises `CheckpointError` where the record is damaged, or another shard's or run's.
        """
        path = self.done_file(number)
        if not path.exists():
            return None
        record = self._read_done(path)
        part = self.place_of(record.part)
        if not is_file(part) or part.lstat().st_size != record.part.size:
            return None
        return record

    def _read_done(self, path: Path) -> Done:
        advice = "restore it, or remove it, and the same command makes it again from its journal"
        return read_sealed(path, Done, self.identity.run_id, advice=advice)

    def check_outputs(self, planned: Plan) -> None:
        """Read every part again that an earlier run has written, and is not written any more.

        Raises `CheckpointError` that names the first one that is not as it was written. A part
        that is missing or cut short is none: its shard is written again, from its journal.
        """
        for shard in planned.shards:
            self._check_journal(shard.number)
        done = [self.done(shard.number) for shard in planned.shards]
        parts = [record.part for record in done if record is not None]
        for record in (*planned.files, *planned.repeats, *parts):
            path = self.place_of(record)
            if not is_file(path) or sha256_of(path) != record.sha256:
                advice = "add --restart to begin again"
                if record in parts:
                    advice = "remove it, and the same command writes it again"
                raise CheckpointError(
                    f"{path}: missing, or not as it was written: restore it, or {advice}"
                )

    def _check_journal(self, number: int) -> None:
        """Of a shard that was written and is to be opened again: what its journal held is in it.

        Else what is missing there would be bought again in silence. The other journals of what is
        done are not needed any more, and only verified.
        """
        done, path = self.done_file(number), self.journal(number)
        if not done.exists() or ((whole := self.done(number)) and not whole.unresolved):
            return
        kept = self._read_done(done).kept_journal
        if kept and (not path.is_file() or sha256_of(path, kept.size) != kept.sha256):
            raise CheckpointError(
                f"{path}: missing, cut short, or not as it was written: restore it; to ask once more"
                f" what it does not tell, remove {done}"
            )

    def record_done(self, record: Done) -> None:
        """Note that a shard's part is written. The part must have its final name by now."""
        publish_sealed(self.files, self.done_file(record.shard), record, self.identity.run_id)

    def sign(self, pid: int, since: str) -> None:
        """Leave word of who works here, for the message to whoever else tries."""
        run_id = self.identity.run_id
        owner = Owner(run_id=run_id, pid=pid, host=os.uname().nodename, since=since)
        self.files.publish_json(self.root / "owner.json", owner)

    def finish(self, manifest: Manifest) -> None:
        """Write manifest and `_SUCCESS`, then remove the checkpoint."""
        written = self.files.publish_json(self.manifest_file, manifest)
        if self.beside:
            told = record_of(self.manifest_file, "manifest", self.outputs)
            exchange(self.out, [*manifest.files, told], written.sha256, self.files)
            return
        self.files.publish_bytes(self.success_file, written.sha256.encode() + b"\n")
        remove_checkpoint(self.out, self.files)

    def leave(self, files: Sequence[FileRecord]) -> None:
        """End with rows that are unresolved: these files are the output, and the checkpoint stays."""
        if self.beside:
            exchange(self.out, files, "", self.files)
        else:
            written(self.out, self.files)

    def __repr__(self) -> str:
        state = "finished" if self.finished else "resumed" if self.resumed else "new"
        return f"<Checkpoint {self.identity.run_id} in {self.out}, {state}>"
