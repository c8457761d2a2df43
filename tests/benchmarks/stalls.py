"""Whether the rate is kept when the service, or the way to it, stands still for a while.

A relay between client and service (`relay.py`) notes each request as it leaves the client, and goes
on reading while nothing passes: so a stall makes no bunch of its own. Beside it stands the service's
own worst second, in which what piled up arrives at once.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.simulator.embedded import embedded
from pipeline.simulator.server import Endpoints
from tests.benchmarks.commands import ROOT, account, meter, msisdn, reset_meter
from tests.benchmarks.figures import Comparison, Figure, Goal, Result
from tests.benchmarks.lists import write_list
from tests.benchmarks.scale import Scale

__all__ = ("stalls",)

_STALLS = (0.5, 3.0, 12.0)
_RATES = (100, 5_000)
_CONCURRENCY = ("auto", 2000)
_KINDS = (("tcp", False), ("tcp", True), ("rest", False), ("rest", True), ("udp", False))
_BEGINS = 1.5
"""Seconds of asking before the stall."""
_AFTER = 2.0
"""Seconds of asking at the rate that are left when it is over."""
_KEPT = 1.01
"""Goal of the worst second, in parts of the rate: the limiter's 1 and one slot of 10 ms."""


def stalls(folder: Path, scale: Scale) -> Iterator[Result]:
    """Every transport, kept and closed after each answer, rate, concurrency, length of the stall."""
    lengths, rates = (_STALLS[:1], _RATES[:1]) if scale.quick else (_STALLS, _RATES)
    for rate in rates:
        for stall in lengths:
            # As many as would leave if the stall kept none back.
            listed = write_list(folder / "list.csv", int(rate * (_BEGINS + stall + _AFTER)))
            for transport, closes in _KINDS:
                for concurrency in _CONCURRENCY:
                    yield from _stalled(
                        folder, listed, transport, rate, stall, closes=closes, flight=concurrency
                    )


def _stalled(
    folder: Path,
    listed: Path,
    transport: str,
    rate: int,
    stall: float,
    *,
    closes: bool,
    flight: object,
) -> Iterator[Result]:
    with embedded(seed="bench", arguments=("--remember", "100000")) as service:
        reset_meter(service)
        with _relay(service, transport, closes=closes) as relay:
            to = urlsplit(getattr(service, transport))
            flags = ["--transport", transport, "--token-url", service.token_url]
            flags += ["--endpoint", f"{to.scheme}://127.0.0.1:{relay.port}{to.path}"]
            flags += ["--rate", str(rate), "--concurrency", str(flight), "--restart", "-q"]
            steering = threading.Thread(target=relay.stall, args=(stall,))
            steering.start()
            given: list[str | Path] = [
                "run",
                listed,
                "-o",
                folder / "out",
                "--region-column",
                "country",
                *flags,
            ]
            msisdn(folder, *given, environment=account(service))
            steering.join()
            requests, worst = relay.read()
        seen = meter(service)
    server = "closes" if closes else "keeps"
    name = f"stalls {transport}, {server}, {rate}/s, concurrency {flight}, {stall:g} s"
    left = Figure(f"{name}, worst second, leaving", "of the rate", (worst / rate,))
    arrived = seen["worst_second"] / rate
    yield left
    yield Figure(f"{name}, worst second, arriving", "of the rate", (arrived,))
    twice = Figure(f"{name}, bought twice", "lookups", (float(seen["billed_more_than_once"]),))
    yield twice
    yield Figure(f"{name}, requests", "a number", (requests / seen["billed_numbers"],))
    yield Comparison(name, left, twice, goals=(Goal(left, _KEPT, at_least=False),))


class _Steered:
    """A relay that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        assert process.stdin is not None
        self._said, self._orders = process.stdout, process.stdin
        self.port = int(self._said.readline())

    def tell(self, word: str) -> None:
        self._orders.write(word + "\n")
        self._orders.flush()

    def read(self) -> tuple[int, int]:
        """Requests that left, and the most of them in a second."""
        self.tell("read")
        requests, worst = json.loads(self._said.readline())
        return requests, worst

    def stall(self, seconds: float) -> None:
        """Once requests leave, and a while later, let nothing pass for so long."""
        until = time.monotonic() + 60
        while not self.read()[0] and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(_BEGINS)
        self.tell("stall")
        time.sleep(seconds)
        self.tell("go")


@contextmanager
def _relay(service: Endpoints, transport: str, *, closes: bool) -> Iterator[_Steered]:
    to = urlsplit(getattr(service, transport))
    orders: dict[str, Any] = {"to": [to.hostname, to.port], "kind": transport, "closes": closes}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.relay", json.dumps(orders)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _Steered(process)
        finally:
            process.terminate()
