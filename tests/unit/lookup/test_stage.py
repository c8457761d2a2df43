"""The stage as a whole: shards opened, asked, written, in bounded numbers."""

import asyncio
import random
import time
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import CheckpointError, ServiceError
from pipeline.events import ignore
from pipeline.ledger.files import Files, sha256_of
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import AnswerRecord, open_journal
from pipeline.lookup import OPEN_SHARDS, lookup
from pipeline.lookup.asking import Asking
from pipeline.lookup.limiter import Limiter
from pipeline.lookup.retry import Retries
from pipeline.model import ShardSpec
from pipeline.protocol.messages import Credentials
from pipeline.transports.contract import Service
from tests.unit.lookup.instant import ok

NOBODY = Service(endpoint="tcp://127.0.0.1:9", credentials=Credentials("me", "secret"), timeout=1)


def shard(folder: Path, number: int, answered: int) -> ShardSpec:
    """A shard of four numbers, of which `answered` have an answer in the journal."""
    tels = [f"121255501{number:01}{position:01}" for position in range(4)]
    path = folder / f"shard-{number}.parquet"
    pl.DataFrame({"msisdn": tels, "region": ["US"] * 4, "ask": [True] * 4}).write_parquet(path)
    spec = ShardSpec(
        number, str(path), sha256_of(path), 4, 4, str(folder / f"shard-{number}.journal")
    )
    journal, _ = open_journal(Path(spec.journal), Shard(spec.sha256, 4), Files())
    with journal:
        journal.intend(range(answered))
        journal.answer([AnswerRecord(p, 1, 1, 0, ok(tels[p]).raw) for p in range(answered)])
    return spec


def ask(specs: list[ShardSpec]) -> list[int]:
    """The numbers of the shards that were finished, in that order."""
    finished: list[int] = []
    asking = Asking(
        transport="tcp",
        endpoint=NOBODY.endpoint,
        rate=100.0,
        concurrency=None,
        attempts=1,
        timeout=1.0,
        limiter=Limiter(100.0, time.monotonic()),
        retries=Retries(1, random.Random(1)),
        clock=time.monotonic,
        wall=time.time,
        total=sum(spec.ask for spec in specs),
    )
    coroutine = lookup(
        specs,
        asking,
        NOBODY,
        files=Files(),
        finish=lambda spec: finished.append(spec.number),
        announce=ignore,
    )
    try:
        asyncio.run(coroutine)
    finally:
        finished.sort()
    return finished


def test_more_answered_shards_than_fit_are_written_without_asking_anybody(tmp_path: Path) -> None:
    specs = [shard(tmp_path, number, 4) for number in range(3 * OPEN_SHARDS)]
    assert ask(specs) == list(range(3 * OPEN_SHARDS))


def test_answered_shards_before_the_first_question_do_not_block_it(tmp_path: Path) -> None:
    specs = [shard(tmp_path, number, 4) for number in range(OPEN_SHARDS + 2)]
    specs.append(shard(tmp_path, OPEN_SHARDS + 2, 3))
    with pytest.raises(ServiceError, match="cannot connect"):
        ask(specs)


def test_a_damaged_shard_is_told_before_anything_of_it_is_asked(tmp_path: Path) -> None:
    spec = shard(tmp_path, 0, 0)
    Path(spec.path).write_bytes(Path(spec.path).read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="not as it was planned"):
        ask([spec])


def test_no_shards_are_no_work() -> None:
    assert ask([]) == []
