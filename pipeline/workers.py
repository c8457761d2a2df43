"""The same work in several processes, which share one rate, one account and one output.

Each worker takes shards from a queue until there are none. The parent shows the sum of what they
report, passes a stop on to them, and raises what ended them. Workers are started afresh, never
forked: Polars' threads do not survive a fork. A worker whose parent dies ends at once.
"""

import multiprocessing
import os
import queue
import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from pipeline.errors import Interrupted, MsisdnError, ServiceError
from pipeline.events import Event, LookupProgress
from pipeline.job import Surroundings
from pipeline.lookup import Tally
from pipeline.lookup.progress import RateWindow
from pipeline.model import ShardSpec
from pipeline.shards import Brief, process
from pipeline.stop import Stop

__all__ = ("process_in_workers",)

_POLL = 0.2
_SUMMED = (
    "done",
    "requests",
    "in_flight",
    "concurrency",
    "retries",
    "throttled",
    "refused",
    "unresolved",
)


def process_in_workers(specs: Sequence[ShardSpec], brief: Brief, around: Surroundings) -> Tally:
    """As `shards.process`, in `brief.processes` processes."""
    context = multiprocessing.get_context("spawn")
    tasks: multiprocessing.Queue[ShardSpec | None] = context.Queue()
    said: multiprocessing.Queue[tuple[int, Any]] = context.Queue()
    for spec in [*specs, *[None] * brief.processes]:
        tasks.put(spec)
    part = brief.share()
    workers = [
        context.Process(target=_work, args=(number, part, tasks, said), daemon=True)
        for number in range(brief.processes)
    ]
    for worker in workers:
        worker.start()
    try:
        return _Foreman(workers, said, brief, around).oversee()
    finally:
        for worker in workers:
            worker.join(timeout=5)
        tasks.cancel_join_thread()


class _Foreman:
    """Hears what the workers say until all of them have ended."""

    def __init__(
        self,
        workers: Sequence[BaseProcess],
        said: "multiprocessing.Queue[tuple[int, Any]]",
        brief: Brief,
        around: Surroundings,
    ) -> None:
        self._workers = workers
        self._said = said
        self._brief = brief
        self._around = around
        self._progress: dict[int, LookupProgress] = {}
        self._ended: dict[int, Tally | MsisdnError] = {}
        self._stopping = False
        self._window = RateWindow(around.clock())
        self._counted = 0

    def oversee(self) -> Tally:
        while len(self._ended) < len(self._workers):
            try:
                number, message = self._said.get(timeout=_POLL)
                self._hear(number, message)
            except queue.Empty:
                self._look_for_the_dead()
            if self._around.stop.signal is not None:
                self._stop_all()
        failures = [end for end in self._ended.values() if isinstance(end, MsisdnError)]
        if self._around.stop.signal is not None and failures:
            raise Interrupted(str(failures[0]), self._around.stop.signal)
        # What stopped the others is the cause; that they were stopped is not.
        for failure in sorted(failures, key=lambda end: isinstance(end, Interrupted)):
            raise failure
        return _sum([end for end in self._ended.values() if isinstance(end, Tally)])

    def _hear(self, number: int, message: Any) -> None:
        if isinstance(message, LookupProgress):
            self._progress[number] = message
            self._around.announce(self._summed(message))
        elif isinstance(message, Tally):
            self._ended[number] = message
        elif isinstance(message, MsisdnError):
            self._ended[number] = message
            if message.exit_code != 14:  # a limit ends each worker in its own time
                self._stop_all()
        else:
            self._around.announce(message)

    def _look_for_the_dead(self) -> None:
        for number, worker in enumerate(self._workers):
            if number not in self._ended and worker.exitcode is not None:
                self._ended[number] = ServiceError(
                    f"a worker process ended with {worker.exitcode}; progress is kept, run the same"
                    " command to go on"
                )
                self._stop_all()

    def _stop_all(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        for worker in self._workers:
            if worker.is_alive():
                worker.terminate()

    def _summed(self, latest: LookupProgress) -> LookupProgress:
        parts = list(self._progress.values())
        sums = {name: sum(getattr(part, name) for part in parts) for name in _SUMMED}
        now = self._around.clock()
        # Of what earlier runs did, each shard tells when it is opened: that is no speed.
        self._window.add(max(0, sums["requests"] - self._counted), now)
        self._counted = sums["requests"]
        rate = self._window.rate(now)
        sums["done"] += self._brief.already
        left = self._brief.total - sums["done"]
        seconds = left / rate if rate else None
        rate_set = max(part.rate_set for part in parts)
        return replace(latest, **sums, rate=rate, rate_set=rate_set, seconds_left=seconds)


def _sum(tallies: Sequence[Tally]) -> Tally:
    names = ("requests", "retries", "throttled", "late", "outcome_unknown", "held")
    notes = tuple(dict.fromkeys(note for tally in tallies for note in tally.notes))
    return Tally(**{name: sum(getattr(t, name) for t in tallies) for name in names}, notes=notes)


def _work(
    number: int,
    brief: Brief,
    tasks: "multiprocessing.Queue[ShardSpec | None]",
    said: "multiprocessing.Queue[tuple[int, Any]]",
) -> None:
    """A worker's life."""
    os.umask(0o077)
    stop = Stop()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and passes it on
    signal.signal(signal.SIGTERM, lambda caught, _frame: stop.request(caught))
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def announce(event: Event) -> None:
        said.put((number, event))

    around = Surroundings(
        clock=time.monotonic,  # noqa: TID251  a process of its own reads its own clock
        wall=time.time,  # noqa: TID251
        dice=random.Random(),  # noqa: S311  for jitter
        announce=announce,
        stop=stop,
    )
    try:
        end: Tally | MsisdnError = process(_taken(tasks), brief, around)
    except MsisdnError as error:
        end = error
    said.put((number, end))


def _taken(tasks: "multiprocessing.Queue[ShardSpec | None]") -> Iterator[ShardSpec]:
    while (spec := tasks.get()) is not None:
        yield spec


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
