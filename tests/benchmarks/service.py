"""A simulator that a benchmark asks and steers while commands run against it."""

import json
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.simulator.server import Endpoints
from tests.benchmarks.commands import Spent, account, meter, msisdn, reaching, reset_meter

__all__ = ("Seen", "run", "runs_at_once", "set_faults")


class Seen(NamedTuple):
    """What came of one or more commands that ran together."""

    spent: tuple[Spent, ...]
    meter: dict[str, Any]
    """What the service counted, all of them together."""
    requests: int
    rate: float
    """Requests a second at the service, from the first to the last."""


def run(folder: Path, service: Endpoints, transport: str, listed: Path, *flags: object) -> Seen:
    """One `msisdn run` of a list, into `folder`/out."""
    return runs_at_once(folder, service, transport, [listed], *flags)


def runs_at_once(
    folder: Path, service: Endpoints, transport: str, lists: Sequence[Path], *flags: object
) -> Seen:
    """A `msisdn run` for each list, all at once on one account, into folders of their own."""
    reset_meter(service)
    given = ["--region-column", "country", "--restart", "-q", *map(str, flags)]
    given += reaching(service, transport)
    shared = account(service) | {"XDG_STATE_HOME": str(folder / "state")}

    def one(place: int) -> Spent:
        own = folder if len(lists) == 1 else folder / str(place)
        own.mkdir(exist_ok=True)
        return msisdn(own, "run", lists[place], "-o", own / "out", *given, environment=shared)

    with ThreadPoolExecutor(len(lists)) as together:
        spent = tuple(together.map(one, range(len(lists))))
    seen = meter(service)
    requests = seen["requests"][transport]
    seconds = seen["seconds"]
    return Seen(spent, seen, requests, (requests - 1) / seconds if seconds else 0.0)


def set_faults(service: Endpoints, *faults: str) -> None:
    """Have the service behave like that from now on."""
    to = service.meter.removesuffix("/meter") + "/faults"
    request = urllib.request.Request(to, data="\n".join(faults).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        json.load(answer)
