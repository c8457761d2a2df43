"""What stands goes only when the new does, and nothing goes that is not ours."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from pipeline import flow
from pipeline.cli.state import state_of
from pipeline.errors import CheckpointError, StorageError, UsageError
from pipeline.ledger.exchange import settle
from pipeline.ledger.files import Files
from pipeline.ledger.manifest import is_finished, progress, verify
from pipeline.simulator.embedded import embedded
from tests.faults.disk import Disk
from tests.faults.faulty import FAULTS, Faulty
from tests.faults.loop import TWICE
from tests.faults.replacement import OTHER_COUNT, Replacement, every_step, replacement
from tests.faults.small_run import CONCURRENCY, Finished, around_of
from tests.faults.tree import tree
from tests.flow.conftest import Simulated

T = TypeVar("T")

STRIDE = 61


@pytest.fixture(scope="module")
def given(service: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replacement]:
    with replacement(tmp_path_factory.mktemp("list"), service, "unique") as made:
        yield made


@pytest.mark.parametrize("name", [*FAULTS, TWICE])
def test_whichever_step_goes_wrong_the_old_output_is_whole_or_the_new_one_comes(
    given: Replacement, tmp_path: Path, name: str
) -> None:
    first = 5 + 7 * [*FAULTS, TWICE].index(name)
    tally = every_step(given, tmp_path, name, first=first, stride=STRIDE)
    assert tally.failures == []
    assert tally.points >= 4


@pytest.fixture(params=["unique", "all"])
def either(
    request: pytest.FixtureRequest, service: Simulated, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replacement]:
    with replacement(tmp_path_factory.mktemp(request.param), service, request.param) as made:
        yield made


class Stopped(Faulty):
    """A kill right after the first operation of this name, with the folder's before it or without."""

    def __init__(self, after: str) -> None:
        super().__init__(0, FAULTS["kill"])
        self._after = after

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        result = super().perform(operation, path, call)
        if self._after in {
            f"{operation} {path.name}",
            f"{operation} {path.parent.name}/{path.name}",
        }:
            self.kill()
        return result


@pytest.mark.parametrize("seed", range(6))
def test_what_the_next_run_has_cleared_away_stays_away_when_the_power_fails(
    given: Replacement, tmp_path: Path, seed: int
) -> None:
    """The old name of a folder that was being removed is safe on disk, and its contents are not."""
    out = tmp_path / "out"
    removing = Stopped("rename .checkpoint.removed")
    without_power(given, out, [removing, Faulty(0, FAULTS["kill"])], Random(seed))
    given.run(out)
    assert Finished.of(out) == given.new


def without_power(given: Replacement, out: Path, attempts: Sequence[Faulty], dice: Random) -> None:
    """These attempts one after the other, each `Stopped` one killed, and then the power fails."""
    given.give(out)
    with Disk(out) as disk:
        for files in attempts:
            files.follow(disk)
            with pytest.raises(StorageError) if isinstance(files, Stopped) else nullcontext():
                given.run(out, files)
        disk.cut_power(dice)
    assert verify(out) == []


def stopped(given: Replacement, out: Path, after: str) -> None:
    given.give(out)
    with pytest.raises(StorageError):
        given.run(out, Stopped(after))


BEFORE = ["rename begun.json", "rename .checkpoint.next", "rename plan.json"]
AT_WORK = [*BEFORE[1:], "rename shard-00001.json", "rename summary.json", "rename manifest.json"]
EXCHANGED = ["rename exchange.json", "unlink _SUCCESS", "mkdir old", "rename enriched"]
"""What the killed run has done last. The second `rename enriched` is not met: the first kills it."""


@pytest.mark.parametrize("after", AT_WORK)
def test_while_the_new_one_is_made_the_old_output_is_whole(
    either: Replacement, tmp_path: Path, after: str
) -> None:
    out = tmp_path / "out"
    stopped(either, out, after)
    standing = {name: kept for name, kept in tree(out).items() if name[0] != "."}
    assert standing == tree(either.before)
    assert verify(out) == []
    assert not is_finished(out)
    assert (progress(out).finished, progress(out).stands) == (False, True)
    assert state_of(out).replaces
    assert state_of(out).state in {"stopped", "unresolved"}
    either.run(out)
    assert Finished.of(out) == either.new
    assert not state_of(out).replaces


@pytest.mark.parametrize("after", EXCHANGED)
def test_an_exchange_that_was_interrupted_is_ended_by_whoever_comes(
    either: Replacement, tmp_path: Path, after: str
) -> None:
    out = tmp_path / "out"
    stopped(either, out, after)
    assert verify(out) == []
    assert not is_finished(out)
    either.run.service.reset()
    replace(either.run, restart=False)(out)
    assert either.run.service.meter()["billed"] == 0
    assert Finished.of(out) == either.new


@pytest.mark.parametrize("restart", [False, True])
def test_what_was_paid_for_is_not_bought_again_by_the_same_command(
    either: Replacement, tmp_path: Path, restart: bool
) -> None:
    out = tmp_path / "out"
    either.run.service.reset()
    stopped(either, out, "rename shard-00001.json")
    replace(either.run, restart=restart)(out)
    meter = either.run.service.meter()
    assert meter["billed_numbers"] == OTHER_COUNT
    assert meter["billed"] <= OTHER_COUNT + CONCURRENCY


