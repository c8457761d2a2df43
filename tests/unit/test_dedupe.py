"""Which rows stand for a number, and what is kept of the others."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
import pytest

from pipeline.dedupe import dedupe
from pipeline.dedupe.scratch import ScratchFile
from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import Files

ONE, TWO, THREE = "12125550101", "12125550102", "390669812345"

T = TypeVar("T")


def normalised(row_id: int, numbers: list[str | None]) -> pl.DataFrame:
    count = len(numbers)
    return pl.DataFrame(
        {
            "row_id": range(row_id, row_id + count),
            "source_file": ["list.csv"] * count,
            "line_number": range(row_id + 2, row_id + count + 2),
            "in:name": [f"name {row_id + place}" for place in range(count)],
            "msisdn": numbers,
            "msisdn_input": [number and f"+{number}" for number in numbers],
            "region": [number and "US" for number in numbers],
            "plan_type": [number and "fixed_line_or_mobile" for number in numbers],
            "rule": [number and "international" for number in numbers],
            "reject_reason": [None if number else "empty" for number in numbers],
        },
        schema_overrides=dict.fromkeys(
            ("msisdn", "msisdn_input", "region", "plan_type", "rule", "reject_reason"), pl.String
        )
        | {"row_id": pl.Int64, "in:name": pl.String, "source_file": pl.String},
    )


def many(frames: int) -> Iterator[pl.DataFrame]:
    return (normalised(2 * number, [ONE, TWO]) for number in range(frames))


def test_the_first_row_of_a_number_wins_and_counts_the_others(tmp_path: Path) -> None:
    frames = [normalised(0, [ONE, None, TWO, ONE]), normalised(4, [TWO, THREE, ONE])]
    (unique, duplicates), (later, repeated) = dedupe(frames, tmp_path, Files())
    assert unique.select("row_id", "occurrences", "msisdn").rows() == [(0, 3, ONE), (2, 2, TWO)]
    shown = ("row_id", "first_row_id", "msisdn", "in:name")
    assert duplicates.select(shown).rows() == [(3, 0, ONE, "name 3")]
    assert later.select("row_id", "occurrences", "msisdn").rows() == [(5, 1, THREE)]
    assert repeated.select(shown).rows() == [(4, 2, TWO, "name 4"), (6, 0, ONE, "name 6")]


def test_columns_and_types_are_those_of_the_contract(tmp_path: Path) -> None:
    ((unique, duplicates),) = dedupe([normalised(0, [ONE])], tmp_path, Files())
    assert unique.schema == {
        "row_id": pl.Int64,
        "occurrences": pl.Int64,
        "source_file": pl.String,
        "line_number": pl.Int64,
        "msisdn": pl.String,
        "msisdn_input": pl.String,
        "region": pl.String,
        "plan_type": pl.String,
        "rule": pl.String,
        "in:name": pl.String,
    }
    assert duplicates.schema == {
        "row_id": pl.Int64,
        "first_row_id": pl.Int64,
        "msisdn": pl.String,
        "source_file": pl.String,
        "line_number": pl.Int64,
        "msisdn_input": pl.String,
        "rule": pl.String,
        "in:name": pl.String,
    }


def test_a_cell_that_is_put_by_once_comes_back_twice(tmp_path: Path) -> None:
    frame = normalised(0, [ONE, TWO, ONE])
    frame = frame.with_columns(pl.col("msisdn_input").alias("in:phone"))
    ((unique, duplicates),) = dedupe([frame], tmp_path / "once", Files(), "in:phone")
    ((unique_too, duplicates_too),) = dedupe([frame], tmp_path / "twice", Files())
    assert unique.equals(unique_too)
    assert duplicates.equals(duplicates_too)
    assert unique["msisdn_input"].to_list() == [f"+{ONE}", f"+{TWO}"]


def test_the_longest_number_there_can_be_is_kept_whole(tmp_path: Path) -> None:
    numbers: list[str | None] = ["999999999999999", "999999999999998", "999999999999999"]
    ((unique, duplicates),) = dedupe([normalised(0, numbers)], tmp_path, Files())
    assert unique["msisdn"].to_list() == numbers[:2]
    assert duplicates["first_row_id"].to_list() == [0]


def test_a_longer_number_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 15 digits"):
        list(dedupe([normalised(0, ["1000000000000000"])], tmp_path, Files()))


def test_a_frame_of_rejected_rows_gives_two_empty_frames(tmp_path: Path) -> None:
    frames = [normalised(0, [None, None]), normalised(2, [])]
    pairs = dedupe(frames, tmp_path, Files())
    assert [(unique.height, later.height) for unique, later in pairs] == [(0, 0), (0, 0)]


def test_no_frames_give_no_frames(tmp_path: Path) -> None:
    assert list(dedupe([], tmp_path, Files())) == []


def test_nothing_is_left_in_the_scratch_folder(tmp_path: Path) -> None:
    assert len(list(dedupe(many(5), tmp_path / "scratch", Files(), hold=0))) == 5
    assert list((tmp_path / "scratch").iterdir()) == []


def test_scratch_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    pairs = dedupe(many(9), tmp_path, Files(), hold=0)
    next(pairs)
    modes = {}
    for path in tmp_path.iterdir():
        with suppress(FileNotFoundError):  # frames that are read ahead go at once
            modes[path.name] = path.stat().st_mode & 0o777
    assert set(modes.values()) == {0o600}
    assert {"numbers", "repeats"} <= modes.keys()


def test_whoever_stops_early_leaves_no_thread_behind(tmp_path: Path) -> None:
    before = threading.active_count()
    pairs = dedupe(many(9), tmp_path, Files())
    next(pairs)
    pairs.close()
    assert threading.active_count() == before


def test_an_error_of_the_frames_is_passed_on(tmp_path: Path) -> None:
    def broken() -> Iterator[pl.DataFrame]:
        yield from many(3)
        raise LookupError("the list broke off")

    before = threading.active_count()
    with pytest.raises(LookupError, match="broke off"):
        list(dedupe(broken(), tmp_path, Files()))
    assert threading.active_count() == before


def last_frame(tmp_path: Path) -> tuple[Iterator[tuple[pl.DataFrame, pl.DataFrame]], Path]:
    """Pairs of which the first was taken, and the file of the last, which is not yet read."""
    pairs = dedupe(many(9), tmp_path, Files(), hold=0)
    next(pairs)
    return pairs, tmp_path / "frame-00008.arrow"


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    pairs, last = last_frame(tmp_path)
    last.unlink()
    with pytest.raises(CheckpointError, match=r"frame-00008\.arrow.*--restart"):
        list(pairs)


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, kept: int) -> None:
    pairs, last = last_frame(tmp_path)
    last.write_bytes(last.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"frame-00008\.arrow.*--restart"):
        list(pairs)


def test_another_frame_in_its_place_is_an_error_that_names_it(tmp_path: Path) -> None:
    def shorter() -> Iterator[pl.DataFrame]:
        yield from many(8)
        yield normalised(16, [THREE])

    pairs = dedupe(shorter(), tmp_path, Files(), hold=0)
    next(pairs)
    (tmp_path / "frame-00007.arrow").replace(tmp_path / "frame-00008.arrow")
    with pytest.raises(CheckpointError, match=r"frame-0000[78]\.arrow.*--restart"):
        list(pairs)


class FullDisk(Files):
    """Fails every operation of one kind on one file."""

    def __init__(self, operation: str, name: str) -> None:
        self.fails = (operation, name)

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        if (operation, path.name) == self.fails:
            return super().perform(operation, path, self._fail)
        return super().perform(operation, path, call)

    def _fail(self) -> T:  # type: ignore[type-var]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("operation", ["create", "write"])
@pytest.mark.parametrize("name", ["frame-00003.arrow", "numbers"])
def test_a_full_disk_is_an_error_that_names_the_file(
    tmp_path: Path, operation: str, name: str
) -> None:
    with pytest.raises(StorageError, match=rf"{name}.*disk is full"):
        list(dedupe(many(5), tmp_path, FullDisk(operation, name), hold=0))


def test_a_scratch_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file: cannot mkdir"):
        list(dedupe(many(1), tmp_path / "file" / "scratch", Files()))


def test_a_scratch_file_that_was_cut_short_is_an_error_that_names_it(tmp_path: Path) -> None:
    with ScratchFile(tmp_path / "numbers", Files()) as file:
        file.append(np.arange(5))
        assert file.read(8, 3, np.int64).tolist() == [1, 2, 3]
        os.truncate(tmp_path / "numbers", file.size - 1)
        with pytest.raises(CheckpointError, match=r"numbers.*cut short.*--restart"):
            file.read(8, 4, np.int64)
