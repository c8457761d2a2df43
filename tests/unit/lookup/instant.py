"""Time that passes as fast as the test runs, and a service that is a function."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.events import Event
from pipeline.ledger.files import Files, sha256_of
from pipeline.ledger.replay import Replay, replay
from pipeline.lookup.asking import Asking
from pipeline.lookup.engine import Engine
from pipeline.lookup.limiter import Limiter
from pipeline.lookup.retry import Retries
from pipeline.lookup.work import Work, open_work
from pipeline.model import ShardSpec
from pipeline.protocol.messages import Answer, Fault, Outcome, Query

Said = Answer | Fault
Reply = list[tuple[float, Said]]
"""What the service says to one request: after how many seconds, and what."""
Service = Callable[[Query, int], Reply]
"""From a query and how often its number was asked before, to the reply."""


class InstantLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next thing that is due.

    Its timers ring up to `late` seconds late, unless they ring at once.
    """

    def __init__(self, late: float = 0.0) -> None:
        super().__init__()
        self._now = 1000.0
        select = self._selector.select  # type: ignore[attr-defined]
        dice = random.Random(1)

        def instant(timeout: float | None = None) -> Any:
            events = select(0)
            if not events and timeout:
                self._now += timeout + (late * dice.random() if timeout > 0.0005 else 0.0)
            return events

        self._selector.select = instant  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now


def run_instantly(coroutine: Coroutine[Any, Any, None], late: float = 0.0) -> None:
    with asyncio.Runner(loop_factory=partial(InstantLoop, late)) as runner:
        runner.run(coroutine)


def ok(tel: str) -> Answer:
    return Answer(b'{"tel":"%s","e":"","lookup":"mnp"}' % tel.encode(), "")


def coded(tel: str, code: str) -> Answer:
    return Answer(b'{"tel":"%s","e":"%s"}' % (tel.encode(), code.encode()), code)


def answers_at_once(query: Query, _asked: int) -> Reply:
    return [(0.01, ok(query.tel))]


class FakeService:
    """Stands for transport and service; notes when each request left."""

    def __init__(self, service: Service, engine: Engine, capacity: int = 10**6) -> None:
        self.capacity = capacity
        self.sent: list[tuple[float, Query]] = []
        self.asked: dict[str, int] = {}
        self._service = service
        self._engine = engine

    def send(self, queries: Sequence[Query]) -> None:
        loop = asyncio.get_running_loop()
        for query in queries:
            before = self.asked.get(query.tel, 0)
            self.asked[query.tel] = before + 1
            self.sent.append((loop.time(), query))
            for delay, said in self._service(query, before):
                loop.call_later(delay, self._engine.deliver, [Outcome(query.key, said)])

    @property
    def times(self) -> list[float]:
        return [when for when, _ in self.sent]


class Bench:
    """A shard on disk, and an engine to ask it."""

    def __init__(self, folder: Path, numbers: int, regions: Sequence[str] = ("US",)) -> None:
        self.folder = folder
        self.files = Files()
        self.events: list[Event] = []
        self.finished: list[Work] = []
        self.tels = [f"1212555{position:04}" for position in range(numbers)]
        (folder / "shards").mkdir(exist_ok=True)
        shard = folder / "shards" / "shard.parquet"
        places = [regions[position % len(regions)] for position in range(numbers)]
        pl.DataFrame({"msisdn": self.tels, "region": places}).with_columns(ask=True).write_parquet(
            shard
        )
        self.spec = ShardSpec(
            0, str(shard), sha256_of(shard), numbers, numbers, str(folder / "shard.journal")
        )
        self.options: dict[str, Any] = {}
        self.late = 0.0
        """Seconds that timers ring late, at most."""
        self.fake: FakeService | None = None

    def ask(self, service: Service, **options: Any) -> FakeService:
        """Run the engine to its end; raises what ended it."""
        self.options = options
        try:
            run_instantly(self._ask(service), self.late)
        finally:
            assert self.fake is not None
        return self.fake

    async def _ask(self, service: Service) -> None:
        loop = asyncio.get_running_loop()
        engine = Engine(self._asking(loop), self.finished.append, self.events.append)
        self.fake = FakeService(service, engine, self.options.pop("capacity", 10**6))
        work = open_work(
            self.spec,
            self.files,
            hold_unknown=self.options.get("hold_unknown", False),
            stop_refused=self.options.get("stop_refused_country", True),
        )
        engine.add(work)
        engine.complete()

        async def sync() -> None:
            while True:
                await engine.dirty.wait()
                engine.dirty.clear()
                await asyncio.sleep(0.002)
                work.journal.sync()
                engine.wake()

        syncing = asyncio.ensure_future(sync())
        try:
            await engine.run(self.fake)
        finally:
            syncing.cancel()
            work.journal.close()

    def _asking(self, loop: asyncio.AbstractEventLoop) -> Asking:
        options = dict(self.options)
        options.pop("capacity", None)
        rate = options.pop("rate", 1000.0)
        attempts = options.pop("attempts", 3)
        return Asking(
            transport="tcp",
            endpoint="tcp://service:1",
            rate=rate,
            concurrency=options.pop("concurrency", None),
            attempts=attempts,
            timeout=options.pop("timeout", 5.0),
            limiter=Limiter(rate, loop.time()),
            retries=Retries(attempts, random.Random(1)),
            clock=loop.time,
            wall=loop.time,
            total=self.spec.ask,
            **options,
        )

    @property
    def known(self) -> Replay:
        """What the journal holds."""
        return replay(Path(self.spec.journal))
