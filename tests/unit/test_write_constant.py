"""A word that all rows of a part have is written once, and read by everybody as text."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.ledger.files import Files
from pipeline.write import Output, write

ROWS = 5_000


def part(out: Path, rows: int, column: str | None, words: dict[str, str]) -> Path:
    """A part of `cleaned` in which these words are the same in all rows."""
    row = pl.int_range(rows, dtype=pl.Int64)
    plain = ("msisdn", "msisdn_input")
    frame = pl.select(
        row_id=row, line_number=row + 2, occurrences=pl.lit(1, pl.Int64)
    ).with_columns(
        *(pl.format("4477009{}", pl.col("row_id")).alias(name) for name in plain),
        *(
            pl.lit(words.get(name, "x"), pl.Enum(["unused", words.get(name, "x")])).alias(name)
            for name in ("source_file", "region", "plan_type", "rule")
        ),
    )
    names = () if column is None else (column,)
    given = Output(
        out=out, own=(), run_id="0", rules_version="9", number_columns=names, files=Files()
    )
    return out / write(frame, "cleaned", 0, given).path


@pytest.mark.parametrize(
    ("rows", "column", "words"),
    [
        (ROWS, "phone", {"source_file": "list.csv"}),
        (ROWS, "Tel. 1", {"source_file": "lists/ä.csv", "region": "GB"}),
        (ROWS, "area+phone", {"plan_type": "mobile"}),
        (ROWS, "", {"rule": "national"}),
        (ROWS, "電話", {"source_file": "x" * 200}),
        (1, "phone", {"region": "GB"}),
        (0, "phone", {}),
        (ROWS, None, {"region": "GB"}),
    ],
)
def test_a_constant_takes_no_room_and_reads_as_text(
    tmp_path: Path, rows: int, column: str | None, words: dict[str, str]
) -> None:
    path = part(tmp_path, rows, column, words)
    expected = {"column": column} | words
    read = pl.read_parquet(path)
    file = pq.ParquetFile(path)
    for name, word in expected.items():
        assert read[name].dtype == pl.String
        assert read[name].to_list() == [word] * rows
        assert file.schema_arrow.field(name).type == pa.large_string()
        assert file.read([name]).column(name).to_pylist() == [word] * rows
    chunks = [file.metadata.row_group(0).column(at) for at in range(read.width)] if rows else []
    sizes = {chunk.path_in_schema: chunk.total_uncompressed_size for chunk in chunks}
    assert all(sizes[name] < 1_000 for name in expected if rows)
