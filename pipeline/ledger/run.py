"""A run's folder: whose run it is, and how one begins there, goes on, or is discarded.

Rules:
- `run.json` is written once. Whoever opens the folder with another input or other settings is
  refused, in words that say what differs.
- A finished run is `_SUCCESS`, whose text is the SHA-256 of `manifest.json`. The manifest repeats
  the identity, so a finished run is recognised without its checkpoint.
- A run of another input or other settings (`--restart`) begins beside what is there, and takes its
  place when all of it is written (exchange.py).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.errors import ChangedListError, CheckpointError, UsageError
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.differences import differences, only_lists_changed
from pipeline.ledger.exchange import (
    abandon,
    check_replaceable,
    commit,
    remove_checkpoint,
    stage,
)
from pipeline.ledger.files import Files, read_json, sha256_of, to_json
from pipeline.ledger.layout import CHECKPOINT, OUTPUTS, ROOT_FILES, all_below
from pipeline.ledger.nofollow import is_directory, is_file, is_there
from pipeline.ledger.ownership import begun_of, check_written, is_standing, outputs_of, read_success
from pipeline.ledger.records import FORMAT_VERSION, Begun, Identity, InputFile, Manifest
from pipeline.ledger.sealed import read_sealed
from pipeline.model import SCHEMA_VERSION

__all__ = (
    "begin",
    "identify",
    "open_checkpoint",
    "read_identity",
    "stored_checkpoint",
)

_FOLDERS = ("input", "spool", "shards", "journal", "done", "duplicates", "unique", "expand")


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
    out: Path,
    identity: Identity,
    files: Files,
    *,
    restart: bool = False,
    ended: bool = False,
    staged: bool = False,
) -> Checkpoint:
    """Begin a run in `out`, or go on with the one that is there.

    The lock is held by the caller, who has called `exchange.settle` before.
    `restart` begins again, unless it is this very restart that was interrupted; `ended` is what
    `settle` said of that. `staged`: `exchange.stage` was called, and something put there.

    Raises `CheckpointError` if what is there is another run's, `UsageError` if `out` holds something
    that is not ours, and `StorageError`.
    """
    under_way = _under_way(out, restart=restart)
    if (
        under_way is not None
        and under_way.identity == identity
        and (not restart or ended or under_way.begun.restart)
    ):
        abandon(out, files)
        return _gone_on_with(out, identity, under_way.begun, files)
    if ended and not _is_of(out, identity):
        ended = False
    if (ended or not restart) and _is_finished(out, identity, under_way):
        abandon(out, files)
        if under_way is None:
            remove_checkpoint(out, files)  # killed between `_SUCCESS` and this
        return Checkpoint(out, identity, files, resumed=True, finished=True)
    if not staged:
        stage(out, files)
    begin(out, identity, files, restart=restart)
    return _gone_on_with(out, identity, begun_of(out / CHECKPOINT), files, resumed=False)


def _is_of(out: Path, identity: Identity) -> bool:
    manifest = is_standing(out)
    return manifest is not None and manifest.identity == identity


def _is_finished(out: Path, identity: Identity, under_way: "_UnderWay | None") -> bool:
    """What stands is this run's; where there is none, false. Raises `CheckpointError` if another's."""
    stands = is_there(out / "_SUCCESS")
    if stands and not is_there(out / "manifest.json"):
        outputs_of(out)  # which it refuses
    finished = _finished(out).identity if stands else None
    if finished == identity:
        return True
    stored = under_way.identity if under_way else finished
    if stored is not None:
        kind = CheckpointError
        if under_way is None and only_lists_changed(stored, identity):
            kind = ChangedListError
        raise kind(_another(out, differences(stored, identity)))
    if is_there(out / "manifest.json"):
        outputs_of(out)  # somebody else's, perhaps
        raise CheckpointError(
            f"{out}: it holds a manifest.json without its _SUCCESS: restore that, or add --restart"
            " to begin again"
        )
    return False


def begin(out: Path, identity: Identity, files: Files, *, restart: bool = False) -> None:
    """Begin the run that was staged, beside or in place of what is there.

    Raises `UsageError`, before anything is touched, if something there is not ours, and
    `StorageError`.
    """
    try:
        check_replaceable(out)
        begun = Begun(restart=restart, old=outputs_of(out))
    except UsageError:
        abandon(out, files)
        raise
    commit(out, identity, begun, files)


class _UnderWay(NamedTuple):
    """A run that is not finished."""

    identity: Identity
    begun: Begun


def _under_way(out: Path, *, restart: bool = False) -> _UnderWay | None:
    """The run in `.checkpoint`; with `restart` none, too, where it is damaged."""
    root = out / CHECKPOINT
    try:
        if not is_file(root / "run.json"):
            return None
        begun = begun_of(root)
        if is_there(out / "_SUCCESS") and not begun.old:
            return None  # it is over
        return _UnderWay(read_identity(root / "run.json"), begun)
    except CheckpointError:
        if restart:
            return None
        raise


def _another(out: Path, changes: Sequence[str]) -> str:
    grown = all(change.startswith("input ") for change in changes)
    return (
        f"{out}: it holds another run: {'; '.join(changes)}. Change that back to go on with it,"
        " choose another --out, or add --restart to begin again"
        + (", or --grow where lists have only grown" if grown else "")
    )


def _gone_on_with(
    out: Path, identity: Identity, begun: Begun, files: Files, *, resumed: bool = True
) -> Checkpoint:
    checkpoint = Checkpoint(out, identity, files, resumed=resumed, beside=bool(begun.old))
    if not checkpoint.beside:
        check_written(out)
    _make_folders(checkpoint)
    return checkpoint


def stored_checkpoint(out: Path, files: Files) -> Checkpoint | None:
    """The run that `out` holds; None where there is none. Raises `CheckpointError`, `StorageError`."""
    if (under_way := _under_way(out)) is not None:
        beside = bool(under_way.begun.old)
        return Checkpoint(out, under_way.identity, files, resumed=True, beside=beside)
    if is_there(out / "_SUCCESS"):
        return Checkpoint(out, _finished(out).identity, files, resumed=True, finished=True)
    return None


def _finished(out: Path) -> Manifest:
    """The manifest of a finished run, if what it lists is there."""
    path = out / "manifest.json"
    manifest = read_json(path, Manifest)
    _checked(manifest.identity, path)
    advice = "restore it from a copy, or move it away and add --restart to begin again"
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
    # Another version may have another kind of seal.
    said = _checked(read_json(path, Identity), path)
    return read_sealed(path, Identity, said.run_id)


def _checked(identity: Identity, path: Path) -> Identity:
    if identity.format_version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: its format is version {identity.format_version}, this program reads"
            f" {FORMAT_VERSION}: use the program that wrote it, or add --restart"
        )
    return identity


def _make_folders(checkpoint: Checkpoint) -> None:
    root, files = checkpoint.root, checkpoint.files
    for name in (*_FOLDERS, *(("output",) if checkpoint.beside else ())):
        files.make_directory(root / name)
    folders = [path for path in all_below(root) if is_directory(path)]
    for folder in (root, *folders):
        files.sweep(folder)
    for name in () if checkpoint.beside else OUTPUTS:
        files.sweep(checkpoint.out / name, (".part-*.parquet.tmp",))
    files.sweep(root / "input", (".stdin-*",))  # named so before it was published as the rest is
    own = ("manifest.json", "_SUCCESS", *ROOT_FILES)
    files.sweep(checkpoint.out, [f".{name}.tmp" for name in own])  # the user's stay
