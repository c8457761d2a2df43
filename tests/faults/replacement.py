"""`--restart` over a finished output, again and again, whose 1st, 2nd, 3rd … operation goes wrong.

Whenever it stops, the old output is whole, or the new one is about to be; and the same command,
`--restart` included, goes on with what was paid for.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random

from pipeline.errors import MsisdnError, StorageError
from pipeline.ledger.manifest import verify
from tests.faults.disk import Disk
from tests.faults.faulty import FAULTS, Faulty
from tests.faults.loop import TWICE, Tally
from tests.faults.small_run import CONCURRENCY, ROWS, Finished, SmallRun
from tests.flow.conftest import Simulated, numbers

__all__ = ("OTHER", "OTHER_COUNT", "Replacement", "every_step", "replacement")

OTHER_COUNT = 27
"""Different numbers in the list that comes after the first, most of which the first has too."""
OTHER = "".join(
    f"x{row},{cell}\n" for row, cell in enumerate(["phone", *numbers(OTHER_COUNT), "?"])
)
_OPERATIONS = 350


@dataclass(frozen=True, slots=True)
class Replacement:
    """A finished output, the run that replaces it, and what must come of that."""

    before: Path
    run: SmallRun
    old: Finished
    new: Finished

    def give(self, out: Path) -> None:
        """Put the finished output there."""
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(self.before, out)


@contextmanager
def replacement(folder: Path, service: Simulated, rows: str) -> Iterator[Replacement]:
    """Of a list that has changed since."""
    listed = folder / "list.csv"
    listed.write_text(ROWS)
    (folder / "old.csv").write_text(ROWS)
    run = SmallRun(listed, service, rows, folder / "state")
    run(folder / "before")
    listed.write_text(OTHER)
    run(folder / "whole")
    old, new = Finished.of(folder / "before"), Finished.of(folder / "whole")
    yield Replacement(folder / "before", replace(run, restart=True), old, new)


def every_step(
    given: Replacement, folder: Path, name: str, *, first: int = 1, stride: int = 1
) -> Tally:
    """Disturb operation `first`, and every `stride`-th after it, as far as there are any."""
    tally = Tally()
    for at in count(first, stride):
        out = folder / f"{name}-{at}".replace(" ", "-")
        try:
            struck = _one_case(given, out, name, at, tally)
        except (AssertionError, MsisdnError) as error:
            struck = True
            tally.failures.append(f"{name} {at}: {type(error).__name__} {error}")
        finally:
            shutil.rmtree(out, ignore_errors=True)
        if not struck:
            return tally
        tally.points += 1
    raise AssertionError("it never came to an end")


def _one_case(given: Replacement, out: Path, name: str, at: int, tally: Tally) -> bool:
    given.run.service.reset()
    given.give(out)
    dice = Random(f"{name} {at}")
    crashes = 0
    first, *others = [Faulty(at, FAULTS["kill" if name == TWICE else name])]
    if name == TWICE:
        others = [Faulty(dice.randint(1, _OPERATIONS), FAULTS["power cut"])]
    with Disk(out) as disk:
        for files in (first, *others):
            files.follow(disk)
            try:
                given.run(out, files)
            except StorageError:
                crashes += 1
            if not first.struck:
                return False
        if "power cut" in name and crashes:
            disk.cut_power(dice)
    _check_left(given, out)
    tally.operations = max(tally.operations, len(first.seen))
    tally.ended["exit 16" if crashes else "done"] += 1
    if crashes and not _is_over(given, out):
        given.run(out)
    meter = given.run.service.meter()
    again = meter["billed"] - meter["billed_numbers"]
    tally.again.append(again)
    assert Finished.of(out) == given.new, "other rows"
    assert meter["billed_numbers"] == OTHER_COUNT, "a number was not asked"
    assert again <= CONCURRENCY * crashes, f"{again} bought again"
    return True


def _is_over(given: Replacement, out: Path) -> bool:
    """It was killed when nothing was left to do, but to say so: once more would be another restart."""
    if list(out.glob(".checkpoint*")) or not (out / "_SUCCESS").exists():
        return False
    return (out / "manifest.json").read_bytes() != (given.before / "manifest.json").read_bytes()


def _check_left(given: Replacement, out: Path) -> None:
    """The old output is whole, or the new one, or that is on disk and about to take its place."""
    assert verify(out) == [], verify(out)
    if (out / "_SUCCESS").exists():
        standing = out / "manifest.json"
        old = standing.read_bytes() == (given.before / "manifest.json").read_bytes()
        for path in given.before.rglob("*.parquet") if old else ():
            assert (out / path.relative_to(given.before)).read_bytes() == path.read_bytes()
    else:
        assert (out / ".checkpoint" / "exchange.json").exists()
