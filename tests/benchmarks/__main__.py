"""How fast, in ratios of one run on one machine: `python -m tests.benchmarks [NAME...] [--quick]`.

Standard output gets one JSON line for each figure as soon as it is known, standard error a short
table after each benchmark and one of all figures at the end. What they mean stands in `README.md`.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.clean import clean, lists
from tests.benchmarks.commands import ROOT
from tests.benchmarks.cost import cost
from tests.benchmarks.figures import Comparison, Figure, Result, goals, table
from tests.benchmarks.limited import limited
from tests.benchmarks.lookup import lookup, transports
from tests.benchmarks.machine import machine
from tests.benchmarks.memory import memory, memory_clean, memory_run
from tests.benchmarks.normalise import frames, normalise
from tests.benchmarks.pace import latency, rate
from tests.benchmarks.resume import resume
from tests.benchmarks.scale import Scale
from tests.benchmarks.stages import parts, stages
from tests.benchmarks.stalls import stalls
from tests.benchmarks.start_up import start_up
from tests.benchmarks.trouble import faults

__all__ = ("BENCHMARKS", "PARTS", "main")

Benchmark = Callable[[Path, Scale], Iterator[Result]]

BENCHMARKS: dict[str, Benchmark] = {
    "start-up": start_up,
    "normalise": normalise,
    "stages": stages,
    "clean": clean,
    "lookup": lookup,
    "cost": cost,
    "rate": rate,
    "latency": latency,
    "stalls": stalls,
    "limited": limited,
    "faults": faults,
    "memory": memory,
    "resume": resume,
}
"""What runs when nothing is named, in this order."""
PARTS: dict[str, Benchmark] = {
    **frames,
    **parts,
    **lists,
    **transports,
    "memory-run": memory_run,
    "memory-clean": memory_clean,
}
"""Parts of these, to be run alone."""

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


def _run(benchmark: Benchmark, scale: Scale) -> Iterator[Figure]:
    """Its figures as they come; then its short table."""
    compared = []
    with TemporaryDirectory(prefix="msisdn-bench-") as scratch:
        for result in benchmark(Path(scratch), scale):
            if isinstance(result, Comparison):
                compared.append(result)
            else:
                print(result.as_json(), flush=True)
                yield result
    if compared:
        print("", goals(compared, judged=not scale.quick), sep="\n", file=sys.stderr, flush=True)


def _given(named: dict[str, Benchmark]) -> tuple[list[str], Scale]:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"Benchmarks: {', '.join(BENCHMARKS)}.\nParts of them: {', '.join(PARTS)}.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="all benchmarks where none is named"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    parser.add_argument(
        "--rows",
        type=int,
        help="of the lists of normalise, stages, clean, memory-run, memory-clean, up to 100000000",
    )
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in named]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(named)}")
    if given.rows is not None and not 1 <= given.rows <= 100_000_000:
        parser.error("--rows takes a number from 1 to 100000000")
    return given.names or list(BENCHMARKS), Scale(given.quick, given.rows)


def main() -> None:
    """Run what the command line names."""
    named = BENCHMARKS | PARTS
    names, scale = _given(named)
    load, source = os.getloadavg()[0], _newest_source()
    print(machine(), file=sys.stderr)
    figures: list[Figure] = []
    try:
        for name in names:
            figures += _run(named[name], scale)
    except RuntimeError as error:  # no room, wrong counts, a command that failed: it says which
        sys.exit(f"error: {error}")
    finally:
        print("", table(figures), sep="\n", file=sys.stderr)
    for doubt in _doubts(load, source):
        print(f"warning: {doubt}", file=sys.stderr)


if __name__ == "__main__":
    main()
