"""The rate that the service lets through, found as TCP finds a bandwidth. Pure: time is an argument.

What is asked above it is refused, or lost without a word, while the rest is answered: so what is
answered in a second tells the rate. It is held, a little below, and now and then a higher one is
tried; where that goes well, the next step is larger.

Some services count what they refuse as well, and answer next to nothing above their rate, until they
have been asked for less. So a second of silence comes first, and then a little less than what they
answered; a higher rate that is refused outright is given up before its round is over, and tried less
often, since it costs a second or two. Where nothing is known that went well, it is looked for between
such a rate and one at which nothing was answered.

A service or a network may refuse or lose its share of whatever it gets. Then fewer requests lessen
that share by nothing, and the rate is given back (as `losses.py` does with how many at once).
"""

from typing import Final

from pipeline.lookup.answers import GoodRound, Lately
from pipeline.lookup.distances import Distances
from pipeline.lookup.pauses import Pauses

__all__ = ("ServiceRate",)


class ServiceRate:
    """The rate in force, at most the one that is set."""

    ROUND: Final = 1.0
    """Seconds that are judged together: limits are limits of a second, as a rule."""
    SETTLES: Final = 0.5
    """Seconds after a rise, beside what answers take, whose outcomes are still those of before; after
    a fall it is a whole round."""
    GAP: Final = 0.5
    """Seconds without any outcome, or those of five at the rate, after which a round is void."""
    LONGEST: Final = 5.0
    """Seconds of a round in which little happens."""
    FEWEST: Final = 20
    """Outcomes that show a share."""
    TELLS: Final = 0.1
    """Part of the rate; where less than that is asked, a rate is not what refuses or loses it."""
    CHANCE: Final = 0.02
    """Share refused or lost that means nothing; a single one in a round never does."""
    FEW: Final = 0.2
    """Share up to which nothing pauses, and which a service may have by itself."""
    ROOM: Final = 2.0
    """Times the usual share that still counts as usual."""
    BELOW: Final = 0.98
    """Where the rate is held, in parts of what was let through."""
    CLIMB: Final = 1.25
    """Where it is not known what is let through: times as much each round."""
    BACK: Final = 2.0
    """Likewise where nothing was answered for a while."""
    PROBE: Final = 0.05
    """By how much more the first round above it tries; each that goes well doubles it."""
    HOLD: Final = 2.0
    """Seconds between two such tries; twice as long after each that brought little or nothing."""
    WARY: Final = 16.0
    """Likewise, at least, before the first with a service that counts what it refuses."""
    WARIER: Final = 30.0
    """Likewise after one in vain."""
    LONGEST_HOLD: Final = 60.0
    DOWN: Final = 0.5
    """Where nothing is answered at all."""
    LOWEST: Final = 0.002
    """Part of the set rate that is always tried, and one a second."""

    def __init__(self, rate: float, processes: int = 1) -> None:
        """`rate`: requests a second as it is set, of `processes` together."""
        self.set = self.rate = rate
        """Requests a second that should leave now, of all processes."""
        self.changed_at = 0.0
        self._alone = processes == 1
        self.distances = Distances()
        self._since: float | None = None
        self._answers = self._bad = self._total = 0
        self._changed = 0.0  # when there were more of them last
        self._lately, self._pauses, self._good_round = Lately(), Pauses(), GoodRound()
        self._counts_all = False
        """What it refuses counts as well: it refused all, until it had been asked for less."""
        self._is_suspect = False
        """It refuses all; should it answer again, that is so."""
        self._gave_up = False
        """A trial, so that what is refused at the rate below may be for what was asked above."""
        self._silent = False
        """Nothing was answered since the rate changed."""
        self._usual = 0.0
        self._passed: float | None = None
        """What was let through when last too much was asked."""
        self._good: float | None = None
        """The latest rate that was used and went well."""
        self._ceiling: float | None = None
        """A rate above it at which nothing was answered."""
        self._climb, self._step, self._hold = self.CLIMB, self.PROBE, self.HOLD
        self._held_until = self._held = 0.0
        """Until when, and what rate, nothing higher being tried."""
        self._trial: tuple[float, float] | None = None
        """Share and rate before the last cut, until it is known whether that lessened the share."""

    def __repr__(self) -> str:
        return f"<ServiceRate {self.rate:.1f} of {self.set:g} a second>"

    @property
    def found(self) -> float | None:
        """What the service was seen to let through, where that is less than the rate that is set."""
        return self._passed if self.rate < self.set else None

    def answered(self, count: int) -> None:
        """The service answered so many."""
        self._answers += count
        self._lately.answers += count
        self._silent = False
        self._pauses.answered()
        if self._is_suspect:
            self._counts_all, self._is_suspect = True, False
            self._held_until = max(self._held_until, self.changed_at + self.WARY)

    def lost(self, count: int) -> None:
        """So many will have no answer, as it seems; less than 0 where some came after all."""
        self._bad += count
        self._lately.bad += count

    @property
    def _is_trying(self) -> bool:
        """The rate is above one that goes well."""
        return self._good is not None and self.rate > self._good

    @property
    def is_few(self) -> bool:
        """What is refused or lost of late is little beside what is answered."""
        return self._lately.bad <= self.FEW * (self._lately.bad + self._lately.answers)

    def refused(self, now: float, retry_after: float | None) -> float:
        """The service asked for less. Gives the seconds for which nothing should leave.

        `retry_after`: seconds that it names; 0 is none.
        """
        self.lost(1)
        if self.is_few:
            return 0.0
        trying = self._counts_all and self._is_trying
        settled_at = now if trying else self.changed_at + self.ROUND
        pause = self._pauses.refused(now, retry_after or None, settled_at, at_once=trying)
        if self._pauses.is_in_vain:
            self._counts_all = self._is_suspect = False  # it answers nothing, whatever it is asked
        elif self._passed is not None and self.rate <= self._passed:
            # What was let through is refused outright when no more than that is asked.
            paused = pause > 0 and not retry_after
            silent = self._silent and now > self.changed_at + self.SETTLES
            self._is_suspect = self._is_suspect or paused or silent
        return pause

    def look(self, now: float, latency: float = 0.0) -> float:
        """The rate from now on; cheap to call often. `latency`: seconds that an answer takes."""
        if self._since is None:
            self._since = now
        self._lately.forget(now)
        took = now - self._since
        if took < 0:  # what comes now belongs to before the change
            self._answers = self._bad = 0
        if self._is_trying and not self.is_few:
            self._give_up_trial(now, latency)
        elif self._stood_still(now) or (self._pauses.is_news and now >= self._pauses.until):
            self._begin(now)  # so what came before says nothing of a rate
        elif took >= self.ROUND and now >= self._pauses.until:
            self._end_round(now, took, latency)
        return self.rate

    def _give_up_trial(self, now: float, latency: float) -> None:
        """A higher rate than one that goes well is refused outright: that is seen before a round is over."""
        assert self._good is not None  # noqa: S101  the caller has looked
        self.rate = self._passed = self._good
        self._gave_up = True
        self._hold = max(self._hold, self.WARIER) if self._counts_all else self._hold
        self._climb, self._step, self._ceiling, self._trial = self.CLIMB, self.PROBE, None, None
        self._hold_on(now)
        self._change(now, self.ROUND + 2 * latency)

    def _change(self, now: float, settles: float) -> None:
        """Another rate is in force, and what comes until it has settled is not judged."""
        self.changed_at = now
        self._silent = True
        self._begin(now + settles)

    def _stood_still(self, now: float) -> bool:
        total = self._answers + self._bad
        if total != self._total or not total or self._pauses.is_in_round:
            self._total, self._changed = total, now
        return now - self._changed > max(self.GAP, 5.0 / self.rate)

    def _end_round(self, now: float, took: float, latency: float) -> None:
        total = self._answers + max(0, self._bad)
        before = self.rate
        if self._alone and self.rate < self.set and not self._pauses.is_in_round:
            self.distances.left(now, total / took / self.rate)
        if self._gave_up and self._pauses.guessed:
            # What was refused at the rate that goes well was still for the one above it.
            self._gave_up = False
        elif total >= self.FEWEST or (self._bad > 0 and took >= self.LONGEST):
            self._judge(now, max(self.ROUND, took - self._pauses.guessed), total)
        elif took >= self.LONGEST and self._pauses.is_over:
            # Little is asked, and nothing speaks against more.
            self._rise(now, self.rate)
        else:
            return
        if self.rate == before:
            self._begin(now)
        else:
            settles = self.ROUND
            if self.rate > before:
                settles = self.SETTLES
                self._lately.bad = 0.0  # what was refused before tells nothing of this rate
            self._change(now, settles + 2 * latency)

    def _judge(self, now: float, took: float, total: int) -> None:
        share = max(0, self._bad) / total
        if self._bad <= 1 or share <= max(self.CHANCE, min(self.FEW, self.ROOM * self._usual)):
            self._usual += 0.1 * (share - self._usual)
            self._trial, self._gave_up = None, False
            self._good_round.well(self._answers / took)
            self._rise(now, total / took)
        elif self._trial is not None and self._was_for_nothing(share):
            share_before, self.rate = self._trial
            self._usual, self._trial = max(share, share_before), None
        elif self._pauses.is_in_round or total >= self.TELLS * self.rate * took:
            self._fall(now, share, took)

    def _was_for_nothing(self, share: float) -> bool:
        """The cut did not lessen the share, and that is one that chance may explain."""
        assert self._trial is not None  # noqa: S101  the caller has looked
        before, _ = self._trial
        return before / 2 < share <= self.FEW

    def _fall(self, now: float, share: float, took: float) -> None:
        lowest = min(self.set, max(1.0, self.LOWEST * self.set))
        self._climb, self._step = self.CLIMB, self.PROBE
        if self._pauses.is_in_vain and self._good_round.rate:
            # It answers nothing any more, whatever it is asked: that says nothing of a rate.
            self._trial, self._hold = None, self.HOLD
            return
        self._trial = (share, self.rate)
        good = self._good if self._good and self._good < self.rate else 0.0
        through = max(lowest, min(self.rate, self._of_all(self._answers / took, 1.0 - share)))
        if good >= self.BELOW * through:
            # Above its rate it answers less than at it, so what went well says more.
            self._passed = self.rate = good
        elif (
            self._alone
            and self._good_round.is_sudden(through)
            and not self._good_round.is_steady(through)
        ):
            # Likewise, and it is a little less than what it answered a while ago.
            self._is_suspect = True
            self._passed = self._good_round.less(through)
            self.rate = min(self.rate, self._passed)
        elif share == 1.0:
            self._passed, self._climb = None, self.BACK
            self._ceiling = self._ceiling or self.rate
            self.rate = max(lowest, self.DOWN * self.rate)
            return
        elif self._pauses.is_in_round and not self._pauses.guessed:
            # What the pause was for is not known: as if it belonged to the time of the answers.
            self._passed, self.rate = None, through
            return
        else:
            # It lets through less than before, or is just about to recover.
            self._counts_all = self._counts_all and not self._good_round.is_steady(through)
            self._hold = self.HOLD if self._good_round.is_sudden(through) else self._hold
            self._passed, self.rate = through, max(lowest, self.BELOW * through)
        self._ceiling = None
        self._hold_on(now)

    def _of_all(self, answered: float, share: float) -> float:
        """What all processes together have let through; of the others only the share is known."""
        return answered if self._alone else self.rate * share

    def _rise(self, now: float, used: float) -> None:
        if self.rate >= self.set or (self._alone and used < 0.8 * self.rate):
            return  # there is nothing to find, or nothing was tried
        self._good = self.rate
        if self._ceiling is not None and self.rate < self._ceiling:
            self._close_in(now, self._ceiling)
        elif self._passed is None:
            self._ceiling = None
            self.rate = min(self.set, self._climb * self.rate)
        elif now >= self._held_until:
            if self._step > self.PROBE:  # what was tried was let through
                self._passed = self.rate
                if self.rate > (1.0 + 2 * self.PROBE) * self._held:
                    self._hold = self.HOLD
            self.rate = min(self.set, self._passed * (1.0 + self._step))
            self._step = min(self.CLIMB - 1.0, 2 * self._step)
        if self.rate >= self.set:
            self._passed = None

    def _close_in(self, now: float, ceiling: float) -> None:
        """Between the rate, which went well, and one at which nothing was answered."""
        if ceiling - self.rate > self.PROBE * ceiling:
            self.rate = min(self._climb * self.rate, (self.rate + ceiling) / 2)
            return
        self._ceiling, self._passed = None, self.rate
        self._hold_on(now)

    def _hold_on(self, now: float) -> None:
        """Try nothing higher for a while."""
        self._held_until, self._held = now + self._hold, self.rate
        self._hold = min(self.LONGEST_HOLD, 2 * self._hold)

    def _begin(self, now: float) -> None:
        self._since = now
        self._answers = self._bad = 0
        self._pauses.begin()
