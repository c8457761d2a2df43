"""The one door through which tables of our own are read: shards, parts, what is put by meanwhile.

Polars takes a path for a pattern (`[1]`, `*`, `?`, in the folders above as well), a leading `~` for
the home directory and `file:/` for a URL, the latter two with `glob=False` too; and neither Polars
nor PyArrow takes a name that is not UTF-8. So both are given an open file, never a path.

Rule: what is known of a file, its hash or its size, is compared before any of its rows count, on the
very file that is read then. `tests/architecture/test_own_paths.py` lets nobody else read one.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import CheckpointError
from pipeline.ledger.files import storage_error
from pipeline.ledger.opening import open_own
from pipeline.ledger.records import FileRecord

__all__ = ("check_rows", "opened_arrow", "opened_parquet", "read_rows", "scan_rows")

AT_ONCE = 64
"""Files that are open at a time; Polars opens each once more. A process may often have 1 024."""


def read_rows(
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    sha256: str | None = None,
    first: int | None = None,
) -> pl.DataFrame:
    """The rows of one Parquet file, all columns or these, all rows or the `first`.

    Raises `CheckpointError` that names the file where it has another hash than that, or cannot be
    read as Parquet, and `StorageError`.
    """
    with _opened(path) as file:
        if sha256 is not None:
            _check_hash(path, file, sha256)
        try:
            return pl.read_parquet(
                file,
                columns=list(columns) if columns else None,
                n_rows=first,
                glob=False,
                hive_partitioning=False,
            )
        except pl.exceptions.PolarsError as error:
            raise _changed(path, str(error).partition("\n")[0]) from None


def scan_rows(out: Path, records: Sequence[FileRecord]) -> Iterator[pl.LazyFrame]:
    """The rows of many Parquet files, a lazy frame for each few of them, in order.

    Only sizes are compared: a scan reads what it needs. For hashes there is `check_rows`. Raises
    `CheckpointError` that names the file, and `StorageError`.
    """
    for begin in range(0, len(records), AT_ONCE):
        with ExitStack() as stack:
            files: list[IO[bytes]] = []
            for record in records[begin : begin + AT_ONCE]:
                path = out / record.path
                file = stack.enter_context(_opened(path))
                if (size := os.fstat(file.fileno()).st_size) != record.size:
                    raise _changed(path, f"{size} bytes, but {record.size} were written")
                files.append(file)
            yield pl.scan_parquet(files, glob=False, hive_partitioning=False)


def check_rows(out: Path, records: Iterable[FileRecord]) -> None:
    """Raise `CheckpointError` that names the first file that is not as it was written."""
    for record in records:
        path = out / record.path
        with _opened(path) as file:
            _check_hash(path, file, record.sha256)


@contextmanager
def opened_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file for PyArrow, which aborts the process on a foreign one.

    Raises `pa.ArrowException` and `OSError` as it comes, and `CheckpointError` for what is no file.
    """
    with open_own(path) as file, pq.ParquetFile(file) as parquet:
        yield parquet


@contextmanager
def opened_arrow(path: Path) -> Iterator[pa.RecordBatchFileReader]:
    """An Arrow file, likewise."""
    with open_own(path) as file, pa.ipc.open_file(pa.py_buffer(file.read())) as arrow:
        yield arrow


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        file = open_own(path)
    except FileNotFoundError:
        raise _changed(path, "it is not there") from None
    except OSError as error:
        raise storage_error("read", path, error) from error
    with file:
        yield file


def _check_hash(path: Path, file: BufferedReader, sha256: str) -> None:
    try:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise storage_error("read", path, error) from error
    if found != sha256:
        raise _changed(path, "its content changed since it was written")
    file.seek(0)  # Polars reads from where a file stands


def _changed(path: Path, how: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: not as it was written ({how}): restore it, or add --restart to begin again"
    )
