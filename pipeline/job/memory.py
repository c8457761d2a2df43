"""Memory of a process that looks numbers up: seldom collected, and given back."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ("few_collections", "give_back")

_TRACKED = 100_000
"""Objects made and not dropped between two looks for garbage: some 10 MB."""


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for garbage in cycles seldom, and not among what was there before.

    A lookup leaves some tuples and no cycle; the usual thresholds took a seventh of the time.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_TRACKED, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def give_back() -> None:
    """Give memory that is free back to the system.

    glibc keeps what is freed between what is in use: after a part 100 to 190 MB, as chance has it.
    This takes 10 ms.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
