"""Work ahead of whoever waits for it: threads between stages, in order, a bounded number of steps.

Rules: results come in the order of what went in, whatever the timing; an error is raised where its
result would have come; when the consumer stops, early or not, no thread is left behind. Polars,
PyArrow, NumPy and hashing let other threads run while they work, so that two cores are busy.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

__all__ = ("BUSY", "NORMALISERS", "WORKERS", "InOrder", "ahead", "in_order")

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 2
"""Threads that write; more would hold more in memory and, with Polars' own, gain nothing."""


BUSY = (os.cpu_count() or 1) + 1
"""Threads that keep all cores busy: one or another always waits for the interpreter."""
NORMALISERS = min(4, BUSY)
"""Frames that are normalised at the same time; no more can be fed, since reading is about three
times as fast as one of them."""


class _End:
    """What comes after the last item."""


_END: Final = _End()


def ahead(items: Iterable[T], depth: int = 2) -> Iterator[T]:
    """The same items, up to `depth` of them made in a thread before they are asked for."""
    source = iter(items)

    def step() -> T | _End:
        return next(source, _END)

    try:
        with ThreadPoolExecutor(1, "ahead") as pool:  # its end waits for the step under way
            waiting = deque(pool.submit(step) for _ in range(depth))
            try:
                while not isinstance(item := waiting.popleft().result(), _End):
                    waiting.append(pool.submit(step))
                    yield item
            finally:
                _cancel(waiting)
    finally:
        # A generator may hold files open; it is closed here, where no thread is inside it any more.
        close = getattr(source, "close", None)
        if close is not None:
            close()


def in_order(call: Callable[[T], R], items: Iterable[T], workers: int = WORKERS) -> Iterator[R]:
    """`call` of each item, by `workers` threads; twice as many are under way at most."""
    with InOrder[R](workers) as work:
        for item in items:
            work.begin(call, item)
            yield from work.surplus()
        yield from work.rest()


class InOrder(Generic[R]):
    """Calls carried out by threads; their results are given back in the order of asking.

    As a context it leaves no thread behind; what was not begun by then is given up.
    """

    def __init__(self, workers: int = WORKERS) -> None:
        self._pool = ThreadPoolExecutor(workers, "in-order")
        self._waiting: deque[Future[R]] = deque()
        self._most = 2 * workers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _cancel(self._waiting)
        self._pool.shutdown()

    def begin(self, call: Callable[[T], R], item: T) -> None:
        """Have `call(item)` carried out."""
        self._waiting.append(self._pool.submit(call, item))

    def surplus(self) -> Iterator[R]:
        """Results of the oldest calls, as many as are too many under way; waits for them."""
        while len(self._waiting) >= self._most:
            yield self._waiting.popleft().result()

    def rest(self) -> Iterator[R]:
        """Results of all calls that were begun; waits for them."""
        while self._waiting:
            yield self._waiting.popleft().result()

    def __repr__(self) -> str:
        return f"<InOrder: {len(self._waiting)} of at most {self._most} under way>"


def _cancel(waiting: Iterable["Future[R]"]) -> None:
    for later in waiting:
        later.cancel()
