"""A run's folder: where everything lies, whose run it is, and how it begins, goes on and ends.

Rules:
- `run.json` is written once. Whoever opens the folder with another input or other settings is
  refused, in words that say what differs.
- A finished run is `_SUCCESS`, whose text is the SHA-256 of `manifest.json`. The manifest repeats
  the identity, so a finished run is recognised without its checkpoint.
- Deleting begins with what says "finished", ends with what says "ours", and can be interrupted
  anywhere: what is left is never taken for a finished run, nor for the start of another one.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import CheckpointError, StorageError, UsageError
from pipeline.ledger.differences import differences
from pipeline.ledger.files import Files, read_bytes, read_json, sha256_of, to_json
from pipeline.ledger.planned import Plan
from pipeline.ledger.records import FORMAT_VERSION, Done, Identity, InputFile, Manifest, Owner
from pipeline.ledger.sealed import publish_sealed, read_sealed
from pipeline.model import SCHEMA_VERSION

__all__ = (
    "OUTPUTS",
    "Checkpoint",
    "discard",
    "identify",
    "open_checkpoint",
    "read_identity",
    "read_success",
    "stored_identity",
)

OUTPUTS = ("enriched", "rejected", "duplicates", "cleaned")
"""Folders of parts in an output directory."""

_FOLDERS = ("input", "spool", "shards", "journal", "done", "duplicates", "unique", "expand")
_ROOT_FILES = ("summary.json", "report.html")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The output directory of one run and what lies in it. Made by `open_checkpoint`."""

    out: Path
    identity: Identity
    files: Files
    resumed: bool = False
    """Something was there already."""
    finished: bool = False
    """The run is complete; nothing is left to do."""

    @property
    def root(self) -> Path:
        """`.checkpoint`."""
        return self.out / ".checkpoint"

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
        return self.out / "manifest.json"

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

    def shard(self, number: int) -> Path:
        """The numbers of a shard."""
        return self.root / "shards" / f"shard-{number:05}.parquet"

    def duplicates(self, number: int) -> Path:
        """Duplicate rows, kept for `--rows all`, where `OUT/duplicates` stays empty."""
        return self.root / "duplicates" / f"part-{number:05}.parquet"

    def repeats(self, number: int) -> Path:
        """Duplicate rows, kept for `--rows all` until they get their answers."""
        return self.root / "repeats" / f"rows-{number:05}.parquet"

    def unique(self, number: int) -> Path:
        """The answered numbers of a shard, kept for `--rows all`."""
        return self.root / "unique" / f"part-{number:05}.parquet"

    def journal(self, number: int) -> Path:
        """The journal of a shard."""
        return self.root / "journal" / f"shard-{number:05}.journal"

    def done_file(self, number: int) -> Path:
        """The record that a shard's part is written."""
        return self.root / "done" / f"shard-{number:05}.json"

    def done(self, number: int) -> Done | None:
        """What came of a shard; None if it is not done, or its part is missing or cut short."""
        path = self.done_file(number)
        if not path.exists():
            return None
        record = read_sealed(path, Done)
        part = self.out / record.part.path
        if not part.is_file() or part.stat().st_size != record.part.size:
            return None
        return record

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
            path = self.out / record.path
            if not path.is_file() or sha256_of(path) != record.sha256:
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
        kept = read_sealed(done, Done).kept_journal
        if kept and (not path.is_file() or sha256_of(path, kept.size) != kept.sha256):
            raise CheckpointError(
                f"{path}: missing, cut short, or not as it was written: restore it; to ask once more"
                f" what it does not tell, remove {done}"
            )

    @property
    def expand_folder(self) -> Path:
        """Scratch space of `write.expand`."""
        return self.root / "expand"

    def record_done(self, record: Done) -> None:
        """Note that a shard's part is written. The part must have its final name by now."""
        publish_sealed(self.files, self.done_file(record.shard), record)

    def sign(self, pid: int, since: str) -> None:
        """Leave word of who works here, for the message to whoever else tries."""
        owner = Owner(pid=pid, host=os.uname().nodename, since=since)
        self.files.publish_json(self.root / "owner.json", owner)

    def finish(self, manifest: Manifest) -> None:
        """Write manifest and `_SUCCESS`, then remove the checkpoint."""
        written = self.files.publish_json(self.manifest_file, manifest)
        self.files.publish_bytes(self.success_file, written.sha256.encode() + b"\n")
        _remove_checkpoint(self.out, self.files)

    def __repr__(self) -> str:
        state = "finished" if self.finished else "resumed" if self.resumed else "new"
        return f"<Checkpoint {self.identity.run_id} in {self.out}, {state}>"


def identify(
    inputs: Sequence[InputFile], settings: Mapping[str, Any], rules_version: str
) -> Identity:
    """The identity of a run; `settings` are `Settings.identity()` and `command`."""
    return Identity(
        schema_version=SCHEMA_VERSION,
        rules_version=rules_version,
        inputs=list(inputs),
        settings=msgspec.json.decode(to_json(settings)),  # tuples and paths as JSON has them
    )


