"""How many lookups should be under way. Pure: time is an argument.

Little's law gives the need: rate × time under way. The time is measured, so a service at 5 ms and
one at 3 s both run at the set rate. Three things hold the number back: trouble cuts it (throttling,
or losses that a cut lessens, `losses.py`); a raise after which every answer takes as much longer is
taken back, since then the service is full and more questions only wait; and there is none while our
own processor is what is short.

A lookup waits for the disk before it leaves and after its answer has come. Those that do are on
top of that (`spare`), by the same law: throughput × what a sync takes.
"""

import math
from collections.abc import Callable
from typing import Final

from pipeline.lookup.losses import Loss, Losses, Verdict

__all__ = ("Concurrency",)


class Concurrency:
    """The limit of lookups under way: fixed, or found out (`fixed=None`)."""

    FIRST: Final = 16
    """Where it begins: what a tenth of a second at the set rate needs, at least this and at most
    `first`. The limiter bounds what a service meets, so this only bounds what waits there."""
    STEP: Final = 4
    """The most by which one raise multiplies it, while it is not known what a raise brings."""
    LEAP: Final = 64
    """Likewise where more questions have brought more answers, or take no longer than the first."""
    LEAST: Final = 8
    SPARE: Final = 1.5
    """Room above Little's law, for answers that take longer than most."""
    AHEAD: Final = 64
    """Lookups that may always wait for the disk or for their turn."""
    HICCUP: Final = 0.02
    """Seconds that a lookup is taken to wait for the disk at least: one that is busy with a
    finished part for a moment must not stop what goes out."""
    STALL: Final = 0.1
    """Likewise where a high rate is reached, and that answers may be late there: what a busy machine,
    ours or the service's, keeps from going out is made up for only as the rate's window lets it."""
    REACHED: Final = 0.9
    """Share of the set rate from which on it counts as reached."""
    CUT: Final = 0.7
    INTERVAL: Final = 0.25
    """Seconds, or the time of one answer where that is longer, from one look to the next. After a
    raise the first one is not counted: connections are opened, and the answers are still those to
    earlier questions."""
    WORTH: Final = 0.08
    """Share of a raise that must be gained, and not be eaten up by longer waits."""
    PLENTY: Final = 0.6
    """Share of it that shows the service to have room, and to take its time with each."""
    HOLD: Final = 2.5
    """Seconds without another raise after one that brought nothing; twice as long after the next."""
    LONGEST_HOLD: Final = 20.0
    BUSY: Final = 0.8
    """Share of a processor that our one thread takes, beyond which more at once only wait for it."""

    def __init__(
        self,
        rate: float,
        fixed: int | None,
        *,
        first: int = 1024,
        enough: int = 128,
        paced: int = 4096,
        ceiling: int = 20_000,
    ) -> None:
        """`enough`: not below this, or what 20 ms at the set rate need, unless the service throttles.
        `paced`: likewise, and 100 ms, where a rate is reached for which `enough` are fewer than that."""
        self._rate = rate
        self._few = enough
        self._paced = paced
        self._fixed = fixed
        self._ceiling = ceiling
        self.limit = fixed or min(max(self.FIRST, min(first, int(rate / 10))), ceiling)
        self._latency = 0.0
        self._shortest = math.inf
        self._throughput = 0.0
        self._sync = 0.0
        self._answers = 0
        self._waited = 0.0
        """Seconds, of all those answers together."""
        self._losses = Losses()
        self._before_cut = 0
        self._since: float | None = None
        self._busy_since = 0.0
        self._is_busy = False
        self._cut_at = 0.0
        self._before_raise: tuple[int, float] | None = None
        self._settling_until: float | None = None
        """After a raise: until then nothing is counted."""
        self._step = self.STEP
        self._held_until = 0.0
        self._next_hold = self.HOLD

    def __repr__(self) -> str:
        return f"<Concurrency {self.limit}, {self._latency * 1000:.1f} ms each>"

    @property
    def spare(self) -> int:
        """How many more may wait for the disk. A fixed limit is meant for all of them together."""
        if self._fixed:
            return 0
        waits = max(2 * self._sync, self._slack[1])
        return self.AHEAD + int(self._throughput * waits * self.SPARE)

    @property
    def _slack(self) -> tuple[int, float]:
        """What is never too many at once, and the seconds for which something may be held up."""
        high = self._rate * self.HICCUP > self._few
        reached = self._throughput >= self.REACHED * self._rate
        return (self._paced, self.STALL) if high and reached else (self._few, self.HICCUP)

    @property
    def _enough(self) -> int:
        most, seconds = self._slack
        return max(self.LEAST, min(most, int(self._rate * seconds)))

    @property
    def latency(self) -> float:
        """Seconds from a question to its answer, lately."""
        return self._latency

    def answered(self, count: int, latency: float) -> None:
        """`count` lookups came back after `latency` seconds."""
        self._answers += count
        self._waited += count * latency
        if not count:
            return
        weight = min(0.5, 0.02 * count)
        self._latency += (latency - self._latency) * (weight if self._latency else 1.0)
        self._shortest = min(self._shortest, latency)

    def lost(self, seconds: float = 0.0) -> None:
        """A lookup was given up without any answer, after so long."""
        self._losses.lost(seconds)

    def late(self, times: int) -> None:
        """The answer came after all to a lookup that had been given up so many times."""
        self._losses.late(times)

    def synced(self, seconds: float) -> None:
        """What was written became durable after so long. A lookup waits for that twice."""
        self._sync += 0.1 * (seconds - self._sync)

    def troubled(self, now: float) -> None:
        """The service throttled, or datagrams are lost: fewer at once, one cut a round trip."""
        if self._fixed or now - self._cut_at < max(self.INTERVAL, 2 * self._latency):
            return
        self._cut_at = now
        self.limit = max(self.LEAST, int(self.limit * self.CUT))
        self._before_raise = None

    def adjust(self, now: float, rate: float, busy: Callable[[], float] = lambda: 0.0) -> None:
        """Set the limit anew from what came in since the last look; cheap to call often.

        `busy`: processor seconds that the asking thread has taken so far; asked at a look only,
        since on a busy machine the system takes 35 µs to tell.
        """
        self._rate = rate
        if self._fixed or not self._is_time(now, busy):
            return
        assert self._since is not None  # noqa: S101  `_is_time` sets it
        self._throughput = self._answers / (now - self._since)
        self._is_busy = busy() - self._busy_since > self.BUSY * (now - self._since)
        loss = self._losses.look(now, self._answers)
        latency = self._waited / self._answers
        # What is given up has kept its place as long, and each answer needs its share of that.
        held = latency + loss.burden
        self._begin(now, busy)
        match self._losses.judge(now, loss.share):
            case Verdict.WAIT:
                return
            case Verdict.CUT:
                self._give_way(now, loss, held)
                return
            case Verdict.RESTORE:
                self.limit, self._held_until = max(self.limit, self._before_cut), 0.0
            case Verdict.NOTHING:
                pass
        if self._before_raise is None or self._was_worth_it(now, latency, *self._before_raise):
            self._settle(now, latency, held)

    def _begin(self, now: float, busy: Callable[[], float]) -> None:
        self._since, self._busy_since = now, busy()
        self._answers, self._waited = 0, 0.0
        self._losses.clear()

    def _is_time(self, now: float, busy: Callable[[], float]) -> bool:
        """Enough has come in to judge by."""
        if self._since is None:
            self._begin(now, busy)
        if self._settling_until is not None:
            if now >= self._settling_until:
                self._settling_until = None
                self._begin(now, busy)
            return False
        assert self._since is not None  # noqa: S101  `_begin` sets it
        # What came of a raise shows in the first answers when its time has come.
        whole = self._latency if self._before_raise is None else 0.0
        return self._answers > 0 and now - self._since >= max(self.INTERVAL, whole)

    def _give_way(self, now: float, loss: Loss, held: float) -> None:
        """A raise that led here is taken back, and the room to spare goes; but not what is really
        answered, since the loss may have another cause."""
        asked = min(self._rate, self._throughput / (1 - loss.share)) * self._latency
        needed = max(asked, min(self._rate, self._throughput) * held)
        before = self._before_raise[0] if self._before_raise else self.limit
        least = max(int(needed) + self.LEAST, int(self.limit * self.CUT))
        self._before_cut = self.limit
        self.limit = max(self._enough, min(self.limit, before, least))
        self._losses.cut(now, loss.share, loss.wait + max(self.INTERVAL, self._latency))
        self._before_raise, self._held_until = None, now + self.HOLD

    def _was_worth_it(self, now: float, latency: float, limit: int, earlier: float) -> bool:
        """Judge the last raise, from `limit`, when an answer took `earlier` seconds; it is taken
        back if it brought nothing."""
        self._before_raise = None
        raised = self.limit / limit - 1.0
        gain = (1.0 + raised) * earlier / latency - 1.0
        if gain >= self.WORTH * raised:
            full = self._throughput >= 0.98 * self._rate
            self._step = self.LEAP if gain >= self.PLENTY * raised or full else self.STEP
            self._next_hold = self.HOLD
            return True
        # Below where lookups wait twice as long as they need to: chance lets a useless raise pass
        # now and then, and the limit would only ever climb.
        cut = 0.8 if self._latency > 2 * self._shortest else 1.0
        self.limit, self._step = max(self._enough, int(limit * cut)), 2
        self._held_until = now + self._next_hold
        self._next_hold = min(self.LONGEST_HOLD, 2 * self._next_hold)
        return False

    def _settle(self, now: float, latency: float, held: float) -> None:
        # Forgotten slowly, so that a service that became slower for good is not held against it.
        self._shortest = min(self._latency, self._shortest * 1.005)
        self.limit = max(self.limit, self._enough)
        if now < self._held_until:
            return
        need = int(self._rate * held * self.SPARE) + self.LEAST
        wanting = self._throughput < 0.98 * self._rate and not self._is_busy
        if need > 1.25 * self.limit and wanting:
            unhurried = latency <= 1.3 * self._shortest
            step = max(self._step, self.LEAP if unhurried and self._step >= self.STEP else 0)
            self._before_raise = (self.limit, latency)
            self._settling_until = now + max(self.INTERVAL, 1.1 * latency)
            self._losses.raised()
            self.limit = min(need, self.limit * step, self._ceiling)
        elif need < self.limit // 2:
            # Down slowly: a service that was quick for a moment may not stay so.
            self.limit = max(need, self._enough, int(self.limit * 0.9))
