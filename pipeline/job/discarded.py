"""Where rows go that are not unique numbers."""

from contextlib import ExitStack

import polars as pl

from pipeline.job.opened import Job
from pipeline.ledger.records import FileRecord
from pipeline.write import Parts, keep

__all__ = ("Counted", "Discarded")


class Discarded(ExitStack):
    """Rejected rows and duplicates, each in files of their own.

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


class Counted:
    """Takes the same rows where only their number matters."""

    @property
    def rejected(self) -> "Counted":
        """Takes rejected rows."""
        return self

    def add(self, rows: pl.DataFrame) -> None:
        """Keep nothing."""

    def repeat(self, rows: pl.DataFrame) -> None:
        """Keep nothing."""
