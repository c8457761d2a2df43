"""The command in a process of its own, against a simulator in another."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import phonenumbers
import polars as pl
import pytest

from pipeline.simulator.embedded import embedded
from pipeline.simulator.server import Endpoints

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_data" / "customers.csv"
TIMING = ("answered_at", "source")
"""Columns that depend on when and how a row was asked."""
FICTIONAL = re.compile(r"1\d{3}55501\d{2}")
"""A whole number of `numbers`."""


def numbers(count: int) -> list[str]:
    """Fictional numbers of North America: 555-01xx in many area codes; 42 300 at most."""
    valid = AREA_CODES if count <= 100 * len(AREA_CODES) else all_area_codes()
    return [f"+1{code}55501{last:02}" for last in range(100) for code in valid][:count]


@cache
def all_area_codes() -> tuple[int, ...]:
    """Those with mobile numbers, by libphonenumber's tables."""
    parsed = {code: phonenumbers.parse(f"+1{code}5550100") for code in range(201, 990)}
    mobile = phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
    return tuple(c for c, number in parsed.items() if phonenumbers.number_type(number) == mobile)


AREA_CODES = (
    *(201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219),
    *(224, 225, 228, 229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267),
    *(301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319),
    *(401, 402, 404, 405, 406, 407, 408, 409, 410, 412, 413, 414, 415, 417, 419, 423, 425),
    *(501, 502, 503, 504, 505, 507, 508, 509, 510, 512, 513, 515, 516, 517, 518, 520, 530),
)


def write_list(path: Path, count: int) -> Path:
    lines = ["id,phone", *(f"{row},{number}" for row, number in enumerate(numbers(count)))]
    path.write_text("\n".join(lines) + "\n")
    return path


@dataclass
class Command:
    """`msisdn` with an environment and a folder of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: object, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *map(str, arguments)],
            cwd=self.folder,
            env=self._environment(),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(
        self, *arguments: object, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        ended = subprocess.run(
            [sys.executable, "-m", "pipeline", *map(str, arguments)],
            cwd=self.folder,
            env=self._environment(),
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
        )
        # Whatever a test is about: nothing that is said names a secret, no log names a number.
        secret = self.environment.get("MSISDN_CLIENT_SECRET", "secret")
        # Some tests use that very word, which messages use too.
        assert secret == "secret" or secret not in ended.stdout + ended.stderr
        assert not FICTIONAL.search(ended.stderr), ended.stderr
        return ended

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MSISDN_")}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        state = str(self.folder / "state")
        return kept | {"PYTHONPATH": path, "XDG_STATE_HOME": state} | self.environment


def workers_of(run: "subprocess.Popen[str]", count: int) -> list[int]:
    """The worker processes of a run, as soon as there are so many; they may not be ready yet."""
    until = time.monotonic() + 30
    while len(found := [pid for pid, line in children_of(run.pid) if "spawn_main" in line]) < count:
        assert run.poll() is None, "it has ended"
        assert time.monotonic() < until, f"not {count} workers"
        time.sleep(0.001)
    return found


def children_of(parent: int) -> Iterator[tuple[int, str]]:
    """The processes that a process has started and that still run, with their command lines."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("there is no /proc here")
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            of = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ")
            if of == parent and line:  # one that has ended, and is not yet waited for, has none
                yield int(process.name), line.decode(errors="replace")


@dataclass(frozen=True)
class Simulated:
    """A running simulator."""

    endpoints: Endpoints

    def options(self, transport: str) -> list[str]:
        """Flags that make `msisdn` use it."""
        endpoint = str(getattr(self.endpoints, transport))
        flags = ["--transport", transport, "--endpoint", endpoint]
        return [*flags, "--token-url", self.endpoints.token_url] if transport == "rest" else flags

    @property
    def account(self) -> dict[str, str]:
        return {
            "MSISDN_CLIENT_ID": self.endpoints.client_id,
            "MSISDN_CLIENT_SECRET": self.endpoints.client_secret,
        }

    def meter(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.endpoints.meter + "?numbers=1") as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def reset(self) -> None:
        request = urllib.request.Request(self.endpoints.meter + "/reset", method="POST")
        with urllib.request.urlopen(request):
            pass

    def wait_until_billed(self, count: int) -> None:
        """Return when so many lookups were carried out."""
        until = time.monotonic() + 30
        while self.meter()["billed"] < count:
            assert time.monotonic() < until, f"not {count} lookups in 30 seconds"
            time.sleep(0.005)


@pytest.fixture(scope="module")
def service() -> Iterator[Simulated]:
    with embedded(seed="flow") as endpoints:
        yield Simulated(endpoints)


@pytest.fixture
def simulator(service: Simulated) -> Simulated:
    """The module's simulator with its meter at zero."""
    service.reset()
    return service


@pytest.fixture
def msisdn(tmp_path: Path) -> Command:
    """The command, in an empty folder and without an account."""
    return Command(tmp_path)


@pytest.fixture
def account(msisdn: Command, simulator: Simulated) -> Command:
    """The command with the simulator's account."""
    msisdn.environment |= simulator.account
    return msisdn


def enriched(out: Path, without: Sequence[str] = TIMING) -> pl.DataFrame:
    """The enriched rows, without what depends on the moment."""
    parts = sorted((out / "enriched").glob("*.parquet"))
    # By their bytes, because Polars takes a path for a pattern.
    return pl.read_parquet([part.read_bytes() for part in parts]).drop(without)
