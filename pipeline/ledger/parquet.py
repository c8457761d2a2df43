"""Parquet files that appear complete or not at all: parts of an output, shards, spooled frames.

Rules:
- The same rows give the same bytes, however they were cut into tables on the way: row groups are
  cut here, and nothing in the file tells the time.
- Only files of our own are read here: PyArrow aborts the process, uncatchably, on the metadata of
  a foreign file with encrypted columns.
"""

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StorageError
from pipeline.ledger.files import Files
from pipeline.ledger.records import FileRecord

__all__ = ("ROW_GROUP", "rows_of", "save")

ROW_GROUP = 131_072
"""Rows in a row group. Larger ones cost readers memory (Polars 25307), smaller ones space."""


def save(
    path: Path,
    table: pa.Table,
    files: Files,
    *,
    kind: str,
    relative_to: Path,
    row_group: int = ROW_GROUP,
) -> FileRecord:
    """Write a table as one file; its metadata, and its fields', are kept. Raises `StorageError`."""
    table = table.cast(_readable(table.schema))

    def fill(sink: BinaryIO) -> None:
        options = {"compression": "zstd", "compression_level": 3, "version": "2.6"}
        with pq.ParquetWriter(sink, table.schema, **options) as writer:
            # Pages end where chunks end, so each row group is made of one chunk.
            for begin in range(0, table.num_rows, row_group):
                group = table.slice(begin, row_group).combine_chunks()
                writer.write_table(group, row_group_size=row_group)

    def check(temporary: Path) -> None:
        try:
            with pq.ParquetFile(temporary) as written:
                sound = written.schema_arrow.equals(table.schema)
                sound &= written.metadata.num_rows == table.num_rows
        except (pa.ArrowException, OSError) as error:
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


def rows_of(path: Path) -> int:
    """Rows in a file of ours, by its footer. Raises `StorageError`."""
    try:
        with pq.ParquetFile(path) as file:
            return int(file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise StorageError(f"{path}: it cannot be read as Parquet: {error}") from None


def _readable(schema: pa.Schema) -> pa.Schema:
    """The schema as it reads back: a dictionary's values always come back as short strings."""
    fields = [
        field.with_type(pa.dictionary(field.type.index_type, pa.string(), field.type.ordered))
        if pa.types.is_dictionary(field.type)
        else field
        for field in schema
    ]
    return pa.schema(fields, metadata=schema.metadata)
