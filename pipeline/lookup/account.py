"""One rate for all jobs of one account on this machine, through a small file and no server.

A process takes what it is about to send, and sends it at once; who takes how much, `shares.py` says.
The file is `state_file.py`'s: nobody waits for it, so nobody is held up by a job that is suspended
there. The clock is the machine's monotonic one, which all processes share until it starts anew.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pipeline.errors import StorageError
from pipeline.lookup.limiter import Limiter
from pipeline.lookup.shares import SHARED_BYTES, Grant, Shares
from pipeline.lookup.state_file import StateFile

__all__ = (
    "SharedLimiter",
    "account_file",
    "account_of",
    "check_account",
    "default_state_dir",
    "state_folder",
)

_LEASE: Final = 0.05
"""Seconds after which what was taken is not sent any more: the process was held up meanwhile."""
_AGAIN: Final = 0.001
"""Seconds after which a state that somebody else holds is looked at again."""
_PATIENCE: Final = 0.002
"""Seconds that somebody who got less than he wanted lets pass, so that what comes makes a batch."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def state_folder(given: Path | None, environment: Mapping[str, str]) -> Path:
    """The directory for state, `given` or the user's; made if it is not there.

    Raises `StorageError` where there is none, or nothing can be written in it.
    """
    folder = given or default_state_dir(environment)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise StorageError(
            f"{folder}: the state shared by jobs of one account cannot be kept there"
            f" ({error.strerror}); choose another place with --state-dir"
        ) from None
    return folder


def default_state_dir(environment: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/msisdn`, by default `~/.local/state/msisdn`.

    Raises `StorageError` for a user without a home, as there are for services and in containers.
    """
    home = Path(environment.get("XDG_STATE_HOME", ""))
    if home.is_absolute():  # another is to be ignored, says its specification
        return home / "msisdn"
    try:
        return Path.home() / ".local" / "state" / "msisdn"
    except RuntimeError:
        raise StorageError(
            "this user has no home directory to keep the state in that jobs of one account share:"
            " name a place with --state-dir"
        ) from None


def account_of(state_dir: Path | None, environment: Mapping[str, str], client_id: str) -> Path:
    """The state file of an account of the service, whatever the transport."""
    return account_file(state_dir or default_state_dir(environment), "", client_id)


def account_file(folder: Path, endpoint: str, client_id: str) -> Path:
    """The state file of an account at an endpoint. Its name tells nobody which account.

    Its times are of one machine since it started, so each start of each machine has its own file.
    """
    told = f"{endpoint}\n{client_id}\n{_this_start()}"
    return folder / f"rate-{hashlib.sha256(told.encode()).hexdigest()[:24]}"


def _this_start() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return os.uname().nodename


def check_account(path: Path) -> None:
    """Raise `StorageError` where the state file can neither be opened nor made."""
    StateFile(path, SHARED_BYTES, lambda _: None).close()


class SharedLimiter:
    """A `Limiter` whose allowance is shared by every process that opens the same file.

    Each process keeps to its own set rate, and all together to the largest that is set. Raises
    `StorageError` when the file cannot be made, and when `take` cannot write it. It never waits: where
    another process holds the state, `take` gives nothing and `ready_at` a moment soon after.
    """

    def __init__(
        self,
        path: Path,
        rate: float,
        now: float,
        *,
        processes: int = 1,
        clock: Callable[[], float] | None = None,
        warn: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._file = StateFile(path, SHARED_BYTES, warn)
        self._shares = Shares(self._file.block, now)
        self._own = Limiter(rate, now)
        self._processes = processes
        self._clock = clock
        self._job = int.from_bytes(os.urandom(8)) >> 1 | 1
        self._now = self._ready = self._not_before = now
        self._paused = 0.0
        self._pause = 0.0
        """End of a pause that the others have not been told of."""
        self._granted(0, now)  # from here on it counts among the jobs

    def __repr__(self) -> str:
        return f"<SharedLimiter {self._own.rate:g}/s, {self._file!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(StorageError):  # what is left to this job is the others' a little later
            if self._file.enter(self._now):
                self._shares.leave(self._job, self._now)
                self._file.leave()
        self._file.close()

    @property
    def rate(self) -> float:
        """Requests a second that this process keeps to."""
        return self._own.rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._own.rate = rate

    @property
    def even(self) -> bool:
        """As `Limiter.even`, of what this process sends."""
        return self._own.even

    @even.setter
    def even(self, even: bool) -> None:
        self._own.even = even

    @property
    def exact(self) -> bool:
        """As `Limiter.exact`, of what this process sends."""
        return self._own.exact

    @exact.setter
    def exact(self, exact: bool) -> None:
        self._own.exact = exact

    @property
    def is_exact(self) -> bool:
        """As `Limiter.is_exact`, of what this process sends."""
        return self._own.is_exact

    @property
    def paused_until(self) -> float:
        """End of the latest pause, whichever process asked for it, as far as is known here."""
        return max(self._own.paused_until, self._paused)

    def take(self, wanted: int, now: float) -> int:
        """As `Limiter.take`, counting what every process sent; to be sent at once."""
        self._now = now
        if self._pause > now:
            self._tell_pause()
        if now < self._not_before:
            return 0
        asked = self._own.take(wanted, now)
        if not asked:
            self._ready = self._own.ready_after(1, now)
            return 0
        grant = self._granted(asked, now)
        self._ready = grant.ready
        if asked < wanted:
            self._ready = max(self._ready, self._own.ready_after(1, now))
        if grant.granted < asked:
            self._own.recall(asked - grant.granted)
            self._not_before = min(grant.ready, now + _PATIENCE)
        if grant.granted and self._clock is not None and self._clock() > now + _LEASE:
            return 0
        return grant.granted

    def _granted(self, asked: int, now: float) -> Grant:
        if not self._file.enter(now):
            return Grant(0, now + _AGAIN)
        self._know(now)
        grant = self._shares.take(self._job, self.rate, asked, now, self._processes)
        return grant if self._file.leave() else Grant(0, now + _AGAIN)

    def _know(self, now: float) -> None:
        """Begin with nothing where nothing is known, but for the pause that is known here."""
        if self._file.is_unknown:
            self._shares.begin(now)
            if self._paused > now:
                self._shares.pause(self._paused, now)
        self._paused = self._shares.paused_until

    def ready_at(self, now: float) -> float:
        """As `Limiter.ready_at`."""
        return max(now, self._ready)

    def pause(self, until: float) -> None:
        """As `Limiter.pause`, for every process."""
        self._own.pause(until)
        self._ready = max(self._ready, until)
        self._pause = max(self._pause, until)
        self._tell_pause()

    def _tell_pause(self) -> None:
        """Where the state is held by another, the next `take` tells it."""
        if self._file.enter(self._now):
            self._know(self._now)
            self._shares.pause(self._pause, self._now)
            if self._file.leave():
                self._pause = 0.0
