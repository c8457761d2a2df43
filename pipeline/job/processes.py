"""The same work in several processes, which share one rate, one account and one output.

Each worker has a line to the parent, on which it asks for one shard after another and says what
happens. The parent shows the sum of what they say, passes a stop on to them, and raises what ended
them. Rules:

- Workers are started afresh, never forked: Polars' threads do not survive a fork.
- Nothing that can be held is shared between workers: one that is killed takes only its line along,
  and that its line has ended is how the parent knows.
- A worker whose parent dies ends at once; one whose parent no longer listens stops cleanly.
"""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any, Final, NamedTuple

from pipeline.door import defect_of, guarded, hear_logs, show_more
from pipeline.errors import Interrupted, MsisdnError, ServiceError
from pipeline.events import LookupProgress
from pipeline.exhausted import exhaustion_told
from pipeline.job.brief import Brief
from pipeline.job.local import process
from pipeline.job.surroundings import Surroundings
from pipeline.lookup import Tally
from pipeline.lookup.progress import RateWindow
from pipeline.lookup.quota import Allotted, Claim, Ration, Rations
from pipeline.model import ShardSpec
from pipeline.privacy import hide
from pipeline.stop import Stop

__all__ = ("process_in_workers",)

_POLL = 0.2
_END_WITHIN = 5.0
"""Seconds that a worker which has nothing to do any more may take to end."""
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NEXT: Final = "next"
"""Said by a worker: another shard, please. The answer is one, or None where there is none."""
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
    """As `local.process`, in `brief.processes` processes."""
    context = multiprocessing.get_context("spawn")
    workers: list[_Worker] = []
    try:
        with _signals_held():
            workers.extend(_started(context, brief.share(n)) for n in range(brief.processes))
        return _Foreman(workers, specs, brief, around).oversee()
    finally:
        for worker in workers:
            worker.line.close()  # tells one that is still at work to stop
        for worker in workers:
            worker.process.join(timeout=_END_WITHIN)


class _Worker(NamedTuple):
    """A worker as the parent sees it."""

    process: BaseProcess
    line: "Connection[Any, Any]"


def _started(context: SpawnContext, part: Brief) -> _Worker:
    ours, theirs = context.Pipe()
    worker = context.Process(target=_work, args=(part, theirs), daemon=True)
    worker.start()
    theirs.close()  # so that the line ends when the worker does
    return _Worker(worker, ours)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold signals back; processes that are started meanwhile let them in when they can take them.

    Else a stop would kill a worker that is not ready for it yet, and Ctrl-C too.
    """
    resource_tracker.ensure_running()  # starting it lets signals in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Foreman:
    """Hears what the workers say, and gives them work, until all of them have ended."""

    def __init__(
        self,
        workers: Sequence[_Worker],
        specs: Iterable[ShardSpec],
        brief: Brief,
        around: Surroundings,
    ) -> None:
        self._workers = workers
        self._at_work = {number: worker.line for number, worker in enumerate(workers)}
        self._specs = iter(specs)
        self._brief = brief
        self._around = around
        self._progress: dict[int, LookupProgress] = {}
        self._ended: list[Tally | MsisdnError] = []
        self._stopping = False
        self._window = RateWindow(around.clock())
        self._counted = 0
        self._rations = None if brief.most is None else Rations(brief.most, len(workers))

    def oversee(self) -> Tally:
        while self._at_work:
            ready = wait(list(self._at_work.values()), _POLL)
            for number in [number for number, line in self._at_work.items() if line in ready]:
                self._listen(number)
            if self._around.stop.signal is not None:
                self._stop_all()
        failures = [end for end in self._ended if isinstance(end, MsisdnError)]
        if self._around.stop.signal is not None and failures:
            raise Interrupted(str(failures[0]), self._around.stop.signal)
        # What stopped the others is the cause; that they were stopped is not.
        for failure in sorted(failures, key=lambda end: isinstance(end, Interrupted)):
            raise failure
        return _sum([end for end in self._ended if isinstance(end, Tally)])

    def _listen(self, number: int) -> None:
        try:
            message = self._at_work[number].recv()
        except (EOFError, OSError):
            message = self._lost(number)
        if message == _NEXT:
            self._give(number)
        elif isinstance(message, Claim):
            self._allot(number, message)
        elif isinstance(message, LookupProgress):
            self._progress[number] = message
            self._around.announce(self._summed(message))
        elif isinstance(message, Tally | MsisdnError):
            del self._at_work[number]
            self._allot(number, None)
            self._ended.append(message)
            # A limit ends each worker in its own time.
            if isinstance(message, MsisdnError) and message.exit_code != 14:
                self._stop_all()
        else:
            self._around.announce(message)

    def _give(self, number: int) -> None:
        spec = None if self._stopping else next(self._specs, None)
        with suppress(OSError):  # it has just died; its line will tell
            self._at_work[number].send(spec)

    def _allot(self, number: int, claim: Claim | None) -> None:
        """Let workers have what they may send; without a claim, this one has ended."""
        if self._rations is None:
            return
        rations = self._rations
        for other, said in rations.claim(number, claim) if claim else rations.lost(number):
            if other in self._at_work:
                with suppress(OSError):  # as above
                    self._at_work[other].send(said)

    def _lost(self, number: int) -> MsisdnError:
        """What ended a worker that did not say so itself."""
        worker = self._workers[number].process
        worker.join(timeout=_END_WITHIN)
        return ServiceError(
            f"a worker process ended with {worker.exitcode}; progress is kept, run the same"
            " command to go on"
        )

    def _stop_all(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        for number in self._at_work:
            self._workers[number].process.terminate()

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
    names = ("requests", "retries", "throttled", "late")
    notes = tuple(dict.fromkeys(note for tally in tallies for note in tally.notes))
    found = [tally.service_rate for tally in tallies if tally.service_rate is not None]
    return Tally(
        **{name: sum(getattr(t, name) for t in tallies) for name in names},
        notes=notes,
        service_rate=sum(found) / len(found) if found else None,
    )


def _work(brief: Brief, connection: "Connection[Any, Any]") -> None:
    """A worker's life; what it says on standard error goes through a door of its own."""
    hide(brief.service.credentials.client_secret)
    if brief.settings.verbose:
        show_more()
    with guarded():
        hear_logs()
        _live(brief, connection)


