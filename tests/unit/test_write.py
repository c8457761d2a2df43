"""Rows and answers become Parquet that every reader reads alike."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from pipeline.errors import StorageError
from pipeline.ledger.files import Files
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import AnswerRecord, FaultRecord, Journal, open_journal
from pipeline.ledger.records import FileRecord
from pipeline.ledger.replay import REFUSED_COUNTRY, Replay, replay
from pipeline.model import DUPLICATES, ENRICHED, REJECTED
from pipeline.protocol.codec import encode_answer
from pipeline.write import Output, Parts, answers, expand, keep, write
from pipeline.write.parts import KINDS

NOON = 1_767_225_600_000
REGIONS = ["GB", "GB", "DE", "DE", None]


def output(out: Path, *own: str, numbers: tuple[str, ...] = ()) -> Output:
    return Output(
        out=out,
        own=own,
        run_id="0123456789abcdef",
        rules_version="9.0.43",
        number_columns=numbers,
        files=Files(),
    )


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Enum).cast(pl.String))


def shard(
    regions: Sequence[str | None] = REGIONS, ask: Sequence[bool] | None = None
) -> pl.DataFrame:
    rows = len(regions)
    return pl.DataFrame(
        {
            "row_id": range(0, 2 * rows, 2),
            "occurrences": [1] * rows,
            "source_file": ["list.csv"] * rows,
            "line_number": range(2, rows + 2),
            "column": ["phone"] * rows,
            "msisdn": [f"4420794601{i:02}" for i in range(rows)],
            "msisdn_input": [f"020 7946 01{i:02}" for i in range(rows)],
            "region": regions,
            "plan_type": ["mobile"] * rows,
            "rule": ["national"] * rows,
            "in:name": [f"n{i}" for i in range(rows)],
            "ask": ask or [True] * rows,
        },
        schema_overrides={"region": pl.String},
    )


def journal_of(tmp_path: Path, rows: int) -> Journal:
    return open_journal(tmp_path / "journal", Shard("00" * 32, rows), Files())[0]


def answer(position: int, attempts: int = 1, **fields: str) -> AnswerRecord:
    return AnswerRecord(position, attempts, 1, NOON, encode_answer(fields))


def replayed(tmp_path: Path, *records: AnswerRecord, rows: int = 5) -> Replay:
    with journal_of(tmp_path, rows) as journal:
        journal.answer(records)
    return replay(tmp_path / "journal")


def test_an_answer_fills_its_own_row(tmp_path: Path) -> None:
    known = replayed(
        tmp_path,
        answer(3, 2, country="DEU", mnc="01", ported="yes", present="na", lookup_type="hlr"),
    )
    row = answers(shard(), known).row(3, named=True)
    assert row["msisdn"] == "442079460103"
    expected = {
        "status": "answered",
        "country": "DE",
        "mnc": "01",
        "ported": True,
        "present": None,
        "lookup_type": "hlr",
        "attempts": 2,
        "source": "tcp",
        "error_code": None,
        "error": None,
        "answered_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("", "answered", None),
        ("1B", "answered", "absent subscriber"),
        ("7F", "answered", "unknown code"),
        ("F0", "refused", "lookup type not allowed for this account"),
        ("F2", "refused", "invalid parameters in the request"),
        ("F3", "unresolved", "unknown error of the service"),
    ],
)
def test_the_code_decides_the_status(
    tmp_path: Path, code: str, status: str, error: str | None
) -> None:
    table = answers(shard(), replayed(tmp_path, answer(0, error_code=code)))
    assert table.select("status", "error_code", "error").row(0) == (status, code or None, error)


def test_what_is_not_looked_up_is_skipped(tmp_path: Path) -> None:
    table = answers(shard(ask=[False] * 5), replayed(tmp_path))
    assert table["status"].unique().to_list() == ["skipped"]
    assert table["attempts"].unique().to_list() == [0]
    assert table["source"].null_count() == table["error"].null_count() == 5
    assert "ask" not in table.columns


def test_an_unresolved_row_says_why(tmp_path: Path) -> None:
    late = FaultRecord(0, 3, maybe_billed=True, reason="no answer in time")
    with journal_of(tmp_path, 5) as journal:
        journal.intend([0, 1, 2, 3])
        journal.fail([late])
        journal.give_up(
            [
                late,
                late._replace(position=1, reason="unknown error (F3)"),
                late._replace(position=2, reason="unknown error", code="F3"),
            ]
        )
    table = answers(shard(), replay(tmp_path / "journal"))
    assert table["status"].unique().to_list() == ["unresolved"]
    assert table.select("error", "error_code", "attempts").rows() == [
        ("no answer in time", None, 3),
        ("unknown error (F3)", None, 3),
        ("unknown error", "F3", 3),
        ("asked, and no outcome is known", None, 1),
        ("not asked yet", None, 0),
    ]


def test_the_rest_of_a_refused_country_is_refused(tmp_path: Path) -> None:
    with journal_of(tmp_path, 5) as journal:
        journal.answer([answer(2, error_code="F1")])
        journal.notice(REFUSED_COUNTRY, "DE")
    table = answers(shard(ask=[True, False, True, True, True]), replay(tmp_path / "journal"))
    assert table["status"].to_list() == [
        "unresolved",
        "skipped",
        "refused",
        "refused",
        "unresolved",
    ]
    barred = table.select("error_code", "error", "attempts", "source", "answered_at").row(3)
    assert barred == ("F1", "country not allowed for this account", 0, None, None)


def test_what_was_given_up_after_its_country_was_refused_stays_unresolved(tmp_path: Path) -> None:
    given_up = FaultRecord(0, 5, maybe_billed=True, reason="no answer in time")
    with journal_of(tmp_path, 5) as journal:
        journal.give_up([given_up._replace(position=1)])
        journal.notice(REFUSED_COUNTRY, "GB")
        journal.give_up([given_up])
    table = answers(shard(), replay(tmp_path / "journal"))
    assert table["status"].to_list()[:2] == ["unresolved", "refused"]


def test_a_journal_of_another_length_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="5 rows in the shard, 4 in its journal"):
        answers(shard(), replayed(tmp_path, rows=4))


def test_a_part_has_the_inputs_columns_then_ours(tmp_path: Path) -> None:
    table = answers(shard(), replayed(tmp_path, answer(0)))
    record = write(table, "enriched", 3, output(tmp_path, "name"))
    assert (record.path, record.rows, record.kind) == ("enriched/part-00003.parquet", 5, "enriched")
    read = pl.read_parquet(tmp_path / record.path)
    assert read.columns == ["name", *(column.name for column in ENRICHED)]
    assert read.rename({"name": "in:name"}).select(table.columns).equals(as_text(table))


def test_files_tell_what_their_columns_mean_and_whose_run_it_is(tmp_path: Path) -> None:
    record = write(answers(shard(), replayed(tmp_path)), "enriched", 0, output(tmp_path, "name"))
    with pq.ParquetFile(tmp_path / record.path) as file:
        schema = file.schema_arrow
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert schema.field("mnc").metadata[b"wire"] == b"mnc"
    assert schema.field("carrier").metadata[b"wire"] == b"cn"
    assert b"wire" not in schema.field("row_id").metadata
    assert all(schema.field(column.name).metadata[b"description"] for column in ENRICHED)
    assert schema.metadata[b"msisdn.run"] == b"0123456789abcdef"
    assert schema.metadata[b"msisdn.schema_version"] == b"2"
    assert schema.metadata[b"msisdn.rules_version"] == b"9.0.43"


def test_polars_duckdb_and_pandas_read_the_same(tmp_path: Path) -> None:
    table = answers(shard(), replayed(tmp_path, answer(0, ported="no"), answer(1, ported="yes")))
    path = tmp_path / write(table, "enriched", 0, output(tmp_path, "name")).path
    read = pl.read_parquet(path)
    assert read.schema["status"] == read.schema["source"] == read.schema["lookup_type"] == pl.String
    assert read.schema["answered_at"] == pl.Datetime("ms", "UTC")
    connection = duckdb.connect()
    described = connection.execute(f"describe select * from '{path}'").fetchall()
    types = {name: kind for name, kind, *_ in described}
    assert types["answered_at"] == "TIMESTAMP WITH TIME ZONE"
    assert (types["status"], types["ported"], types["row_id"]) == ("VARCHAR", "BOOLEAN", "BIGINT")
    rows = connection.execute(f"select status, ported, attempts from '{path}'").fetchall()
    connection.close()
    assert rows == read.select("status", "ported", "attempts").rows()
    frame = pd.read_parquet(path)
    assert frame["ported"].tolist()[:2] == [False, True]
    assert frame["status"].tolist() == read["status"].to_list()
    assert frame["answered_at"][0] == pd.Timestamp("2026-01-01", tz="UTC")


class FullDisk(Files):
    """Takes so many bytes and no more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, fd: int, data: bytes | memoryview, path: Path) -> None:
        self.room -= len(data)
        if self.room < 0:
            raise StorageError(f"{path}: the disk is full")
        super().write(fd, data, path)


