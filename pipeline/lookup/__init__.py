"""Stage 5: shards → answers on disk. The only stage that waits.

`lookup` opens shards ahead of need, keeps the engine fed, brings journals to the disk in groups, and
hands each finished shard on to be written while the next ones are asked. At most `OPEN_SHARDS` are
in memory, whatever the size of the list.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from pipeline.door import defect_of
from pipeline.errors import MsisdnError, ServiceError, StorageError
from pipeline.events import Announce, Notice
from pipeline.ledger.files import Files
from pipeline.lookup.asking import Asking
from pipeline.lookup.engine import Engine
from pipeline.lookup.retry import reached
from pipeline.lookup.work import Work, open_work
from pipeline.model import ShardSpec
from pipeline.transports import TRANSPORTS
from pipeline.transports.contract import Service, Transport, Unreachable

__all__ = ("Finish", "Tally", "lookup")

OPEN_SHARDS = 3
"""One being asked, one whose stragglers are waited for, one being written."""

SYNC_EVERY = 0.003
"""Seconds from one sync to the next at least: where a disk is quicker than that, one sync should
still serve many lookups."""

PATIENCE = 60.0
"""Seconds that the beginning waits for what passes: a token URL under maintenance, a name not known yet."""

Finish = Callable[[ShardSpec], None]
"""Writes a finished shard from its file and its journal; called in a thread."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What the stage did in this process."""

    requests: int
    """Requests sent."""
    retries: int
    throttled: int
    late: int
    """Answers that came after their row was settled."""
    notes: tuple[str, ...]
    """What was found out about the service."""
    service_rate: float | None = None
    """Requests a second that it let through at last, where that was less than the rate set."""