def _live(brief: Brief, connection: "Connection[Any, Any]") -> None:
    os.umask(0o077)
    stop = Stop()
    for heard in (signal.SIGINT, signal.SIGHUP):  # the parent hears it too, and passes it on
        signal.signal(heard, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda caught, _frame: stop.request(caught))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    line = _Line(connection, stop)
    ration = None if brief.most is None else line.ration
    around = Surroundings(
        clock=time.monotonic,  # noqa: TID251  a process of its own reads its own clock
        wall=time.time,  # noqa: TID251
        busy=time.thread_time,
        dice=random.Random(),  # noqa: S311  for jitter
        announce=line.say,
        stop=stop,
    )
    try:
        with exhaustion_told():
            end: Tally | MsisdnError = process(line.shards(), brief, around, quota=ration)
    except MsisdnError as error:
        end = error
    except BaseException as error:  # noqa: BLE001  a panic of Polars is no Exception
        end = defect_of(error)  # the parent tells it, and ends with its exit code
    if ration is not None:
        ration.close()
    line.say(end)
    line.close()


class _Line:
    """The worker's end of its line. What is said never keeps the worker waiting."""

    def __init__(self, connection: "Connection[Any, Any]", stop: Stop) -> None:
        self._connection = connection
        self._stop = stop
        self._unsaid: SimpleQueue[Any] = SimpleQueue()
        self._given: SimpleQueue[ShardSpec | None] = SimpleQueue()
        self.ration = Ration(self.say)
        self._speaker = threading.Thread(target=self._speak, daemon=True)
        self._speaker.start()
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, message: Any) -> None:
        """Tell the parent, as soon as it listens."""
        self._unsaid.put(message)

    def shards(self) -> Iterator[ShardSpec]:
        """One shard after another, as the parent gives them out; waits for it."""
        while True:
            self.say(_NEXT)
            spec = self._given.get()
            if spec is None:
                return
            yield spec

    def close(self) -> None:
        """Return when the parent has been told everything, or has hung up."""
        self._unsaid.put(None)
        self._speaker.join()

    def _listen(self) -> None:
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, Allotted):
                    self.ration.hear(message)
                else:
                    self._given.put(message)
        except (EOFError, OSError):  # the parent has hung up
            self._stop.request(signal.SIGTERM)
            self._given.put(None)

    def _speak(self) -> None:
        try:
            while (message := self._unsaid.get()) is not None:
                self._connection.send(message)
        except OSError:  # the parent has hung up
            self._stop.request(signal.SIGTERM)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
