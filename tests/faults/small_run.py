"""A small whole run in this process, and what must hold of it whatever went wrong before."""

import io
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pipeline import flow
from pipeline.job.surroundings import Surroundings
from pipeline.ledger.files import Files
from pipeline.ledger.manifest import verify
from pipeline.settings import Settings
from tests.flow.conftest import Simulated, enriched, numbers

__all__ = (
    "CONCURRENCY",
    "COUNT",
    "OTHER",
    "ROWS",
    "Finished",
    "SmallRun",
    "around_of",
    "small_run",
)

COUNT = 24
"""Different numbers."""
_NUMBERS = numbers(COUNT)
_CELLS = [*_NUMBERS[:15], "none", *_NUMBERS[:3], "12", *_NUMBERS[15:], _NUMBERS[20]]
ROWS = "".join(f"{row},{cell}\n" for row, cell in enumerate(["phone", *_CELLS]))
"""The list: each number, some of them again, and cells that are none."""
OTHER = "".join(
    f"{row},{cell}\n" for row, cell in enumerate(["phone", *numbers(2 * COUNT)[COUNT:]])
)
"""Another list, of other numbers, and of as many rows in its shards."""
CONCURRENCY = 4


@dataclass(frozen=True, slots=True)
class SmallRun:
    """A list, the service, and how the list is run."""

    listed: Path
    service: Simulated
    rows: str
    state: Path
    transport: str = "tcp"
    grow: bool = False
    piped: bool = False
    """The list comes by standard input."""
    restart: bool = False

    def settings(self, out: Path) -> Settings:
        """Three shards, with few lookups in flight."""
        endpoints = self.service.endpoints
        return Settings(
            inputs=("-" if self.piped else str(self.listed),),
            out=out,
            transport=self.transport,
            endpoint=str(getattr(endpoints, self.transport)),
            token_url=endpoints.token_url,
            client_id=endpoints.client_id,
            client_secret=endpoints.client_secret,
            rate=20_000.0,
            concurrency=CONCURRENCY,
            shard_rows=10,
            rows=self.rows,
            grow=self.grow,
            restart=self.restart,
            state_dir=self.state,
        )

    def __call__(self, out: Path, files: Files | None = None) -> None:
        """Run; raises what ended it."""
        stdin = io.BytesIO(self.listed.read_bytes() if self.piped else b"")
        around = replace(around_of(), files=files or Files(), stdin=stdin)
        assert flow.run(self.settings(out), around).complete


def around_of() -> Surroundings:
    """The real clock, and dice that fall alike."""
    return Surroundings(clock=time.monotonic, wall=time.time, dice=random.Random(1))


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a run, without what depends on the moment."""

    enriched: pl.DataFrame
    others: dict[str, bytes]

    @classmethod
    def of(cls, out: Path) -> "Finished":
        """Look at an output directory; it must be complete, sound, and hold nothing else."""
        assert verify(out) == []
        left = {path.name for path in out.iterdir()}
        folders = {"enriched", "rejected", "duplicates"} & left
        assert left - folders == {"summary.json", "manifest.json", "_SUCCESS"}
        others = [*(out / "rejected").glob("*"), *(out / "duplicates").glob("*")]
        content = {path.relative_to(out).as_posix(): path.read_bytes() for path in others}
        return cls(enriched(out, ("answered_at", "attempts", "source")), content)

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Finished)
        return self.enriched.equals(other.enriched) and self.others == other.others

    def __hash__(self) -> int:
        return 0


@contextmanager
def small_run(
    folder: Path, service: Simulated, rows: str, *, piped: bool = False
) -> Iterator[SmallRun]:
    """A list with everything: numbers, the same again, and cells that are none."""
    listed = folder / "list.csv"
    listed.write_text(ROWS)
    yield SmallRun(listed, service, rows, folder / "state", piped=piped)
