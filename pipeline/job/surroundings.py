"""What a job takes from the outside: clocks, dice, streams, signals."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import BinaryIO

from pipeline.events import Announce, ignore
from pipeline.ledger.files import Files
from pipeline.stop import Stop

__all__ = ("Surroundings",)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a job takes from the outside; tests bring their own."""

    clock: Callable[[], float]
    """Monotonic seconds, the same for all processes of the machine."""
    wall: Callable[[], float]
    """Seconds since 1970."""
    dice: Random
    began: tuple[float, float] | None = None
    """What `clock` and `wall` showed when the command began; None is when it first matters."""
    busy: Callable[[], float] = lambda: 0.0
    """Processor seconds that the calling thread has taken."""
    announce: Announce = ignore
    stop: Stop = field(default_factory=Stop)
    stdin: BinaryIO = field(default_factory=io.BytesIO)
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    files: Files = field(default_factory=Files)
    """Every durable operation goes through it."""
