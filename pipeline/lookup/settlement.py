"""What is written down and not durable yet, and the shards that it belongs to.

Rule: nothing counts before the journal that holds it is on disk. Then its slots are free, its
numbers are done, and a shard that has nothing left goes on to be written.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pipeline.errors import StorageError
from pipeline.lookup.concurrency import Concurrency
from pipeline.lookup.outbox import Outbox, number_of
from pipeline.lookup.progress import Progress
from pipeline.lookup.work import Work

__all__ = ("Settlement",)


class _Unsettled(NamedTuple):
    """Written, and counted when the journal is durable up to `offset`."""

    work: Work
    offset: int
    slots: int
    settled: int
    since: float


class Settlement:
    """The open shards. True while something of theirs waits for the disk.

    `finished` takes a shard that has nothing left, `failed` what ends the run since a journal failed.
    """

    def __init__(
        self,
        outbox: Outbox,
        progress: Progress,
        concurrency: Concurrency,
        finished: Callable[[Work], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        self._outbox = outbox
        self._progress = progress
        self._concurrency = concurrency
        self._finished = finished
        self._failed = failed
        self._works: dict[int, Work] = {}
        self._unsettled: deque[_Unsettled] = deque()
        self._lost: set[int] = set()
        """Shards whose journal takes nothing more."""

    def __bool__(self) -> bool:
        return bool(self._unsettled)

    def __repr__(self) -> str:
        return f"<Settlement of {len(self._works)} shards, {len(self._unsettled)} entries>"

    def __getitem__(self, key: int) -> Work:
        """The open shard of a lookup."""
        return self._works[number_of(key)]

    def add(self, work: Work) -> None:
        """One more shard."""
        self._works[work.number] = work

    @property
    def open_works(self) -> tuple[Work, ...]:
        """Shards whose journals are in use."""
        return tuple(self._works.values())

    @property
    def sound_works(self) -> Iterable[Work]:
        """Those whose journals still take something."""
        return tuple(work for work in self._works.values() if work.number not in self._lost)

    def written(self, work: Work, offset: int, now: float, *, slots: int, settled: int) -> None:
        """So many slots are free and numbers settled when the journal is durable up to `offset`."""
        self._unsettled.append(_Unsettled(work, offset, slots, settled, now))

    @contextmanager
    def kept(self, work: Work) -> Iterator[None]:
        """Around what is written of a shard: its journal failing ends the run, and not at once."""
        try:
            yield
        except StorageError as error:
            self.lose(work)
            self._failed(error)

    def lose(self, work: Work) -> None:
        """Nothing more can be kept of a shard, so nothing more of it is waited for."""
        self._lost.add(work.number)
        self._outbox.forget(work)

    def settle(self, now: float) -> None:
        """Count what is on disk, free its slots, and let finished shards go."""
        keep: deque[_Unsettled] = deque()
        for entry in self._unsettled:
            if entry.work.number in self._lost:
                continue
            if entry.work.journal.durable < entry.offset:
                keep.append(entry)
                continue
            self._concurrency.synced(now - entry.since)
            self._outbox.slots -= entry.slots
            entry.work.left -= entry.settled
            self._progress.done += entry.settled
        self._unsettled = keep
        for work in self.open_works:
            if not work.left and not any(entry.work is work for entry in keep):
                del self._works[work.number]
                self._outbox.remove(work)
                self._finished(work)
