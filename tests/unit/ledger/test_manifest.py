"""An output directory is held against its manifest, and a row that went missing is found."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import polars as pl
import pytest

from pipeline.errors import CheckpointError, MsisdnError
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.files import Files, sha256_of
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import AnswerRecord, open_journal
from pipeline.ledger.manifest import equations, manifest_of, progress, verify
from pipeline.ledger.parquet import save
from pipeline.ledger.records import Done, FileRecord, InputFile, record_of
from pipeline.ledger.run import identify, open_checkpoint

WHO = identify([InputFile(name="list.csv", size=1, sha256="aa")], {"command": "run"}, "9.0.43")
STATUSES = ["answered", "answered", "unresolved", "skipped"]


def part(out: Path, kind: str, number: int, **columns: Sequence[object]) -> FileRecord:
    Files().make_directory(out / kind)
    rows = len(next(iter(columns.values())))
    table = pl.DataFrame({"row_id": range(rows)} | columns).to_arrow(
        compat_level=pl.CompatLevel.oldest()
    )
    path = out / kind / f"part-{number:05}.parquet"
    return save(path, table, Files(), kind=kind, relative_to=out)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    checkpoint = open_checkpoint(tmp_path, WHO, Files())
    files = [
        part(tmp_path, "enriched", 0, status=STATUSES),
        part(tmp_path, "rejected", 0, row_id=[4]),
    ]
    counts = {"answered": 2, "unresolved": 1, "skipped": 1}
    checkpoint.finish(manifest_of(WHO, files, 5, counts))
    return tmp_path


@pytest.fixture
def unfinished(tmp_path: Path) -> Checkpoint:
    """Shard 0 is done, shard 1 is begun, shard 2 is not."""
    checkpoint = open_checkpoint(tmp_path, WHO, Files())
    for number in range(3):
        checkpoint.shard(number).write_bytes(b"shard %d" % number)
    for number in range(2):
        shard = Shard(sha256_of(checkpoint.shard(number)), 4)
        with open_journal(checkpoint.journal(number), shard, Files())[0] as journal:
            journal.intend([0, 1, 2])
            journal.answer([AnswerRecord(0, 1, 0, 1_767_225_600_000, b"{}")])
    record = part(tmp_path, "enriched", 0, status=STATUSES)
    counts = {"answered": 2, "unresolved": 1, "skipped": 1}
    checkpoint.record_done(Done(shard=0, part=record, counts=counts))
    return checkpoint


def test_an_untouched_output_is_sound(finished: Path) -> None:
    assert verify(finished) == []
    known = progress(finished)
    assert known.finished
    assert known.counts["enriched"] == 4


def test_a_missing_file_is_found(finished: Path) -> None:
    (finished / "rejected" / "part-00000.parquet").unlink()
    assert verify(finished, deep=False) == [f"{finished}/rejected/part-00000.parquet: missing"]


def test_a_shortened_file_is_found_by_its_size(finished: Path) -> None:
    path = finished / "enriched" / "part-00000.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    assert len(verify(finished, deep=False)) == 1
    assert "were written" in verify(finished, deep=False)[0]


def test_a_changed_byte_is_found_by_its_hash(finished: Path) -> None:
    path = finished / "enriched" / "part-00000.parquet"
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    assert verify(finished, deep=False) == []
    assert verify(finished) == [f"{path}: its content changed since it was written"]


def test_a_file_more_is_found(finished: Path) -> None:
    (finished / "enriched" / "part-00001.parquet").touch()
    (finished / "notes.txt").touch()
    assert verify(finished) == [
        f"{finished}/enriched/part-00001.parquet: the manifest does not know it"
    ]


def test_an_edited_manifest_is_found(finished: Path) -> None:
    path = finished / "manifest.json"
    path.write_text(path.read_text().replace('"answered": 2', '"answered": 3'))
    problems = verify(finished)
    assert problems[0].endswith("it is not the one that _SUCCESS was written for")
    assert problems[1].endswith("skipped 1 = 5")


def test_statuses_are_counted_in_the_files(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(tmp_path, WHO, Files())
    record = part(tmp_path, "enriched", 0, status=STATUSES)
    checkpoint.finish(manifest_of(WHO, [record], 4, {"answered": 1, "refused": 3}))
    assert verify(tmp_path, deep=False) == []
    assert f"{tmp_path}: refused 3 by the manifest, but 0 rows" in verify(tmp_path)


def test_a_damaged_manifest_is_one_problem(finished: Path) -> None:
    (finished / "manifest.json").write_text("{")
    assert "damaged" in verify(finished)[0]


def test_rows_that_do_not_add_up_make_no_manifest() -> None:
    with pytest.raises(MsisdnError, match="rows read 3, but outputs = 0") as caught:
        manifest_of(WHO, [], 3, {})
    assert caught.value.exit_code == 1


def test_each_equation_is_told_with_its_numbers() -> None:
    counts = dict.fromkeys(("duplicates", "cleaned", "refused", "unresolved", "skipped"), 0)
    counts |= {"rows": 9, "enriched": 5, "rejected": 3, "answered": 4}
    assert equations(counts) == [
        "rows read 9, but enriched 5 + rejected 3 = 8",
        "enriched 5, but answered 4 + refused 0 + unresolved 0 + skipped 0 = 4",
    ]
    assert equations(counts | {"rows": 8, "answered": 5}) == []


def test_how_far_an_unfinished_run_is(unfinished: Checkpoint) -> None:
    assert verify(unfinished.out) == []
    known = progress(unfinished.out)
    assert (known.finished, known.planned) == (False, False)
    assert (known.shards, known.shards_done) == (3, 1)
    assert known.counts == {"answered": 2, "unresolved": 1, "skipped": 1}
    assert known.states == {
        "answered": 1,
        "unknown": 2,
        "never": 1,
        "failed": 0,
        "unresolved": 0,
    }


def test_a_damaged_journal_of_an_unfinished_run_is_found(unfinished: Checkpoint) -> None:
    path = unfinished.journal(1)
    content = bytearray(path.read_bytes())
    content[70] ^= 1
    path.write_bytes(content)
    assert "the journal is damaged" in verify(unfinished.out)[0]
    with pytest.raises(CheckpointError, match="the journal is damaged"):
        progress(unfinished.out)


def test_a_changed_or_missing_shard_is_found(unfinished: Checkpoint) -> None:
    unfinished.shard(1).write_bytes(b"other")
    assert "not the shard that the journal was written for" in verify(unfinished.out)[0]
    unfinished.shard(1).unlink()
    assert verify(unfinished.out) == [f"{unfinished.shard(1)}: missing"]


def test_a_part_that_is_gone_is_found(unfinished: Checkpoint) -> None:
    (unfinished.out / "enriched" / "part-00000.parquet").unlink()
    assert verify(unfinished.out)[0].endswith("part-00000.parquet: missing")


def test_where_no_run_is_that_is_said(tmp_path: Path) -> None:
    assert verify(tmp_path) == [
        f"{tmp_path}: no run is here: neither _SUCCESS nor .checkpoint/run.json"
    ]
    with pytest.raises(CheckpointError, match="no run is here"):
        progress(tmp_path)


@pytest.mark.parametrize("deep", [True, False])
def test_the_journal_of_a_shard_that_is_done_may_grow_and_not_shrink(
    unfinished: Checkpoint, deep: bool
) -> None:
    path, done = unfinished.journal(0), unfinished.done(0)
    assert done is not None
    kept = record_of(path, "journal", unfinished.out)
    unfinished.record_done(msgspec.structs.replace(done, journal=kept))
    whole = path.read_bytes()
    with open_journal(path, Shard(sha256_of(unfinished.shard(0)), 4), Files())[0] as journal:
        journal.intend([2])  # it is unresolved, so it is asked again
    assert verify(unfinished.out, deep=deep) == []
    path.write_bytes(whole[:-1])
    (problem,) = verify(unfinished.out, deep=deep)
    assert problem == (
        f"{path}: {len(whole) - 1} bytes, but {len(whole)} were written when its part was made"
    )
    path.unlink()
    assert verify(unfinished.out, deep=deep) == [f"{path}: missing"]


def test_a_journal_of_refusals_only_may_be_begun_anew(unfinished: Checkpoint) -> None:
    done = unfinished.done(0)
    assert done is not None
    kept = record_of(unfinished.journal(0), "journal", unfinished.out)
    refused = {"refused": 1, "unresolved": 3}
    unfinished.record_done(msgspec.structs.replace(done, journal=kept, counts=refused))
    unfinished.journal(0).unlink()
    open_journal(unfinished.journal(0), Shard(sha256_of(unfinished.shard(0)), 4), Files())[
        0
    ].close()
    assert verify(unfinished.out) == []
