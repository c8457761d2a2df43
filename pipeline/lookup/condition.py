"""The condition that the service is in, as its answers and failures show it."""

from dataclasses import dataclass

from pipeline.lookup.concurrency import Concurrency
from pipeline.lookup.health import Breaker
from pipeline.lookup.service_rate import ServiceRate

__all__ = ("Condition",)


@dataclass(slots=True)
class Condition:
    """Three judges of the same events: how many at once, how fast, and whether at all."""

    concurrency: Concurrency
    rate: ServiceRate
    breaker: Breaker