class Least(Random):
    """A power cut after which nothing is left but what is safe."""

    def random(self) -> float:
        return 0.99

    def choice(self, seq: Any) -> Any:
        return seq[0]


@pytest.mark.parametrize(
    "made", ["output", "shards", "journal", "output/rejected", "output/duplicates"]
)
def test_a_folder_whose_maker_was_killed_at_once_outlives_a_power_cut(
    given: Replacement, tmp_path: Path, made: str
) -> None:
    """Its name was not on disk yet; the run that goes on puts things into it."""
    out = tmp_path / "out"
    attempts = [Stopped(f"mkdir {made}"), Stopped("rename shard-00000.journal")]
    without_power(given, out, attempts, Least())
    given.run(out)
    assert Finished.of(out) == given.new


ENDING = ["rename _SUCCESS", "rmdir shards", "unlink run.json", "unlink begun.json"]
"""All that was wanted is in place; the last leaves an empty folder."""


@pytest.mark.parametrize("after", ENDING)
def test_a_restart_that_only_had_to_clear_away_is_not_begun_again(
    either: Replacement, tmp_path: Path, after: str
) -> None:
    out = tmp_path / "out"
    stopped(either, out, after)
    assert list(out.glob(".checkpoint*"))
    either.run.service.reset()
    either.run(out)
    assert either.run.service.meter()["billed"] == 0
    assert Finished.of(out) == either.new
    either.run(out)
    assert either.run.service.meter()["billed"] == OTHER_COUNT


def test_a_restart_that_came_to_its_end_begins_again(given: Replacement, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given.give(out)
    given.run(out)
    given.run.service.reset()
    given.run(out)
    assert given.run.service.meter()["billed"] == OTHER_COUNT
    assert Finished.of(out) == given.new


def test_a_run_that_was_not_a_restart_is_discarded_by_one(
    given: Replacement, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    plain = replace(given.run, restart=False)
    with pytest.raises(StorageError):
        plain(out, Stopped("rename shard-00000.json"))
    given.run.service.reset()
    given.run(out)
    assert given.run.service.meter()["billed"] == OTHER_COUNT
    assert Finished.of(out) == given.new


def test_the_old_list_again_finds_its_output_whole(given: Replacement, tmp_path: Path) -> None:
    """The new one was begun, and its list taken back."""
    out = tmp_path / "out"
    stopped(given, out, "rename plan.json")
    content = given.run.listed.read_bytes()
    given.run.service.reset()
    try:
        given.run.listed.write_text((given.before.parent / "old.csv").read_text())
        replace(given.run, restart=False)(out)
        assert given.run.service.meter()["billed"] == 0
    finally:
        given.run.listed.write_bytes(content)
    given.run(out)
    assert Finished.of(out) == given.new


def test_a_third_list_is_told_of_the_run_under_way(given: Replacement, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped(given, out, "rename plan.json")
    before = tree(out)
    content = given.run.listed.read_bytes()
    try:
        given.run.listed.write_bytes(content + b"y,none\n")
        with pytest.raises(CheckpointError, match="add --restart"):
            replace(given.run, restart=False)(out)
        assert tree(out) == before
        given.run(out)
        assert verify(out) == []
    finally:
        given.run.listed.write_bytes(content)


def test_a_list_with_unresolved_rows_takes_its_place_too(
    given: Replacement, tmp_path: Path
) -> None:
    """And is gone on with where it is; the next restart leaves it until then."""
    out = tmp_path / "out"
    given.give(out)
    settings = replace(given.run.settings(out), attempts=1)
    with embedded(seed="replace", faults=("f3=0.3",)) as endpoints:
        failing = replace(
            settings, endpoint=str(endpoints.tcp), client_id=endpoints.client_id,
            client_secret=endpoints.client_secret,
        )  # fmt: skip
        summary = flow.run(failing, around_of())
    assert not summary.complete
    assert summary.unresolved
    assert verify(out) == []
    assert state_of(out).state == "unresolved"
    assert not state_of(out).replaces
    left = {name: kept for name, kept in tree(out).items() if name[0] != "."}
    assert "_SUCCESS" not in left
    with pytest.raises(StorageError):
        given.run(out, Stopped("rename shard-00000.json"))
    assert {name: kept for name, kept in tree(out).items() if name[0] != "."} == left
    given.run(out)
    assert Finished.of(out) == given.new


def test_what_comes_into_the_old_output_meanwhile_is_told_and_stays(
    given: Replacement, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    stopped(given, out, "rename plan.json")
    (out / "enriched" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"enriched/notes\.txt came there"):
        given.run(out)
    assert (out / "enriched" / "notes.txt").read_text() == "mine"
    (out / "enriched" / "notes.txt").unlink()
    given.run.service.reset()
    given.run(out)
    assert given.run.service.meter()["billed"] == 0
    assert Finished.of(out) == given.new


def test_settling_twice_changes_nothing_more(given: Replacement, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dice = random.Random(1)
    for after in EXCHANGED:
        stopped(given, out, after)
        for _ in range(dice.randint(1, 3)):
            settle(out, Files())
        assert Finished.of(out) == given.new
