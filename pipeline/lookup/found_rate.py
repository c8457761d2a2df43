"""The rate that the service was last seen to let through, kept beside the account's state.

It decides nothing: each run finds out anew. `msisdn doctor` tells it.
"""

import struct
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple, Self

from pipeline.errors import StorageError
from pipeline.lookup.state_file import StateFile

__all__ = ("FoundRate", "Seen")

_BLOCK = struct.Struct("=dd")


class Seen(NamedTuple):
    """What was seen."""

    rate: float
    """Requests a second."""
    at: float
    """Seconds since 1970."""


class FoundRate:
    """One account's, in a small file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"<FoundRate {self._path}>"

    @classmethod
    def of(cls, account: Path) -> Self:
        """That of the account with this state file."""
        return cls(account.with_name(account.name.replace("rate-", "found-", 1)))

    def tell(self, rate: float, at: float) -> None:
        """Keep it, where that can be done at once; it is no more than a hint."""
        with suppress(StorageError), closing(self._opened()) as file:
            if file.enter(at):
                _BLOCK.pack_into(file.block, 0, rate, at)
                file.leave()

    def last(self) -> Seen | None:
        """What was kept, if anything."""
        if not self._path.is_file():
            return None
        with suppress(StorageError), closing(self._opened()) as file:
            if file.enter(0.0):
                seen = Seen(*_BLOCK.unpack_from(file.block))
                return seen if seen.rate > 0 else None
        return None

    def _opened(self) -> StateFile:
        return StateFile(self._path, _BLOCK.size, lambda _: None)
