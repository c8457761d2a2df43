"""The whole command as its users start it: a process of its own, its time, processor and memory.

Rules: no setting and no account of the caller's environment reaches a measured command; a command
that fails ends the benchmark with what it said.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.simulator.server import Endpoints

__all__ = (
    "ROOT",
    "Spent",
    "Timed",
    "account",
    "inside",
    "meter",
    "msisdn",
    "python",
    "reaching",
    "reset_meter",
)

ROOT = Path(__file__).parents[2]
_CHILD = Path(__file__).with_name("child.py")
_INSIDE = Path(__file__).with_name("inside.py")


class Spent(NamedTuple):
    """What one command took."""

    wall: float
    """Seconds."""
    cpu: float
    """Processor seconds, user and system."""
    peak: float
    """Most memory at any moment (resident set), in bytes: of the largest process, if several."""
    own: float
    """Likewise without mapped files, looked at every 50 ms; 0 where the system does not tell."""


class Timed(NamedTuple):
    """What calls within one process took."""

    seconds: dict[str, list[float]]
    """By name, one for each run."""
    spent: Spent
    """The process as a whole."""


def msisdn(
    folder: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> Spent:
    """What `msisdn` with these arguments takes; `folder` is where it runs."""
    return python(folder, "-m", "pipeline", *arguments, environment=environment)


def python(
    folder: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> Spent:
    """What a Python program takes. Raises `RuntimeError` with its words if it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MSISDN_")}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))
    own = {"PYTHONPATH": path, "XDG_STATE_HOME": str(folder / "state")}
    own["XDG_CACHE_HOME"] = str(folder / "cache")
    result = folder / "spent.json"
    measured = [sys.executable, *map(str, arguments)]
    ended = subprocess.run(
        [sys.executable, "-I", str(_CHILD), str(result), *measured],
        cwd=folder,
        env=kept | own | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        words = ended.stderr.strip() or ended.stdout.strip()
        raise RuntimeError(f"{' '.join(measured[1:])}: exit {ended.returncode}: {words}")
    return Spent(**json.loads(result.read_text("utf-8")))


def inside(folder: Path, orders: Mapping[str, object]) -> Timed:
    """Time calls in a fresh process; `inside.py` says what there is to order."""
    result = folder / "timed.json"
    spent = python(folder, _INSIDE, json.dumps(orders), result)
    return Timed(json.loads(result.read_text("utf-8")), spent)


def account(service: Endpoints) -> dict[str, str]:
    """The simulator's account, as a command's environment."""
    return {"MSISDN_CLIENT_ID": service.client_id, "MSISDN_CLIENT_SECRET": service.client_secret}


def reaching(service: Endpoints, transport: str) -> list[str]:
    """Flags that make `msisdn` use the simulator."""
    flags = ["--transport", transport, "--endpoint", str(getattr(service, transport))]
    return [*flags, "--token-url", service.token_url] if transport == "rest" else flags


def meter(service: Endpoints) -> dict[str, Any]:
    """What the service counted."""
    with urllib.request.urlopen(service.meter) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def reset_meter(service: Endpoints) -> None:
    """Let the service count from nothing."""
    request = urllib.request.Request(service.meter + "/reset", method="POST")
    with urllib.request.urlopen(request):
        pass
