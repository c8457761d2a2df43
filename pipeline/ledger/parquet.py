"""Parquet files that appear complete or not at all: parts of an output, shards, spooled frames.

Rules:
- The same rows give the same bytes, however they were cut into tables on the way: row groups are
  cut here, encodings follow from the rows alone, and nothing in the file tells the time.
- Only files of our own are read here: PyArrow aborts the process, uncatchably, on the metadata of
  a foreign file with encrypted columns.
"""

import base64
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import Files
from pipeline.ledger.own_parquet import opened_parquet, read_rows
from pipeline.ledger.records import FileRecord

__all__ = ("ROW_GROUP", "rows_of", "save")

ROW_GROUP = 131_072
"""Rows in a row group. Larger ones cost readers memory (Polars 25307), smaller ones space."""

_SAMPLE = 1_024
"""Rows that are looked at to choose encodings, and that another library reads back."""
_PAGE = 1 << 16
"""Bytes in a page. So the first rows are read back in two fifths of the time that pages of the usual
MiB take; a file is 1 % larger, and written no slower."""
_REPEATED = 4
"""How often a value has to come on average, to be worth a dictionary."""


def save(
    path: Path,
    table: pa.Table,
    files: Files,
    *,
    kind: str,
    relative_to: Path,
    row_group: int = ROW_GROUP,
) -> FileRecord:
    """Write a table as one file; its metadata, and its fields', are kept. Raises `StorageError`.

    Views of strings, and codes for them (a dictionary without order), are written as they are, which
    saves a copy of each, and read as strings.
    """
    schema = _readable(table.schema)

    def fill(sink: BinaryIO) -> None:
        with pq.ParquetWriter(sink, table.schema, **_options(table)) as writer:
            # Pages end where chunks end, so each row group is made of one chunk.
            for begin in range(0, table.num_rows, row_group):
                group = table.slice(begin, row_group).combine_chunks()
                writer.write_table(group, row_group_size=row_group)
            writer.add_key_value_metadata(_described(schema))

    def check(temporary: Path) -> None:
        try:
            with opened_parquet(temporary) as written:
                sound = written.schema_arrow.equals(schema, check_metadata=True)
                sound &= written.metadata.num_rows == table.num_rows
            sound = sound and _decodes(temporary, schema, table.num_rows)
        except (pa.ArrowException, CheckpointError, OSError) as error:
            raise StorageError(f"{path}: it does not read back: {error}: check the disk") from None
        if not sound:
            raise StorageError(f"{path}: it read back different from written: check the disk")

    written = files.publish(path, fill, check)
    return FileRecord(
        path=path.relative_to(relative_to).as_posix(),
        size=written.size,
        sha256=written.sha256,
        kind=kind,
        rows=table.num_rows,
    )


def _decodes(path: Path, schema: pa.Schema, rows: int) -> bool:
    """Read the first values of every column by another library than the one that wrote them.

    That shows what one writes and the other cannot read. All values would take seven hundredths of
    `clean`'s processor time; text from outside is validated before it comes here.
    """
    frame = read_rows(path, first=_SAMPLE)
    return frame.columns == schema.names and frame.height == min(rows, _SAMPLE)


def _described(schema: pa.Schema) -> dict[bytes, bytes]:
    """The schema as PyArrow itself notes it in a file whose table has it."""
    noted = base64.b64encode(schema.serialize().to_pybytes())
    return {**(schema.metadata or {}), b"ARROW:schema": noted}


def _options(table: pa.Table) -> dict[str, Any]:
    """How the columns are written, by what the first rows hold.

    Measured on a list with names and numbers: a dictionary of values that hardly repeat costs half
    as much time again and a third of the space, and zstd 1 leaves less than zstd 3 does, in four
    fifths of the time. Text that hardly repeats has no statistics either: its least and greatest
    value in a row group tell a reader nothing.
    """
    head = table.slice(0, _SAMPLE)
    repeats = [
        field.name
        for field in head.schema
        if _distinct(head.column(field.name)) * _REPEATED <= head.num_rows
    ]
    others = [field for field in table.schema if field.name not in repeats]
    counted = [field.name for field in others if pa.types.is_integer(field.type)]
    bounded = [field.name for field in others if not _is_text(field.type)]
    return {
        "version": "2.6",
        "store_schema": False,  # `_described` does
        "compression": "zstd",
        "compression_level": 1,
        "data_page_size": _PAGE,
        "use_dictionary": repeats,
        "column_encoding": dict.fromkeys(counted, "DELTA_BINARY_PACKED"),
        "write_statistics": [*repeats, *bounded],
    }


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _distinct(column: pa.ChunkedArray) -> int:
    if pa.types.is_dictionary(column.type):
        return 0
    # PyArrow's own count knows no views, and its functions take 0.05 s to import.
    return len({*column.to_pylist()} - {None})


def rows_of(path: Path) -> int:
    """Rows in a file of ours, by its footer. Raises `StorageError`."""
    try:
        with opened_parquet(path) as file:
            return int(file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise StorageError(f"{path}: it cannot be read as Parquet: {error}") from None


def _readable(schema: pa.Schema) -> pa.Schema:
    """The schema as it reads back, for every version of every reader."""
    fields = [field.with_type(_readable_type(field.type)) for field in schema]
    return pa.schema(fields, metadata=schema.metadata)


def _readable_type(kind: pa.DataType) -> pa.DataType:
    coded = pa.types.is_dictionary(kind) or pa.types.is_string_view(kind)
    return pa.large_string() if coded else kind
