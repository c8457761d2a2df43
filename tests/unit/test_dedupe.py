"""Which rows stand for a number, and what is kept of the others."""

from pathlib import Path

import polars as pl
import pytest

from pipeline.dedupe import dedupe
from pipeline.errors import CheckpointError

ONE, TWO, THREE = "12125550101", "12125550102", "390669812345"


def spooled(path: Path, row_id: int, numbers: list[str | None]) -> Path:
    count = len(numbers)
    frame = pl.DataFrame(
        {
            "row_id": range(row_id, row_id + count),
            "source_file": ["list.csv"] * count,
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
    frame.write_parquet(path)
    return path


def test_the_first_row_of_a_number_wins_and_counts_the_others(tmp_path: Path) -> None:
    spool = [
        spooled(tmp_path / "0", 0, [ONE, None, TWO, ONE]),
        spooled(tmp_path / "1", 4, [TWO, THREE, ONE]),
    ]
    (unique, duplicates), (later, repeated) = dedupe(spool)
    assert unique.select("row_id", "occurrences", "msisdn").rows() == [(0, 3, ONE), (2, 2, TWO)]
    shown = ("row_id", "first_row_id", "msisdn", "in:name")
    assert duplicates.select(shown).rows() == [(3, 0, ONE, "name 3")]
    assert later.select("row_id", "occurrences", "msisdn").rows() == [(5, 1, THREE)]
    assert repeated.select(shown).rows() == [(4, 2, TWO, "name 4"), (6, 0, ONE, "name 6")]


def test_columns_and_types_are_those_of_the_contract(tmp_path: Path) -> None:
    ((unique, duplicates),) = dedupe([spooled(tmp_path / "0", 0, [ONE])])
    assert unique.schema == {
        "row_id": pl.Int64,
        "occurrences": pl.Int64,
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
        "msisdn_input": pl.String,
        "rule": pl.String,
        "in:name": pl.String,
    }


def test_a_frame_of_rejected_rows_gives_two_empty_frames(tmp_path: Path) -> None:
    spool = [spooled(tmp_path / "0", 0, [None, None]), spooled(tmp_path / "1", 2, [])]
    assert [(unique.height, later.height) for unique, later in dedupe(spool)] == [(0, 0), (0, 0)]


def test_no_files_give_no_frames() -> None:
    assert list(dedupe([])) == []


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    spool = [spooled(tmp_path / "0", 0, [ONE]), tmp_path / "frame-00001.parquet"]
    with pytest.raises(CheckpointError, match=r"frame-00001\.parquet.*--restart"):
        list(dedupe(spool))


def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    torn = spooled(tmp_path / "frame-00000.parquet", 0, [ONE, TWO])
    torn.write_bytes(torn.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match=r"frame-00000\.parquet.*--restart"):
        list(dedupe([torn]))


def test_a_file_without_the_columns_of_a_normalised_frame_is_an_error(tmp_path: Path) -> None:
    other = tmp_path / "frame-00000.parquet"
    pl.DataFrame({"row_id": [1]}).write_parquet(other)
    with pytest.raises(CheckpointError, match=r"frame-00000\.parquet"):
        list(dedupe([other]))
