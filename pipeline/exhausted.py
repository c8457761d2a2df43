"""What a machine can run out of in the middle of a job: memory, threads, open files."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import MsisdnError, StorageError

__all__ = ("exhaustion_told",)

_FILES = "no more files can be opened: raise the limit (ulimit -n 4096)"
_MEMORY = "there is no more memory: end other programs, or raise the limit (ulimit -v unlimited)"
_THREADS = (
    "no more threads can be started: end other programs, or raise the limit (ulimit -u, the"
    " container's or the service's number of tasks)"
)
_LACKING = {
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: _MEMORY,
    errno.EAGAIN: _THREADS,
}
_PANICS = {f"os error {number}": lacking for number, lacking in _LACKING.items()}
"""How Rust's errors end, which Polars raises as a panic, or as an error of its own."""


@contextmanager
def exhaustion_told() -> Iterator[None]:
    """Raise `StorageError`, a sentence of what to do, where the machine has no more of something."""
    try:
        yield
    except MsisdnError:
        raise
    except BaseException as error:
        lacking = _lacking(error)
        if not lacking:
            raise
        raise StorageError(f"{lacking}; progress is kept, run the same command to go on") from error


def _lacking(error: BaseException) -> str:
    """What there is no more of, and what to do; empty for any other error."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_lacking, error.exceptions)), "")
    if isinstance(error, MemoryError):
        return _MEMORY
    if isinstance(error, OSError) and error.errno in _LACKING:
        return _LACKING[error.errno]
    text = str(error)
    if isinstance(error, RuntimeError) and "start new thread" in text:
        return _THREADS
    return next((lacking for sign, lacking in _PANICS.items() if sign in text), "")
