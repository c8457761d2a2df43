"""The manifest of an output directory, and its verification.

Rules:
- Every row ends in exactly one place: rows read = enriched (or cleaned) + duplicates + rejected,
  and enriched = answered + refused + unresolved + skipped. The counts are the parts' own.
- Verification only reads, and needs no lock: it may look at a run that is under way.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import CheckpointError, MsisdnError, StorageError
from pipeline.ledger.files import read_json, sha256_of
from pipeline.ledger.planned import Plan, SoFar
from pipeline.ledger.records import FORMAT_VERSION, Done, FileRecord, Identity, InputFile, Manifest
from pipeline.ledger.replay import State, replay
from pipeline.ledger.run import OUTPUTS, read_identity, read_success
from pipeline.ledger.sealed import read_sealed
from pipeline.model import STATUSES

__all__ = ("Progress", "equations", "manifest_of", "progress", "verify")


def manifest_of(
    identity: Identity, files: Sequence[FileRecord], rows: int, statuses: Mapping[str, int]
) -> Manifest:
    """The manifest of a run that read `rows` rows and made `files`.

    `statuses` are the enriched rows by status. Raises `MsisdnError` if a row was lost or
    counted twice: better no `_SUCCESS` than a wrong one.
    """
    counts = {"rows": rows, **dict.fromkeys(OUTPUTS, 0)}
    for file in files:
        if file.kind in OUTPUTS:
            counts[file.kind] += file.rows or 0
    counts |= {status: statuses.get(status, 0) for status in STATUSES}
    if wrong := equations(counts):
        raise MsisdnError(
            f"rows do not add up: {'; '.join(wrong)}. This is a defect of the program; please report"
            " it. The files are kept, and _SUCCESS is not written"
        )
    ordered = sorted(files, key=lambda file: file.path)
    return Manifest(run_id=identity.run_id, identity=identity, files=ordered, counts=counts)


def equations(counts: Mapping[str, int]) -> list[str]:
    """Which of the two equations do not hold, with their numbers."""
    wrong = []
    placed = sum(counts[kind] for kind in OUTPUTS)
    if counts["rows"] != placed:
        terms = " + ".join(f"{kind} {counts[kind]}" for kind in OUTPUTS if counts[kind])
        wrong.append(f"rows read {counts['rows']}, but {terms or 'outputs'} = {placed}")
    told = sum(counts[status] for status in STATUSES)
    if counts["enriched"] != told:
        terms = " + ".join(f"{status} {counts[status]}" for status in STATUSES)
        wrong.append(f"enriched {counts['enriched']}, but {terms} = {told}")
    return wrong


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is; for `status` and `verify`."""

    run_id: str
    finished: bool
    plan: Plan | None
    """None until planning is complete, and of a finished run."""
    so_far: SoFar | None
    """How far planning is, while there is no plan; None where nobody has said so yet."""
    inputs: list[InputFile]
    """As they were when the run began."""
    shards: int
    shards_done: int
    states: dict[str, int]
    """Numbers in shards that are not done: `answered`, `failed`, `unresolved`, `unknown` (sent, no
    answer kept), `never` (not sent; those that are not looked up at all count here too)."""
    counts: dict[str, int]
    """Rows by status in the parts that are done; in a finished run, the manifest's counts."""

    @property
    def planned(self) -> bool:
        """What is to be asked is known."""
        return self.finished or self.plan is not None


