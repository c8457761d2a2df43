"""How many requests a run may still send, exact over all of its processes.

One authority (`Rations`) holds the whole allowance and gives it out in slices; a process holds its
slice as a `Ration` and never sends without one. So nothing ever leaves over the limit, however
many share it and whoever dies: a slice that is lost with its process counts as sent. And the limit is
reached: slices become single requests towards the end, and what one process holds and does not need
is called back for another. `Rations` is pure, messages in and messages out, so that it can stand
wherever the processes can reach it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from decimal import Decimal
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, Protocol

from pipeline.stop import Loop

__all__ = ("Allotted", "Claim", "Purse", "Quota", "Ration", "Rations", "most_requests")

UNLIMITED: Final = 1 << 60
_LARGEST: Final = 1024
"""Requests in a slice at most: a worker that dies takes no more than that along."""
_PARTS: Final = 4
"""A slice is that part of what each process could have, so that the last ones are small."""


class Quota(Protocol):
    """What one process may send."""

    @property
    def left(self) -> int:
        """Requests that may leave now."""
        ...

    @property
    def is_exhausted(self) -> bool:
        """Nothing is left, and nothing will come."""
        ...

    def spend(self, count: int) -> None:
        """That many requests left."""
        ...

    def want(self, count: int) -> None:
        """There is work at hand for so many more."""
        ...

    def report(self, promised: int) -> None:
        """What is not promised to a lookup whose intent is written may be called back."""
        ...

    def heard_by(self, loop: Loop, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Meanwhile what others say of it is taken in by `loop`, which then calls `wake`."""
        ...


class Purse:
    """All that a run may send, where it is one process. None is no limit."""

    def __init__(self, most: int | None) -> None:
        self.left = UNLIMITED if most is None else most
        self.is_exhausted = self.left <= 0

    def spend(self, count: int) -> None:
        """As `Quota.spend`."""
        if self.left != UNLIMITED:
            self.left -= count
            self.is_exhausted = self.left <= 0

    def want(self, count: int) -> None:
        """Nobody else has any."""

    def report(self, promised: int) -> None:
        """Nobody else wants any."""

    def heard_by(self, loop: Loop, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Nobody else says anything."""
        return nullcontext()


class Claim(NamedTuple):
    """What a process says to the authority."""

    sent: int
    """Requests sent by now, in all."""
    returned: int
    """Requests that it gives back."""
    wanted: int
    """Requests for which it has work; what it said of this before is void."""


class Allotted(NamedTuple):
    """What the authority says to a process."""

    granted: int = 0
    recalled: bool = False
    """Others are in want: give back what is not promised, now and from now on."""
    exhausted: bool = False


class Ration:
    """The slice of one process. What the authority says may come from another thread."""

    def __init__(self, say: Callable[[Claim], None]) -> None:
        self.left = 0
        self.is_exhausted = False
        self._say = say
        self._sent = self._told = 0
        self._wanted = 0
        self._recalled = False
        self._heard: SimpleQueue[Allotted] = SimpleQueue()
        self._tell: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return f"<Ration {self.left} left, {self._sent} sent>"

    def spend(self, count: int) -> None:
        """As `Quota.spend`."""
        self.left -= count
        self._sent += count

    def want(self, count: int) -> None:
        """As `Quota.want`: one claim at a time, until it is answered."""
        if not self._wanted and not self.is_exhausted:
            self._wanted = count
            self._claim(0)

    def report(self, promised: int) -> None:
        """As `Quota.report`."""
        spare = max(0, self.left - promised)
        if self._recalled and (spare or self._sent > self._told):
            self._claim(spare)

    def close(self) -> None:
        """This process sends no more: all goes back."""
        self._take_in()
        self._wanted = 0
        self._claim(self.left)

    def _claim(self, returned: int) -> None:
        self.left -= returned
        self._told = self._sent
        self._say(Claim(self._sent, returned, self._wanted))

    def hear(self, said: Allotted) -> None:
        """Take what the authority says, in any thread."""
        self._heard.put(said)
        tell = self._tell
        if tell is not None:
            with suppress(RuntimeError):  # the loop has just closed: nobody sends any more
                tell()

    @contextmanager
    def heard_by(self, loop: Loop, wake: Callable[[], None]) -> Iterator[None]:
        """As `Quota.heard_by`."""

        def take_in() -> None:
            self._take_in()
            wake()

        self._tell = lambda: loop.call_soon_threadsafe(take_in)
        take_in()
        try:
            yield
        finally:
            self._tell = None

    def _take_in(self) -> None:
        with suppress(Empty):
            while True:
                said = self._heard.get_nowait()
                self.left += said.granted
                if said.granted:
                    self._wanted = 0
                self._recalled |= said.recalled
                self.is_exhausted |= said.exhausted


class Rations:
    """The authority over `most` requests, for `processes` numbered from 0.

    Every method gives what to say to whom, in that order. A message may be late; it must not be
    lost or overtake another between the same two.
    """

    def __init__(self, most: int, processes: int) -> None:
        self._pool = most
        self._sent = [0] * processes
        self._held = [0] * processes
        """Given out, and neither sent nor given back as far as is known."""
        self._wanted: dict[int, int] = {}
        self._recalled: set[int] = set()
        self._exhausted = False

    def __repr__(self) -> str:
        return f"<Rations {self._pool} in the pool, {sum(self._held)} given out>"

    def claim(self, process: int, claim: Claim) -> list[tuple[int, Allotted]]:
        """A process says what it has done, gives back and wants."""
        sent = claim.sent - self._sent[process]
        self._sent[process] = claim.sent
        self._held[process] -= sent + claim.returned
        self._pool += claim.returned
        if not claim.wanted:
            self._wanted.pop(process, None)
        else:
            self._wanted.setdefault(process, claim.wanted)
        return self._served()

    def lost(self, process: int) -> list[tuple[int, Allotted]]:
        """A process has ended: whatever it still held may have been sent."""
        self._held[process] = 0
        self._wanted.pop(process, None)
        return self._served()

    def _served(self) -> list[tuple[int, Allotted]]:
        said: list[tuple[int, Allotted]] = []
        for process in list(self._wanted):  # who has waited longest comes first
            if not self._pool:
                break
            share = self._pool // (_PARTS * len(self._held))
            granted = min(self._pool, max(1, min(share, _LARGEST)))
            self._pool -= granted
            self._held[process] += granted
            del self._wanted[process]
            said.append((process, Allotted(granted)))
        if not self._wanted or self._exhausted:
            return said
        if not any(self._held):
            self._exhausted = True
            return said + [
                (process, Allotted(exhausted=True)) for process in range(len(self._held))
            ]
        holders = {process for process, held in enumerate(self._held) if held} - self._recalled
        self._recalled |= holders
        return said + [(process, Allotted(recalled=True)) for process in sorted(holders)]


def most_requests(
    max_lookups: int | None, budget: Decimal | None, price: Decimal | None
) -> int | None:
    """Requests that a run may send; each costs the dearest price, since it may be billed so."""
    most = [] if max_lookups is None else [max_lookups]
    if budget is not None and price:
        most.append(int(budget // price))
    return min(most, default=None)