def open_checkpoint(
    out: Path, identity: Identity, files: Files, *, restart: bool = False
) -> Checkpoint:
    """Begin a run in `out`, or go on with the one that is there. The lock is held by the caller.

    Raises `CheckpointError` if what is there is another run's, `UsageError` if `out` holds outputs
    of something else, and `StorageError`.
    """
    if restart:
        _check_ours(out)
        discard(out, files)
    found = _found(out)
    if found is None:
        _check_ours(out)
        if (out / "manifest.json").exists():
            raise CheckpointError(f"{out}: its discarding was interrupted: add --restart to go on")
        checkpoint = Checkpoint(out, identity, files)
        _make_folders(checkpoint)
        publish_sealed(files, checkpoint.run_file, identity)
        return checkpoint
    stored, finished = found
    if changes := differences(stored, identity):
        grown = all(change.startswith("input ") for change in changes)
        raise CheckpointError(
            f"{out}: it holds another run: {'; '.join(changes)}. Change that back to go on with it,"
            " choose another --out, or add --restart to discard it and begin again"
            + (", or --grow where lists have only grown" if grown else "")
        )
    checkpoint = Checkpoint(out, stored, files, resumed=True, finished=finished)
    if finished:
        _remove_checkpoint(out, files)  # where the run was killed between `_SUCCESS` and this
    else:
        _make_folders(checkpoint)
    return checkpoint


def stored_identity(out: Path) -> Identity | None:
    """Whose run `out` holds; None where there is none. Raises `CheckpointError`, `StorageError`."""
    found = _found(out)
    return found[0] if found else None


def _found(out: Path) -> tuple[Identity, bool] | None:
    """The identity of the run in `out`, and whether it is finished."""
    if (out / "_SUCCESS").exists():
        return _finished(out).identity, True
    run_file = out / ".checkpoint" / "run.json"
    if run_file.exists():
        return read_identity(run_file), False
    return None


def _finished(out: Path) -> Manifest:
    """The manifest of a finished run, if what it lists is there."""
    path = out / "manifest.json"
    manifest = read_json(path, Manifest)
    _checked(manifest.identity, path)
    advice = "restore it from a copy, or add --restart to begin again"
    if sha256_of(path) != read_success(out):
        raise CheckpointError(f"{path}: it is not the one that _SUCCESS was written for: {advice}")
    for file in manifest.files:
        where = out / file.path
        if not where.is_file() or where.stat().st_size != file.size:
            raise CheckpointError(f"{where}: missing, or not of the size it was made: {advice}")
        if file.rows is None and sha256_of(where) != file.sha256:  # small, and about to be shown
            raise CheckpointError(f"{where}: not as it was written: {advice}")
    return manifest


def read_identity(path: Path) -> Identity:
    """What `run.json` says. Raises `CheckpointError` and `StorageError`."""
    _checked(read_json(path, Identity), path)  # another version may have another kind of seal
    return read_sealed(path, Identity)


def _checked(identity: Identity, path: Path) -> Identity:
    if identity.format_version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: its format is version {identity.format_version}, this program reads"
            f" {FORMAT_VERSION}: use the program that wrote it, or add --restart"
        )
    return identity


def _check_ours(out: Path) -> None:
    """Refuse a directory whose outputs somebody else made: they would be mixed, or deleted."""
    if _is_ours(out):
        return
    names = (*OUTPUTS, *_ROOT_FILES, "manifest.json", "_SUCCESS")
    foreign = [name for name in names if (out / name).exists()]
    if foreign:
        raise UsageError(
            f"{out}: it holds {', '.join(foreign)}, which no run of this program left there: choose"
            " another --out, or move that away"
        )


def _is_ours(out: Path) -> bool:
    if (out / ".checkpoint").is_dir():
        return True
    try:
        read_json(out / "manifest.json", Manifest)
    except (CheckpointError, StorageError):
        # Damaged, or not there; `_SUCCESS` of ours holds a hash.
        success = out / "_SUCCESS"
        return success.is_file() and len(read_success(out)) == 64
    return True


def _make_folders(checkpoint: Checkpoint) -> None:
    root, files = checkpoint.root, checkpoint.files
    for name in _FOLDERS:
        files.make_directory(root / name)
    folders = [path for path in root.rglob("*") if path.is_dir()]
    for folder in (root, *folders, *(checkpoint.out / name for name in OUTPUTS)):
        files.sweep(folder)
    files.sweep(checkpoint.out, ("manifest.json", "_SUCCESS", *_ROOT_FILES))  # the user's stay


def discard(out: Path, files: Files) -> None:
    """Remove the checkpoint and the outputs of a run; anything else in `out` stays."""
    checkpoint, manifest = out / ".checkpoint", out / "manifest.json"
    files.unlink(out / "_SUCCESS")
    files.unlink(checkpoint / "plan.json")  # without it, planning begins again
    for name in OUTPUTS:
        files.remove_tree(out / name)
    for name in _ROOT_FILES:
        files.unlink(out / name)
    if checkpoint.exists():
        files.unlink(manifest)
        _remove_checkpoint(out, files)
    files.unlink(manifest)
    if out.is_dir():
        files.fsync_directory(out)


def _remove_checkpoint(out: Path, files: Files) -> None:
    """Remove `.checkpoint` under another name, so that no half of it is ever taken for a whole."""
    checkpoint, doomed = out / ".checkpoint", out / ".checkpoint.removed"
    files.remove_tree(doomed)
    if checkpoint.exists():
        files.rename(checkpoint, doomed)
        files.fsync_directory(out)
        files.remove_tree(doomed)


def read_success(out: Path) -> str:
    """What `_SUCCESS` says the manifest's SHA-256 is."""
    return read_bytes(out / "_SUCCESS").decode(errors="replace").strip()
