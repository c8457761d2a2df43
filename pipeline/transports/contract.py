"""What a transport promises. The conformance tests hold every transport to it.

- `send` puts queries on the wire at once, one request each; the caller has paid the limiter. What
  cannot leave at once is paid for anew (`Service.pay_again`).
- Exactly one outcome comes for each query, through `deliver`, in batches as they come; after a
  transient fault the answer may follow late, as one outcome more.
- A transport never retries, never limits, never logs. It gives up a query at its time-out.
- Nothing is credited to a number unless the service said it of that number.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from pipeline.protocol.messages import Credentials, Lookup, Outcome, Query

__all__ = ("SOON", "Deliver", "Service", "Transport", "TransportCounts", "Unreachable", "Withdrawn")

SOON = 0.008
"""Seconds for which a request may wait for a connection, a worker or a token without being paid for
anew (`Service.pay_again`): as many as the limiter leaves room for."""


class Unreachable(Exception):
    """Nobody answers at the endpoint or the token URL; the text says which, and why."""

    def __init__(
        self, text: str, *, passing: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(text)
        self.passing = passing
        """It looks like something that passes, rather than like a wrong address."""
        self.retry_after = retry_after
        """Seconds to wait, where somebody asked for that."""


class Withdrawn(Exception):
    """A request that waited to be paid for anew is not to leave any more."""


Deliver = Callable[[list[Outcome]], None]
"""Takes outcomes as they come. Called on the event loop; must not block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where the service is and who asks."""

    endpoint: str
    """`https://host/enumlookup`, `tcp://host:port` or `udp://host:port`."""
    credentials: Credentials
    lookup: Lookup = Lookup.PROFILE
    timeout: float = 10.0
    """Seconds to wait for an answer."""
    token_url: str = ""
    proxy: str | None = field(default=None, repr=False)
    """For REST: `http://host:port`, maybe with `name:password@`."""
    concurrency: int | None = None
    """The most queries that will be in flight; None leaves it to the transport's `capacity`."""
    pay_again: Callable[[], Awaitable[None]] | None = None
    """Awaited for a request that could not leave soon after it was paid for, as when its connection
    had to be opened: others may have left in its place, or with it. Raises `Withdrawn`."""


@dataclass(slots=True)
class TransportCounts:
    """What a transport saw that no outcome tells."""

    late: int = 0
    """Answers to questions that had been given up."""
    doubled: int = 0
    """Answers to questions that had been answered."""
    strays: int = 0
    """Answers with a number that was never asked, and bytes that are no answer."""
    connections: int = 0
    """Connections opened."""
    notes: list[str] = field(default_factory=list)
    """What was found out about the server, in words, such as `closes after each answer`."""


class Transport(Protocol):
    """One way to the service. Made with a `Service` and a `Deliver`; used as a context."""

    counts: TransportCounts

    async def __aenter__(self) -> Self:
        """Connect, and for REST fetch the token.

        Raises `transports.Unreachable` when nobody answers there (it may be tried again), and
        `AccountError` when the credentials are refused.
        """
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close. Queries still open get no outcome any more."""
        ...

    @property
    def most(self) -> int:
        """How many queries can be under way at once, as sockets and memory of this machine allow."""
        ...

    @property
    def capacity(self) -> int:
        """How many more queries `send` can take now without waiting behind others.

        A TCP server that takes one question a connection has little; it may change at any time.
        """
        ...

    def send(self, queries: Sequence[Query]) -> None:
        """Put one request for each query on the wire. Never blocks, never raises for the network."""
        ...