def progress(out: Path) -> Progress:
    """How far the run in `out` is.

    Raises `CheckpointError` where there is no run, or its journal is damaged, and `StorageError`.
    """
    if (out / "_SUCCESS").exists():
        manifest = read_json(out / "manifest.json", Manifest)
        parts = sum(file.kind == "enriched" for file in manifest.files)
        return Progress(
            run_id=manifest.run_id,
            finished=True,
            plan=None,
            so_far=None,
            inputs=manifest.identity.inputs,
            shards=parts,
            shards_done=parts,
            states={},
            counts=manifest.counts,
        )
    tree = _Unfinished.of(out)
    states: Counter[str] = Counter({state.name.lower(): 0 for state in State})
    for number in tree.begun - tree.done.keys():
        states.update(replay(tree.journal(number)).counts())
    return Progress(
        run_id=tree.identity.run_id,
        finished=False,
        plan=tree.plan,
        so_far=None if tree.plan else _so_far(tree.root),
        inputs=tree.identity.inputs,
        shards=len(tree.shards),
        shards_done=len(tree.done),
        states=dict(states),
        counts=dict(sum((Counter(done.counts) for done in tree.done.values()), Counter())),
    )


def _so_far(root: Path) -> SoFar | None:
    """What a planning run has said last. It may end, or replace the file, at any moment."""
    try:
        return read_json(root / "spool" / "so-far.json", SoFar)
    except (CheckpointError, StorageError):
        return None


def verify(out: Path, *, deep: bool = True) -> list[str]:
    """What is wrong with an output directory, in words; nothing if all is well.

    A finished run is held against its manifest: every file's size, and if `deep` its hash, its rows
    and the statuses in it; no file more; both equations. Of an unfinished one the parts and the
    journals that are there are checked; `progress` says how far it is.
    """
    try:
        if (out / "_SUCCESS").exists():
            return _verify_finished(out, deep)
        return _verify_unfinished(_Unfinished.of(out), deep)
    except (CheckpointError, StorageError) as error:
        return [str(error)]


def _verify_finished(out: Path, deep: bool) -> list[str]:
    path = out / "manifest.json"
    manifest = read_json(path, Manifest)
    found = []
    if sha256_of(path) != read_success(out):
        found.append(f"{path}: it is not the one that _SUCCESS was written for")
    if manifest.format_version != FORMAT_VERSION:
        return [*found, f"{path}: its format is version {manifest.format_version}"]
    if manifest.run_id != manifest.identity.run_id:
        found.append(f"{path}: its run id does not follow from its identity")
    for file in manifest.files:
        found += _file_problems(out, file, deep)
    found += _unlisted(out, manifest)
    found += [f"{path}: {wrong}" for wrong in equations(manifest.counts)]
    for kind in OUTPUTS:
        rows = sum(file.rows or 0 for file in manifest.files if file.kind == kind)
        if rows != manifest.counts[kind]:
            found.append(f"{path}: {kind} {manifest.counts[kind]}, but its files have {rows} rows")
    if deep and not found:
        found += _status_problems(out, manifest)
    return found


def _unlisted(out: Path, manifest: Manifest) -> list[str]:
    listed = {out / file.path for file in manifest.files}
    present = [path for kind in OUTPUTS for path in sorted((out / kind).glob("*"))]
    return [f"{path}: the manifest does not know it" for path in present if path not in listed]


def _file_problems(out: Path, file: FileRecord, deep: bool) -> list[str]:
    path = out / file.path
    if not path.is_file():
        return [f"{path}: missing"]
    size = path.stat().st_size
    if size != file.size:
        return [f"{path}: {size} bytes, but {file.size} were written"]
    if not deep:
        return []
    if sha256_of(path) != file.sha256:
        return [f"{path}: its content changed since it was written"]
    if file.rows is None:
        return []
    # Only now is it known to be ours, and safe to open (see parquet.py). PyArrow is imported late,
    # because whoever asks for help or status does not need it.
    from pipeline.ledger.parquet import rows_of  # noqa: PLC0415

    rows = rows_of(path)
    return [] if rows == file.rows else [f"{path}: {rows} rows, but {file.rows} were written"]


