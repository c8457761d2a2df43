"""Real processes, killed at random instants and started again, until the list is done; then another.

Instants are spread over the whole of an undisturbed run: start, reading, planning, asking, the
writing of parts, the end.
"""

import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.small_run import Finished
from tests.flow.conftest import Command, Simulated, write_list

__all__ = ("COUNT", "IN_FLIGHT", "KillLoop", "Killed")

COUNT = 600
IN_FLIGHT = 16
_SPEED = ("--rate", "2500", "--concurrency", str(IN_FLIGHT), "--shard-rows", "90")
_SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_CLEAN = {130, 143}
_ENDS = {
    signal.SIGKILL: {-9},
    # Before the command has its handlers, Python's own ends it, and nothing has begun.
    signal.SIGTERM: {143, -15},
    signal.SIGINT: {130, -2, 1},
}


@dataclass(slots=True)
class Killed:
    """What came of one transport and number of workers."""

    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    """Lists that came to their end."""
    again: int = 0
    """Lookups bought again, in all, and the most by one run."""
    most: int = 0
    unexplained: int = 0
    """Bought again beyond what was in flight at crashes: so all of it after clean stops alone."""
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class KillLoop:
    """One way to the service, in a folder of its own."""

    folder: Path
    service: Simulated
    transport: str
    workers: int
    dice: Random
    told: Killed = field(default_factory=Killed)
    _listed: Path = field(init=False)
    _command: Command = field(init=False)
    _wanted: Finished = field(init=False)
    _seconds: float = field(init=False)

    def __post_init__(self) -> None:
        self._listed = write_list(self.folder / "list.csv", COUNT)
        self._command = Command(self.folder, dict(self.service.account))
        began = time.monotonic()
        ended = self._command(*self._arguments("whole"))
        assert ended.returncode == 0, ended.stderr
        self._seconds = time.monotonic() - began
        self._wanted = Finished.of(self.folder / "whole")

    def _arguments(self, out: str) -> tuple[object, ...]:
        way = self.service.options(self.transport)
        return ("run", self._listed, "-o", out, *_SPEED, "--workers", self.workers, *way)

    def go_on(self, kills: int) -> Killed:
        """Kill until there were so many, and see every list to its end."""
        while self.told.kills.total() < kills:
            self._one_list(kills - self.told.kills.total())
        return self.told

    def _one_list(self, most: int) -> None:
        """One list: killed up to `most` times, or until it is done, then left in peace."""
        self.service.reset()
        bought = allowed = 0
        meter = self.service.meter()
        for number in range(most + 1):
            code, sent = self._disturbed() if number < most else (self._undisturbed(), None)
            meter = self.service.meter()
            now = meter["billed"] - meter["billed_numbers"]
            self._bought(now - bought, now - allowed)
            bought = now
            if sent is not None:
                self.told.kills[sent.name] += 1
            if sent is not None and code not in _CLEAN:
                allowed += IN_FLIGHT
            if code == 0:
                break
        self._check(meter["billed_numbers"])
        shutil.rmtree(self.folder / "out")

    def _disturbed(self) -> tuple[int, signal.Signals | None]:
        """Run, and send a signal at a random instant: how it ended, and the signal that ended it."""
        sent = self.dice.choice(_SIGNALS)
        with self._command.start(*self._arguments("out")) as run:
            try:
                _, said = run.communicate(timeout=self.dice.random() * self._seconds)
            except subprocess.TimeoutExpired:
                run.send_signal(sent)
                _, said = run.communicate(timeout=60)
                if run.returncode != 0:
                    if run.returncode not in _ENDS[sent]:
                        self.told.failures.append(f"{sent.name}: {run.returncode}: {said[-400:]}")
                    return run.returncode, sent
        if run.returncode != 0:
            self.told.failures.append(f"undisturbed: {run.returncode}: {said[-400:]}")
        return run.returncode, None

    def _undisturbed(self) -> int:
        ended = self._command(*self._arguments("out"))
        if ended.returncode:
            self.told.failures.append(f"at last: {ended.returncode}: {ended.stderr[-400:]}")
        return ended.returncode

    def _bought(self, again: int, beyond: int) -> None:
        self.told.again += again
        self.told.most = max(self.told.most, again)
        if again and beyond > 0:
            self.told.unexplained += min(again, beyond)
            self.told.failures.append(f"{min(again, beyond)} bought again that no crash explains")

    def _check(self, asked: int) -> None:
        self.told.runs += 1
        try:
            assert Finished.of(self.folder / "out") == self._wanted, "other rows"
            assert asked == COUNT, f"{asked} numbers asked"
        except AssertionError as error:
            self.told.failures.append(str(error))
