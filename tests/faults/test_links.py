"""No link inside an output, a checkpoint, the state or the temporary directory is followed."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import flow
from pipeline.errors import CheckpointError, MsisdnError, StorageError, UsageError
from pipeline.few import look_up
from pipeline.ledger.files import Files, read_bytes, sha256_of
from pipeline.ledger.manifest import progress, verify
from tests.faults.small_run import ROWS, SmallRun, around_of
from tests.faults.tree import tree
from tests.flow.conftest import numbers


def disk(folder: Path) -> Path:
    """Another disk, with what its owner keeps there, in a folder that could be ours."""
    place = folder / "disk"
    (place / "journal").mkdir(parents=True)
    (place / "mine.txt").write_text("mine")
    (place / "part-00000.parquet").write_bytes(b"mine too")
    (place / "journal" / "shard-00000.journal").write_bytes(b"and this")
    return place


TOP = (
    *("enriched", "rejected", "duplicates", "cleaned", ".checkpoint", ".checkpoint.new"),
    *(".checkpoint.next", ".checkpoint.removed", "summary.json", "manifest.json", "_SUCCESS"),
)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", TOP)
def test_a_planted_link_is_refused_and_its_target_left_alone(
    run: SmallRun, tmp_path: Path, name: str, restart: bool
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(disk(tmp_path))
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="it is a link"):
        replace(run, restart=restart)(tmp_path / "out")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", [".checkpoint.grown", "latest", ".notes"])
def test_links_under_names_that_are_not_ours_are_the_users(
    run: SmallRun, tmp_path: Path, name: str
) -> None:
    (tmp_path / "out").mkdir()
    place = disk(tmp_path)
    before = tree(place)
    (tmp_path / "out" / name).symlink_to(place)
    run(tmp_path / "out")
    replace(run, restart=True)(tmp_path / "out")
    assert (tmp_path / "out" / name).is_symlink()
    assert tree(place) == before


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", ["enriched", "rejected", "duplicates", "summary.json", "_SUCCESS"])
def test_a_finished_output_that_was_moved_to_another_disk_is_told(
    run: SmallRun, finished: Path, tmp_path: Path, name: str, restart: bool
) -> None:
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    shutil.move(out / name, tmp_path / "elsewhere")
    (out / name).symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="it is a link"):
        replace(run, restart=restart)(out)
    assert verify(out) != []
    assert tree(tmp_path) == before


INSIDE = (
    *("journal", "done", "shards", "spool", "input", "run.json", "begun.json", "plan.json"),
    *("owner.json", "journal/shard-00000.journal", "shards/shard-00001.parquet", "spool/numbers"),
    *("done/shard-00000.json", ".plan.json.tmp", "output", "exchange.json"),
)


@pytest.mark.parametrize("way", ["plain", "restart", "grow"])
@pytest.mark.parametrize("name", INSIDE)
def test_a_link_inside_a_checkpoint_is_refused_and_its_target_left_alone(
    run: SmallRun, stopped: Path, tmp_path: Path, name: str, way: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(stopped, out)
    link = out / ".checkpoint" / name
    shutil.rmtree(link) if link.is_dir() else link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    place = disk(tmp_path)
    link.symlink_to(place if "." not in name else place / "mine.txt")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="it is a link"):
        replace(run, restart=way == "restart", grow=way == "grow")(out)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["run.json", "plan.json", "done/shard-00000.json", "journal"])
def test_whoever_only_looks_follows_none_either(stopped: Path, tmp_path: Path, name: str) -> None:
    """What it leads to is sound, and not believed."""
    out = tmp_path / "out"
    shutil.copytree(stopped, out)
    link = out / ".checkpoint" / name
    shutil.move(link, tmp_path / "moved")
    link.symlink_to(tmp_path / "moved")
    assert verify(out) != []
    with pytest.raises(MsisdnError):
        progress(out)


def test_a_link_that_comes_while_a_run_is_at_work_ends_it(run: SmallRun, tmp_path: Path) -> None:
    """Somebody is faster than the look at the beginning."""
    out, place = tmp_path / "out", disk(tmp_path)
    before = tree(place)

    class Planting(Files):
        def make_directory(self, path: Path) -> None:
            super().make_directory(path)
            if path.name == "journal" and not path.is_symlink():
                path.rmdir()
                path.symlink_to(place / "journal")

    with pytest.raises(StorageError, match=r"journal.* a link"):
        run(out, Planting())
    assert tree(place) == before


OPERATIONS: dict[str, Callable[[Files, Path], object]] = {
    "create": lambda files, path: files.create(path),
    "append": lambda files, path: files.open_to_append(path),
    "publish": lambda files, path: files.publish_bytes(path, b"ours"),
    "tell": lambda files, path: files.tell_json(path, {}),
    "rename": lambda files, path: files.rename(path, path.with_name("other")),
    "unlink": lambda files, path: files.unlink(path),
    "rmdir": lambda files, path: files.remove_directory(path),
    "sync": lambda files, path: files.fsync_directory(path),
    "make": lambda files, path: files.make_directory(path / "new"),
    "remove": lambda files, path: files.remove_tree(path),
    "sweep": lambda files, path: files.sweep(path, ("*",)),
    "read": lambda files, path: read_bytes(path),
    "hash": lambda files, path: sha256_of(path),
}


@pytest.mark.parametrize("deep", [1, 2])
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_operation_goes_through_a_link(tmp_path: Path, name: str, deep: int) -> None:
    place = disk(tmp_path)
    (place / "empty").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path if deep == 2 else place)
    below = link / place.name if deep == 2 else link
    target = {"rmdir": "empty", "sync": "journal", "make": "journal", "sweep": "journal"}.get(
        name, "journal" if name == "remove" else "mine.txt"
    )
    before = tree(tmp_path)
    with pytest.raises((StorageError, CheckpointError), match="a link"):
        OPERATIONS[name](Files(), below / target)
    assert tree(tmp_path) == before


def test_the_output_itself_may_be_a_link(run: SmallRun, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    (tmp_path / "out").symlink_to(place)
    run(tmp_path / "out")
    replace(run, restart=True)(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert verify(tmp_path / "out") == []
    assert progress(tmp_path / "out").finished
    assert (place / "_SUCCESS").is_file()


@pytest.mark.parametrize("name", ["rate file", "hanging rate file", "directory", "loop"])
def test_the_state_of_an_account_is_kept_behind_no_link(
    run: SmallRun, tmp_path: Path, name: str
) -> None:
    """The directory itself may be one: it is a place that the user names."""
    state, place = tmp_path / "state", disk(tmp_path)
    other = replace(run, state=state)
    other(tmp_path / "first")
    (account,) = state.iterdir()
    account.unlink()
    target = {
        "rate file": place / "mine.txt",
        "hanging rate file": place / "none",
        "directory": place / "journal",
        "loop": account,
    }[name]
    account.symlink_to(target)
    before = tree(place)
    with pytest.raises(StorageError, match="it is a link"):
        other(tmp_path / "out")
    assert tree(place) == before


def test_the_state_directory_may_be_a_link(run: SmallRun, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    replace(run, state=tmp_path / "state")(tmp_path / "out")
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1


def test_the_temporary_directory_may_be_a_link_and_nothing_is_left_in_it(
    run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = disk(tmp_path)
    before = tree(place)
    (tmp_path / "tmp").symlink_to(place)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    assert flow.plan_only(run.settings(tmp_path / "out"), around_of()).unique
    assert look_up(numbers(2), run.settings(tmp_path / "out"), around_of()).height
    assert tree(place) == before


def test_links_in_the_scratch_folder_of_a_plan_lead_nowhere(
    run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = disk(tmp_path)
    before = tree(place)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    class Planting(Files):
        def make_directory(self, path: Path) -> None:
            super().make_directory(path)
            if path.name == "expand":
                (path / "link").symlink_to(place)
                (path.parent.parent / "rejected").symlink_to(place)

    with pytest.raises(StorageError, match="a link stands there"):
        flow.plan_only(run.settings(tmp_path / "out"), replace(around_of(), files=Planting()))
    assert tree(place) == before
    assert not list(tmp_path.glob("msisdn-*"))
    assert run.listed.read_text() == ROWS
