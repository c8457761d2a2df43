"""Every fault at every operation, each fault by itself, so that several can be tried at once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.simulator.embedded import embedded
from tests.faults.faulty import FAULTS
from tests.faults.loop import TWICE, Tally, every_operation
from tests.faults.replacement import every_step, replacement
from tests.faults.small_run import Finished, small_run
from tests.flow.conftest import Simulated

__all__ = ("Loop", "looped", "loops")


class Loop(NamedTuple):
    """One fault, at every operation of one kind of run."""

    rows: str
    fault: str
    piped: bool = False
    again: bool = False
    """`--restart` over a finished output."""

    def __str__(self) -> str:
        return f"{self.rows}, again" if self.again else "-" if self.piped else self.rows


def loops() -> Iterator[Loop]:
    for rows, piped, again in (
        ("unique", False, False), ("all", False, False), ("unique", True, False),
        ("unique", False, True), ("all", False, True),
    ):  # fmt: skip
        for name in (*FAULTS, TWICE):
            yield Loop(rows, name, piped, again)


def looped(loop: Loop, stride: int) -> Tally:
    """What came of it, against a service of its own."""
    with embedded(seed="faults") as endpoints, tempfile.TemporaryDirectory() as name:
        folder, service = Path(name), Simulated(endpoints)
        if loop.again:
            with replacement(folder, service, loop.rows) as given:
                return every_step(given, folder, loop.fault, stride=stride)
        with small_run(folder, service, loop.rows, piped=loop.piped) as run:
            run(folder / "whole")
            wanted = Finished.of(folder / "whole")
            return every_operation(run, wanted, folder, loop.fault, stride=stride)
