"""A run's folder: whose run it is, and how one begins there, goes on, or is discarded.

Rules:
- `run.json` is written once. Whoever opens the folder with another input or other settings is
  refused, in words that say what differs.
- A finished run is `_SUCCESS`, whose text is the SHA-256 of `manifest.json`. The manifest repeats
  the identity, so a finished run is recognised without its checkpoint.
- Deleting begins with what says "finished", ends with what says "ours", and can be interrupted
  anywhere: what is left is never taken for a finished run, nor for the start of another one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import ChangedListError, CheckpointError, StorageError, UsageError
from pipeline.ledger.checkpoint import Checkpoint, remove_checkpoint
from pipeline.ledger.differences import differences, only_lists_changed
from pipeline.ledger.files import Files, read_bytes, read_json, sha256_of, to_json
from pipeline.ledger.records import FORMAT_VERSION, Identity, InputFile, Manifest
from pipeline.ledger.sealed import publish_sealed, read_sealed
from pipeline.model import SCHEMA_VERSION

__all__ = (
    "OUTPUTS",
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
        publish_sealed(files, checkpoint.run_file, identity, identity.run_id)
        return checkpoint
    stored, finished = found
    if changes := differences(stored, identity):
        grown = all(change.startswith("input ") for change in changes)
        kind = CheckpointError
        if finished and only_lists_changed(stored, identity):
            kind = ChangedListError
        raise kind(
            f"{out}: it holds another run: {'; '.join(changes)}. Change that back to go on with it,"
            " choose another --out, or add --restart to discard it and begin again"
            + (", or --grow where lists have only grown" if grown else "")
        )
    checkpoint = Checkpoint(out, stored, files, resumed=True, finished=finished)
    if finished:
        remove_checkpoint(out, files)  # where the run was killed between `_SUCCESS` and this
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
    said = _checked(
        read_json(path, Identity), path
    )  # another version may have another kind of seal
    return read_sealed(path, Identity, said.run_id)


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
    files.sweep(root / "input", (".stdin-*",))  # named so before it was published as the rest is
    own = ("manifest.json", "_SUCCESS", *_ROOT_FILES)
    files.sweep(checkpoint.out, [f".{name}.tmp" for name in own])  # the user's stay


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
        remove_checkpoint(out, files)
    files.unlink(manifest)
    if out.is_dir():
        files.fsync_directory(out)


def read_success(out: Path) -> str:
    """What `_SUCCESS` says the manifest's SHA-256 is."""
    return read_bytes(out / "_SUCCESS").decode(errors="replace").strip()
