"""`Files` whose n-th operation goes wrong, in one of the ways in which operations do.

Operations are carried out one at a time, whichever thread asks, so that "the n-th" has a meaning.
"""

import errno
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.ledger.files import Files
from tests.faults.disk import Disk

__all__ = ("FAULTS", "Fault", "Faulty", "KilledWhenDone")

T = TypeVar("T")

_TAKES_SPACE = {"create", "write", "mkdir", "rename"}


@dataclass(frozen=True, slots=True)
class Fault:
    """How an operation goes wrong."""

    code: int = 0
    """`errno`; none where the process ends."""
    stays: bool = False
    """From then on everything that takes space fails."""
    dies: bool = False
    """Nothing is carried out any more, as in a process that is killed."""
    short: bool = False
    """A write takes half of what it is given before that."""
    power: bool = False
    """What is not safe is lost (`Disk.cut_power`)."""


FAULTS: dict[str, Fault] = {
    "ENOSPC": Fault(errno.ENOSPC),
    "full disk": Fault(errno.ENOSPC, stays=True, short=True),
    "EIO": Fault(errno.EIO),
    "short write": Fault(short=True),
    "kill": Fault(dies=True),
    "kill in a write": Fault(dies=True, short=True),
    "power cut": Fault(dies=True, power=True),
}


class Faulty(Files):
    """Counts operations; at number `at`, from 1 on, comes the fault. With 0 none ever does."""

    def __init__(self, at: int, fault: Fault, disk: Disk | None = None) -> None:
        self.at = at
        self.seen: list[str] = []
        self._fault = fault
        self._disk = disk
        self._dead = False
        self._lock = threading.RLock()

    @property
    def struck(self) -> bool:
        """The fault has come."""
        return 0 < self.at <= len(self.seen)

    def follow(self, disk: Disk) -> None:
        """Tell it of what is carried out."""
        self._disk = disk

    def kill(self) -> None:
        """Here and now, whatever the number of operations."""
        self._dead = True

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        with self._lock:
            return super().perform(
                operation, path, lambda: self._carried_out(operation, path, call)
            )

    def write(self, fd: int, data: bytes | memoryview, path: Path) -> None:
        with self._lock:
            if self._fault.short and not self._dead and len(self.seen) + 1 == self.at and len(data):
                os.write(fd, memoryview(data)[: (len(data) + 1) // 2])
                if not (self._fault.code or self._fault.dies):
                    # All that happened is that the kernel took less: the rest is asked for.
                    data = memoryview(data)[(len(data) + 1) // 2 :]
            super().write(fd, data, path)

    def _carried_out(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        if operation == "close":
            # A descriptor is let go whatever happens, as by a process that ends.
            if not self._dead:
                self._count(operation, path)
            result = call()
            if self._strikes(operation):
                raise self._error()
            return result
        if self._dead:
            raise self._error()
        self._count(operation, path)
        if self._strikes(operation):
            self._dead = self._fault.dies
            raise self._error()
        result = call()
        if self._disk is not None:
            self._disk.done(operation, path)
        return result

    def _count(self, operation: str, path: Path) -> None:
        self.seen.append(f"{operation} {path.name}")

    def _strikes(self, operation: str) -> bool:
        if not (self._fault.code or self._fault.dies):
            return False
        if self._fault.stays and self.struck:
            return operation in _TAKES_SPACE
        return len(self.seen) == self.at

    def _error(self) -> OSError:
        code = self._fault.code or errno.EIO
        return OSError(code, os.strerror(code))


class KilledWhenDone(Faulty):
    """A kill as soon as this shard is known to be done."""

    def __init__(self, shard: int) -> None:
        super().__init__(0, FAULTS["kill"])
        self._last = f"rename shard-{shard:05}.json"

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        if self._last in self.seen and not self.at:
            self.at = len(self.seen) + 1
        return super().perform(operation, path, call)
