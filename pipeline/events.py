"""What a stage can announce while it works. Who shows it, and how, is `report`'s business.

Rule: counts and masked text only, never a number or a secret.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = (
    "Announce",
    "Event",
    "Failed",
    "LookupProgress",
    "Notice",
    "PartWritten",
    "Planned",
    "ReadProgress",
    "RunStarted",
    "ignore",
)


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins, or goes on."""

    command: str
    out: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """Rows read and normalised so far."""

    rows: int
    rejected: int
    source: str


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan is made: what will be asked."""

    rows: int
    unique: int
    to_ask: int
    shards: int


@dataclass(frozen=True, slots=True)
class LookupProgress:
    """State of the lookup stage, a few times a second."""

    done: int
    """Numbers that have an answer on disk, earlier runs included."""
    total: int
    """Numbers to ask, those done included."""
    requests: int
    """Requests sent in this run."""
    rate: float
    """Answers a second over the last seconds."""
    rate_set: float
    in_flight: int
    concurrency: int
    retries: int
    throttled: int
    refused: int
    unresolved: int
    seconds_left: float | None
    """None while it cannot be known."""
    state: str = "running"
    """`running`, `paused` (throttled), `broken` (the breaker is open), `draining`."""
    service_rate: float | None = None
    """Requests a second that the service lets through, where that is less than the rate that is set."""


@dataclass(frozen=True, slots=True)
class PartWritten:
    """A part file is complete under its final name."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the user should know; it does not end the run."""

    level: str
    """`info` or `warning`."""
    text: str
    fields: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """The job ends with an error."""

    exit_code: int
    text: str


Event = Failed | RunStarted | ReadProgress | Planned | LookupProgress | PartWritten | Notice
Announce = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Tell nobody; for callers that do not listen."""
