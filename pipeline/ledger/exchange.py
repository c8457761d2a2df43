"""How one run takes the place of another: beside it while it lasts, then in one step.

Rules:
- A run begins in `.checkpoint.new`, which counts for nothing. Renamed to `.checkpoint.next` it has
  begun: what `.checkpoint` holds is given up then, and not before.
- Where an output stands, its parts come into `.checkpoint/output`, and that output is touched only
  when they are all there.
- `exchange.json` is that moment. What is left to do then, and after the other rename, can be done
  again from its beginning, and is done by whoever opens the folder next (`settle`).
- What says "finished" goes first and comes last; what says "ours" goes last.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.errors import CheckpointError, UsageError
from pipeline.ledger.files import Files
from pipeline.ledger.layout import CHECKPOINT, NEW, NEXT, REMOVED, all_below
from pipeline.ledger.nofollow import is_directory, is_file, is_there, kept_in
from pipeline.ledger.ownership import (
    begun_of,
    check_names,
    check_whole,
    foreign_in,
    is_sealed,
    read_success,
)
from pipeline.ledger.records import Begun, Exchange, FileRecord, Identity
from pipeline.ledger.sealed import publish_sealed, read_sealed

__all__ = (
    "abandon",
    "check_replaceable",
    "commit",
    "exchange",
    "remove_checkpoint",
    "settle",
    "stage",
    "written",
)

_SEALS = ("run.json", "begun.json")


def stage(out: Path, files: Files) -> Path:
    """An empty folder for a run that is about to begin, known to be ours. Raises `StorageError`."""
    staged = out / NEW
    abandon(out, files)
    files.make_directory(staged)
    publish_sealed(files, staged / "begun.json", Begun(), "")
    return staged


def abandon(out: Path, files: Files) -> None:
    """Remove what never came to be a run. Raises `StorageError`, and `UsageError`."""
    _remove(out / NEW, files)


def check_replaceable(out: Path) -> None:
    """Refuse to give up the checkpoint if somebody keeps something in it. Raises `UsageError`."""
    for name in (CHECKPOINT, NEXT, REMOVED):
        if foreign := foreign_in(out / name):
            raise UsageError(
                f"{foreign[0]}: no run of this program left it there, and the checkpoint is to be"
                " removed: move it away"
            )


def commit(out: Path, identity: Identity, begun: Begun, files: Files) -> None:
    """Begin the run that was staged, in place of the one that is there. Raises `StorageError`."""
    staged = out / NEW
    publish_sealed(files, staged / "begun.json", begun, identity.run_id)
    publish_sealed(files, staged / "run.json", identity, identity.run_id)
    files.rename(staged, out / NEXT)
    files.fsync_directory(out)
    _take_over(out, files)


def settle(out: Path, files: Files) -> bool:
    """End what was decided, and clear away what never came to it. The lock is held.

    True if that brought a `--restart` to its end, which had been interrupted on its last steps.
    Raises `UsageError` if something is in the way, before anything is done, and `StorageError`.
    """
    check_names(out)
    root, begun = out / CHECKPOINT, _ended_as(out)
    _remove(out / REMOVED, files)
    abandon(out, files)
    if is_there(out / NEXT):
        _take_over(out, files)
        return False
    if is_file(root / "exchange.json"):
        begun = begun_of(root)
        _roll_forward(out, files)
    elif is_there(root):
        begun = _sound_begun(root)
        return begun.restart and not begun.old and is_there(out / "_SUCCESS")
    return begun.restart


def _ended_as(out: Path) -> Begun:
    """How the run began whose checkpoint is being removed.

    What is left of it may be an empty folder, that says nothing. It is taken for a restart's: to say
    once too often that all is done costs a command, to restart once too often all that was paid.
    """
    left = out / REMOVED
    if is_directory(left) and not any(left.iterdir()):
        return Begun(restart=is_there(out / "_SUCCESS"))
    return _sound_begun(left)


def _sound_begun(root: Path) -> Begun:
    """How the run began; what is damaged is told by whoever goes on with it."""
    try:
        return begun_of(root)
    except CheckpointError:
        return Begun()


def _take_over(out: Path, files: Files) -> None:
    remove_checkpoint(out, files)
    files.rename(out / NEXT, out / CHECKPOINT)
    files.fsync_directory(out)


def exchange(out: Path, new: Sequence[FileRecord], success: str, files: Files) -> None:
    """Put what the run has made in place of what stands in `out`; all of it is on disk.

    `success` is the SHA-256 of the new manifest, which is among `new`, or empty where rows are
    unresolved. Raises `StorageError`, and `UsageError` if what stands there has changed.
    """
    root = out / CHECKPOINT
    old = begun_of(root).old
    check_whole(out, old)
    decided = Exchange(old=old, new=list(new), success=success)
    publish_sealed(files, root / "exchange.json", decided, _run_of(root))
    _roll_forward(out, files, checked=True)


def _roll_forward(out: Path, files: Files, *, checked: bool = False) -> None:
    root = out / CHECKPOINT
    decided = read_sealed(root / "exchange.json", Exchange, _run_of(root))
    source, gone = root / "output", root / "old"
    arriving = [name for name in _tops(decided.new) if is_there(source / name)]
    leaving = [
        name
        for name in _tops(decided.old)
        if is_there(out / name) and (name in arriving or name not in _tops(decided.new))
    ]
    success = out / "_SUCCESS"
    stale = is_file(success) and read_success(out) != decided.success
    if not checked:
        check_whole(out, decided.old, [*leaving, *(["_SUCCESS"] if stale else [])])
    if stale:
        files.unlink(success)
    if stale or not checked:
        files.fsync_directory(out)
    files.make_directory(gone)
    _move(leaving, out, gone, files)
    _move(arriving, source, out, files)
    if decided.success:
        if not is_file(success):
            files.publish_bytes(success, decided.success.encode() + b"\n")
        remove_checkpoint(out, files)
    else:
        publish_sealed(files, root / "begun.json", Begun(), _run_of(root))
        files.remove_tree(gone)
        files.remove_tree(source)
        files.unlink(root / "exchange.json")
        files.fsync_directory(root)


def _run_of(root: Path) -> str:
    """Whose run the folder holds."""
    return read_sealed(root / "run.json", Identity, None).run_id


def _tops(records: Iterable[FileRecord]) -> list[str]:
    """Names of the folders and files at the top; `_SUCCESS` goes its own way."""
    names = dict.fromkeys(file.path.partition("/")[0] for file in records)
    return [name for name in names if name != "_SUCCESS"]


def _move(names: Sequence[str], source: Path, target: Path, files: Files) -> None:
    """Both folders are as one on disk when it returns, what an earlier run has moved included."""
    for name in names:
        files.rename(source / name, target / name)
    for folder in (target, source):
        if is_there(folder):
            files.fsync_directory(folder)


def written(out: Path, files: Files) -> None:
    """Note that a run has come to its end, although rows are unresolved. Raises `StorageError`."""
    root = out / CHECKPOINT
    begun = begun_of(root)
    if begun.restart:
        publish_sealed(files, root / "begun.json", Begun(old=begun.old), _run_of(root))


def remove_checkpoint(out: Path, files: Files) -> None:
    """Remove `.checkpoint` under another name, so that no half of it is ever taken for a whole.

    What somebody else keeps in it stays. Raises `StorageError`.
    """
    checkpoint, doomed = out / CHECKPOINT, out / REMOVED
    _remove(doomed, files)
    if is_there(checkpoint):
        files.rename(checkpoint, doomed)
        _remove(doomed, files)


def _remove(root: Path, files: Files) -> None:
    """Remove a folder of ours; what says that it is goes last, and only when the rest is gone."""
    if not is_there(root):
        return
    if not is_sealed(root):
        raise UsageError(
            f"{root}: no run of this program left it there: choose another --out, or move it away"
        )
    # It may be under this name in memory only, even since an earlier run, and would come back under the
    # other one without what is removed here.
    files.fsync_directory(root.parent)
    if foreign := foreign_in(root):
        _remove_ours(root, foreign, files)
        return
    for path in kept_in(root):
        if path.name not in _SEALS:
            files.remove_tree(path) if is_directory(path) else files.unlink(path)
    files.fsync_directory(root)
    for name in _SEALS:
        files.unlink(root / name)
    files.remove_directory(root)


def _remove_ours(root: Path, foreign: Sequence[Path], files: Files) -> None:
    """Remove all files but somebody else's, and what says that the folder is ours."""
    for path in all_below(root):
        if not (path in foreign or path.name in _SEALS or is_directory(path)):
            files.unlink(path)
