"""What can end a run, each with the exit code that scripts rely on.

Rule: an `Error` ends a run, a `Fault` (protocol/messages.py) ends one attempt at one lookup.
Every message names the file, the row or the setting, and says what to do.
"""

from typing import ClassVar

__all__ = (
    "EXIT_CODES",
    "AccountError",
    "ChangedListError",
    "CheckpointError",
    "DefectError",
    "InputError",
    "Interrupted",
    "LimitReached",
    "LockedError",
    "MsisdnError",
    "ServiceError",
    "StorageError",
    "TooManyRejected",
    "UsageError",
)

EXIT_CODES: dict[int, str] = {
    0: "done; every row has its final place",
    1: "a defect of the program",
    2: "usage or settings",
    3: "done and written, but some rows are `unresolved`: run again",
    10: "input missing, unreadable or without a number column",
    11: "another run holds this output",
    12: "the service refused the account",
    13: "the service cannot be used: unreachable, or answering nonsense; progress is kept",
    14: "budget, lookup limit or deadline reached; progress is kept",
    15: "the checkpoint belongs to another input or other settings, or is damaged",
    16: "storage: full disk, failed write; progress is kept",
    17: "too many rows were rejected (`--max-rejected`); nothing was asked",
    129: "the terminal went away (SIGHUP) after a clean checkpoint",
    130: "interrupted (SIGINT) after a clean checkpoint",
    143: "terminated (SIGTERM) after a clean checkpoint",
}
"""Every exit code and what it means; the table in the documents is made from this."""


class MsisdnError(Exception):
    """Ends a run. The message is for the user: what happened, and what to do about it."""

    exit_code: ClassVar[int] = 1
    told = False
    """It was shown already, in the format that was asked for."""


class DefectError(MsisdnError):
    """Something that nobody foresaw. The message names the place; `door.py` makes it."""

    exit_code = 1

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details
        """The traceback, numbers and secrets masked."""

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (str(self), self.details)


class UsageError(MsisdnError):
    """A flag, a variable or a line of `msisdn.toml` is wrong."""

    exit_code = 2


class InputError(MsisdnError):
    """An input is missing, unreadable, or has no number column."""

    exit_code = 10


class LockedError(MsisdnError):
    """Another live process works on this output."""

    exit_code = 11


class AccountError(MsisdnError):
    """The service refused the account, its credentials or the lookup type."""

    exit_code = 12


class ServiceError(MsisdnError):
    """The service cannot be reached, or what answers is not the service."""

    exit_code = 13


class LimitReached(MsisdnError):
    """A limit that the user set (budget, lookups, deadline) was reached."""

    exit_code = 14


class CheckpointError(MsisdnError):
    """The checkpoint or output belongs to something else, or is damaged."""

    exit_code = 15


class ChangedListError(CheckpointError):
    """The output is a complete run's, of a list that has other content now; all else is the same."""


class StorageError(MsisdnError):
    """A write failed: the disk is full, or permission is missing."""

    exit_code = 16


class TooManyRejected(MsisdnError):
    """More rows were rejected than the user allows; nothing was looked up."""

    exit_code = 17


class Interrupted(MsisdnError):
    """A signal asked the run to stop; everything known is on disk."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number

    def __reduce__(self) -> tuple[type, tuple[str, int]]:
        return type(self), (str(self), self.signal_number)

    @property
    def code(self) -> int:
        """128 + the signal, as shells report it: 129, 130 or 143."""
        return 128 + self.signal_number
