"""What each part of a lookup costs alone: `of_a_lookup.py ORDERS RESULT`.

ORDERS is JSON: `transport`, its `service` (`Endpoints`) and `count` of numbers. RESULT gets processor
seconds by part, of all threads: the transport against a service that remembers its answers; the
stage with a transport that answers at once; and what makes a part of the journal that this leaves.
"""

import asyncio
import gc
import json
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import polars as pl
import uvloop

from pipeline.events import ignore
from pipeline.ledger.files import Files, sha256_of
from pipeline.ledger.replay import replay
from pipeline.lookup import lookup
from pipeline.lookup.asking import Asking
from pipeline.lookup.limiter import Limiter
from pipeline.lookup.retry import Retries
from pipeline.model import ShardSpec
from pipeline.protocol.codec import decode_head
from pipeline.protocol.meaning import result_of
from pipeline.protocol.messages import Answer, Credentials, Outcome, Query
from pipeline.simulator.population import Population
from pipeline.simulator.server import Endpoints
from pipeline.transports import TRANSPORTS
from pipeline.transports.contract import Deliver, Service, TransportCounts
from pipeline.write import Output, answers, write

__all__ = ("main",)

WINDOW = {"rest": 64, "tcp": 1024, "udp": 512}
"""Questions kept under way."""
RATE = 1_000_000.0


def main() -> None:
    """Do what the orders say."""
    orders, result = json.loads(sys.argv[1]), Path(sys.argv[2])
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # as a run has it
    given = msgspec.convert(orders["service"], Endpoints)
    service = Service(
        endpoint=getattr(given, orders["transport"]),
        token_url=given.token_url,
        credentials=Credentials(given.client_id, given.client_secret),
    )
    numbers = [f"447400{number:06}" for number in range(orders["count"])]
    _on_the_wire(orders["transport"], service, numbers)  # once, so that the service knows them
    spent = {"transport": _on_the_wire(orders["transport"], service, numbers)}
    spec = _shard(result.parent, numbers)
    spent["engine, limiter and journal"] = _stage(spec, service, numbers)
    spent["part"] = _part(result.parent, spec)
    result.write_text(json.dumps(spent), encoding="utf-8")


def _run(work: Callable[[], Coroutine[Any, Any, float]]) -> float:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work())


def _on_the_wire(name: str, service: Service, numbers: Sequence[str]) -> float:
    """The transport alone: questions encoded and sent, answers cut out, matched and looked at."""

    async def ask() -> float:
        left: Iterator[Query] = (Query(key, tel) for key, tel in enumerate(numbers))
        done, waiting = asyncio.Event(), [len(numbers)]
        spare: deque[int] = deque()

        def deliver(outcomes: list[Outcome]) -> None:
            waiting[0] -= len(outcomes)
            spare.append(len(outcomes))
            if not waiting[0]:
                done.set()
            send()

        def send() -> None:
            room = min(transport.capacity, sum(spare))
            batch = list(islice(left, room))
            owed = sum(spare) - len(batch)
            spare.clear()
            spare.append(owed)
            if batch:
                transport.send(batch)

        transport = TRANSPORTS[name](service, deliver)
        async with transport:
            began = time.process_time()
            spare.append(WINDOW[name])
            send()
            while not done.is_set():
                await asyncio.sleep(0.001)
                send()
            return time.process_time() - began

    return _run(ask)


class _AtOnce:
    """A transport whose service answers in the next turn, with answers made before."""

    most = 4096

    def __init__(self, known: dict[str, Answer], deliver: Deliver) -> None:
        self.counts = TransportCounts()
        self._known = known
        self._deliver = deliver
        self._open = 0

    @property
    def capacity(self) -> int:
        return self.most - self._open

    def send(self, queries: Sequence[Query]) -> None:
        self._open += len(queries)
        known = self._known
        outcomes = [Outcome(query.key, known[query.tel]) for query in queries]
        asyncio.get_running_loop().call_later(0.002, self._answer, outcomes)

    def _answer(self, outcomes: list[Outcome]) -> None:
        self._open -= len(outcomes)
        self._deliver(outcomes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


def _shard(folder: Path, numbers: Sequence[str]) -> ShardSpec:
    path = folder / "shard.parquet"
    count = len(numbers)
    rows = pl.DataFrame({"msisdn": numbers}).with_row_index("row_id")
    words = {"region": "GB", "plan_type": "mobile", "rule": "international"}
    rows.select(
        pl.col("row_id").cast(pl.Int64),
        pl.lit(1, pl.Int64).alias("occurrences"),
        pl.lit("list.csv").alias("source_file"),
        (pl.col("row_id").cast(pl.Int64) + 2).alias("line_number"),
        "msisdn",
        pl.col("msisdn").alias("msisdn_input"),
        *(pl.lit(word).alias(name) for name, word in words.items()),
        pl.lit(value=True).alias("ask"),
    ).write_parquet(path)
    journal = str(folder / "shard.journal")
    return ShardSpec(0, str(path), sha256_of(path), count, count, journal)


def _stage(spec: ShardSpec, service: Service, numbers: Sequence[str]) -> float:
    """The stage, its syncs to disk included; the answers are there before it begins."""
    population = Population("bench")
    known = {}
    for tel in numbers:
        raw = population.answer(tel)[0]
        answer = result_of(decode_head(raw), raw)
        assert isinstance(answer, Answer)
        known[tel] = answer
    asking = Asking(
        transport="tcp",
        endpoint=service.endpoint,
        rate=RATE,
        concurrency=None,
        attempts=5,
        timeout=10.0,
        limiter=Limiter(RATE, time.monotonic()),
        retries=Retries(5, random.Random(1)),
        clock=time.monotonic,
        wall=time.time,
        total=spec.ask,
    )

    async def ask() -> float:
        usual = TRANSPORTS["tcp"]
        TRANSPORTS["tcp"] = lambda _, deliver: _AtOnce(known, deliver)
        began = time.process_time()
        try:
            await lookup(
                [spec], asking, service, files=Files(), finish=lambda _: None, announce=ignore
            )
        finally:
            TRANSPORTS["tcp"] = usual
        return time.process_time() - began

    return _run(ask)


def _part(folder: Path, spec: ShardSpec) -> float:
    """Journal → columns → Parquet, synced, read back and renamed."""
    began = time.process_time()
    frame = answers(pl.read_parquet(spec.path), replay(Path(spec.journal)))
    files = Files()
    files.make_directory(folder / "out" / "enriched")
    output = Output(out=folder / "out", own=(), run_id="", rules_version="", files=files)
    write(frame, "enriched", 0, output)
    return time.process_time() - began


if __name__ == "__main__":
    main()
