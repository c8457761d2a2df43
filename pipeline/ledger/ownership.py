"""What in an output directory is ours, proved by what we sealed: never by a name alone.

Rules:
- A checkpoint is ours if a sealed file in it is sound; what else is in it is ours if a run makes
  such a file.
- An output is ours if a manifest, a plan or a `done` record has its hash, or if it names the run
  that the checkpoint is of. One that was changed since is somebody else's.
- What is not ours is neither written over nor removed: the run is refused before anything is, and
  says what to move away.
"""

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pipeline.errors import CheckpointError, StorageError, UsageError
from pipeline.ledger.files import read_bytes, read_json, sha256_of
from pipeline.ledger.layout import (
    CHECKPOINT,
    NEW,
    NEXT,
    OUTPUTS,
    REMOVED,
    ROOT_FILES,
    TAKEN,
    all_below,
    is_ours_in_checkpoint,
    is_part,
    is_temporary,
    within,
)
from pipeline.ledger.nofollow import is_directory, is_file, is_there, mode_of
from pipeline.ledger.opening import open_own
from pipeline.ledger.planned import Plan
from pipeline.ledger.records import Begun, Done, FileRecord, Identity, Manifest
from pipeline.ledger.sealed import read_sealed

__all__ = (
    "begun_of",
    "check_inputs",
    "check_names",
    "check_whole",
    "check_written",
    "foreign_in",
    "is_sealed",
    "is_standing",
    "outputs_of",
    "read_success",
)

T = TypeVar("T")

_FILES = (*ROOT_FILES, "manifest.json", "_SUCCESS")
_OUTPUT_NAMES = (*OUTPUTS, *_FILES)
_FOLDERS = (CHECKPOINT, NEW, NEXT, REMOVED)
_SHOWN = 3
_FOOTER = 1 << 20
"""Bytes at the end of a part in which its metadata is looked for."""


def read_success(out: Path) -> str:
    """What `_SUCCESS` says the manifest's SHA-256 is."""
    return read_bytes(out / "_SUCCESS").decode(errors="replace").strip()


def begun_of(root: Path) -> Begun:
    """How the run in this folder began. Earlier versions did not say. Raises `CheckpointError`."""
    path = root / "begun.json"
    return read_sealed(path, Begun, None) if is_file(path) else Begun()


def check_names(out: Path) -> None:
    """Refuse links, and folders that are called as ours are and hold no run. Nothing is changed.

    Raises `UsageError` that names what is in the way, and `StorageError`.
    """
    for name in TAKEN:
        path = out / name
        for found in (path, *(all_below(path) if is_directory(path) else ())):
            mode = mode_of(found)
            if stat.S_ISLNK(mode):
                raise UsageError(
                    f"{found}: it is a link, and no link in an output is followed: put in its place"
                    " what it leads to, move it away, or choose another --out"
                )
            odd = mode and not (stat.S_ISDIR(mode) or stat.S_ISREG(mode))
            if odd and (found == path or _is_called_as_ours(path, found)):
                raise UsageError(f"{found}: it is neither a file nor a directory: move it away")
    for name in _FOLDERS:
        root = out / name
        if is_there(root) and not is_sealed(root):
            raise UsageError(
                f"{root}: no run of this program left it there: choose another --out, or move it"
                " away"
            )


def _is_called_as_ours(root: Path, found: Path) -> bool:
    """A run would open, in a folder of its output, what has this name."""
    inside = found.relative_to(root).as_posix()
    named = is_ours_in_checkpoint(inside, directory=False)
    return named or is_part(found.name) or is_temporary(found.name)


def is_sealed(root: Path) -> bool:
    """A folder holds a run of ours, or nothing that could be anybody's."""
    if not is_directory(root):
        return False
    if any(
        _sound(root / name, of) is not None
        for name, of in (("begun.json", Begun), ("run.json", Identity), ("plan.json", Plan))
    ):
        return True
    return all(_is_nobodys(path.relative_to(root).as_posix(), path) for path in all_below(root))


def _is_nobodys(inside: str, path: Path) -> bool:
    """An empty folder of ours, or a first file that was cut short before it had its name."""
    if is_directory(path):
        return is_ours_in_checkpoint(inside, directory=True)
    # Earlier versions kept standard input before there was a run.
    return inside in {".begun.json.tmp", ".run.json.tmp", "input/stdin", "input/.stdin.tmp"} or (
        inside.startswith("input/.stdin-")
    )


def foreign_in(root: Path) -> list[Path]:
    """What in a checkpoint no run makes."""
    return [
        path
        for path in all_below(root)
        if not is_ours_in_checkpoint(
            path.relative_to(root).as_posix(), directory=is_directory(path)
        )
    ]


def check_inputs(out: Path, inputs: Sequence[tuple[str, Path]]) -> None:
    """Refuse an input (its name, and where it is) that lies in what a run of `out` replaces."""
    place = out.resolve()
    for name, path in inputs:
        if (top := within(path.resolve(), place)) in TAKEN:
            raise UsageError(
                f"{name}: this input lies in {out / top}, which a run of this output replaces:"
                " copy it elsewhere, or choose another --out"
            )