def test_a_full_disk_leaves_no_part(tmp_path: Path) -> None:
    table = answers(shard(), replayed(tmp_path))
    full = replace(output(tmp_path, "name"), files=FullDisk(1000))
    with pytest.raises(StorageError, match="the disk is full"):
        write(table, "enriched", 0, full)
    assert not list((tmp_path / "enriched").iterdir())


def test_a_large_part_has_several_row_groups_of_one_size(tmp_path: Path) -> None:
    parts = Parts("rejected", output(tmp_path, "name"), rows=200_000)
    parts.add(rejected(0, 150_000))
    parts.add(rejected(150_000, 10_000))
    (record,) = parts.close()
    with pq.ParquetFile(tmp_path / record.path) as file:
        groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert groups == [131_072, 28_928]
    again = write(rejected(0, 160_000), "rejected", 0, output(tmp_path, "name"))
    assert again.sha256 == record.sha256


def test_an_input_column_with_a_name_of_ours_is_renamed(tmp_path: Path) -> None:
    table = answers(shard(), replayed(tmp_path)).rename({"in:name": "in:status"})
    record = write(table, "enriched", 0, output(tmp_path, "status"))
    assert pl.read_parquet(tmp_path / record.path)["status_input"].to_list()[0] == "n0"


@pytest.mark.parametrize("called", ["msisdn", "msisdn_input"])
def test_a_number_column_that_ours_repeats_is_written_once(tmp_path: Path, called: str) -> None:
    table = answers(shard(), replayed(tmp_path)).rename({"in:name": f"in:{called}"})
    record = write(table, "enriched", 0, output(tmp_path, called, numbers=(called,)))
    assert pl.read_parquet(tmp_path / record.path).columns == [column.name for column in ENRICHED]


