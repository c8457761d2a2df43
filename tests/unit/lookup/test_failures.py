"""What ends a run from outside the engine: what is under way comes home and is kept first."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import pytest

from pipeline.errors import StorageError
from pipeline.ledger.files import Files
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import open_journal
from pipeline.ledger.replay import replay
from pipeline.model import ShardSpec
from pipeline.transports.contract import Service
from tests.conformance.services import CREDENTIALS, Reply, Running, answer, udp_service
from tests.unit.lookup.staged import shard, stage

T = TypeVar("T")
LATENCY = 0.3
"""Seconds that answers about the first shard take; those about others come at once."""
PATIENCE = 20.0


class Failing(Files):
    """The n-th operation of one kind on one file fails, as soon as something is under way."""

    def __init__(self, operation: str, name: str, nth: int, asked: Event | None) -> None:
        self._fails = operation, name, nth
        self._seen = Counter[tuple[str, str]]()
        self._asked = asked

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        self._seen[operation, path.name] += 1
        if (operation, path.name, self._seen[operation, path.name]) == self._fails:
            assert self._asked is None or self._asked.wait(PATIENCE)
            raise StorageError(f"{path}: the disk is full")
        return super().perform(operation, path, call)


def run(specs: list[ShardSpec], asked: Event, **options: Any) -> None:
    """Run the stage against a service that takes its time; `asked` tells of the first question."""

    def script(tel: str, _: int) -> Reply:
        asked.set()
        return Reply((answer(tel),), delay=LATENCY if tel.startswith("121255500") else 0)

    async def served() -> None:
        running = Running(script)
        async with udp_service(running):
            service = Service(endpoint=running.endpoint, credentials=CREDENTIALS, timeout=5)
            await stage(specs, service, **options)

    asyncio.run(served())


def outcomes(spec: ShardSpec) -> dict[str, int]:
    """How many numbers of a shard are in which state; its journal must have been let go."""
    open_journal(Path(spec.journal), Shard(spec.sha256, spec.rows), Files())[0].close()
    return {name: count for name, count in replay(Path(spec.journal)).counts().items() if count}


def came_home(spec: ShardSpec) -> bool:
    """What was sent has its answer; what was not sent is known not to have been."""
    found = outcomes(spec)
    return found.keys() <= {"answered", "failed"} and found["answered"] >= 1


@pytest.mark.parametrize(
    ("operation", "nth", "waits"),
    [("open", 1, True), ("write", 2, False), ("fdatasync", 2, True)],
    ids=["opening a later shard", "keeping answers", "syncing answers"],
)
def test_a_journal_that_fails_does_not_lose_what_is_under_way_for_others(
    tmp_path: Path, operation: str, nth: int, waits: bool
) -> None:
    first, later = shard(tmp_path, 0, 0), shard(tmp_path, 1, 0)
    # Making the shard has opened, written and synced the file already, but not through these.
    asked = Event()
    files = Failing(operation, "shard-1.journal", nth, asked if waits else None)
    with pytest.raises(StorageError, match=r"shard-1\.journal: the disk is full"):
        run([first, later], asked, files=files)
    assert came_home(first)
    assert sum(outcomes(later).values()) == 4


def test_a_part_that_cannot_be_written_does_not_lose_what_is_under_way(tmp_path: Path) -> None:
    asked_about, written = shard(tmp_path, 0, 0), shard(tmp_path, 1, 4)
    asked = Event()

    def finish(spec: ShardSpec) -> None:
        assert asked.wait(PATIENCE)
        raise StorageError(f"part {spec.number}: the disk is full")

    with pytest.raises(StorageError, match="part 1: the disk is full"):
        run([asked_about, written], asked, finish=finish)
    assert came_home(asked_about)


def test_the_last_part_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    def finish(spec: ShardSpec) -> None:
        raise StorageError(f"part {spec.number}: the disk is full")

    with pytest.raises(StorageError, match="part 0: the disk is full"):
        run([shard(tmp_path, 0, 0)], Event(), finish=finish)
