"""`python -m tests.parity`: millions of generated cells, ours against libphonenumber's word.

Exit code 0 when every cell agrees or falls under a listed difference, else 1. The same seed and
number of cells give the same cells, whatever the number of processes.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

import phonenumbers

from pipeline.model import REJECT_REASONS, RULES
from tests.parity.compare import Outcome, compared, prepare
from tests.parity.differences import DIFFERENCES
from tests.parity.meant import main as meant
from tests.parity.plans import REGIONS

__all__ = ("main",)

_CHUNK = 20_000
_EVERY = 5.0
"""Seconds between progress lines."""


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison and print what came of it; the exit code."""
    options = _options(arguments)
    if options.what == "meant":
        return meant(2000, options.seed)
    chunks, rest = divmod(options.cells, _CHUNK)
    tasks = [(options.seed, index, _CHUNK) for index in range(chunks)]
    tasks += [(options.seed, chunks, rest)] if rest else []
    begun = time.perf_counter()
    outcome = Outcome()
    shown = begun
    for part in _outcomes(tasks, options.processes):
        outcome.add(part)
        if time.perf_counter() - shown > _EVERY:
            shown = time.perf_counter()
            rate = outcome.cells / (shown - begun)
            _progress(
                f"{outcome.cells:,} cells, {rate:,.0f}/s, {outcome.disagreed.total()} disagreements"
            )
    seconds = time.perf_counter() - begun
    sys.stdout.writelines(f"{line}\n" for line in _report(outcome, options.seed, seconds))
    return 1 if outcome.disagreed else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=("cells", "meant"),
        default="cells",
        help="`meant`: columns as people have them, and whether numbers are those that were meant",
    )
    parser.add_argument("--cells", type=int, default=1_000_000, help="how many (default 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default 1)")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--processes", type=int, default=cores, help="default: one a core")
    return parser.parse_args(arguments)


def _outcomes(tasks: list[tuple[int, int, int]], processes: int) -> Iterator[Outcome]:
    if processes == 1:
        prepare()
        yield from (compared(*task) for task in tasks)
        return
    # Threads of the libraries would not survive a fork; and each process has a core to itself.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, prepare) as pool:
        for future in as_completed([pool.submit(compared, *task) for task in tasks]):
            yield future.result()


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _report(outcome: Outcome, seed: int, seconds: float) -> Iterator[str]:
    yield (
        f"phonenumbers {phonenumbers.__version__}, seed {seed}: {outcome.cells:,} cells "
        f"(and {outcome.alone:,} again, a region at a time) in {seconds:,.0f} s, "
        f"{outcome.cells / seconds:,.0f}/s"
    )
    yield f"asked with {len(outcome.asked)} of {len(REGIONS)} regions, and with none"
    yield from _met(outcome.met)
    yield from _table("rule", RULES, outcome.rules)
    yield from _table("reject_reason", REJECT_REASONS, outcome.reasons)
    yield from _table("listed difference", [row.name for row in DIFFERENCES], outcome.differences)
    yield f"\ndisagreements: {outcome.disagreed.total():,}"
    yield from (f"  {kind:36} {count:>12,}" for kind, count in outcome.disagreed.items())
    if outcome.disagreements:
        yield f"{'':16} {'cell':40} {'in':4} {'ours':60} expected"
    for one in outcome.disagreements:
        yield f"{one.kind:16} {one.text!r:40} {one.region or '-':4} {one.said:60} {one.expected}"


def _met(met: Counter[tuple[str, str, str]]) -> Iterator[str]:
    written: dict[str, Callable[[str], bool]] = {
        "in any form": lambda rule: True,
        "internationally": lambda rule: rule in {"international", "idd_prefix"},
        "nationally": lambda rule: rule == "national",
    }
    yield f"\n{'valid numbers written':24} {'regions':>12} {'non-geographic':>14} {'region and type':>16}  never named"
    for name, counts in written.items():
        found = {(region, kind) for region, kind, rule in met if counts(rule)}
        regions = {region for region, _ in found} & {*REGIONS}
        codes = "yes" if any(region == "001" for region, _ in found) else "-"
        missing = ", ".join(sorted({*REGIONS} - regions))
        yield (
            f"{name:24} {f'{len(regions)}/{len(REGIONS)}':>12} {codes:>14} "
            f"{f'{len(found)}':>16}  {missing}"
        )


def _table(title: str, names: "list[str] | dict[str, str]", counts: Counter[str]) -> Iterator[str]:
    yield f"\n{title}"
    for name in [*names, *sorted({*counts} - {*names})]:
        yield f"  {name:36} {counts[name]:>12,}"


if __name__ == "__main__":
    sys.exit(main())
