"""How fast, in ratios of one run on one machine: `python -m tests.benchmarks [NAME...] [--quick]`.

Standard output gets one JSON line for each figure as soon as it is known, standard error a table
at the end. What the figures mean stands in `README.md`.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.clean import clean
from tests.benchmarks.commands import ROOT
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.lookup import lookup, transports
from tests.benchmarks.memory import memory
from tests.benchmarks.start_up import start_up

__all__ = ("BENCHMARKS", "main")

Benchmark = Callable[[Path, bool], Iterator[Figure]]

BENCHMARKS: dict[str, Benchmark] = {
    "start-up": start_up,
    "clean": clean,
    "lookup": lookup,
    "memory": memory,
}
"""What runs when nothing is named, in this order."""

BUSY = 0.5
"""Load average, over the last minute, that is more than an idle machine has."""


def _doubts(load: float, source: float) -> Iterator[str]:
    """Why the figures may not be worth much: `load` and `source` as they were at the start."""
    if load > BUSY:
        yield f"the machine was busy before it began (load {load:.1f}): only ratios mean something"
    if _newest_source() != source:
        yield "the program was changed meanwhile: the figures are of more than one version"


def _newest_source() -> float:
    """When a file of the program was last changed."""
    return max(path.stat().st_mtime for path in (ROOT / "pipeline").rglob("*.py"))


def main() -> None:
    """Run what the command line names."""
    named: dict[str, Benchmark] = BENCHMARKS | transports
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(named)}; all but …-…")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in named]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(named)}")
    load, source = os.getloadavg()[0], _newest_source()
    figures = []
    for name in given.names or BENCHMARKS:
        with TemporaryDirectory(prefix="msisdn-bench-") as scratch:
            for figure in named[name](Path(scratch), given.quick):
                print(figure.as_json(), flush=True)
                figures.append(figure)
    print("", table(figures), sep="\n", file=sys.stderr)
    for doubt in _doubts(load, source):
        print(f"warning: {doubt}", file=sys.stderr)


if __name__ == "__main__":
    main()
