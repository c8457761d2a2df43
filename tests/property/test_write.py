"""Rows are conserved, and equal rows make equal bytes, however they came."""

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ledger.files import Files
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import AnswerRecord, FaultRecord, Journal, open_journal
from pipeline.ledger.replay import REFUSED_COUNTRY, replay
from pipeline.protocol.codec import encode_answer
from pipeline.write import Output, Parts, answers, expand, keep

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
CELLS = st.lists(st.tuples(st.none() | TEXT, st.none() | TEXT), max_size=30)
CODES = st.sampled_from(["", "01", "1B", "F0", "F1", "F2", "7F"])


def output(out: Path) -> Output:
    return Output(out=out, own=("a", "b"), run_id="r", rules_version="9", files=Files())


def duplicates(cells: list[tuple[str | None, str | None]]) -> pl.DataFrame:
    rows = range(len(cells))
    return pl.DataFrame(
        {
            "row_id": rows,
            "first_row_id": rows,
            "msisdn": [str(row) for row in rows],
            "in:a": [a for a, _ in cells],
            "in:b": [b for _, b in cells],
        },
        schema={
            "row_id": pl.Int64,
            "first_row_id": pl.Int64,
            "msisdn": pl.String,
            "in:a": pl.String,
            "in:b": pl.String,
        },
    )


@settings(max_examples=50, deadline=None)
@given(CELLS, st.lists(st.integers(0, 30), max_size=6), st.integers(1, 12))
def test_parts_are_the_same_bytes_however_rows_are_cut(
    cells: list[tuple[str | None, str | None]], cuts: list[int], size: int
) -> None:
    frame = duplicates(cells)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        whole = Parts("duplicates", output(Path(one)), size)
        whole.add(frame)
        pieces = Parts("duplicates", output(Path(two)), size)
        for begin, end in pairwise(
            sorted({0, frame.height, *(c for c in cuts if c < frame.height)})
        ):
            pieces.add(frame.slice(begin, end - begin))
        records = whole.close()
        assert pieces.close() == records
        assert sum(record.rows or 0 for record in records) == frame.height
        if records:
            read = pl.read_parquet(Path(one) / "duplicates").rename({"a": "in:a", "b": "in:b"})
            assert read.equals(frame)


def record(journal: Journal, position: int, outcome: str, raw: bytes) -> None:
    """What becomes of one number."""
    fault = FaultRecord(position, 1, maybe_billed=True, reason="late")
    if outcome != "nothing":
        journal.intend([position])
    if outcome == "answer":
        journal.answer([AnswerRecord(position, 1, 0, 1_767_225_600_000, raw)])
    elif outcome == "fail":
        journal.fail([fault])
    elif outcome == "give_up":
        journal.give_up([fault])


class Row(NamedTuple):
    """A number of a shard, and what becomes of it."""

    region: str | None
    ask: bool
    outcome: str
    code: str


ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from(["GB", "DE", None]),
        st.booleans(),
        st.sampled_from(["answer", "fail", "give_up", "intend", "nothing"]),
        CODES,
    ),
    min_size=1,
    max_size=12,
)


def expected(row: Row, refused: set[str]) -> set[str]:
    """The statuses that the row may have."""
    if not row.ask:
        return {"skipped"}
    if row.outcome == "answer":
        return {"answered", "refused"}
    return {"refused" if row.region in refused else "unresolved"}


@settings(deadline=None)
@given(ROWS, st.sets(st.sampled_from(["GB", "DE"])))
def test_every_row_has_exactly_one_status_and_keeps_its_place(
    rows: list[Row], refused: set[str]
) -> None:
    shard = pl.DataFrame(
        {
            "row_id": range(len(rows)),
            "region": [row.region for row in rows],
            "ask": [row.ask for row in rows],
        },
        schema={"row_id": pl.Int64, "region": pl.String, "ask": pl.Boolean},
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        with open_journal(path, Shard("00" * 32, len(rows)), Files())[0] as journal:
            for position, row in enumerate(rows):
                if row.ask:
                    record(journal, position, row.outcome, encode_answer({"error_code": row.code}))
            for region in refused:
                journal.notice(REFUSED_COUNTRY, region)
        table = answers(shard, replay(path))
    assert table["row_id"].to_list() == list(range(len(rows)))
    assert table["attempts"].null_count() == 0
    for row, status, error in zip(rows, table["status"], table["error"], strict=True):
        assert status in expected(row, refused)
        assert bool(error) == (row.ask and (row.outcome != "answer" or bool(row.code)))


@settings(max_examples=40, deadline=None)  # each writes a dozen files
@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 40), st.integers(1, 6))
def test_every_valid_row_is_written_once_with_its_numbers_answer(
    numbers: list[int], size: int, shard_rows: int
) -> None:
    firsts = {number: numbers.index(number) for number in numbers}
    unique = sorted(firsts.values())
    again = [row for row in range(len(numbers)) if row not in unique]
    shard = pl.DataFrame(
        {
            "row_id": unique,
            "occurrences": [numbers.count(numbers[row]) for row in unique],
            "source_file": ["list.csv"] * len(unique),
            "line_number": [row + 2 for row in unique],
            "msisdn": [f"44207946010{numbers[row]}" for row in unique],
            **{
                name: ["x"] * len(unique)
                for name in ("msisdn_input", "region", "plan_type", "rule")
            },
            "in:a": [f"row {row}" for row in unique],
            "ask": [True] * len(unique),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        out = output(Path(folder))
        path = out.out / "journal"
        with open_journal(path, Shard("00" * 32, len(unique)), Files())[0] as journal:
            raws = [encode_answer({"carrier": f"c{numbers[row]}"}) for row in unique]
            journal.answer(
                [AnswerRecord(i, 1, 0, 1_767_225_600_000, raw) for i, raw in enumerate(raws)]
            )
        table = answers(shard, replay(path))
        files = []
        for begin in range(0, table.height, shard_rows):
            path = out.out / "unique" / f"{begin}.parquet"
            files.append(keep(table.slice(begin, shard_rows), path, "enriched", out))
        repeats = pl.DataFrame(
            {
                "row_id": again,
                "first_row_id": [firsts[numbers[row]] for row in again],
                "source_file": ["list.csv"] * len(again),
                "line_number": [row + 2 for row in again],
                "msisdn": [f"44207946010{numbers[row]}" for row in again],
                "msisdn_input": ["y"] * len(again),
                "in:a": [f"row {row}" for row in again],
            },
            schema_overrides={
                "row_id": pl.Int64,
                "first_row_id": pl.Int64,
                "source_file": pl.String,
                "line_number": pl.Int64,
            },
        )
        path = out.out / "repeats.parquet"
        spool = [keep(repeats, path, "duplicates", out)] if again else []
        records = expand(files, spool, out.out / "scratch", size, out)
        read = pl.concat([pl.read_parquet(out.out / record.path) for record in records])
        assert read["row_id"].to_list() == list(range(len(numbers)))
        assert read["a"].to_list() == [f"row {row}" for row in range(len(numbers))]
        assert read["line_number"].to_list() == [row + 2 for row in range(len(numbers))]
        assert read["carrier"].to_list() == [f"c{number}" for number in numbers]
        assert read["occurrences"].to_list() == [numbers.count(number) for number in numbers]
