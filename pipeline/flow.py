"""START HERE: the stages, in order, and nothing else.

    read → normalise → dedupe → plan → lookup → write → report

`run` is the whole job; `clean` leaves out what is asked, `plan_only` says what would be. What each
stage takes and gives stands in `pipeline/README.md`.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

import msgspec
import polars as pl

from pipeline.errors import TooManyRejected
from pipeline.events import Notice, Planned
from pipeline.job.discarded import Counted, Discarded
from pipeline.job.opened import Job, opened
from pipeline.job.rows import firsts, frames, numbers
from pipeline.job.surroundings import Surroundings
from pipeline.known import Known
from pipeline.ledger.manifest import manifest_of
from pipeline.ledger.place import lack, to_ask
from pipeline.ledger.planned import Counts, Plan
from pipeline.ledger.records import FileRecord
from pipeline.ledger.sealed import publish_sealed, read_sealed
from pipeline.parsing import allowed_rejects
from pipeline.plan import plan
from pipeline.report import Summary, diagnosis, report, stored_report
from pipeline.scratch import scratch
from pipeline.settings import Settings
from pipeline.write import Parts, keep

__all__ = ("Surroundings", "clean", "plan_only", "run")


def run(settings: Settings, around: Surroundings) -> Summary:
    """The whole job into `settings.out`, gone on with where an earlier run stopped.

    Returns the summary; `complete` is false where rows are unresolved. Raises what ends the run
    (`errors.py`), with everything known on disk.
    """
    # Late for start-up time: what asks is half of the program, and only this function asks.
    from pipeline.job.collect import written  # noqa: PLC0415
    from pipeline.job.lookups import ask, check_service  # noqa: PLC0415

    check_service(settings, around)
    with opened(settings, "run", around) as job:
        if job.checkpoint.finished:
            return stored_report(job.out)
        planned = _planned(job)
        _check_rejected(job, planned)
        service_rate = ask(job, planned)
        made = written(job, planned)
        files = [*planned.files, *made.parts]
        told = {"outcome_unknown": made.outcome_unknown, "service_rate": service_rate}
        return _finished(job, planned, files, made.unresolved, told)


def clean(settings: Settings, around: Surroundings) -> Summary:
    """Read, normalise, deduplicate and write `cleaned/`: no network, no account."""
    with opened(settings, "clean", around) as job:
        if job.checkpoint.finished:
            return stored_report(job.out)
        counts = Counts()
        with (
            Parts("cleaned", job.output, settings.shard_rows) as cleaned,
            Discarded(job) as other,
            closing(_unique(job, counts, other)) as unique,
        ):
            for frame in unique:
                cleaned.add(frame)
        planned = plan((), settings, counts, lambda *_: "")
        return _finished(job, planned, [*cleaned.records, *other.records], 0, {})


def plan_only(settings: Settings, around: Surroundings) -> Plan:
    """What `run` would do and cost; nothing is written outside a temporary directory."""
    with scratch() as folder:
        own = replace(settings, out=folder / "out", restart=False)
        counts = Counts()
        with (
            opened(own, "plan", around) as job,
            closing(_unique(job, counts, Counted())) as unique,
        ):
            return plan(unique, settings, counts, lambda *_: "")


def _planned(job: Job) -> Plan:
    """read → normalise → dedupe → plan, or the plan that an earlier run has made."""
    checkpoint = job.checkpoint
    if checkpoint.plan_file.exists():
        made = read_sealed(checkpoint.plan_file, Plan, checkpoint.identity.run_id)
        # What lies here since an earlier run is looked at once, before more is built on it.
        checkpoint.check_outputs(made)
    else:
        counts = Counts()
        known = Known(checkpoint)

        def save(number: int, shard: pl.DataFrame) -> str:
            sha256 = keep(shard, checkpoint.shard(number), "shard", job.output).sha256
            known.seed(shard, sha256, checkpoint.journal(number))
            return sha256

        with Discarded(job) as other, closing(_unique(job, counts, other)) as unique:
            made = plan(unique, job.settings, counts, save)
        made = msgspec.structs.replace(made, files=other.records, repeats=other.repeats)
        publish_sealed(job.files, checkpoint.plan_file, made, checkpoint.identity.run_id)
    shards = (checkpoint.shard(shard.number) for shard in made.shards)
    for doubt in lack(job.out, to_ask(made.to_ask, shards)):
        job.around.announce(Notice("warning", doubt))
    job.around.announce(Planned(made.counts.rows, made.unique, made.to_ask, len(made.shards)))
    return made


def _check_rejected(job: Job, planned: Plan) -> None:
    """Raise `TooManyRejected` where so much of a list is no number that it cannot be as meant."""
    counts, allowed = planned.counts, job.settings.max_rejected
    if counts.rejected <= allowed_rejects(allowed, counts.rows):
        return
    why = diagnosis(counts.rows, counts.rules, counts.reasons)
    raise TooManyRejected(
        f"{counts.rejected:,} of {counts.rows:,} rows were rejected, more than --max-rejected"
        f" {allowed} allows, so nothing was looked up. {' '.join(why)} What was wrong with each row"
        f" stands in {job.out / 'rejected'}; correct the list or the settings, or raise"
        " --max-rejected"
    )


def _unique(
    job: Job, counts: Counts, other: Discarded | Counted
) -> Generator[pl.DataFrame, None, None]:
    """read → normalise → dedupe: the first row of each number, in input order."""
    read = frames(job)
    valid = numbers(job, read, counts, other.rejected)
    return firsts(job, valid, counts, other)


def _finished(
    job: Job,
    planned: Plan,
    parts: Sequence[FileRecord],
    unresolved: int,
    asking: Mapping[str, object],
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
        "mended": planned.counts.mended,
        "skipped_lines": job.listing.skipped(),
        "renamed": job.output.renamed(),
        "evidence": planned.counts.evidence,
        "unread": list(job.unread),
        **asking,
    }
    summary, record = report(job.checkpoint.outputs, known, parts, job.files)
    if unresolved:
        job.checkpoint.leave([*parts, record])
    else:
        statuses = msgspec.structs.asdict(summary)
        job.checkpoint.finish(
            manifest_of(job.checkpoint.identity, [*parts, record], summary.rows, statuses)
        )
    return summary
