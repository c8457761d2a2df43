"""The stage as a whole, and shards on disk for it."""

import random
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.events import ignore
from pipeline.ledger.files import Files, sha256_of
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import AnswerRecord, open_journal
from pipeline.lookup import Tally, lookup
from pipeline.lookup.asking import Asking
from pipeline.lookup.limiter import Limiter
from pipeline.lookup.retry import Retries
from pipeline.model import ShardSpec
from pipeline.stop import Stop
from pipeline.transports.contract import Service
from tests.unit.lookup.instant import ok


def shard(folder: Path, number: int, answered: int, count: int = 4) -> ShardSpec:
    """A shard of some numbers, of which `answered` have an answer in the journal."""
    tels = [f"1212555{number:02}{position:02}" for position in range(count)]
    path = folder / f"shard-{number}.parquet"
    columns = {"msisdn": tels, "region": ["US"] * count, "ask": [True] * count}
    pl.DataFrame(columns).write_parquet(path)
    spec = ShardSpec(
        number, str(path), sha256_of(path), count, count, str(folder / f"shard-{number}.journal")
    )
    journal, _ = open_journal(Path(spec.journal), Shard(spec.sha256, count), Files())
    with journal:
        journal.intend(range(answered))
        journal.answer([AnswerRecord(p, 1, 1, 0, ok(tels[p]).raw) for p in range(answered)])
    return spec


def stage(
    specs: Iterable[ShardSpec],
    service: Service,
    *,
    finish: Callable[[ShardSpec], None] = lambda _: None,
    files: Files | None = None,
    **asking: Any,
) -> Coroutine[Any, Any, Tally]:
    """The stage, to be run once, in real time."""
    specs = list(specs)
    rate = asking.pop("rate", 100.0)
    return lookup(
        specs,
        Asking(
            transport=service.endpoint.partition(":")[0].replace("http", "rest"),
            endpoint=service.endpoint,
            rate=rate,
            concurrency=asking.pop("concurrency", None),
            attempts=1,
            timeout=service.timeout,
            limiter=Limiter(rate, time.monotonic()),
            retries=Retries(1, random.Random(1)),
            clock=time.monotonic,
            wall=time.time,
            stop=asking.pop("stop", None) or Stop(),
            total=sum(spec.ask for spec in specs),
            **asking,
        ),
        service,
        files=files or Files(),
        finish=finish,
        announce=ignore,
    )
