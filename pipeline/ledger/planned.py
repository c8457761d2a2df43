"""`plan.json`: what a run will do, and what reading and normalising found on the way to it."""

from typing import Any

import msgspec

from pipeline.ledger.records import FileRecord

__all__ = ("Counts", "Plan", "ShardPlan", "SoFar")


class Counts(msgspec.Struct, kw_only=True):
    """What reading and normalising found; filled while the frames go by."""

    rows: int = 0
    rejected: int = 0
    duplicates: int = 0
    reasons: dict[str, int] = {}
    """Rejected rows by reason."""
    rules: dict[str, int] = {}
    """Valid rows by how their cell was read."""
    sources: dict[str, int] = {}
    """Rows by input file."""
    mended: dict[str, int] = {}
    """Cells that could not be read as they were, by file, column and what was wrong, in words."""
    evidence: dict[str, dict[str, Any]] = {}
    """What the column shows as a whole and what was decided by it, by input file; where anything was."""


class SoFar(msgspec.Struct, frozen=True, kw_only=True):
    """`spool/so-far.json`: how far planning is. Words for `status`, on which nothing is built."""

    run_id: str
    rows: int
    rejected: int


class ShardPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One shard of the plan."""

    number: int
    rows: int
    ask: int
    first_row_id: int
    sha256: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run will do."""

    counts: Counts
    unique: int
    known: int
    """Numbers whose answer is taken from history; none as long as there is no history."""
    to_ask: int
    skipped: int
    lookup: str
    """Type of lookup that is asked for."""
    countries: dict[str, int]
    """Numbers to ask by region, most first."""
    plan_types: dict[str, int]
    """Unique numbers by plan type, most first."""
    cost_least: float | None
    cost_most: float | None
    """Price of one request for each number; the two differ where the account's profile decides."""
    affordable: int | None = None
    """Requests that the budget pays for, each at the dearest price; None without a budget."""
    rate: float
    seconds: float
    """Time to ask at that rate."""
    shards: list[ShardPlan]
    files: list[FileRecord] = []
    """What planning itself has written: rejected and duplicate rows."""
    repeats: list[FileRecord] = []
    """With `--rows all`: duplicate rows, in the checkpoint until they get their answers."""
