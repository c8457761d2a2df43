"""A file of the checkpoint is believed for its own shard and run only; others beside ours are borne."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl
import pytest

from pipeline.cli.state import state_of
from pipeline.errors import CheckpointError, StorageError, UsageError
from pipeline.ledger.files import Files, read_json, sha256_of
from pipeline.ledger.manifest import verify
from pipeline.ledger.records import FileRecord, Manifest
from tests.faults.faulty import KilledWhenDone
from tests.faults.small_run import COUNT, OTHER, ROWS, Finished, SmallRun
from tests.faults.tree import tree
from tests.flow.conftest import Command, Simulated


@pytest.fixture(scope="module")
def run(service: Simulated, tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "list.csv").write_text(ROWS)
    (folder / "other.csv").write_text(OTHER)
    return SmallRun(folder / "list.csv", service, "unique", folder / "state")


def stopped(run: SmallRun, out: Path) -> Path:
    """An output whose run was killed when its second shard was done."""
    with pytest.raises(StorageError):
        run(out, KilledWhenDone(1))
    assert len(list((out / ".checkpoint/done").iterdir())) == 2
    return out


@pytest.fixture(scope="module")
def unfinished(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stopped(run, tmp_path_factory.mktemp("unfinished") / "out")


@pytest.fixture(scope="module")
def anothers(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another list's."""
    other = replace(run, listed=run.listed.with_name("other.csv"))
    return stopped(other, tmp_path_factory.mktemp("anothers") / "out")


