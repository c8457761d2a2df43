"""The small JSON files of a run, as types: what `run.json`, `done/*.json` and `manifest.json` hold.

Rule: every field has one meaning and one writer. A change of a field's name, type or meaning
raises `FORMAT_VERSION`, and a checkpoint of another version is refused.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from pipeline.ledger.files import sha256_of, to_json

__all__ = (
    "FORMAT_VERSION",
    "Begun",
    "Done",
    "Exchange",
    "FileRecord",
    "Identity",
    "InputFile",
    "Manifest",
    "Owner",
    "TakenOver",
    "record_of",
)

FORMAT_VERSION = 1
"""Of everything under `.checkpoint` and of `manifest.json`."""


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    """One input as it was when the run began."""

    name: str
    size: int
    sha256: str


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a run this run and no other: `run.json`."""

    schema_version: int
    rules_version: str
    """Version of the numbering plans: that of `phonenumbers`."""
    inputs: list[InputFile]
    settings: dict[str, Any]
    """The settings that matter, by name, and `command`; JSON values only."""
    format_version: int = FORMAT_VERSION

    @property
    def run_id(self) -> str:
        """Sixteen hexadecimal digits; the same input and settings have the same."""
        return hashlib.sha256(to_json(self)).hexdigest()[:16]


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One finished file."""

    path: str
    """Relative to the output directory, with forward slashes."""
    size: int
    sha256: str
    kind: str
    """`enriched`, `rejected`, `duplicates`, `cleaned`, `summary`, `report`, …"""
    rows: int | None = None
    """None where the file has no rows."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """`done/shard-00000.json`: the part that came of a shard."""

    shard: int
    part: FileRecord
    counts: dict[str, int]
    """Rows by status; together they are the part's rows."""
    outcome_unknown: dict[str, int] = {}
    """Of all runs up to this one: `asked_again`, lookups of numbers whose outcome was unknown;
    `held`, numbers that are left so."""
    journal: FileRecord | None = None
    """The journal as the part was made of it; None where an earlier version has written this."""
    format_version: int = FORMAT_VERSION

    @property
    def kept_journal(self) -> FileRecord | None:
        """The journal, if what it held then stays in it: only one of nothing but F0 is begun anew."""
        return self.journal if self.counts.get("answered") or not self.unresolved else None

    @property
    def unresolved(self) -> int:
        """Rows that the next run asks again."""
        return self.counts.get("unresolved", 0)


def record_of(path: Path, kind: str, relative_to: Path) -> FileRecord:
    """A file as it is now. Raises `StorageError`."""
    sha256 = sha256_of(path)
    name = path.relative_to(relative_to).as_posix()
    return FileRecord(path=name, size=path.stat().st_size, sha256=sha256, kind=kind)


class TakenOver(msgspec.Struct, frozen=True, kw_only=True):
    """`known/known.json`: what an earlier, smaller run knew, taken over by `--grow`."""

    files: list[FileRecord]
    """Relative to their folder, which gets its place as a whole."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`: what a finished run has made."""

    run_id: str
    identity: Identity
    files: list[FileRecord]
    counts: dict[str, int]
    """`rows`, rows of each kind of output, and `enriched` rows by status."""
    format_version: int = FORMAT_VERSION


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """`owner.json`: who works on an output directory, for the message to whoever else tries."""

    run_id: str
    pid: int
    host: str
    since: str
    """In words, such as `2026-01-31 06:30:00`; the caller reads the clock."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """`begun.json`: how a run began. It is the first file in its folder, and says that it is ours."""

    restart: bool = False
    """`--restart` began it, and it has not come to its end: the same command goes on with it."""
    old: list[FileRecord] = []
    """What stands in the output directory until this run is written, in whose place its parts then
    come; if there is nothing, they lie where they stay from the beginning."""
    format_version: int = FORMAT_VERSION


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """`exchange.json`: from here on what a run has made takes the place of what stood there."""

    old: list[FileRecord]
    new: list[FileRecord]
    success: str
    """SHA-256 of the new manifest; empty where rows are unresolved."""
    format_version: int = FORMAT_VERSION
