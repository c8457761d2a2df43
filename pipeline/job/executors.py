"""Where shards are looked up: in this process, or in several."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from pipeline.job.brief import Brief
from pipeline.job.local import process
from pipeline.job.surroundings import Surroundings
from pipeline.lookup import Finish, Tally
from pipeline.model import ShardSpec

__all__ = ("Executor", "executor_of")


class Executor(Protocol):
    """Looks up every number of some shards that has no answer yet, and writes each shard's part.

    Returns when all are written. Raises what ended the run (`errors.py`), with everything known on disk.
    """

    def __call__(self, specs: Sequence[ShardSpec], brief: Brief, around: Surroundings) -> Tally:
        """Do so, in `brief.processes` processes that share rate, limits and account."""
        ...


def executor_of(brief: Brief, finish: Finish | None = None) -> Executor:
    """The one for this many processes. `finish` takes a finished shard in place of the writer, here."""
    if brief.processes == 1:
        return partial(process, finish=finish)
    # Late for start-up time: few runs have workers.
    from pipeline.job.processes import process_in_workers  # noqa: PLC0415

    return process_in_workers
