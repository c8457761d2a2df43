"""`summary.json`: counts over everything that a run has written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from pipeline.ledger.files import Files, read_json
from pipeline.ledger.own_parquet import scan_rows
from pipeline.ledger.records import FileRecord
from pipeline.model import STATUSES
from pipeline.report.diagnosis import diagnosis

__all__ = ("Summary", "report", "stored_report")

SUMMARY = "summary.json"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run found. Maps are counts of rows, most first."""

    run_id: str
    command: str
    complete: bool
    """Every row has its final place."""
    rows: int
    """Rows read."""
    enriched: int = 0
    cleaned: int = 0
    duplicates: int = 0
    rejected: int = 0
    answered: int = 0
    refused: int = 0
    unresolved: int = 0
    skipped: int = 0
    sources: dict[str, int] = {}
    """Rows read by input file."""
    reasons: dict[str, int] = {}
    """Rejected rows by reason."""
    rules: dict[str, int] = {}
    """Valid rows by how their cell was read."""
    mended: dict[str, int] = {}
    """Cells that could not be read as they were, by file, column and what was wrong, in words."""
    skipped_lines: dict[str, int] = {}
    """Lines above the header that were passed over, by input file; they are no rows."""
    renamed: dict[str, str] = {}
    """The input's columns that have another name in the outputs, since theirs is one of ours, or another's."""
    evidence: dict[str, dict[str, Any]] = {}
    """What a column shows as a whole and what was decided by it, by input file: `bare` by region (`*` all rows that
    have one and are not named, `-` those without), each with `read_as` and the counts it comes from."""
    unread: list[str] = []
    """Files in input directories, and sheets of workbooks, that are no part of the list."""
    diagnosis: list[str] = []
    """What is wrong with the list as a whole and what to do, most cells first."""
    countries: dict[str, int] = {}
    """Output rows by region of the numbering plan."""
    plan_types: dict[str, int] = {}
    number_types: dict[str, int] = {}
    """Answered rows by the service's type of number."""
    lookup_types: dict[str, int] = {}
    error_codes: dict[str, int] = {}
    """Answered and refused rows by error code; a blank code is not counted."""
    ported: dict[str, int] = {}
    """`yes`, `no`, `not known`; likewise the next two."""
    present: dict[str, int] = {}
    roaming: dict[str, int] = {}
    requests: int = 0
    """Requests sent for the rows written, retries included."""
    outcome_unknown: dict[str, int] = {}
    """Sent, and no outcome was kept when that run died, over all interruptions: `asked_again` counts
    lookups, `held` the numbers that are left so."""
    service_rate: float | None = None
    """Requests a second that the service let through at last, where that was less than `--rate`; else,
    and where the last command asked nothing, null."""
    files: list[str] = []
    """Part files, relative to the output directory."""


_COUNTED = {
    "countries": "region",
    "plan_types": "plan_type",
    "number_types": "number_type",
    "lookup_types": "lookup_type",
    "error_codes": "error_code",
}
_FLAGS = ("ported", "present", "roaming")
_FLAG_WORDS = {"true": "yes", "false": "no", "": "not known"}


def report(
    out: Path, known: Mapping[str, object], parts: Sequence[FileRecord], files: Files
) -> tuple[Summary, FileRecord]:
    """Count the part files, write `summary.json`, and give both.

    `known` are fields of `Summary` that the files do not tell: `run_id`, `command`, `complete`,
    `rows`, `sources`, `reasons`, `rules`, `evidence`, `mended`, `skipped_lines`, `renamed`,
    `unread`, `outcome_unknown`, `service_rate`.
    """
    rows_of = {kind: sum(p.rows or 0 for p in parts if p.kind == kind) for kind in _kinds(parts)}
    found: dict[str, object] = {**known, **rows_of, "files": sorted(p.path for p in parts)}
    kind = "cleaned" if known["command"] == "clean" else "enriched"
    told = [part for part in parts if part.kind == kind]
    if told:
        found |= _counts(out, told, enriched=kind == "enriched")
    summary = msgspec.convert(found, Summary)
    said = diagnosis(summary.rows, summary.rules, summary.reasons, summary.evidence)
    summary = msgspec.structs.replace(summary, diagnosis=said)
    written = files.publish_json(out / SUMMARY, summary)
    return summary, FileRecord(
        path=SUMMARY, size=written.size, sha256=written.sha256, kind="summary"
    )


def stored_report(out: Path) -> Summary:
    """The summary of a run that was finished before. Raises `CheckpointError`, `StorageError`."""
    return read_json(out / SUMMARY, Summary)


def _kinds(parts: Sequence[FileRecord]) -> set[str]:
    return {part.kind for part in parts}


def _counts(out: Path, parts: Sequence[FileRecord], *, enriched: bool) -> dict[str, object]:
    """Counts of every column of interest, from a pass over each column alone."""
    found: dict[str, Counter[str]] = {}
    requests = 0
    for rows in scan_rows(out, parts):
        there = set(rows.collect_schema().names())
        for name, column in _COUNTED.items():
            if column in there:
                found.setdefault(name, Counter()).update(_by(rows, column))
        if enriched:
            _count_answers(rows, found)
            requests += int(rows.select(pl.col("attempts").sum()).collect().item() or 0)
    told: dict[str, object] = {name: _most_first(tally) for name, tally in found.items()}
    if not enriched:
        return told
    statuses = found["statuses"]
    del told["statuses"]
    return told | {status: statuses[status] for status in STATUSES} | {"requests": requests}


def _count_answers(rows: pl.LazyFrame, found: dict[str, Counter[str]]) -> None:
    """Rows by status, and answered rows by each flag."""
    found.setdefault("statuses", Counter()).update(_by(rows, "status"))
    told = rows.filter(pl.col("status") == "answered")
    for flag in _FLAGS:
        counted = _by(told, flag, keep_null=True)
        words = {_FLAG_WORDS[value]: number for value, number in counted.items()}
        found.setdefault(flag, Counter()).update(words)


def _by(rows: pl.LazyFrame, column: str, *, keep_null: bool = False) -> dict[str, int]:
    value = pl.col(column).cast(pl.String)
    counted = rows.group_by(value.fill_null("") if keep_null else value).len().collect()
    return {name: number for name, number in counted.rows() if name is not None}


def _most_first(tally: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(tally.items(), key=lambda pair: (-pair[1], pair[0])))
