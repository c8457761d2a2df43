"""`--restart-changed`: only a changed list is a changed list, and nothing else buys it again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow.conftest import Command, Simulated, write_list

COUNT = 12


class Nightly:
    """A list that was enriched last night, and the command of tonight."""

    def __init__(self, account: Command, simulator: Simulated) -> None:
        self.account, self.simulator = account, simulator
        self.list = write_list(account.folder / "list.csv", COUNT)
        self.out = account.folder / "out"

    def run(self, *more: str, listed: str = "list.csv") -> tuple[int, int, str]:
        """Exit code, lookups billed meanwhile, and what was said."""
        self.simulator.reset()
        way = (*self.simulator.options("tcp"), "--rate", "5000", "--shard-rows", "5")
        ended = self.account("run", listed, "-o", "out", "--restart-changed", *way, *more)
        return ended.returncode, self.simulator.meter()["billed"], ended.stderr


@pytest.fixture
def nightly(account: Command, simulator: Simulated) -> Nightly:
    return Nightly(account, simulator)


def rename(nightly: Nightly) -> None:
    nightly.list.rename(nightly.list.with_name("other.csv"))


def damage(nightly: Nightly) -> None:
    part = nightly.out / "enriched" / "part-00001.parquet"
    part.write_bytes(part.read_bytes()[:-1])


def move(nightly: Nightly) -> None:
    (nightly.out / "enriched" / "part-00001.parquet").unlink()


def edit(nightly: Nightly) -> None:
    manifest = nightly.out / "manifest.json"
    manifest.write_text(manifest.read_text().replace("answered", "refused", 1))


NOT_A_CHANGED_LIST: dict[str, tuple[Callable[[Nightly], object], tuple[str, ...], str, str]] = {
    "a setting": (lambda _: None, ("--types", "mobile"), "list.csv", "--types was"),
    "another region": (lambda _: None, ("--region", "GB"), "list.csv", "--region was"),
    "a damaged part": (damage, (), "list.csv", "part-00001.parquet"),
    "a moved part": (move, (), "list.csv", "part-00001.parquet"),
    "an edited file": (edit, (), "list.csv", "manifest.json"),
    "the list renamed": (rename, (), "other.csv", "was removed"),
    "a setting and the list": (
        lambda nightly: write_list(nightly.list, COUNT + 1),
        ("--rows", "all"),
        "list.csv",
        "--rows was",
    ),
}


@pytest.mark.parametrize("case", NOT_A_CHANGED_LIST)
def test_nothing_else_is_a_changed_list(case: str, nightly: Nightly) -> None:
    change, more, listed, told = NOT_A_CHANGED_LIST[case]
    assert nightly.run()[:2] == (0, COUNT)
    change(nightly)
    before = {path: path.read_bytes() for path in nightly.out.rglob("*") if path.is_file()}

    code, billed, said = nightly.run(*more, listed=listed)

    assert (code, billed) == (15, 0)
    assert told in said
    assert before == {path: path.read_bytes() for path in nightly.out.rglob("*") if path.is_file()}


def test_a_changed_list_begins_again_and_a_touched_one_does_nothing(nightly: Nightly) -> None:
    assert nightly.run()[:2] == (0, COUNT)
    Path(nightly.list).touch()
    assert nightly.run()[:2] == (0, 0)
    write_list(nightly.list, COUNT + 1)
    code, billed, said = nightly.run()
    assert (code, billed) == (0, COUNT + 1)
    assert "beginning again" in said


def test_an_unfinished_run_of_a_changed_list_is_not_discarded(nightly: Nightly) -> None:
    assert nightly.run("--max-lookups", "6")[0] == 14
    write_list(nightly.list, COUNT + 1)
    assert nightly.run()[:2] == (15, 0)