def test_in_duplicates_the_number_column_keeps_the_cell(tmp_path: Path) -> None:
    table = pl.DataFrame({"row_id": [1], "first_row_id": [0], "msisdn": ["1"], "in:msisdn": ["+1"]})
    record = write(table, "duplicates", 0, output(tmp_path, "msisdn", numbers=("msisdn",)))
    read = pl.read_parquet(tmp_path / record.path)
    assert read.columns == [*(column.name for column in DUPLICATES), "msisdn_input"]
    assert read.row(0) == (1, 0, "1", "+1")


def test_a_column_that_one_input_lacks_is_null(tmp_path: Path) -> None:
    table = answers(shard(), replayed(tmp_path))
    record = write(table, "enriched", 0, output(tmp_path, "name", "city"))
    assert pl.read_parquet(tmp_path / record.path)["city"].null_count() == 5


def test_a_column_that_was_not_announced_is_a_defect(tmp_path: Path) -> None:
    table = answers(shard(), replayed(tmp_path))
    with pytest.raises(ValueError, match="no input announced: in:name"):
        write(table, "enriched", 0, output(tmp_path, "city"))


def rejected(first: int, rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row_id": range(first, first + rows),
            "source_file": ["list.csv"] * rows,
            "line_number": range(first + 2, first + rows + 2),
            "msisdn_input": ["x"] * rows,
            "reject_reason": ["not_a_number"] * rows,
            "reject_detail": pl.Series([None] * rows, dtype=pl.String),
            "in:name": ["n"] * rows,
        }
    )


def test_rows_in_pieces_become_parts_of_equal_size(tmp_path: Path) -> None:
    parts = Parts("rejected", output(tmp_path, "name"), rows=10)
    for first in range(0, 25, 5):
        parts.add(rejected(first, 5))
    parts.add(rejected(25, 0))
    assert repr(parts) == "<Parts of rejected: 2 begun, 5 rows held>"
    records = parts.close()
    assert [record.rows for record in records] == [10, 10, 5]
    assert parts.close() == records
    read = pl.read_parquet(tmp_path / "rejected")
    assert read.columns == ["name", *(column.name for column in REJECTED)]
    assert read["row_id"].to_list() == list(range(25))


@pytest.mark.parametrize("kind", ["enriched", "cleaned", "rejected", "duplicates"])
def test_without_rows_there_is_a_part_with_every_column(tmp_path: Path, kind: str) -> None:
    parts = Parts(kind, output(tmp_path, "name", "city"), rows=10)
    (record,) = parts.close()
    assert (record.path, record.rows) == (f"{kind}/part-00000.parquet", 0)
    assert parts.close() == [record]
    read = pl.read_parquet(tmp_path / kind / "*.parquet")
    ours = [column.name for column in KINDS[kind].ours]
    own = ["name", "city"]
    assert read.columns == (ours + own if kind == "duplicates" else own + ours)


