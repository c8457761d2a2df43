"""Whose run an output directory is, and how it begins, goes on and ends."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from pipeline.errors import CheckpointError, StorageError, UsageError
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.differences import differences
from pipeline.ledger.exchange import settle
from pipeline.ledger.files import Files
from pipeline.ledger.manifest import manifest_of
from pipeline.ledger.planned import Counts
from pipeline.ledger.records import Done, FileRecord, Identity, InputFile, record_of
from pipeline.ledger.run import identify, open_checkpoint
from pipeline.ledger.sealed import publish_sealed
from pipeline.plan import plan
from pipeline.settings import Settings

T = TypeVar("T")
LIST = InputFile(name="list.csv", size=10, sha256="aa")


class Stopping(Files):
    """Fails the n-th operation and all after it, as a killed process does."""

    def __init__(self, stops: int) -> None:
        self.left = stops

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        self.left -= 1
        if self.left <= 0:
            raise StorageError("stopped")
        return super().perform(operation, path, call)


def identity(*inputs: InputFile, rules: str = "9.0.43", **settings: object) -> Identity:
    chosen = Settings(**settings).identity() | {"command": "run"}  # type: ignore[arg-type]
    return identify(inputs or (LIST,), chosen, rules)


def finished(out: Path, who: Identity) -> Checkpoint:
    """A finished run with one part."""
    files = Files()
    checkpoint = open_checkpoint(out, who, files)
    files.make_directory(out / "enriched")
    written = files.publish_bytes(out / "enriched" / "part-00000.parquet", b"rows")
    part = FileRecord(
        path="enriched/part-00000.parquet",
        size=written.size,
        sha256=written.sha256,
        kind="enriched",
        rows=1,
    )
    checkpoint.finish(manifest_of(who, [part], 1, {"answered": 1}))
    return checkpoint


def test_a_new_run_is_gone_on_with_by_the_same_command(tmp_path: Path) -> None:
    out = tmp_path / "out"
    new = open_checkpoint(out, identity(), Files())
    assert (new.resumed, new.finished) == (False, False)
    again = open_checkpoint(out, identity(), Files())
    assert (again.resumed, again.finished) == (True, False)
    assert repr(again) == f"<Checkpoint {identity().run_id} in {out}, resumed>"


def test_the_run_id_follows_from_the_identity_alone() -> None:
    assert identity().run_id == identity().run_id
    assert identity().run_id != identity(region="GB").run_id
    assert len(identity().run_id) == 16


@pytest.mark.parametrize(
    ("fresh", "words"),
    [
        (identity(region="DE"), ["--region was GB, is now DE"]),
        (identity(), ["--region was GB, is now not given"]),
        (
            identity(region="GB", types=("mobile",), simulate=True),
            [
                "--simulate was off, is now on",
                "--types was mobile,fixed_line_or_mobile, is now mobile",
            ],
        ),
        (
            identity(InputFile(name="list.csv", size=12, sha256="bb"), region="GB"),
            ["input list.csv changed from 10 to 12 bytes"],
        ),
        (
            identity(InputFile(name="list.csv", size=10, sha256="bb"), region="GB"),
            ["input list.csv has the same size and another content"],
        ),
        (
            identity(InputFile(name="new.csv", size=10, sha256="aa"), region="GB"),
            ["input list.csv was removed", "input new.csv was added"],
        ),
        (
            identity(region="GB", rules="9.1.0"),
            ["the numbering rules (phonenumbers): was 9.0.43, is now 9.1.0"],
        ),
    ],
)
def test_what_changed_is_said(tmp_path: Path, fresh: Identity, words: list[str]) -> None:
    stored = identity(region="GB")
    assert differences(stored, fresh) == words
    open_checkpoint(tmp_path, stored, Files())
    with pytest.raises(CheckpointError, match=r"it holds another run: .*add --restart") as caught:
        open_checkpoint(tmp_path, fresh, Files())
    assert all(word in str(caught.value) for word in words)


def test_the_command_and_the_order_of_inputs_matter() -> None:
    other = InputFile(name="other.csv", size=1, sha256="bb")
    assert differences(identity(LIST, other), identity(other, LIST)) == [
        "the inputs come in another order"
    ]
    clean = identify([LIST], Settings().identity() | {"command": "clean"}, "9.0.43")
    assert differences(identity(), clean) == ["the command was run, is now clean"]


def test_a_finished_run_is_recognised_without_its_checkpoint(tmp_path: Path) -> None:
    finished(tmp_path, identity())
    assert not (tmp_path / ".checkpoint").exists()
    again = open_checkpoint(tmp_path, identity(), Files())
    assert again.finished
    with pytest.raises(CheckpointError, match="--region was not given, is now GB"):
        open_checkpoint(tmp_path, identity(region="GB"), Files())


def test_a_finished_run_whose_files_are_gone_is_not_taken_for_one(tmp_path: Path) -> None:
    finished(tmp_path, identity())
    (tmp_path / "enriched" / "part-00000.parquet").unlink()
    with pytest.raises(CheckpointError, match=r"part-00000\.parquet: missing"):
        open_checkpoint(tmp_path, identity(), Files())


def test_a_manifest_that_was_edited_is_not_believed(tmp_path: Path) -> None:
    manifest = finished(tmp_path, identity()).manifest_file
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    with pytest.raises(CheckpointError, match="not the one that _SUCCESS was written for"):
        open_checkpoint(tmp_path, identity(), Files())


def written_by(checkpoint: Checkpoint, content: bytes) -> FileRecord:
    """The only part of a run."""
    folder = checkpoint.outputs / "enriched"
    checkpoint.files.make_directory(folder)
    checkpoint.files.publish_bytes(folder / "part-00000.parquet", content)
    part = record_of(folder / "part-00000.parquet", "enriched", checkpoint.outputs)
    return msgspec.structs.replace(part, rows=1)


def test_restart_leaves_what_stands_until_the_new_output_does(tmp_path: Path) -> None:
    finished(tmp_path, identity())
    (tmp_path / "notes.txt").touch()
    was = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    fresh = open_checkpoint(tmp_path, identity(region="GB"), Files(), restart=True)
    assert (fresh.resumed, fresh.finished, fresh.beside) == (False, False, True)
    assert {name: (tmp_path / name).read_bytes() for name in was} == was
    part = tmp_path / "enriched" / "part-00000.parquet"
    assert part.read_bytes() == b"rows"
    record = written_by(fresh, b"other rows")
    assert part.read_bytes() == b"rows"
    fresh.finish(manifest_of(fresh.identity, [record], 1, {"answered": 1}))
    assert part.read_bytes() == b"other rows"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["_SUCCESS", "enriched", "manifest.json", "notes.txt"]
    assert open_checkpoint(tmp_path, identity(region="GB"), Files()).finished


def test_an_interrupted_restart_goes_on_and_one_that_ended_begins_again(tmp_path: Path) -> None:
    finished(tmp_path, identity())
    open_checkpoint(tmp_path, identity(), Files(), restart=True)
    again = open_checkpoint(tmp_path, identity(), Files(), restart=True)
    assert (again.resumed, again.beside) == (True, True)
    part = written_by(again, b"some rows")
    again.record_done(Done(shard=0, part=part, counts={"unresolved": 1}))
    again.leave([part])
    left = open_checkpoint(tmp_path, identity(), Files())
    assert (left.resumed, left.beside) == (True, False)
    assert (tmp_path / "enriched" / "part-00000.parquet").read_bytes() == b"some rows"
    assert not open_checkpoint(tmp_path, identity(), Files(), restart=True).resumed


def test_restart_of_a_run_that_was_not_begun_so_discards_it(tmp_path: Path) -> None:
    open_checkpoint(tmp_path, identity(), Files()).plan_file.write_text("{}")
    again = open_checkpoint(tmp_path, identity(), Files(), restart=True)
    assert not again.resumed
    assert not again.plan_file.exists()


@pytest.mark.parametrize("restart", [False, True])
def test_outputs_of_something_else_are_left_alone(tmp_path: Path, restart: bool) -> None:
    (tmp_path / "enriched").mkdir()
    (tmp_path / "manifest.json").write_text('{"name": "an app"}')
    with pytest.raises(UsageError, match=r"holds enriched, manifest\.json, which no run"):
        open_checkpoint(tmp_path, identity(), Files(), restart=restart)
    assert (tmp_path / "enriched").exists()


def test_a_checkpoint_of_another_format_is_refused(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(tmp_path, identity(), Files())
    text = checkpoint.run_file.read_text().replace('"format_version": 1', '"format_version": 9')
    checkpoint.run_file.write_text(text)
    with pytest.raises(CheckpointError, match="format is version 9, this program reads 1"):
        open_checkpoint(tmp_path, identity(), Files())


@pytest.mark.parametrize("was_finished", [False, True])
def test_beginning_again_may_be_interrupted_anywhere(tmp_path: Path, was_finished: bool) -> None:
    for stops in range(1, 200):
        out = tmp_path / str(stops)
        if was_finished:
            finished(out, identity())
        else:
            _planned(open_checkpoint(out, identity(), Files()))
        try:
            open_checkpoint(out, identity(region="GB"), Stopping(stops), restart=True)
        except StorageError:
            settle(out, Files())
            _check_what_is_left(out)
            fresh = open_checkpoint(out, identity(region="GB"), Files(), restart=True)
            assert fresh.beside
        else:
            break
    else:
        pytest.fail("it never came to an end")
    assert stops > 10


def _planned(checkpoint: Checkpoint) -> None:
    part = checkpoint.out / "rejected" / "part-00000.parquet"
    checkpoint.files.make_directory(part.parent)
    checkpoint.files.publish_bytes(part, b"rows")
    made = plan((), Settings(), Counts(), lambda *_: "")
    record = record_of(part, "rejected", checkpoint.out)
    made = msgspec.structs.replace(made, files=[record])
    publish_sealed(Files(), checkpoint.plan_file, made, checkpoint.identity.run_id)


def _check_what_is_left(out: Path) -> None:
    """The output as it was, and the old run or the new one."""
    assert len([*out.glob("*/part-00000.parquet")]) == 1
    try:
        left = open_checkpoint(out, identity(), Files())
    except CheckpointError:
        assert not (out / ".checkpoint" / "plan.json").exists()
        return
    assert left.finished == (out / "_SUCCESS").exists()
    assert left.finished or left.plan_file.exists()


def test_finishing_may_be_interrupted_anywhere(tmp_path: Path) -> None:
    who = identity()
    manifest = manifest_of(who, [], 0, {})
    for stops in range(1, 200):
        out = tmp_path / str(stops)
        checkpoint = open_checkpoint(out, who, Files())
        checkpoint = Checkpoint(out, who, Stopping(stops))
        try:
            checkpoint.finish(manifest)
        except StorageError:
            again = open_checkpoint(out, who, Files())
            assert again.resumed
            assert again.finished == (out / "_SUCCESS").exists()
            if not again.finished:
                again.finish(manifest)
        else:
            break
        assert [path.name for path in out.iterdir()].count(".checkpoint") == 0
    assert stops > 15


def test_leftovers_of_a_dead_process_are_swept_when_it_is_gone_on_with(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(tmp_path, identity(), Files())
    (tmp_path / "enriched").mkdir()
    mine = [
        tmp_path / ".manifest.json.tmp",
        tmp_path / "enriched" / ".part-00000.parquet.tmp",
        checkpoint.root / "done" / ".shard-00000.json.tmp",
    ]
    users = tmp_path / ".notes.tmp"
    for path in (*mine, users):
        path.touch()
    open_checkpoint(tmp_path, identity(), Files())
    assert not any(path.exists() for path in mine)
    assert users.exists()


@pytest.mark.parametrize("begun", [False, True])
def test_what_an_earlier_version_left_of_standard_input_is_swept(
    tmp_path: Path, begun: bool
) -> None:
    """It was killed while the list came, before there was a run, or while it came again."""
    if begun:
        open_checkpoint(tmp_path, identity(), Files())
    kept = tmp_path / ".checkpoint" / "input" / "stdin"
    left, users = kept.with_name(".stdin-x3k_q7ab"), tmp_path / ".stdin-notes"
    kept.parent.mkdir(parents=True, exist_ok=True)
    for path in (kept, left, users):
        path.touch()
    open_checkpoint(tmp_path, identity(), Files())
    assert not left.exists()
    assert kept.exists() == begun  # what came before there was a run is sent again
    assert users.exists()


def test_a_shard_is_done_when_its_record_names_a_part_of_that_size(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(tmp_path, identity(), Files())
    part = FileRecord(
        path="enriched/part-00003.parquet", size=4, sha256="00", kind="enriched", rows=2
    )
    record = Done(shard=3, part=part, counts={"answered": 1, "unresolved": 1})
    assert checkpoint.done(3) is None
    checkpoint.record_done(record)
    assert checkpoint.done(3) is None
    (tmp_path / "enriched").mkdir()
    (tmp_path / part.path).write_bytes(b"rows")
    assert checkpoint.done(3) == record
    assert record.unresolved == 1
    (tmp_path / part.path).write_bytes(b"row")
    assert checkpoint.done(3) is None
