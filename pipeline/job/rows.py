"""The first three stages of a job: frames as they are read, rows that have a number, the first of each number."""

from collections.abc import Generator, Iterator
from contextlib import closing

import polars as pl

from pipeline.ahead import NORMALISERS, InOrder, ahead
from pipeline.dedupe import HOLD, dedupe
from pipeline.events import Notice, ReadProgress
from pipeline.job.counting import count
from pipeline.job.discarded import Counted, Discarded
from pipeline.job.opened import Job
from pipeline.ledger.planned import Counts, SoFar
from pipeline.model import OWN
from pipeline.normalise import learn, normalise
from pipeline.normalise.evidence import Evidence
from pipeline.privacy import redact
from pipeline.write import Parts

__all__ = ("firsts", "frames", "numbers")

PLANNING = 64 << 20
"""Bytes of frames that a run holds in memory in place of files: what it asks for minutes it plans
in seconds, and stays as small as asking is. `clean` and `plan` do nothing else, and take `dedupe.HOLD`."""

FILES_APART = 256
"""Files in one frame whose columns are looked at one by one; of more, each has a few hundred rows at most."""

TELL_EVERY = 1.0
"""Seconds between two notes of how many rows are read, for `status`."""


def frames(job: Job) -> Iterator[pl.DataFrame]:
    """Stage 1, read: all rows, each file's apart, unless they are very many small ones: these show little each."""
    for frame in ahead(job.listing):
        sources = frame["source_file"]
        if sources[0] == sources[-1] or sources.n_unique() > FILES_APART:
            yield frame
        else:
            yield from frame.partition_by("source_file", maintain_order=True)


def numbers(
    job: Job, read: Iterator[pl.DataFrame], counts: Counts, rejected: Parts | Counted
) -> Iterator[pl.DataFrame]:
    """Stage 2, normalise: the rows that have a number; the others go to `rejected`."""
    due = 0.0  # at once, so that a look at the run has something to tell
    for made in _normalised(job, read, counts):
        count(counts, made)
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


def _normalised(job: Job, read: Iterator[pl.DataFrame], counts: Counts) -> Iterator[pl.DataFrame]:
    """All rows, some frames at a time."""
    columns = [[OWN + part for part in column.parts] for column in job.listing.number_columns]
    given = job.settings
    by_row = given.region_column and OWN + given.region_column
    known: dict[str, tuple[Evidence, ...]] = {}

    def normalised(frame: pl.DataFrame) -> pl.DataFrame:
        shown = known[frame["source_file"][-1]]
        return normalise(frame, columns, given.region, by_row, evidence=shown, coded=True)

    with InOrder[pl.DataFrame](NORMALISERS) as work:
        for frame in read:
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


def firsts(
    job: Job, valid: Iterator[pl.DataFrame], counts: Counts, other: Discarded | Counted
) -> Generator[pl.DataFrame, None, None]:
    """Stage 3, dedupe: the first row of each number, in input order."""
    spool = job.checkpoint.spool
    job.files.remove_tree(spool)  # of a run that was killed
    for name, written in job.output.renamed().items():
        text = f"the input's column {redact(name)} is called {redact(written)} in the outputs"
        job.around.announce(Notice("info", text))
    job.tell_inputs()
    columns = job.listing.number_columns
    alone = len(columns) == 1 and len(columns[0].parts) == 1
    cell = OWN + columns[0].name if alone else None
    hold = PLANNING if job.checkpoint.identity.settings["command"] == "run" else HOLD
    # Closed here and at once: its scratch files go while there is still somebody to tell of it.
    with closing(dedupe(valid, spool, job.files, cell, hold=hold)) as pairs:
        for unique, repeated in pairs:
            counts.duplicates += repeated.height
            other.repeat(repeated)
            job.check_stop()
            yield unique
    job.files.remove_tree(spool)


def _tell(job: Job, counts: Counts) -> None:
    """Leave word for `status` of how far reading is."""
    told = SoFar(run_id=job.checkpoint.identity.run_id, rows=counts.rows, rejected=counts.rejected)
    job.files.tell_json(job.checkpoint.so_far, told)
