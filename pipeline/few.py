"""A few numbers through the same stages, in memory: no file with a number has a name, however it ends.

Shard and journal are anonymous memory of this process, which the kernel takes back with it, so
neither a kill nor a power cut leaves anything behind. What they hold is what a run's files hold, and
the stages that read and write them are the same.
"""

import hashlib
import io
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import polars as pl

from pipeline.job.lookups import ask_shards, check_service
from pipeline.job.opened import RULES_VERSION
from pipeline.job.surroundings import Surroundings
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.files import Files
from pipeline.ledger.frames import Shard, header
from pipeline.ledger.opening import DESCRIPTORS
from pipeline.ledger.replay import replay
from pipeline.ledger.run import identify
from pipeline.model import OWN, PLAN_TYPES, ShardSpec
from pipeline.normalise import learn
from pipeline.settings import Settings
from pipeline.write import Output, answers
from pipeline.write.parts import arrange

__all__ = ("COLUMN", "look_up")

COLUMN = "number"
"""What the column of the given numbers is called."""


def look_up(numbers: Sequence[str], settings: Settings, around: Surroundings) -> pl.DataFrame:
    """One row for each number given, in that order; refused cells have `reject_reason`.

    Raises what ends a run.
    """
    check_service(settings, around)
    read, _ = learn(_frame(numbers), OWN + COLUMN, settings.region, bare=settings.bare)
    valid = read.filter(pl.col("msisdn").is_not_null())
    output = Output(
        out=Path(), own=(COLUMN,), run_id="", rules_version=RULES_VERSION, number_columns=(COLUMN,),
        files=around.files,
    )  # fmt: skip
    found = [arrange(read.filter(pl.col("msisdn").is_null()), "rejected", output)]
    if valid.height:
        told = _asked(_unique(valid), settings, around, output)
        # Each row given keeps what is its own; the rest is its number's.
        own = ("row_id", "source_file", "line_number", "msisdn_input", "rule", OWN + COLUMN)
        others = told.drop(*(name for name in own if name in told.columns))
        rows = valid.select(*own, "msisdn").join(others, on="msisdn", how="left")
        found.insert(0, arrange(rows, "enriched", output))
    rows = pl.concat(found, how="diagonal_relaxed").sort("row_id")
    return rows.drop("source_file", "line_number", "column", strict=False)


def _frame(numbers: Sequence[str]) -> pl.DataFrame:
    """The numbers as `read` gives rows."""
    return pl.DataFrame(
        {
            "row_id": pl.Series(range(len(numbers)), dtype=pl.Int64),
            "source_file": pl.Series([""] * len(numbers), dtype=pl.String),
            "line_number": pl.Series(range(1, len(numbers) + 1), dtype=pl.Int64),
            OWN + COLUMN: pl.Series(list(numbers), dtype=pl.String),
            "bad_row": pl.Series([None] * len(numbers), dtype=pl.String),
            "bad_line": pl.Series([None] * len(numbers), dtype=pl.String),
        }
    )


def _unique(valid: pl.DataFrame) -> pl.DataFrame:
    counted = valid.group_by("msisdn").agg(occurrences=pl.len().cast(pl.Int64))
    first = valid.unique("msisdn", keep="first", maintain_order=True)
    return first.join(counted, on="msisdn", how="left", maintain_order="left")


def _asked(
    unique: pl.DataFrame, settings: Settings, around: Surroundings, output: Output
) -> pl.DataFrame:
    """The numbers with what the service says of each, whatever their plan type."""
    shard = unique.with_columns(ask=pl.col("plan_type").is_in(PLAN_TYPES))
    with _Memory() as files:
        content = io.BytesIO()
        shard.select("msisdn", "region", "ask").write_parquet(content)
        sha256 = hashlib.sha256(content.getvalue()).hexdigest()
        journal = files.hold(header(Shard(sha256, shard.height)))
        spec = ShardSpec(
            number=0,
            path=str(files.hold(content.getvalue())),
            sha256=sha256,
            rows=shard.height,
            ask=int(shard["ask"].sum()),
            journal=str(journal),
        )
        identity = identify([], settings.identity(), RULES_VERSION)
        checkpoint = Checkpoint(Path(), identity, files)
        told: list[pl.DataFrame] = []

        def finish(_spec: ShardSpec) -> None:
            told.append(answers(shard, replay(journal)))

        ask_shards([spec], settings, around, checkpoint, output, finish=finish)
    return told[0]


class _Memory(Files):
    """Files without names, in memory where the system has that, else on a disk and unlinked.

    A held file is known by its descriptor's path; it goes with the block or with the process.
    """

    def __init__(self) -> None:
        self._held: dict[Path, int] = {}
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def hold(self, content: bytes) -> Path:
        """A new file of this content, by a path that only this process can open."""
        fd = _anonymous()
        self._closing.callback(os.close, fd)
        path = DESCRIPTORS / str(fd)
        self._held[path] = fd
        os.write(fd, content)
        return path

    def open_to_append(self, path: Path) -> int:
        """Writes follow what was held at first: both descriptors share their place."""
        return os.dup(self._held[path])

    def fsync(self, fd: int, path: Path) -> None:
        """Nothing is to outlive the process."""

    def fdatasync(self, fd: int, path: Path) -> None:
        """Nothing is to outlive the process."""


def _anonymous() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("msisdn", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
