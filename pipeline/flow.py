"""START HERE: the stages, in order, and nothing else.

    read → normalise → dedupe → plan → lookup → write → report

`run` is the whole job; `clean` leaves out what is asked, `plan_only` says what would be. What each
stage takes and gives stands in `pipeline/README.md`.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace

import msgspec
import numpy as np
import polars as pl

from pipeline.ahead import NORMALISERS, InOrder, ahead
from pipeline.dedupe import HOLD, dedupe
from pipeline.errors import TooManyRejected
from pipeline.events import Notice, Planned, ReadProgress
from pipeline.job.opened import Job, opened
from pipeline.job.surroundings import Surroundings
from pipeline.known import Known
from pipeline.ledger.manifest import manifest_of
from pipeline.ledger.place import lack, to_ask
from pipeline.ledger.planned import Counts, Plan, SoFar
from pipeline.ledger.records import FileRecord
from pipeline.ledger.sealed import publish_sealed, read_sealed
from pipeline.model import OWN
from pipeline.normalise import learn, normalise
from pipeline.normalise.evidence import Evidence
from pipeline.parsing import allowed_rejects
from pipeline.plan import plan
from pipeline.privacy import redact
from pipeline.report import Summary, diagnosis, report, stored_report
from pipeline.scratch import scratch
from pipeline.settings import Settings
from pipeline.write import Parts, keep

__all__ = ("Surroundings", "clean", "plan_only", "run")

PLANNING = 64 << 20
"""Bytes of frames that a run holds in memory in place of files: what it asks for minutes it plans
in seconds, and stays as small as asking is. `clean` and `plan` do nothing else, and take `dedupe.HOLD`."""

FILES_APART = 256
"""Files in one frame whose columns are looked at one by one; of more, each has a few hundred rows at most."""

TELL_EVERY = 1.0
"""Seconds between two notes of how many rows are read, for `status`."""


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
            _Discarded(job) as other,
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
            closing(_unique(job, counts, _Counted())) as unique,
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

        with _Discarded(job) as other, closing(_unique(job, counts, other)) as unique:
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


class _Discarded(ExitStack):
    """Where rows go that are not unique numbers: rejected rows, and duplicates.

    With `--rows all` duplicates stay in the checkpoint, to be given their answers at the end.
    """

    def __init__(self, job: Job) -> None:
        super().__init__()
        rows = job.settings.shard_rows
        self._duplicates = self.enter_context(Parts("duplicates", job.output, rows))
        self.rejected = self.enter_context(Parts("rejected", job.output, rows))
        self.repeats: list[FileRecord] = []
        self._job = job

    def repeat(self, rows: pl.DataFrame) -> None:
        """Take in duplicates."""
        if self._job.settings.rows != "all":
            self._duplicates.add(rows)
        elif rows.height:
            path = self._job.checkpoint.repeats(len(self.repeats))
            self.repeats.append(keep(rows, path, "repeats", self._job.output))

    @property
    def records(self) -> list[FileRecord]:
        """The parts written; all of them, once it is closed."""
        return [*self._duplicates.records, *self.rejected.records]


class _Counted:
    """Takes the same rows where only their number matters."""

    @property
    def rejected(self) -> "_Counted":
        """Takes rejected rows."""
        return self

    def add(self, rows: pl.DataFrame) -> None:
        """Keep nothing."""

    def repeat(self, rows: pl.DataFrame) -> None:
        """Keep nothing."""


def _unique(
    job: Job, counts: Counts, other: _Discarded | _Counted
) -> Generator[pl.DataFrame, None, None]:
    """read → normalise → dedupe: the first row of each number, in input order."""
    spool = job.checkpoint.spool
    job.files.remove_tree(spool)  # of a run that was killed
    for name, written in job.output.renamed().items():
        text = f"the input's column {redact(name)} is called {redact(written)} in the outputs"
        job.around.announce(Notice("info", text))
    job.tell_inputs()
    numbers = job.listing.number_columns
    alone = len(numbers) == 1 and len(numbers[0].parts) == 1
    cell = OWN + numbers[0].name if alone else None
    valid = _valid(job, counts, other.rejected)
    hold = PLANNING if job.checkpoint.identity.settings["command"] == "run" else HOLD
    # Closed here and at once: its scratch files go while there is still somebody to tell of it.
    with closing(dedupe(valid, spool, job.files, cell, hold=hold)) as pairs:
        for unique, repeated in pairs:
            counts.duplicates += repeated.height
            other.repeat(repeated)
            job.check_stop()
            yield unique
    job.files.remove_tree(spool)


def _valid(job: Job, counts: Counts, rejected: Parts | _Counted) -> Iterator[pl.DataFrame]:
    """read → normalise: the rows that have a number; the others go to `rejected`."""
    due = 0.0  # at once, so that a look at the run has something to tell
    for made in _read_and_normalised(job, counts):
        _count(counts, made)
        source = made["source_file"][-1]
        if made["reject_reason"].null_count() < made.height:
            refused = made["reject_reason"].is_not_null()
            rejected.add(made.filter(refused))
            made = made.filter(~refused)  # noqa: PLW2901  what is left of it
        job.check_stop()
        job.around.announce(ReadProgress(counts.rows, counts.rejected, source))
        if job.around.clock() >= due:
            due = job.around.clock() + TELL_EVERY
            _tell(job, counts)
        yield made
    _tell(job, counts)
    counts.mended = job.listing.mended()
    for where, cells in counts.mended.items():
        job.around.announce(Notice("warning", f"{where} ({cells:,} cell{'s' * (cells != 1)})"))


def _tell(job: Job, counts: Counts) -> None:
    """Leave word for `status` of how far reading is."""
    told = SoFar(run_id=job.checkpoint.identity.run_id, rows=counts.rows, rejected=counts.rejected)
    job.files.tell_json(job.checkpoint.so_far, told)


def _read_and_normalised(job: Job, counts: Counts) -> Iterator[pl.DataFrame]:
    """read → normalise: all rows, some frames at a time."""
    columns = [[OWN + part for part in column.parts] for column in job.listing.number_columns]
    given = job.settings
    by_row = given.region_column and OWN + given.region_column
    known: dict[str, tuple[Evidence, ...]] = {}

    def normalised(frame: pl.DataFrame) -> pl.DataFrame:
        shown = known[frame["source_file"][-1]]
        return normalise(frame, columns, given.region, by_row, evidence=shown, coded=True)

    with InOrder[pl.DataFrame](NORMALISERS) as work:
        for frame in _by_file(ahead(job.listing)):
            source = frame["source_file"][-1]
            if source in known:
                work.begin(normalised, frame)
                yield from work.surplus()
                continue
            # A file's first frame shows what its column is: full numbers, rounded, without zeros.
            first, shown = learn(frame, columns, given.region, by_row, bare=given.bare, coded=True)
            known[source] = shown
            for column, of_column in zip(job.listing.number_columns, shown, strict=True):
                if told := of_column.told():
                    one = source if len(shown) == 1 else f"{source}: {column.name}"
                    counts.evidence[one] = told
            yield from work.rest()
            yield first
        yield from work.rest()


def _by_file(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows, each file's apart, unless they are very many small ones: these show little each."""
    for frame in frames:
        sources = frame["source_file"]
        if sources[0] == sources[-1] or sources.n_unique() > FILES_APART:
            yield frame
        else:
            yield from frame.partition_by("source_file", maintain_order=True)


def _count(counts: Counts, made: pl.DataFrame) -> None:
    counts.rows += made.height
    counts.rejected += made.height - made["reject_reason"].null_count()
    for column, tally in (
        ("reject_reason", counts.reasons),
        ("rule", counts.rules),
        ("source_file", counts.sources),
    ):
        for value, number in _tallied(made[column]):
            tally[value] = tally.get(value, 0) + number


def _tallied(values: pl.Series) -> Iterator[tuple[str, int]]:
    """How often each word occurs."""
    if isinstance(values.dtype, pl.Enum):
        counts = np.bincount(values.drop_nulls().to_physical().to_numpy())
        seen = np.flatnonzero(counts).tolist()
        yield from ((values.dtype.categories[code], int(counts[code])) for code in seen)
    elif values[0] == values[-1]:  # rows of one file come together, so most frames are of one
        yield values[0], len(values)
    else:
        yield from values.value_counts(sort=True).rows()


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
