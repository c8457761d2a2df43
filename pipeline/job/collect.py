"""What came of all shards of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import CheckpointError
from pipeline.job.opened import Job
from pipeline.ledger.planned import Plan
from pipeline.ledger.records import Done, FileRecord
from pipeline.write import expand, write_blank

__all__ = ("Written", "written")


@dataclass(frozen=True, slots=True)
class Written:
    """What came of all shards."""

    parts: list[FileRecord]
    unresolved: int
    """Numbers that the next run asks again."""
    outcome_unknown: dict[str, int]
    """Of the whole run, however often it was interrupted: `asked_again`, `held`."""


def written(job: Job, planned: Plan) -> Written:
    """The enriched parts of the whole run. Raises `CheckpointError` if a shard has none."""
    records = _records(job, planned)
    unknown = {
        name: sum(done.outcome_unknown.get(name, 0) for done in records)
        for name in ("asked_again", "held")
    }
    unresolved = sum(done.unresolved for done in records)
    return Written(_parts(job, planned, records), unresolved, unknown)


def _records(job: Job, planned: Plan) -> list[Done]:
    records: list[Done] = []
    for shard in planned.shards:
        done = job.checkpoint.done(shard.number)
        if done is None:
            raise CheckpointError(
                f"{job.checkpoint.done_file(shard.number)}: the shard has no part; run the same"
                " command again"
            )
        records.append(done)
    return records


def _parts(job: Job, planned: Plan, records: Sequence[Done]) -> list[FileRecord]:
    if not planned.shards:
        return [write_blank("enriched", job.output)]
    if job.settings.rows != "all":
        return [done.part for done in records]
    unique = [done.part for done in records]
    scratch, rows = job.checkpoint.expand_folder, job.settings.shard_rows
    return expand(unique, planned.repeats, scratch, rows, job.output)
