"""For each file of an output and of a checkpoint, a flipped byte and a cut end: found and named.

`TABLE` is what `run` and `verify` say, kind by kind of file; any other outcome fails.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import Files
from pipeline.ledger.frames import HEADER_SIZE
from pipeline.ledger.manifest import verify
from tests.faults.faulty import KilledWhenDone
from tests.faults.small_run import Finished, SmallRun, small_run
from tests.flow.conftest import Simulated

T = TypeVar("T")


class Said(NamedTuple):
    """What the same command again comes to, and whether `verify` named the file."""

    flipped: str
    cut: str
    verify_flipped: bool = True
    verify_cut: bool = True


NAMED = "exit 15, named"
UNNOTICED = "done before, not read again"
HEALED = "ends right"

BARE = "journal without a record"
"""Whether there is one depends on the moment."""

FINISHED = {
    "enriched": Said(UNNOTICED, NAMED),
    "rejected": Said(UNNOTICED, NAMED),
    "duplicates": Said(UNNOTICED, NAMED),
    "summary.json": Said(NAMED, NAMED),
    "manifest.json": Said(NAMED, NAMED),
    "_SUCCESS": Said(NAMED, NAMED),
}
"""A run that is complete: it does not read its parts again, which `verify` does."""

UNFINISHED = {
    "enriched": Said(NAMED, HEALED),  # a part cut short is none: its shard is written again
    "rejected": Said(NAMED, NAMED),
    "duplicates": Said(NAMED, NAMED),
    "begun.json": Said(NAMED, NAMED),
    "run.json": Said(NAMED, NAMED),
    "plan.json": Said(NAMED, NAMED),
    "done": Said(NAMED, NAMED),
    "shards": Said(NAMED, NAMED),
    # What is done is not read again, only verified; unless its part is lost (test below).
    "shards of what is done": Said(HEALED, HEALED),
    "journal of what is done": Said(HEALED, HEALED),
    "repeats": Said(NAMED, NAMED),
    "unique": Said(NAMED, HEALED),
    # A record at the end is what a torn write may look like, and what it said is asked again.
    # Before it, damage is found (tests/property/test_journal.py tries every byte).
    "journal": Said(NAMED, HEALED, verify_cut=False),
    BARE: Said(NAMED, NAMED),
    "owner.json": Said(HEALED, HEALED, verify_flipped=False, verify_cut=False),  # only words
}
"""A run that was stopped in the middle."""


class Prepared(NamedTuple):
    """A run to be damaged, and what comes of it undamaged."""

    run: SmallRun
    out: Path
    wanted: Finished


@pytest.fixture(scope="module", params=["unique", "all"])
def finished(
    request: pytest.FixtureRequest, service: Simulated, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("finished")
    with small_run(folder, service, request.param) as run:
        run(folder / "out")
        yield Prepared(run, folder / "out", Finished.of(folder / "out"))


@pytest.fixture(scope="module")
def unfinished(finished: Prepared) -> Prepared:
    """The same run, ended when its first shard was done."""
    out = finished.out.with_name("stopped")
    with pytest.raises(StorageError):
        finished.run(out, KilledWhenDone(0))
    assert (out / ".checkpoint" / "done" / "shard-00000.json").exists()
    return finished._replace(out=out)


def kind_of(path: Path, out: Path) -> str:
    """By what a file is known in the tables."""
    inside = path.relative_to(out)
    folder = inside.parent.name
    if folder in {"shards", "journal"} and path.stem == "shard-00000":
        return f"{folder} of what is done"
    if folder == "journal" and path.stat().st_size == HEADER_SIZE:
        return BARE
    return folder if folder not in {"", ".checkpoint"} else inside.name


def files_of(out: Path) -> list[Path]:
    found = [path for path in sorted(out.rglob("*")) if path.is_file()]
    return [path for path in found if path.stat().st_size and not path.name.endswith(".tmp")]


def flip(path: Path) -> None:
    """One bit in the middle of the file, or of a journal's header, which every journal has."""
    content = bytearray(path.read_bytes())
    content[40 if path.suffix == ".journal" else len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path: Path) -> None:
    """The last three bytes."""
    os.truncate(path, path.stat().st_size - 3)


def outcome(prepared: Prepared, out: Path, damaged: Path) -> str:
    """What the same command says, in the words of the tables."""
    before = {path: path.read_bytes() for path in files_of(out)}
    was_complete = (out / "_SUCCESS").exists()
    try:
        prepared.run(out, Files())
    except CheckpointError as error:
        named = str(damaged) in str(error) or damaged.name in {"_SUCCESS", "manifest.json"}
        return NAMED if named else str(error)
    if was_complete:
        assert {path: path.read_bytes() for path in files_of(out)} == before
        return UNNOTICED
    assert Finished.of(out) == prepared.wanted
    return HEALED


def check(prepared: Prepared, tmp_path: Path, table: dict[str, Said]) -> set[str]:
    """Damage each file in turn, in a copy; gives the kinds of files that there were."""
    kinds = set()
    for number, path in enumerate(files_of(prepared.out)):
        kind = kind_of(path, prepared.out)
        kinds.add(kind)
        for damage, wanted, told in (
            (flip, table[kind].flipped, table[kind].verify_flipped),
            (cut, table[kind].cut, table[kind].verify_cut),
        ):
            # The run is known by the place of its output too.
            out = prepared.out.with_name("copy")
            shutil.copytree(prepared.out, out)
            damaged = out / path.relative_to(prepared.out)
            damage(damaged)
            problems = verify(out)
            said = outcome(prepared, out, damaged)
            shutil.rmtree(out)
            case = f"{damage.__name__} {damaged.name} ({number})"
            assert (case, said) == (case, wanted)
            assert (case, bool(problems)) == (case, told)
            if told:
                names = {str(damaged), str(out / "manifest.json")}
                assert any(name in problem for problem in problems for name in names), problems
    return kinds


def test_a_damaged_finished_output_is_found_by_verify(finished: Prepared, tmp_path: Path) -> None:
    kinds = check(finished, tmp_path, FINISHED)
    assert kinds == set(FINISHED)


def test_a_damaged_checkpoint_is_named_and_never_read_as_fewer_rows(
    unfinished: Prepared, tmp_path: Path
) -> None:
    kinds = check(unfinished, tmp_path, UNFINISHED)
    other = {"enriched"} if unfinished.run.rows == "all" else {"repeats", "unique"}
    assert kinds | {BARE} == set(UNFINISHED) - other


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
def test_a_lost_part_is_not_made_of_a_damaged_journal(
    unfinished: Prepared, damage: Callable[[Path], None]
) -> None:
    out = unfinished.out.with_name("copy")
    shutil.copytree(unfinished.out, out)
    folder = "enriched" if unfinished.run.rows == "unique" else ".checkpoint/unique"
    (out / folder / "part-00000.parquet").unlink()
    journal = out / ".checkpoint/journal/shard-00000.journal"
    damage(journal)
    said = outcome(unfinished, out, journal)
    shutil.rmtree(out)
    assert said == NAMED
