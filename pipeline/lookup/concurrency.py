"""How many lookups should be in flight. Pure: time is an argument.

Little's law gives the need: rate × time in flight. The time is measured, so a service at 5 ms and
one at 3 s both run at the set rate. Two things hold the number back: trouble (throttling, loss)
cuts it, and a raise that brings no more answers is taken back, since then the service is full and
more questions only wait longer.
"""

from typing import Final

__all__ = ("Concurrency",)


class Concurrency:
    """The limit of lookups in flight: fixed, or found out (`fixed=None`)."""

    FIRST: Final = 16
    """Where it begins: what a tenth of a second at the set rate needs, at least this and at most
    `first`. The limiter bounds what a service meets, so this only bounds what waits there."""
    STEP: Final = 4
    """The most by which one raise multiplies it."""
    LEAST: Final = 8
    SPARE: Final = 1.5
    """Room above Little's law, for answers that take longer than most."""
    HICCUP: Final = 0.02
    """Seconds that a lookup is taken to be held at least: a disk that is busy with a finished part
    for a moment must not stop what goes out."""
    CUT: Final = 0.7
    INTERVAL: Final = 0.25
    WORTH: Final = 0.08
    """Share of a raise that must show as throughput, not counting the first `INTERVAL`, in which
    connections are opened. Over the first round trip a third of it can show, since an answer takes
    its time; and where our own processor is what is short, four times as many at once bring a third
    more (64 to 256 over REST: 7 700 to 10 300/s)."""
    HOLD: Final = 10
    """Intervals to wait after a raise that brought nothing."""
    LOSS: Final = 0.05
    """Share of lookups without any answer that is more than chance: networks lose a hundredth."""

    def __init__(
        self, rate: float, fixed: int | None, *, first: int = 1024, ceiling: int = 20_000
    ) -> None:
        self._rate = rate
        self._fixed = fixed
        self._ceiling = ceiling
        self.limit = fixed or min(max(self.FIRST, min(first, int(rate / 10))), ceiling)
        self._latency = 0.0
        self._sync = 0.0
        self._shortest = 0.0
        self._answers = 0
        self._lost = 0
        self._since: float | None = None
        self._cut_at = 0.0
        self._before_raise: tuple[int, float] | None = None
        self._raised = False
        """Just now: what connections it takes are being opened."""
        self._hold = 0

    def __repr__(self) -> str:
        return f"<Concurrency {self.limit}, {self._latency * 1000:.1f} ms in flight>"

    @property
    def latency(self) -> float:
        """Seconds a lookup spends in flight, lately."""
        return self._latency

    def answered(self, count: int, latency: float) -> None:
        """`count` lookups came back after `latency` seconds in flight."""
        self._answers += count
        if not count:
            return
        weight = min(0.5, 0.02 * count)
        self._latency += (latency - self._latency) * (weight if self._latency else 1.0)

    def lost(self) -> None:
        """A lookup was given up without any answer."""
        self._lost += 1

    def synced(self, seconds: float) -> None:
        """What was written became durable after so long. A slot waits for that twice."""
        self._sync += 0.1 * (seconds - self._sync)

    def troubled(self, now: float) -> None:
        """The service throttled, or datagrams are lost: fewer at once, one cut a round trip."""
        if self._fixed or now - self._cut_at < max(self.INTERVAL, 2 * self._latency):
            return
        self._cut_at = now
        self.limit = max(self.LEAST, int(self.limit * self.CUT))
        self._before_raise = None

    def adjust(self, now: float, rate: float) -> None:
        """Set the limit anew from what came in since the last call; cheap to call often."""
        self._rate = rate
        if self._fixed:
            return
        if self._since is None:
            self._since = now
        elapsed = now - self._since
        if self._raised and elapsed >= self.INTERVAL:
            self._raised, self._since, self._answers, self._lost = False, now, 0, 0
            return
        if elapsed < max(self.INTERVAL, 1.5 * self._latency) or not self._answers:
            return
        throughput, loss = self._answers / elapsed, self._lost / (self._answers + self._lost)
        self._since, self._answers, self._lost = now, 0, 0
        held = self._latency + 2 * self._sync
        if loss > self.LOSS:
            # A raise that led here is taken back, and the room to spare goes; but not what is
            # really answered, since the loss may have another cause.
            asked = min(self._rate, throughput / (1 - loss))
            before = self._before_raise[0] if self._before_raise else self.limit
            least = max(int(asked * held) + self.LEAST, int(self.limit * self.CUT))
            self.limit = max(self.LEAST, min(self.limit, before, least))
            self._before_raise, self._hold = None, self.HOLD
        else:
            self._settle(throughput, held)

    def _settle(self, throughput: float, held: float) -> None:
        # Forgotten slowly, so that a service that became slower for good is not held against it.
        self._shortest = min(held, self._shortest * 1.005) if self._shortest else held
        if self._before_raise is not None:
            limit, earlier = self._before_raise
            self._before_raise = None
            gain = throughput / earlier if earlier else 2.0
            if gain < 1.0 + self.WORTH * (self.limit / limit - 1.0):
                # Back; and below where lookups wait twice as long as they need to: chance lets a
                # useless raise pass now and then, and the limit would only ever climb.
                cut = 0.8 if held > 2 * self._shortest else 1.0
                self.limit, self._hold = max(self.LEAST, int(limit * cut)), self.HOLD
                return
        if self._hold:
            self._hold -= 1
            return
        need = int(self._rate * max(held, self.HICCUP) * self.SPARE) + self.LEAST
        if need > 1.25 * self.limit and throughput < 0.98 * self._rate:
            self._before_raise = (self.limit, throughput)
            self._raised = True
            self.limit = min(need, self.limit * self.STEP, self._ceiling)
        elif need < self.limit // 2:
            # Down slowly: a service that was quick for a moment may not stay so.
            self.limit = max(need, self.LEAST, int(self.limit * 0.9))
