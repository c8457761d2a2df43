"""What shards need, wherever they are looked up."""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from pipeline.ledger.checkpoint import Checkpoint
from pipeline.lookup.quota import most_requests
from pipeline.prices import price_of
from pipeline.settings import Settings
from pipeline.transports.contract import Service
from pipeline.write import Output

__all__ = ("Brief",)


@dataclass(frozen=True, kw_only=True)
class Brief:
    """Everything that shards need, wherever they are processed. Can be pickled."""

    settings: Settings
    service: Service
    checkpoint: Checkpoint
    output: Output
    account: Path | None
    """State file of the account's shared rate; None where nobody else asks in its name."""
    total: int
    """Numbers to ask in all, and how many of them are done."""
    already: int
    trusted: bool = False
    """The service answered others, in an earlier run."""
    deadline: float | None = None
    """Seconds since 1970; the same for all workers."""
    until: float | None = None
    """The end of a span that is allowed, by the machine's monotonic clock."""
    processes: int = 1
    """How many share the rate and the limits."""

    def share(self, number: int) -> "Brief":
        """The brief of one of `processes` workers, numbered from 0: its part of the concurrency.

        Of what the rate and the limits allow, each takes as it needs.
        """
        given = self.settings.concurrency
        part = given and given // self.processes + (number < given % self.processes)
        return replace(self, already=0, settings=replace(self.settings, concurrency=part))

    @property
    def most(self) -> int | None:
        """Requests that may leave in this invocation, of all workers together; None is no limit."""
        settings = self.settings
        return most_requests(settings.max_lookups, settings.budget, self.price)

    @property
    def price(self) -> Decimal | None:
        """The most that one lookup may cost."""
        return price_of(self.settings.lookup, self.settings.price)[1]
