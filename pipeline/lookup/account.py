"""One rate for all jobs of one account on this machine, through a small file and no server.

The limiter's state lies in a memory-mapped file, and whoever takes from it holds the file's lock
for the few microseconds that this needs. A process that dies lets go of the lock by dying. The
clock is the machine's monotonic one, which all processes share.
"""

import errno
import fcntl
import hashlib
import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import StorageError
from pipeline.lookup.limiter import STATE_BYTES, Limiter

__all__ = ("SharedLimiter", "account_file", "default_state_dir", "state_folder")


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


def account_file(folder: Path, endpoint: str, client_id: str) -> Path:
    """The state file of an account at an endpoint. Its name tells nobody which account."""
    digest = hashlib.sha256(f"{endpoint}\n{client_id}".encode()).hexdigest()[:24]
    return folder / f"rate-{digest}"


class SharedLimiter:
    """A `Limiter` whose allowance is shared by every process that opens the same file.

    Each process brings its own set rate and keeps to it, counting what all of them sent. Raises
    `StorageError` when the file cannot be made.
    """

    def __init__(self, path: Path, rate: float, now: float) -> None:
        self._path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._file).st_size < STATE_BYTES:
                os.truncate(self._file, STATE_BYTES)
            self._map = mmap.mmap(self._file, STATE_BYTES)
        except OSError as error:
            raise StorageError(
                f"{path}: the state shared by jobs of one account cannot be opened"
                f" ({error.strerror}); choose another place with --state-dir"
            ) from None
        self._view = memoryview(self._map)
        with self._held():
            self._limiter = Limiter(rate, now, self._view)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The views must go before the map, and the map before the file.
        del self._limiter
        self._view.release()
        self._map.close()
        os.close(self._file)

    @contextmanager
    def _held(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    @property
    def rate(self) -> float:
        """Requests a second that this process keeps to."""
        return self._limiter.rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._limiter.rate = rate

    @property
    def paused_until(self) -> float:
        """End of the latest pause, whichever process asked for it."""
        return self._limiter.paused_until

    def take(self, wanted: int, now: float) -> int:
        """As `Limiter.take`, counting what every process sent."""
        with self._held():
            return self._limiter.take(wanted, now)

    def ready_at(self, now: float) -> float:
        """As `Limiter.ready_at`."""
        with self._held():
            return self._limiter.ready_at(now)

    def pause(self, until: float) -> None:
        """As `Limiter.pause`, for every process."""
        with self._held():
            self._limiter.pause(until)
