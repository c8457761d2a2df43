"""START HERE: the stages, in order, and nothing else.

    read → normalise → dedupe → plan → lookup → write → report

`run` is the whole job; `clean` leaves out what is asked, `plan_only` says what would be. What each
stage takes and gives stands in `pipeline/README.md`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import polars as pl

from pipeline.dedupe import dedupe
from pipeline.events import Planned, ReadProgress
from pipeline.job import Job, Surroundings, opened
from pipeline.ledger.files import read_json
from pipeline.ledger.manifest import manifest_of
from pipeline.ledger.planned import Counts, Plan
from pipeline.ledger.records import FileRecord
from pipeline.model import OWN
from pipeline.normalise import normalise
from pipeline.plan import plan
from pipeline.report import Summary, report, stored_report
from pipeline.settings import Settings
from pipeline.shards import ask, check_service, finished_parts
from pipeline.write import Parts, keep

__all__ = ("Surroundings", "clean", "plan_only", "run")


def run(settings: Settings, around: Surroundings) -> Summary:
    """The whole job into `settings.out`, gone on with where an earlier run stopped.

    Returns the summary; `complete` is false where rows are unresolved. Raises what ends the run
    (`errors.py`), with everything known on disk.
    """
    check_service(settings, around.announce)
    with opened(settings, "run", around) as job:
        if job.checkpoint.finished:
            return stored_report(job.out)
        planned = _planned(job)
        unknown = ask(job, planned)
        parts, unresolved = finished_parts(job, planned)
        return _finished(job, planned, [*planned.files, *parts], unresolved, unknown)


def clean(settings: Settings, around: Surroundings) -> Summary:
    """Read, normalise, deduplicate and write `cleaned/`: no network, no account."""
    with opened(settings, "clean", around) as job:
        if job.checkpoint.finished:
            return stored_report(job.out)
        cleaned = Parts("cleaned", job.output, settings.shard_rows)
        counts, other = Counts(), _Discarded(job)
        for unique in _unique(job, counts, other):
            cleaned.add(unique)
        planned = plan((), settings, counts, lambda *_: "")
        return _finished(job, planned, [*cleaned.close(), *other.close()], 0, {})


def plan_only(settings: Settings, around: Surroundings) -> Plan:
    """What `run` would do and cost; nothing is written outside a temporary directory."""
    with TemporaryDirectory(prefix="msisdn-") as scratch:
        own = replace(settings, out=Path(scratch) / "out", restart=False)
        with opened(own, "plan", around) as job:
            counts = Counts()
            return plan(_unique(job, counts, _Discarded(job)), settings, counts, lambda *_: "")


def _planned(job: Job) -> Plan:
    """read → normalise → dedupe → plan, or the plan that an earlier run has made."""
    checkpoint = job.checkpoint
    if checkpoint.plan_file.exists():
        made = read_json(checkpoint.plan_file, Plan)
    else:
        counts, other = Counts(), _Discarded(job)

        def save(number: int, shard: pl.DataFrame) -> str:
            return keep(shard, checkpoint.shard(number), "shard", job.output).sha256

        made = plan(_unique(job, counts, other), job.settings, counts, save)
        made = msgspec.structs.replace(made, files=other.close())
        job.files.publish_json(checkpoint.plan_file, made)
        job.files.remove_tree(checkpoint.spool(0).parent)
    job.around.announce(Planned(made.counts.rows, made.unique, made.to_ask, len(made.shards)))
    return made


class _Discarded:
    """Where rows go that are not unique numbers: rejected rows, and duplicates.

    With `--rows all` duplicates stay in the checkpoint, to be given their answers at the end.
    """

    def __init__(self, job: Job) -> None:
        self.rejected = Parts("rejected", job.output, job.settings.shard_rows)
        self._duplicates = Parts("duplicates", job.output, job.settings.shard_rows)
        self._job = job
        self._repeats = 0

    def repeat(self, rows: pl.DataFrame) -> None:
        """Take in duplicates."""
        if self._job.settings.rows != "all":
            self._duplicates.add(rows)
        elif rows.height:
            path = self._job.checkpoint.root / "repeats" / f"rows-{self._repeats:05}.parquet"
            keep(rows, path, "repeats", self._job.output)
            self._repeats += 1

    def close(self) -> list[FileRecord]:
        """The parts written."""
        return [*self._duplicates.close(), *self.rejected.close()]


def _unique(job: Job, counts: Counts, other: _Discarded) -> Iterator[pl.DataFrame]:
    """read → normalise → dedupe: the first row of each number, in input order."""
    spool = list(_spooled(job, counts, other.rejected))
    for unique, repeated in dedupe(spool):
        counts.duplicates += repeated.height
        other.repeat(repeated)
        job.check_stop()
        yield unique


def _spooled(job: Job, counts: Counts, rejected: Parts) -> Iterator[Path]:
    """read → normalise: valid rows into files, rejected ones into their parts."""
    column = OWN + job.listing.number_column
    by_row = job.settings.region_column and OWN + job.settings.region_column
    for number, frame in enumerate(job.listing):
        made = normalise(frame, column, job.settings.region, by_row)
        refused = made.filter(pl.col("reject_reason").is_not_null())
        valid = made.filter(pl.col("reject_reason").is_null())
        rejected.add(refused)
        _count(counts, made)
        path = job.checkpoint.spool(number)
        # Not worth a sync: planning begins again when it is interrupted.
        valid.write_parquet(path, compression="lz4")
        job.check_stop()
        source = frame["source_file"][-1]
        job.around.announce(ReadProgress(counts.rows, counts.rejected, source))
        yield path


def _count(counts: Counts, made: pl.DataFrame) -> None:
    counts.rows += made.height
    counts.rejected += made.height - made["reject_reason"].null_count()
    for column, tally in (
        ("reject_reason", counts.reasons),
        ("rule", counts.rules),
        ("source_file", counts.sources),
    ):
        for value, number in made[column].drop_nulls().value_counts(sort=True).rows():
            tally[value] = tally.get(value, 0) + number


def _finished(
    job: Job,
    planned: Plan,
    parts: Sequence[FileRecord],
    unresolved: int,
    unknown: Mapping[str, int],
) -> Summary:
    """report, and `_SUCCESS` where every row has its final place."""
    known = {
        "run_id": job.output.run_id,
        "command": job.checkpoint.identity.settings["command"],
        "complete": not unresolved,
        "rows": planned.counts.rows,
        "sources": planned.counts.sources,
        "reasons": planned.counts.reasons,
        "rules": planned.counts.rules,
        "outcome_unknown": dict(unknown),
    }
    summary, record = report(job.out, known, parts, job.files)
    if not unresolved:
        statuses = msgspec.structs.asdict(summary)
        job.checkpoint.finish(
            manifest_of(job.checkpoint.identity, [*parts, record], summary.rows, statuses)
        )
    return summary
