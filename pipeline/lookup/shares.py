"""One account's allowance among its jobs. Pure: time is an argument, state is one block of integers.

The limiter (`limiter.py`) says how much all jobs together may send, at the largest of the rates that
they have set; each job keeps to its own set rate by itself (`account.py`). What it lets out is dealt to
those who are in want, as it comes and in equal parts, so that a job that asks seldom is
served as soon as one that asks all the time: who is ahead waits for the others. What is dealt to a
job lies ready for it until shortly after it said it would come again; then it is the others'. So a
suspended or dead job holds back a little for a moment, and nobody for longer.

Rule: the state lies in a buffer of 64-bit integers, which several processes share through a file
(`state_file.py`), or which one process holds for others that ask it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from struct import Struct
from typing import Final, NamedTuple

from pipeline.lookup.limiter import STATE_BYTES, Limiter
from pipeline.lookup.state_file import RECENT

__all__ = ("SHARED_BYTES", "Grant", "Shares")

MOST_JOBS: Final = 62
"""Processes that can be here at the same time; more of them share what these leave."""
_SEAT: Final = Struct("=7q")
_SEATS: Final = STATE_BYTES + 8
"""Where the seats begin; before them stands how many are taken."""
SHARED_BYTES: Final = _SEATS + MOST_JOBS * _SEAT.size

_MICRO: Final = 1_000_000
_GRACE_US: Final = 100_000
"""How long after it said it would come a job's part is kept."""
_GONE_US: Final = 1_000_000
"""How long after that its set rate counts."""


class Grant(NamedTuple):
    """What a job gets."""

    granted: int
    """Requests that may leave now."""
    ready: float
    """When there may be one more."""


@dataclass(slots=True)
class _Seat:
    """A process that takes part. Times are microseconds."""

    job: int
    """Drawn by lot; never 0."""
    back: int = 0
    """When it comes again: what is dealt to it lies ready until shortly after."""
    rate: int = 0
    """Micro-requests a second."""
    processes: int = 1
    """How many of them are one job, and share its part."""
    wanted: int = 0
    dealt: int = 0
    turn: int = 0
    """What was dealt to it so far, for comparison with others."""

    def fields(self) -> tuple[int, ...]:
        """As they are stored."""
        return (
            self.job, self.back, self.rate, self.processes, self.wanted, self.dealt, self.turn,
        )  # fmt: skip


