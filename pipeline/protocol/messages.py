"""What is asked, and what can become of it: the words that transports and lookup share.

Rule: values only. A `Fault` ends one attempt at one lookup; it says whether the service may have
carried the request out, and billed it.
"""

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from functools import partial
from itertools import repeat
from typing import NamedTuple

__all__ = (
    "Answer",
    "Credentials",
    "Fault",
    "FaultKind",
    "Lookup",
    "Outcome",
    "Query",
    "queries_of",
)


class Lookup(StrEnum):
    """Type of lookup that is asked for; `profile` leaves the choice to the account."""

    MNP = "mnp"
    HLR = "hlr"
    PROFILE = "profile"


class Credentials(NamedTuple):
    """One pair for all transports: OAuth2 client, or `clientid` and `password` in each request."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"<Credentials of {self.client_id}>"


class Query(NamedTuple):
    """One request for one number."""

    key: int
    """Whatever the caller knows the lookup by; it comes back in the outcome."""
    tel: str
    """E.164 digits."""
    solo: bool = False
    """Nothing else may be under way on the same connection or socket, so that an answer without
    `tel` can belong to no other number."""
    final: bool = False
    """No further attempt follows, so the whole time-out is worth waiting."""


# A class of tuples made in Python costs five times the tuple itself; many are made here at once.
_query_of = partial(tuple.__new__, Query)


def queries_of(keys: Iterable[int], tels: Iterable[str], *, final: bool) -> list[Query]:
    """Many queries, none of them solo."""
    return list(map(_query_of, zip(keys, tels, repeat(False), repeat(final))))


class FaultKind(IntEnum):
    """What kind of failure; the lookup stage decides from it what happens next."""

    TRANSIENT = 0
    """Not JSON, wrong `tel`, other 5xx, no connection: ask again later."""
    THROTTLE = 1
    """429, 502, 503, 504 or Retry-After: the whole run slows down, then ask again."""
    REPLAY = 2
    """The token was refused and is renewed by now: ask again at once, not counted as a failure."""
    ACCOUNT = 3
    """403, `failed`, or a fresh token refused: ends the run with exit code 12."""
    REJECTED = 4
    """Another 4xx: asked again; where nothing was ever answered, a few in a row soon end the run."""
    UNTOLD = 5
    """F3: the service's word about this number, which it may know better another time. It says
    nothing of the service, except that it is there."""
    TIMEOUT = 6
    """No answer in time: ask again later. The service itself has said nothing."""
    DISCONNECTED = 7
    """The connection was reset, closed or silent before the answer; likewise."""


class Fault(NamedTuple):
    """Why an attempt brought no answer."""

    kind: FaultKind
    reason: str
    """A short fixed text, such as `no answer in time`. Never holds a number or a secret."""
    sent: bool = True
    """The request may have reached the service, which may have billed it."""
    retry_after: float | None = None
    """Seconds that the service asked for."""
    solo: bool = False
    """An answer without `tel` may have been this one's: ask it alone next time."""
    code: str = ""
    """The service's own (F3), blank where it named none."""

    @property
    def is_mute(self) -> bool:
        """The service itself has said nothing."""
        return self.kind in {FaultKind.TIMEOUT, FaultKind.DISCONNECTED}


class Answer(NamedTuple):
    """A final answer of the service to one lookup."""

    raw: bytes
    """Exactly as the service sent it."""
    code: str
    """The field `e`, blank when all is well."""


class Outcome(NamedTuple):
    """How one attempt at one lookup ended. Exactly one for every query that was sent.

    After a transient fault an answer may still come late; it is one outcome more, for whoever
    still has a use for it.
    """

    key: int
    result: Answer | Fault