def test_a_reader_of_older_parts_bears_a_word_that_came_later(tmp_path: Path) -> None:
    table = answers(shard(), replayed(tmp_path))
    later = table.with_columns(status=pl.lit("postponed"), source=pl.lit("pigeon"))
    for number, rows in enumerate((table, later)):
        write(rows, "enriched", number, output(tmp_path, "name"))
    read = pl.read_parquet(tmp_path / "enriched" / "*.parquet")
    assert read["status"].unique().sort().to_list() == ["postponed", "unresolved"]
    with pq.ParquetFile(tmp_path / "enriched" / "part-00000.parquet") as file:
        group = file.metadata.row_group(0)
        columns = {
            group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)
        }
    for name in ("status", "lookup_type", "source", "plan_type", "rule", "column"):
        assert columns[name].has_dictionary_page, name


def test_the_column_that_all_numbers_are_from_is_named(tmp_path: Path) -> None:
    table = answers(shard(), replayed(tmp_path)).drop("column")
    record = write(table, "enriched", 0, output(tmp_path, "name", numbers=("area+name",)))
    assert pl.read_parquet(tmp_path / record.path)["column"].unique().to_list() == ["area+name"]


def test_an_empty_part_has_its_columns(tmp_path: Path) -> None:
    record = write(rejected(0, 0), "rejected", 0, output(tmp_path, "name"))
    assert record.rows == 0
    assert pl.read_parquet(tmp_path / record.path).width == 1 + len(REJECTED)


@pytest.fixture
def two_unique_files(tmp_path: Path) -> list[FileRecord]:
    """Ten numbers in two files; their rows are 0, 2, 4 … 18."""
    known = replayed(tmp_path, *(answer(i, carrier=f"c{i}") for i in range(10)), rows=10)
    table = answers(shard(["GB"] * 10), known)
    out = output(tmp_path, "name")
    paths = [tmp_path / "unique" / f"{number}.parquet" for number in range(2)]
    return [
        keep(half, path, "enriched", out)
        for path, half in zip(paths, (table.head(5), table.tail(5)), strict=True)
    ]


def repeats(tmp_path: Path, **firsts: int) -> FileRecord:
    """Duplicate rows, as `row_<id>=<first row id>`."""
    frame = pl.DataFrame(
        {
            "row_id": [int(name.removeprefix("row_")) for name in firsts],
            "first_row_id": list(firsts.values()),
            "msisdn": ["442079460100"] * len(firsts),
            "in:name": [f"again {name}" for name in firsts],
        }
    )
    path = tmp_path / "repeats.parquet"
    return keep(frame, path, "duplicates", output(tmp_path, "name"))


def test_every_valid_row_gets_its_numbers_answer(
    tmp_path: Path, two_unique_files: list[FileRecord]
) -> None:
    again = repeats(tmp_path, row_3=0, row_17=0, row_19=16)
    out = output(tmp_path, "name", numbers=("name",))
    records = expand(two_unique_files, [again], tmp_path / "scratch", 8, out)
    assert [(record.path, record.rows) for record in records] == [
        ("enriched/part-00000.parquet", 5),
        ("enriched/part-00001.parquet", 4),
        ("enriched/part-00002.parquet", 4),
    ]
    read = pl.read_parquet(tmp_path / "enriched")
    row_ids = [0, 2, 3, 4, 6, 8, 10, 12, 14, 16, 17, 18, 19]
    assert read["row_id"].to_list() == row_ids
    carriers = dict(read.select("row_id", "carrier").rows())
    assert (carriers[3], carriers[17], carriers[19]) == ("c0", "c0", "c8")
    own = read.filter(pl.col("row_id") == 17).row(0, named=True)
    assert (own["name"], own["msisdn_input"]) == ("again row_17", "again row_17")
    assert own["rule"] == "national"


def test_expanding_again_makes_the_same_files(
    tmp_path: Path, two_unique_files: list[FileRecord]
) -> None:
    again = repeats(tmp_path, row_3=0)
    out = output(tmp_path, "name", numbers=("name",))
    first = expand(two_unique_files, [again], tmp_path / "scratch", 8, out)
    assert expand(two_unique_files, [again], tmp_path / "scratch", 8, out) == first


def test_without_duplicates_the_unique_rows_are_all(
    tmp_path: Path, two_unique_files: list[FileRecord]
) -> None:
    records = expand(two_unique_files, [], tmp_path / "scratch", 100, output(tmp_path, "name"))
    assert [record.rows for record in records] == [10]


def test_without_any_row_there_is_no_part(tmp_path: Path) -> None:
    assert expand([], [], tmp_path / "scratch", 100, output(tmp_path, "name")) == []


def test_a_duplicate_of_nothing_is_a_defect(
    tmp_path: Path, two_unique_files: list[FileRecord]
) -> None:
    again = repeats(tmp_path, row_3=1)
    with pytest.raises(ValueError, match="1 duplicate rows of numbers that are not among"):
        expand(two_unique_files, [again], tmp_path / "scratch", 8, output(tmp_path, "name"))