@pytest.fixture(scope="module")
def of_every_row(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same list's, whose every row is wanted: its shards have the same numbers."""
    return stopped(replace(run, rows="all"), tmp_path_factory.mktemp("of all") / "out")


@pytest.fixture(scope="module")
def complete(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("complete") / "out"
    run(out)
    return out


@pytest.fixture
def out(unfinished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unfinished, tmp_path / "out"))


@pytest.fixture
def finished(complete: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(complete, tmp_path / "out"))


SWAPS = [
    ("done/shard-00000.json", "done/shard-00001.json"),
    ("done/shard-00001.json", "done/shard-00000.json"),
    ("done/shard-00000.json", "done/shard-00002.json"),
    ("done/shard-00000.json", "plan.json"),
    ("plan.json", "done/shard-00001.json"),
    ("plan.json", "run.json"),
    ("run.json", "plan.json"),
    ("owner.json", "run.json"),
    ("shards/shard-00000.parquet", "shards/shard-00002.parquet"),
    ("journal/shard-00000.journal", "journal/shard-00002.journal"),
    ("journal/shard-00001.journal", "journal/shard-00002.journal"),
]
"""A file of a checkpoint, and under which name it is found."""


@pytest.mark.parametrize(("one", "name"), SWAPS)
def test_a_file_under_anothers_name_is_refused(
    run: SmallRun, out: Path, one: str, name: str
) -> None:
    path = out / ".checkpoint" / name
    shutil.copyfile(out / ".checkpoint" / one, path)
    refused(run, out, path)


FROM_ANOTHER_RUN = [
    "done/shard-00000.json",
    "done/shard-00001.json",
    "plan.json",
    "shards/shard-00002.parquet",
    "journal/shard-00002.journal",
]


@pytest.mark.parametrize("name", FROM_ANOTHER_RUN)
@pytest.mark.parametrize("which", ["anothers", "of_every_row"])
def test_a_file_of_another_run_is_refused(
    run: SmallRun, out: Path, name: str, which: str, request: pytest.FixtureRequest
) -> None:
    path = out / ".checkpoint" / name
    shutil.copyfile(request.getfixturevalue(which) / ".checkpoint" / name, path)
    refused(run, out, path)


def refused(run: SmallRun, out: Path, path: Path) -> None:
    """By a run, with exit code 15, and by `verify`, both naming the file; and nothing is asked."""
    run.service.reset()
    before = tree(out / ".checkpoint/done"), sorted((out / "enriched").iterdir())
    assert any(problem.startswith(f"{path}: ") for problem in verify(out))
    with pytest.raises(CheckpointError) as ended:
        run(out, Files())
    assert str(ended.value).startswith(f"{path}: ")
    assert (tree(out / ".checkpoint/done"), sorted((out / "enriched").iterdir())) == before
    assert not (out / "_SUCCESS").exists()


def test_the_right_file_put_back_the_run_goes_on(
    run: SmallRun, out: Path, unfinished: Path, complete: Path
) -> None:
    """A wrong `done` file may also be removed: its shard is written again, and not asked again."""
    run.service.reset()
    path = out / ".checkpoint/done/shard-00001.json"
    shutil.copyfile(out / ".checkpoint/done/shard-00000.json", path)
    with pytest.raises(CheckpointError, match="or remove it"):
        run(out, Files())
    path.unlink()
    run(out, Files())
    assert Finished.of(out) == Finished.of(complete)
    assert run.service.meter()["billed"] <= COUNT - 20 + 4


def seal(out: Path, manifest: Manifest) -> None:
    """Write a manifest as this program would have."""
    Files().publish_json(out / "manifest.json", manifest)
    (out / "_SUCCESS").write_text(sha256_of(out / "manifest.json") + "\n")


def enriched_among(files: list[FileRecord]) -> list[int]:
    """Where the parts are listed."""
    return [at for at, file in enumerate(files) if file.kind == "enriched"]


def write(path: Path, frame: pl.DataFrame) -> None:
    with path.open("wb") as file:
        frame.write_parquet(file)


def edited(out: Path, edit: Callable[[list[FileRecord]], None]) -> list[str]:
    """What `verify` says of an output whose manifest is sound but for its list of files."""
    manifest = read_json(out / "manifest.json", Manifest)
    files = list(manifest.files)
    edit(files)
    seal(out, msgspec.structs.replace(manifest, files=files))
    return verify(out)


def test_a_part_that_is_listed_twice_is_found(finished: Path) -> None:
    def twice(files: list[FileRecord]) -> None:
        one, other = enriched_among(files)[:2]
        files[other] = files[one]  # of as many rows
        (finished / "enriched" / "part-00001.parquet").unlink()

    problems = edited(finished, twice)
    assert any("it lists enriched/part-00000.parquet 2 times" in problem for problem in problems)


def test_two_parts_with_the_same_rows_are_found(finished: Path) -> None:
    def same(files: list[FileRecord]) -> None:
        one, other = enriched_among(files)[:2]
        path = files[other].path
        shutil.copyfile(finished / files[one].path, finished / path)
        files[other] = msgspec.structs.replace(files[one], path=path)

    assert edited(finished, same) == [
        f"{finished}/enriched/part-00001.parquet: it has rows that are in another file too, or twice"
        " in it"
    ]


def test_a_row_that_is_enriched_and_rejected_is_found(finished: Path) -> None:
    path = finished / "rejected/part-00000.parquet"

    def both(files: list[FileRecord]) -> None:
        frame = pl.read_parquet(path.read_bytes())
        write(path, frame.with_columns(row_id=pl.int_range(pl.len())))
        at = next(at for at, file in enumerate(files) if file.kind == "rejected")
        size, sha256 = path.stat().st_size, sha256_of(path)
        files[at] = msgspec.structs.replace(files[at], size=size, sha256=sha256)

    (problem,) = edited(finished, both)
    assert problem.startswith(f"{path}: it has rows that are in another file too")


def test_a_row_of_no_input_is_found(finished: Path) -> None:
    path = finished / "rejected/part-00000.parquet"

    def more(files: list[FileRecord]) -> None:
        frame = pl.read_parquet(path.read_bytes())
        write(path, frame.with_columns(pl.col("row_id") + 1000))
        at = next(at for at, file in enumerate(files) if file.kind == "rejected")
        size, sha256 = path.stat().st_size, sha256_of(path)
        files[at] = msgspec.structs.replace(files[at], size=size, sha256=sha256)

    assert edited(finished, more) == [f"{path}: it has rows that the input does not have"]


def test_a_part_that_lies_elsewhere_is_found(finished: Path) -> None:
    shutil.copytree(finished / "enriched", finished.with_name("elsewhere"))

    def outside(files: list[FileRecord]) -> None:
        files[0] = msgspec.structs.replace(files[0], path="../elsewhere/part-00000.parquet")

    assert any("which lies elsewhere" in problem for problem in edited(finished, outside))


LATIN_1 = os.fsdecode(b"caf\xe9")
STRANGERS: dict[str, Callable[[Path], object]] = {
    "done/shard-00000.json.bak": Path.touch,
    "done/shard-00000.json~": Path.touch,
    "done/.shard-00000.json.swp": Path.touch,
    "done/.backup.tmp": Path.mkdir,
    "done/shard-00000 (copy).json": Path.touch,
    "done/shard-00000.json.d": Path.mkdir,
    "done/shard-.json": Path.touch,
    "done/shard-x.json": Path.touch,
    "done/shard-0.json": Path.touch,
    "journal/x": Path.touch,
    "journal/shard-00000.journal.bak": Path.touch,
    "journal/shard-00000.journal.old": Path.mkdir,
    "journal/pipe": os.mkfifo,
    "shards/shard-00000.parquet.crc": Path.touch,
    f"shards/{LATIN_1}": Path.touch,
    f"shards/shard-{LATIN_1}.parquet": Path.touch,
    "shards/gone": lambda path: path.symlink_to("nowhere"),
    "plan.json.bak": Path.touch,
    "notes": Path.mkdir,
}


@pytest.mark.parametrize("name", STRANGERS)
def test_strange_files_beside_ours_change_nothing(
    run: SmallRun, out: Path, complete: Path, name: str
) -> None:
    was = state_of(out)
    STRANGERS[name](out / ".checkpoint" / name)
    assert verify(out) == []
    assert state_of(out) == was


def test_a_run_goes_on_beside_all_strange_files(run: SmallRun, out: Path, complete: Path) -> None:
    for name, make in STRANGERS.items():
        make(out / ".checkpoint" / name)
    with socket.socket(socket.AF_UNIX) as heard:
        before = Path.cwd()
        os.chdir(out / ".checkpoint/done")  # the path of a socket has to be short
        try:
            heard.bind("shard-00000.json.sock")
        finally:
            os.chdir(before)
        assert verify(out) == []
        # To look at, a link is as strange as the others; nothing is written beside one.
        links = [path for path in (out / ".checkpoint").rglob("*") if path.is_symlink()]
        with pytest.raises(UsageError, match="it is a link"):
            run(out, Files())
        for link in links:
            link.unlink()
        run(out, Files())
    # What is not ours outlives the checkpoint that it lay in.
    kept = out / ".checkpoint.removed"
    there = {path.relative_to(kept).as_posix() for path in kept.rglob("*")}
    strangers = {*STRANGERS, "done/shard-00000.json.sock"} - {
        link.relative_to(out / ".checkpoint").as_posix() for link in links
    }
    assert strangers <= there
    shutil.rmtree(kept)
    assert Finished.of(out) == Finished.of(complete)


@pytest.mark.parametrize("name", ["done/shard-00007.json", "journal/shard-00007.journal"])
def test_a_file_for_a_shard_that_is_not_planned_is_named_and_not_counted(
    out: Path, name: str
) -> None:
    was = state_of(out)
    one = name.replace("00007", "00000")
    shutil.copyfile(out / ".checkpoint" / one, out / ".checkpoint" / name)
    assert any(name in problem for problem in verify(out))
    if name.startswith("journal"):
        assert state_of(out) == was


def test_a_name_that_is_not_utf_8_is_shown_as_it_can_be(finished: Path) -> None:
    (finished / "enriched" / LATIN_1).touch()
    msisdn = Command(finished.parent)
    said = msisdn("verify", finished)
    assert (said.returncode, said.stderr) == (15, "")
    assert r"caf\xe9: the manifest does not know it" in said.stdout
    assert msisdn("status", finished).returncode == 0


@contextmanager
def meanwhile(opened: str, act: Callable[[], None]) -> Iterator[None]:
    """Do something, once, in the moment in which a file of that name is about to be opened."""
    left = [act]

    def heard(event: str, given: tuple[object, ...]) -> None:
        # A directory is opened first, so that a file is opened by its name in it.
        if event == "open" and left and str(given[0]).endswith(opened.rpartition("/")[2]):
            left.pop()()

    sys.addaudithook(heard)  # for the life of the process, so it has to become nothing
    try:
        yield
        assert not left, "it was not opened"
    finally:
        left.clear()


MOMENTS = ["run.json", "plan.json", "done/shard-00001.json", "journal/shard-00002.journal"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_ends_while_it_is_looked_at(out: Path, complete: Path, moment: str) -> None:
    def ends() -> None:
        shutil.rmtree(out)
        shutil.copytree(complete, out)

    with meanwhile(moment, ends):
        assert state_of(out).state == "complete"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_ends_while_it_is_verified(out: Path, complete: Path, moment: str) -> None:
    def ends() -> None:
        shutil.rmtree(out)
        shutil.copytree(complete, out)

    with meanwhile(moment, ends):
        assert verify(out) == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_begins_again_while_it_is_looked_at(
    out: Path, anothers: Path, moment: str
) -> None:
    def begins_again() -> None:
        shutil.rmtree(out / ".checkpoint")
        shutil.copytree(anothers / ".checkpoint", out / ".checkpoint")

    with meanwhile(moment, begins_again):
        told = state_of(out)
    assert told.run_id == state_of(anothers).run_id
    assert told.shards_done == 2


@pytest.mark.parametrize("moment", ["run.json", "plan.json", "done/shard-00000.json"])
def test_a_checkpoint_that_is_gone_while_it_is_looked_at(out: Path, moment: str) -> None:
    with (
        meanwhile(moment, lambda: shutil.rmtree(out / ".checkpoint")),
        pytest.raises(CheckpointError, match="no run is here"),
    ):
        state_of(out)


def test_a_part_that_is_written_again_while_it_is_verified(out: Path) -> None:
    """What is wrong only for one look is not wrong."""
    part = out / "enriched/part-00000.parquet"
    whole = part.read_bytes()
    part.write_bytes(whole[:-1])

    def written() -> None:
        part.write_bytes(whole)

    with meanwhile("journal/shard-00002.journal", written):
        assert verify(out) == []
