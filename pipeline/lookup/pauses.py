"""For how long nothing leaves, where a service refuses all that it is asked. Pure: time is an argument."""

from typing import Final

__all__ = ("Pauses",)


class Pauses:
    """As long as the service says; where it says nothing a second, and twice as long each time that
    nothing at all is answered in between.

    A time that it names again, and no much longer one, soon after that was kept to, tells of a rate:
    while it answers the rest, it is for the rate to fall, and not for everything to stand still.
    """

    FIRST: Final = 1.0
    LONGEST: Final = 30.0
    """Seconds."""
    PATIENCE: Final = 0.5
    """Seconds of refusals without any answer between them that are a reason to pause."""
    RECURS: Final = 30.0
    """Seconds after a pause that the service has named in which one is named again, and no longer news."""

    def __init__(self) -> None:
        self.until = 0.0
        """End of the latest."""
        self.is_in_round = False
        """One began since `begin`."""
        self.guessed = 0.0
        """Seconds of those since then for which the service had named no time."""
        self.is_over = True
        """Something was answered since the latest."""
        self.is_news = False
        """One since `begin` was the first that the service has named for long."""
        self._kept_until = self._named = 0.0
        """Until when a pause that the service names is no news, and the latest that was."""
        self._count = 0
        self._only_refused_since: float | None = None

    @property
    def is_in_vain(self) -> bool:
        """There was more than one in a row, and nothing was answered in between."""
        return self._count > 1

    def begin(self) -> None:
        """A round begins."""
        self.is_in_round, self.guessed, self.is_news = False, 0.0, False

    def answered(self) -> None:
        """The service answered."""
        self.is_over = True
        self._count = 0
        self._only_refused_since = None

    def refused(
        self, now: float, retry_after: float | None, settled_at: float, *, at_once: bool = False
    ) -> float:
        """It refused; gives the seconds for which nothing should leave.

        What it refused before `settled_at` may speak of what was asked before the rate changed.
        `at_once`: no answer need be missed before that is a reason.
        """
        if retry_after is not None and (now > self._kept_until or retry_after > 2 * self._named):
            self.is_news = True
            return self._keep(now, retry_after)
        if now < self.until:
            return 0.0  # it was asked before the pause
        if self._only_refused_since is None:
            self._only_refused_since = max(now, settled_at)
        if not at_once and now - self._only_refused_since < self.PATIENCE:
            return 0.0
        self._only_refused_since = None
        return self._guess(now) if retry_after is None else self._keep(now, retry_after)

    def _guess(self, now: float) -> float:
        pause = min(self.FIRST * 2.0**self._count, self.LONGEST)
        self._count += 1
        self.guessed += pause
        return self._pause(now, pause)

    def _keep(self, now: float, named: float) -> float:
        self._pause(now, named)
        self._kept_until, self._named = self.until + self.RECURS, named
        return named

    def _pause(self, now: float, pause: float) -> float:
        self.is_in_round, self.is_over = True, False
        self.until = max(self.until, now + pause)
        return pause
