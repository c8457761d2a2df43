"""The manifest of an output directory, and its verification.

Rules:
- Every row ends in exactly one place: rows read = enriched (or cleaned) + duplicates + rejected,
  and enriched = answered + refused + unresolved + skipped. The counts are the parts' own.
- Verification only reads, and needs no lock: it may look at a run that is under way.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import CheckpointError, MsisdnError, StorageError
from pipeline.ledger.files import read_json, sha256_of
from pipeline.ledger.layout import CHECKPOINT, NEXT, OUTPUTS
from pipeline.ledger.nofollow import is_there, resolved
from pipeline.ledger.ownership import begun_of, read_success
from pipeline.ledger.planned import Plan, SoFar
from pipeline.ledger.records import FORMAT_VERSION, FileRecord, Identity, InputFile, Manifest
from pipeline.ledger.replay import State, replay
from pipeline.ledger.soundness import file_problems, listing_problems, row_problems
from pipeline.ledger.steady import steady_look, steady_problems
from pipeline.ledger.unfinished import Unfinished, problems_of
from pipeline.model import STATUSES

__all__ = ("Progress", "equations", "is_finished", "manifest_of", "progress", "verify")


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
    stands: bool
    """An output of another run stands until this one is written, whole or as it was left."""
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
    """How far the run in `out` is: the one under way, where it replaces another.

    Raises `CheckpointError` where there is no run, or its journal is damaged, and `StorageError`.
    """
    out = resolved(out)
    return steady_look(out, lambda: _progress(out))


def _progress(out: Path) -> Progress:
    if is_finished(out):
        manifest = read_json(out / "manifest.json", Manifest)
        parts = sum(file.kind == "enriched" for file in manifest.files)
        return Progress(
            run_id=manifest.run_id,
            finished=True,
            stands=False,
            plan=None,
            so_far=None,
            inputs=manifest.identity.inputs,
            shards=parts,
            shards_done=parts,
            states={},
            counts=manifest.counts,
        )
    tree = Unfinished.of(out)
    states: Counter[str] = Counter({state.name.lower(): 0 for state in State})
    for number in tree.asked:
        states.update(replay(tree.journal(number), tree.shards[number]).counts())
    return Progress(
        run_id=tree.identity.run_id,
        finished=False,
        stands=bool(tree.old),
        plan=tree.plan,
        so_far=None if tree.plan else _so_far(tree.root, tree.identity.run_id),
        inputs=tree.identity.inputs,
        shards=len(tree.shards),
        shards_done=len(tree.done),
        states=dict(states),
        counts=dict(sum((Counter(done.counts) for done in tree.done.values()), Counter())),
    )


def is_finished(out: Path) -> bool:
    """What stands in `out` is whole, and nothing is about to take its place."""
    if not is_there(out / "_SUCCESS") or is_there(out / NEXT):
        return False
    return not begun_of(out / CHECKPOINT).old


def _so_far(root: Path, run_id: str) -> SoFar | None:
    """What a planning run has said last. It may end, or replace the file, at any moment."""
    try:
        told = read_json(root / "spool" / "so-far.json", SoFar)
    except (CheckpointError, StorageError):
        return None
    return told if told.run_id == run_id else None


def verify(out: Path, *, deep: bool = True) -> list[str]:
    """What is wrong with an output directory, in words; nothing if all is well.

    A finished run is held against its manifest: every file's size, and if `deep` its hash, its rows
    and the statuses in it; no file more; both equations. Of an unfinished one the parts and the
    journals that are there are checked; `progress` says how far it is. Where that one replaces
    another, both are.
    """
    out = resolved(out)
    return [_shown(problem) for problem in steady_problems(out, lambda: _verify(out, deep))]


def _verify(out: Path, deep: bool) -> list[str]:
    found = _verify_finished(out, deep) if is_there(out / "_SUCCESS") else []
    return found if is_finished(out) else found + problems_of(Unfinished.of(out), deep)


def _shown(problem: str) -> str:
    """As it can be printed: a name in it need not be UTF-8."""
    return problem.encode(errors="surrogateescape").decode(errors="backslashreplace")


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
    found += listing_problems(path, manifest.files)
    for file in manifest.files:
        found += file_problems(out, file, deep)
    found += _unlisted(out, manifest)
    found += [f"{path}: {wrong}" for wrong in equations(manifest.counts)]
    for kind in OUTPUTS:
        rows = sum(file.rows or 0 for file in manifest.files if file.kind == kind)
        if rows != manifest.counts[kind]:
            found.append(f"{path}: {kind} {manifest.counts[kind]}, but its files have {rows} rows")
    if deep and not found:
        found += _status_problems(out, manifest)
        parts = [file for file in manifest.files if file.kind in OUTPUTS]
        found += row_problems([out / file.path for file in parts], manifest.counts["rows"])
    return found


def _unlisted(out: Path, manifest: Manifest) -> list[str]:
    listed = {out / file.path for file in manifest.files}
    present = [path for kind in OUTPUTS for path in sorted((out / kind).glob("*"))]
    return [f"{path}: the manifest does not know it" for path in present if path not in listed]


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
