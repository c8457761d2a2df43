"""What the machine grants this program, and how its libraries use it, before they are imported.

Polars and NumPy start threads and reserve memory as they please, and where they cannot they abort
the process or wait for ever. So that is found out first, and said.
"""

import _thread
import contextlib
import ctypes
import os
import resource

from pipeline.errors import UsageError

__all__ = ("FEW_FILES", "check_machine", "open_files", "spare_machine")

_CORES = os.cpu_count() or 1
THREADS = min(14 + 4 * _CORES, 64)
"""What a run starts, Polars' and NumPy's threads included: 22 where there are two cores."""
_POLARS = "POLARS_MAX_THREADS"
_ADDRESSES = (1536 + 256 * min(_CORES, 16)) << 20
"""Bytes of address space, most of it only reserved. With two cores a run peaks at 2.7 GB where it
is not limited; below 1.5 GB it was aborted, or hung, more often than not."""
_FEWEST_FILES = 40
FEW_FILES = 256
"""Below so many a run may have to do with fewer connections than the rate needs."""
_ENOUGH_FILES = 65_536

_ARENAS = "MALLOC_ARENA_MAX"
_SPARING = {
    "OPENBLAS_NUM_THREADS": "1",  # linear algebra is not used here, and its threads spin for 0.1 s
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    _ARENAS: str(max(2, _CORES)),
}
"""For this process, and its workers. A million rows in one pool of memory of the C library, with an
arena for each core, take a tenth less time and a sixth less memory than with a pool for PyArrow and
eight arenas for each core: most of that is pages which the kernel need not clear again."""
_M_ARENA_MAX = -8
"""As `malloc.h` of the GNU C library has it."""


def spare_machine() -> None:
    """Set how libraries use memory and threads, where the environment does not say."""
    arenas = _ARENAS not in os.environ  # else the C library has read it when this process began
    for name, value in _SPARING.items():
        os.environ.setdefault(name, value)
    if arenas:
        with contextlib.suppress(AttributeError, OSError):  # not every C library has arenas
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, int(_SPARING[_ARENAS]))


def check_machine() -> None:
    """Raise `UsageError` where a limit leaves too little of something; `ulimit` sets them."""
    addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
    if addresses != resource.RLIM_INFINITY and addresses < _ADDRESSES:
        raise UsageError(
            f"this process may use {addresses >> 20:,} MB of memory, and needs {_ADDRESSES >> 20:,}"
            f" MB of address space: raise the limit (ulimit -v $(({_ADDRESSES >> 20} << 10)), or unlimited)"
        )
    threads = os.environ.get(_POLARS, "1")
    if not (threads.isdecimal() and int(threads)):
        raise UsageError(f"{_POLARS} is {threads!r}: give a number from 1, or unset it")
    if (started := _threads_started()) < THREADS:
        raise UsageError(
            f"this process may start {started} threads more, and needs {THREADS}: raise the limit"
            " (ulimit -u, the container's or the service's number of tasks), or end other programs"
        )
    if (files := open_files()) < _FEWEST_FILES:
        raise UsageError(
            f"this process may have {files} files open, and needs {_FEWEST_FILES}: raise the limit"
            " (ulimit -n 4096)"
        )


def open_files() -> int:
    """How many files may be open, once as many are asked for as are allowed and useful."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft if soft != resource.RLIM_INFINITY else _ENOUGH_FILES
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS allows fewer than it says
        return soft
    return wanted


def _threads_started() -> int:
    """How many of the threads that are needed can run at the same time."""
    gate, ended = _thread.allocate_lock(), _thread.allocate_lock()
    started, left = 0, []

    def wait() -> None:
        with gate:
            left.append(True)
            if len(left) == started:
                ended.release()

    ended.acquire()
    with gate, contextlib.suppress(RuntimeError):
        while started < THREADS:
            _thread.start_new_thread(wait, ())
            started += 1
    if started:
        ended.acquire()
    return started