async def lookup(
    specs: Iterable[ShardSpec],
    asking: Asking,
    service: Service,
    *,
    files: Files,
    finish: Finish,
    announce: Announce,
) -> Tally:
    """Ask every number of the shards that has no answer yet, and hand each finished shard on.

    Returns when all are written. Raises what ended the run, after what was under way has come in
    and is on disk: `AccountError`, `ServiceError`, `LimitReached`, `Interrupted`, `StorageError`,
    `CheckpointError`.
    """
    stage = _Stage(iter(specs), asking, service, files, finish, announce)
    try:
        return await stage.run()
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to show: ours if there is one among them."""
    ours = group.subgroup(MsisdnError)
    error: BaseException = ours or group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Stage:
    def __init__(
        self,
        specs: Iterator[ShardSpec],
        asking: Asking,
        service: Service,
        files: Files,
        finish: Finish,
        announce: Announce,
    ) -> None:
        self._specs = specs
        self._asking = asking
        self._service = service
        self._files = files
        self._finish = finish
        self._announce = announce
        self._engine = Engine(asking, self._on_finished, announce)
        self._room = asyncio.Semaphore(OPEN_SHARDS)
        self._to_write: asyncio.Queue[Work | None] = asyncio.Queue()
        self._something_to_ask = asyncio.Event()
        self._beginning: asyncio.Timeout | None = None
        """While nothing has been asked yet; has no end but a stop."""
        self._thread = ThreadPoolExecutor(1, "journal")
        self._notes: tuple[str, ...] = ()

    async def run(self) -> Tally:
        loop, asking = asyncio.get_running_loop(), self._asking
        loop.set_exception_handler(self._on_uncaught)
        with (
            asking.stop.heard_by(loop, self._stop),
            self._engine.limits.heard_by(loop, self._engine.wake),
        ):
            return await self._run()

    def _on_uncaught(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What a callback has raised is a defect and ends the run; the network's troubles are not."""
        error = context.get("exception")
        if error is None or isinstance(error, OSError | EOFError):
            loop.default_exception_handler(context)
        else:
            self._engine.fail(defect_of(error))

    def _stop(self) -> None:
        """A stop is asked for: see to it that nothing waits any longer than it must."""
        self._engine.wake()
        if self._beginning is not None:
            self._beginning.reschedule(asyncio.get_running_loop().time())
            self._beginning = None

    async def _run(self) -> Tally:
        failure: MsisdnError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                opener = group.create_task(self._open())
                writer = group.create_task(self._write())
                syncer = group.create_task(self._sync())
                try:
                    await self._ask(opener)
                except MsisdnError as error:
                    failure = error
                opener.cancel()
                self._to_write.put_nowait(None)
                await writer
                syncer.cancel()
        finally:
            self._thread.shutdown()
            self._let_go()
        failure = failure or self._engine.ending  # of the writer, when the engine was through
        if failure is not None:
            raise failure
        return self._tally()

    def _let_go(self) -> None:
        """Close every journal that is still open, even where closing another one fails.

        One that stayed open would lock out the next run of this process.
        """
        with ExitStack() as journals:
            for work in self._engine.settlement.open_works:
                journals.callback(work.journal.close)
            while not self._to_write.empty():
                unwritten = self._to_write.get_nowait()
                if unwritten is not None:
                    journals.callback(unwritten.journal.close)

    def _tally(self) -> Tally:
        done = self._engine.progress
        return Tally(
            requests=done.requests,
            retries=done.retries,
            throttled=done.throttled,
            late=done.late,
            notes=self._notes,
            service_rate=self._engine.service_rate,
        )

    async def _ask(self, opener: asyncio.Task[None]) -> None:
        """Connect when the first question turns up, then let the engine work."""
        transport = await self._connected(opener)
        if transport is None:
            await self._engine.run(_Nowhere())
            return
        try:
            await self._engine.run(transport)
        finally:
            self._notes = tuple(transport.counts.notes)
            await transport.__aexit__(None, None, None)

    async def _connected(self, opener: asyncio.Task[None]) -> Transport | None:
        """The way to the service; None if there is nothing to ask, or a stop came before.

        Nothing is under way yet, so a stop ends it wherever it waits.
        """
        try:
            async with asyncio.timeout(None) as self._beginning:
                if self._asking.stop.signal is not None or not await self._first_question(opener):
                    return None
                service = replace(self._service, pay_again=self._engine.pay_again)
                transport = TRANSPORTS[self._asking.transport](service, self._engine.deliver)
                # Entered by this task and no other: a transport ends the task that entered it.
                await reached(
                    transport.__aenter__,
                    attempts=3,
                    first=0.5,
                    patience=PATIENCE,
                    told=self._tell_waiting,
                )
                return transport
        except TimeoutError:
            if self._asking.stop.signal is None:
                raise
            return None
        except Unreachable as error:
            raise ServiceError(
                f"{error}. Check --endpoint and --transport (msisdn doctor); progress is kept, run"
                " the same command to go on"
            ) from None
        finally:
            self._beginning = None

    def _tell_waiting(self, why: Unreachable) -> None:
        self._announce(Notice("warning", f"{why}; waiting up to {PATIENCE:g} s for it"))

    async def _first_question(self, opener: asyncio.Task[None]) -> bool:
        """Wait until there is something to ask; false if all shards are open and there is not."""
        waiting = asyncio.ensure_future(self._something_to_ask.wait())
        try:
            await asyncio.wait({opener, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not self._something_to_ask.is_set():
            opener.result()
        return self._something_to_ask.is_set()

    async def _open(self) -> None:
        """Open shards ahead of need, as long as there is room."""
        while True:
            await self._room.acquire()
            spec = await asyncio.to_thread(next, self._specs, None)
            if spec is None:
                self._engine.complete()
                return
            try:
                work = await self._opened(spec)
            except MsisdnError as error:
                self._engine.fail(error)
                return
            self._engine.add(work)
            if work.left:
                self._something_to_ask.set()

    async def _opened(self, spec: ShardSpec) -> Work:
        opening = asyncio.ensure_future(
            asyncio.to_thread(
                open_work,
                spec,
                self._files,
                hold_unknown=self._asking.hold_unknown,
                stop_refused=self._asking.stop_refused_country,
            )
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread goes on all the same. A journal left open would lock out the next run.
            await asyncio.wait({opening})
            if opening.exception() is None:
                opening.result().journal.close()
            raise

    def _on_finished(self, work: Work) -> None:
        self._to_write.put_nowait(work)

    async def _write(self) -> None:
        while (work := await self._to_write.get()) is not None:
            try:
                await asyncio.to_thread(work.journal.close)
                await asyncio.to_thread(self._finish, work.spec)
            except MsisdnError as error:
                self._engine.fail(error)
            self._room.release()

    async def _sync(self) -> None:
        """Bring journals to the disk, one sync after another for all that came meanwhile."""
        loop = asyncio.get_running_loop()
        engine = self._engine
        while True:
            await engine.dirty.wait()
            engine.dirty.clear()
            began = loop.time()
            works = [
                w for w in engine.settlement.sound_works if w.journal.written > w.journal.durable
            ]
            for work in works:
                try:
                    await loop.run_in_executor(self._thread, work.journal.sync)
                except StorageError as error:
                    engine.fail(error, work)
            engine.wake()
            await asyncio.sleep(began + SYNC_EVERY - loop.time())


class _Nowhere:
    """Stands for the transport of a run that has nothing to ask."""

    capacity = 0

    def send(self, queries: object) -> None:
        """Never called: nothing is ever armed."""
        raise AssertionError(f"asked to send {queries}")