@dataclass(slots=True)
class _Proofs:
    """What says which files are ours."""

    hashes: dict[str, set[str]] = field(default_factory=dict)
    """By path in the output directory."""
    run_id: str = ""
    """Of the run that is under way, whose files may not have been noted yet."""

    def add(self, files: Sequence[FileRecord]) -> None:
        for file in files:
            self.hashes.setdefault(file.path, set()).add(file.sha256)


def is_standing(out: Path) -> Manifest | None:
    """The manifest of a whole output, if it can be believed."""
    path = out / "manifest.json"
    try:
        manifest = read_json(path, Manifest)
        success = out / "_SUCCESS"
        told = read_success(out) if is_there(success) else sha256_of(path)
    except (CheckpointError, StorageError):
        return None
    sound = manifest.run_id == manifest.identity.run_id and told == sha256_of(path)
    return manifest if sound else None


def _proofs(out: Path) -> _Proofs:
    found = _Proofs()
    if (manifest := is_standing(out)) is not None:
        found.add(manifest.files)
        names = [name for name in ("manifest.json", "_SUCCESS") if is_file(out / name)]
        found.add([_record(out, out / name, "") for name in names])
    root = out / CHECKPOINT
    if (begun := _sound(root / "begun.json", Begun)) is not None:
        found.add(begun.old)
    if (plan := _sound(root / "plan.json", Plan)) is not None:
        found.add(plan.files)
    for path in all_below(root / "done"):
        if (done := _sound(path, Done)) is not None:
            found.add([done.part])
    if (identity := _sound(root / "run.json", Identity)) is not None:
        found.run_id = identity.run_id
    return found


def outputs_of(out: Path) -> list[FileRecord]:
    """All that stands under the names of outputs, as it is.

    Raises `UsageError` that names what is not ours, and `StorageError`.
    """
    proofs = _proofs(out)
    records: list[FileRecord] = []
    foreign = []
    if not (proofs.hashes or proofs.run_id):
        foreign = [out / name for name in _OUTPUT_NAMES if is_there(out / name)]
    for path, is_whole in () if foreign else _candidates(out):
        record = _record(out, path, path.parent.name) if is_whole else None
        if record and _is_proved(record, path, proofs):
            records.append(record)
        else:
            foreign.append(path)
    if foreign:
        raise _not_ours(out, foreign)
    return records


def check_written(out: Path) -> None:
    """Refuse what is not ours where the run in `.checkpoint` writes its parts at once.

    What its records name may be damaged: it is written again, or told. Raises `UsageError`.
    """
    proofs = _proofs(out)
    foreign = [
        path
        for path, is_whole in _candidates(out)
        if path.relative_to(out).as_posix() not in proofs.hashes
        and not (is_whole and _is_proved(_record(out, path, ""), path, proofs))
    ]
    if foreign:
        raise _not_ours(out, foreign)


def _not_ours(out: Path, foreign: Sequence[Path]) -> UsageError:
    return UsageError(
        f"{out}: it holds {_named(out, foreign)}, which no run of this program left there, or not as"
        " it is now: choose another --out, or move that away"
    )


def _candidates(out: Path, only: Sequence[str] = _OUTPUT_NAMES) -> Iterator[tuple[Path, bool]]:
    """What has a name of ours, without folders and drafts; and whether it is a file."""
    for name in only:
        path = out / name
        if is_there(path) and not (name in OUTPUTS and is_directory(path)):
            yield path, name not in OUTPUTS and is_file(path)
            continue
        for inside in all_below(path):
            if not (is_file(inside) and is_temporary(inside.name)):
                yield inside, is_file(inside)


def _record(out: Path, path: Path, kind: str) -> FileRecord:
    return FileRecord(
        path=path.relative_to(out).as_posix(),
        size=path.lstat().st_size,
        sha256=sha256_of(path),
        kind=kind,
    )


def _is_proved(record: FileRecord, path: Path, proofs: _Proofs) -> bool:
    if record.path in proofs.hashes or not proofs.run_id:
        return record.sha256 in proofs.hashes.get(record.path, ())
    names_it = rb"msisdn\.run[^\w]{1,4}" if is_part(path.name) else rb'"run_id": "'
    with open_own(path) as content:
        content.seek(max(0, record.size - _FOOTER) if is_part(path.name) else 0)
        return re.search(names_it + proofs.run_id.encode(), content.read(_FOOTER)) is not None


def check_whole(
    out: Path, files: Sequence[FileRecord], only: Sequence[str] = _OUTPUT_NAMES
) -> None:
    """What stands under these names in `out` is what was noted of it. Raises `UsageError`."""
    noted = {file.path: file.sha256 for file in files}
    changed = [
        path
        for path, is_whole in _candidates(out, only)
        if not is_whole or noted.get(path.relative_to(out).as_posix()) != sha256_of(path)
    ]
    if changed:
        raise UsageError(
            f"{out}: {_named(out, changed)} came there, or changed, since the run began, and would be"
            " removed now: move that away, and the same command goes on; nothing is lost"
        )


def _named(out: Path, paths: Sequence[Path]) -> str:
    """The first few, as they are called in the output directory."""
    names = [path.relative_to(out).as_posix() for path in paths[:_SHOWN]]
    more = len(paths) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _sound(path: Path, of: type[T]) -> T | None:
    """What a sealed file says; None where it is missing or damaged."""
    try:
        return read_sealed(path, of, None) if is_file(path) else None
    except (CheckpointError, StorageError):
        return None