class Shares:
    """Deals out an account's allowance. One method at a time, by whoever holds the buffer."""

    def __init__(self, state: memoryview, now: float) -> None:
        self._limiter = Limiter(1.0, now, state[:STATE_BYTES], anew=False)
        self._count = state[STATE_BYTES:_SEATS].cast("q")
        self._places = state[_SEATS:SHARED_BYTES]

    def __repr__(self) -> str:
        return f"<Shares of {self._count[0]} processes: {self._limiter!r}>"

    def begin(self, now: float) -> None:
        """Nothing is known of what was sent: let nothing leave until none of it matters."""
        self._count[0] = 0
        paused_until = self._limiter.paused_until
        self._limiter.forget(now)
        self._limiter.pause(max(now + RECENT, paused_until))

    def take(self, job: int, rate: float, wanted: int, now: float, processes: int = 1) -> Grant:
        """Let a job have up to `wanted` requests, which leave at once or not at all.

        `rate` is what it has set, in requests a second.
        """
        if self._is_alone(job, now):
            return self._take_alone(job, rate, wanted, now, processes)
        limiter, at = self._limiter, int(now * _MICRO)
        seats = self._taken(at, now)
        own = next((seat for seat in seats if seat.job == job), None)
        if own is None:
            if not seats:
                limiter.begin(now)
            own = _Seat(job)
            seats.append(own)
        if not own.wanted:  # waiting for nothing saves nothing up
            turns = [seat.turn for seat in seats if seat.wanted]
            latest = max(seat.turn for seat in seats)
            own.turn = max(own.turn, min(turns, default=latest))
        own.back, own.rate, own.processes = at, int(rate * _MICRO), processes
        own.wanted = wanted
        if own.dealt > wanted:
            limiter.put_back(own.dealt - wanted)
            own.dealt = wanted
        limiter.rate = max(seat.rate for seat in seats) / _MICRO
        self._deal(seats, now)
        count = limiter.count(own.dealt, now)
        own.dealt -= count
        own.wanted -= count
        before = 0
        if not own.dealt:
            before = sum(seat.wanted > seat.dealt and seat.turn < own.turn for seat in seats) + 1
        ready = limiter.ready_after(before, now, sum(seat.dealt for seat in seats))
        own.back = max(at, int(ready * _MICRO))
        self._put(seats)
        return Grant(count, ready)

    def _is_alone(self, job: int, now: float) -> bool:
        """Nobody else is here, and this job has been here lately."""
        if self._count[0] != 1:
            return False
        here, back, *_ = _SEAT.unpack_from(self._places)
        late = max(back, 0) + _GONE_US < now * _MICRO
        return here == job and not late and self._limiter.seen <= now + 1

    def _take_alone(self, job: int, rate: float, wanted: int, now: float, processes: int) -> Grant:
        """As `take`, with nobody to deal with: four of five times it is so, and it takes a third."""
        limiter = self._limiter
        *_, dealt, turn = _SEAT.unpack_from(self._places)
        limiter.put_back(dealt)
        limiter.rate = rate
        granted = limiter.take(wanted, now)
        ready = limiter.ready_after(1, now)
        back, micro = int(max(now, ready) * _MICRO), int(rate * _MICRO)
        _SEAT.pack_into(self._places, 0, job, back, micro, processes, wanted - granted, 0, turn)
        return Grant(granted, ready)

    def pause(self, until: float, now: float) -> None:
        """Let nothing leave before `until`; a later pause never shortens an earlier one."""
        seats = self._taken(int(now * _MICRO), now)
        for seat in seats:
            seat.dealt = 0
        self._limiter.pause(until)
        self._put(seats)

    @property
    def paused_until(self) -> float:
        """End of the latest pause."""
        return self._limiter.paused_until

    def leave(self, job: int, now: float) -> None:
        """A job has ended: what was dealt to it is the others'."""
        seats = self._taken(int(now * _MICRO), now)
        self._limiter.put_back(sum(seat.dealt for seat in seats if seat.job == job))
        self._put([seat for seat in seats if seat.job != job])

    def _taken(self, at: int, now: float) -> list[_Seat]:
        """Those who are here. What was dealt to jobs that did not come for it is put back."""
        if self._limiter.seen > now + 1:
            self.begin(now)  # a clock that goes backwards says nothing of the last second
        places = self._places[: self._count[0] * _SEAT.size]
        seats = [_Seat(*fields) for fields in _SEAT.iter_unpack(places)]
        late = [seat for seat in seats if seat.back + _GRACE_US < at]
        if not late:
            return seats
        self._limiter.put_back(sum(seat.dealt for seat in late))
        for seat in late:
            seat.wanted = seat.dealt = 0
        return [seat for seat in seats if seat.back + _GONE_US >= at]

    def _put(self, seats: Iterable[_Seat]) -> None:
        kept = list(seats)[:MOST_JOBS]
        for place, seat in enumerate(kept):
            _SEAT.pack_into(self._places, place * _SEAT.size, *seat.fields())
        self._count[0] = len(kept)

    def _deal(self, seats: list[_Seat], now: float) -> None:
        """Deal what pace and window allow to those in want, in equal parts as far as they want it."""
        limiter = self._limiter
        free = min(limiter.tokens(now), limiter.room - sum(seat.dealt for seat in seats))
        short = [seat for seat in seats if seat.wanted > seat.dealt]
        while free > 0 and short:
            short.sort(key=attrgetter("turn"))
            seat = short[0]
            part = max(1, free // (len(short) * seat.processes))
            given = min(part, free, seat.wanted - seat.dealt)
            seat.dealt += given
            seat.turn += given * seat.processes
            free -= given
            limiter.draw(given)
            if seat.wanted == seat.dealt:
                del short[0]