def _status_problems(out: Path, manifest: Manifest) -> list[str]:
    """The rows by status, counted again in files that are known to be ours."""
    from pipeline.ledger.own_parquet import opened_parquet  # noqa: PLC0415  slow to import

    counted: Counter[str] = Counter()
    for file in manifest.files:
        if file.kind == "enriched":
            with opened_parquet(out / file.path) as part:
                column = part.read(["status"]).column("status")
            pairs: list[dict[str, Any]] = column.value_counts().to_pylist()
            counted.update({pair["values"]: pair["counts"] for pair in pairs})
    return [
        f"{out}: {status} {manifest.counts[status]} by the manifest, but {counted[status]} rows"
        for status in STATUSES
        if counted[status] != manifest.counts[status]
    ]


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """The checkpoint of a run that is not finished, as it is found."""

    root: Path
    identity: Identity
    plan: Plan | None
    shards: set[int]
    begun: set[int]
    done: dict[int, Done]

    @classmethod
    def of(cls, out: Path) -> "_Unfinished":
        """Raises `CheckpointError` where there is no run."""
        root = out / ".checkpoint"
        if not (root / "run.json").exists():
            raise CheckpointError(
                f"{out}: no run is here: neither _SUCCESS nor .checkpoint/run.json"
            )
        plan = root / "plan.json"
        planned = read_sealed(plan, Plan) if plan.exists() else None
        done = {
            number: root / "done" / f"shard-{number:05}.json" for number in _numbers(root / "done")
        }
        return cls(
            root,
            read_identity(root / "run.json"),
            planned,
            {s.number for s in planned.shards} if planned else _numbers(root / "shards"),
            _numbers(root / "journal"),
            {number: read_sealed(path, Done) for number, path in done.items()},
        )

    def journal(self, number: int) -> Path:
        """The journal of a shard."""
        return self.root / "journal" / f"shard-{number:05}.journal"


def _numbers(folder: Path) -> set[int]:
    return {int(path.stem.removeprefix("shard-")) for path in folder.glob("shard-*.*")}


def _verify_unfinished(tree: _Unfinished, deep: bool) -> list[str]:
    found = []
    out = tree.root.parent
    for file in (*tree.plan.files, *tree.plan.repeats) if tree.plan else ():
        found += _file_problems(out, file, deep)
    for _, done in sorted(tree.done.items()):
        found += _file_problems(out, done.part, deep)
        if sum(done.counts.values()) != done.part.rows:
            found.append(f"{out / done.part.path}: its rows by status do not add up")
    found += _shard_problems(tree, deep)
    for number in sorted(tree.begun | tree.done.keys()):
        found += _journal_problems(tree, number, deep)
    return found


def _shard_problems(tree: _Unfinished, deep: bool) -> list[str]:
    """Shards that were not begun and are not as they were planned."""
    found = []
    planned = {shard.number: shard.sha256 for shard in tree.plan.shards} if tree.plan else {}
    for number in sorted(tree.shards - tree.begun):
        path = tree.root / "shards" / f"shard-{number:05}.parquet"
        if not path.is_file():
            found.append(f"{path}: missing")
        elif deep and number in planned and sha256_of(path) != planned[number]:
            found.append(f"{path}: its content changed since it was written")
    return found


def _journal_problems(tree: _Unfinished, number: int, deep: bool) -> list[str]:
    path = tree.journal(number)
    shard = tree.root / "shards" / f"shard-{number:05}.parquet"
    if not path.is_file():
        return [f"{path}: missing"]
    try:
        known = replay(path)
    except (CheckpointError, StorageError) as error:
        return [str(error)]
    if number in tree.done and (changed := _since_done(path, tree.done[number], deep)):
        return changed
    if not shard.is_file():
        return [f"{shard}: missing"]
    if deep and sha256_of(shard) != known.shard.sha256:
        return [f"{shard}: it is not the shard that the journal was written for"]
    return []


def _since_done(journal: Path, done: Done, deep: bool) -> list[str]:
    """What a journal no longer holds that its part was made of. It may have grown."""
    kept = done.kept_journal
    if kept is None:
        return []
    size = journal.stat().st_size
    if size < kept.size:
        return [f"{journal}: {size} bytes, but {kept.size} were written when its part was made"]
    if deep and sha256_of(journal, kept.size) != kept.sha256:
        return [f"{journal}: its content changed since its part was made"]
    return []
