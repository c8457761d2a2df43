"""Every name that a run takes in its output directory.

Rule: what is not told here is somebody else's, and neither written over nor removed.
"""

import re
from pathlib import Path

from pipeline.ledger.nofollow import is_directory, kept_in

__all__ = (
    "CHECKPOINT",
    "NEW",
    "NEXT",
    "OUTPUTS",
    "REMOVED",
    "ROOT_FILES",
    "TAKEN",
    "all_below",
    "is_ours_in_checkpoint",
    "is_part",
    "is_temporary",
    "within",
)

OUTPUTS = ("enriched", "rejected", "duplicates", "cleaned")
"""Folders of parts in an output directory."""
ROOT_FILES = ("summary.json", "report.html")
"""Files beside them, of which the manifest tells too."""

CHECKPOINT = ".checkpoint"
"""A run that is under way."""
NEW = ".checkpoint.new"
"""One that is about to begin; it counts for nothing."""
NEXT = ".checkpoint.next"
"""One that has begun, in place of what `.checkpoint` still holds."""
REMOVED = ".checkpoint.removed"
"""One that is over."""

TAKEN = (*OUTPUTS, *ROOT_FILES, "manifest.json", "_SUCCESS", CHECKPOINT, NEW, NEXT, REMOVED)
"""Top-level names of which nothing may be anybody else's."""

_FOLDERS = r"input|known|spool|shards|journal|done|duplicates|repeats|unique|expand"
_KINDS = "|".join(OUTPUTS)
_ROOT = "|".join(map(re.escape, (*ROOT_FILES, "manifest.json")))
_NUMBER = r"\d{5,}"
_FILES = (
    r"(run|begun|plan|owner|exchange)\.json",
    r"input/stdin",
    rf"known/(known-{_NUMBER}\.parquet|known\.json)",
    rf"spool/(frame-{_NUMBER}\.arrow|numbers|repeats|so-far\.json)",
    rf"shards/shard-{_NUMBER}\.parquet",
    rf"journal/shard-{_NUMBER}\.journal",
    rf"done/shard-{_NUMBER}\.json",
    rf"repeats/rows-{_NUMBER}\.parquet",
    rf"(duplicates|unique)/part-{_NUMBER}\.parquet",
    rf"expand/answers-{_NUMBER}\.parquet",
    rf"(output|old)/(({_KINDS})/part-{_NUMBER}\.parquet|{_ROOT})",
)
_OURS = re.compile("|".join(f"({pattern})" for pattern in _FILES))
_DIRECTORY = re.compile(rf"{_FOLDERS}|(output|old)(/({_KINDS}))?")
_DRAFT = re.compile(r"(.*/)?\.(?P<name>[^/]+)\.tmp")
_PART = re.compile(rf"part-{_NUMBER}\.parquet")
_STDIN_OF_OLD = re.compile(r"input/\.stdin-\w+")
"""An earlier version named it so, before it was published as the rest is."""


def is_ours_in_checkpoint(inside: str, *, directory: bool) -> bool:
    """A path below `.checkpoint`, with forward slashes, is one of those that a run makes."""
    if directory:
        return _DIRECTORY.fullmatch(inside) is not None
    draft = _DRAFT.fullmatch(inside)
    named = (draft[1] or "") + draft["name"] if draft else inside
    return bool(_OURS.fullmatch(named) or _STDIN_OF_OLD.fullmatch(inside))


def is_part(name: str) -> bool:
    """A file of this name may be a part."""
    return _PART.fullmatch(name) is not None


def is_temporary(name: str, of: tuple[str, ...] = ()) -> bool:
    """It is what a part, or one of these files, is called before it is complete."""
    draft = _DRAFT.fullmatch(name)
    return draft is not None and (is_part(draft["name"]) or draft["name"] in of)


def all_below(folder: Path) -> list[Path]:
    """Everything in a directory and in those in it; nothing is followed. Raises `StorageError`."""
    found = []
    for path in kept_in(folder):
        found.append(path)
        if is_directory(path):
            found += all_below(path)
    return found


def within(path: Path, out: Path) -> str:
    """The top-level name in `out` below which a path lies, itself included; empty for none."""
    inside = path.relative_to(out).parts if path.is_relative_to(out) else ()
    return inside[0] if inside else ""
