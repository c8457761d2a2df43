"""Whether files are what their records say: there, as they were written, and each row in one place."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import sha256_of
from pipeline.ledger.records import FileRecord

__all__ = ("file_problems", "listing_problems", "row_problems")


def listing_problems(where: Path, files: Iterable[FileRecord]) -> list[str]:
    """Files that a list of them has twice, or that lie elsewhere than their kind does."""
    files = list(files)
    times = Counter(file.path for file in files)
    found = [
        f"{where}: it lists {path} {count} times" for path, count in times.items() if count > 1
    ]
    strange = [
        file.path for file in files if file.path.startswith("/") or ".." in file.path.split("/")
    ]
    return found + [f"{where}: it lists {path}, which lies elsewhere" for path in strange]


def file_problems(out: Path, file: FileRecord, deep: bool) -> list[str]:
    """What is wrong with one file: its size, and if `deep` its hash and the number of its rows."""
    path = out / file.path
    try:
        return _problems(path, file, deep)
    except FileNotFoundError:
        return [f"{path}: missing"]
    except (CheckpointError, StorageError) as error:
        return [str(error)]


def _problems(path: Path, file: FileRecord, deep: bool) -> list[str]:
    size = path.stat().st_size
    if not path.is_file():
        return [f"{path}: missing"]
    if size != file.size:
        return [f"{path}: {size} bytes, but {file.size} were written"]
    if not deep:
        return []
    if sha256_of(path) != file.sha256:
        return [f"{path}: its content changed since it was written"]
    if file.rows is None:
        return []
    # Only now is it known to be ours, and safe to open (see parquet.py). PyArrow is imported late,
    # because whoever asks for help or status does not need it.
    from pipeline.ledger.parquet import rows_of  # noqa: PLC0415

    rows = rows_of(path)
    return [] if rows == file.rows else [f"{path}: {rows} rows, but {file.rows} were written"]


def row_problems(files: Sequence[Path], rows: int) -> list[str]:
    """Rows of the input that are in two of these files, or in none that could be.

    The files are known to be as they were written. `rows` is how many the input has; each is
    known by its `row_id`.
    """
    import numpy as np  # noqa: PLC0415  slow to import, as the next one
    import pyarrow as pa  # noqa: PLC0415

    from pipeline.ledger.own_parquet import opened_parquet  # noqa: PLC0415

    found = []
    seen = np.zeros(rows, np.bool_)
    for path in files:
        try:
            with opened_parquet(path) as part:
                column = part.read(["row_id"]).column("row_id")
        except (pa.ArrowException, KeyError) as error:
            found.append(f"{path}: its rows cannot be told apart: {error}")
            continue
        row_ids = column.to_numpy()
        inside = row_ids[(row_ids >= 0) & (row_ids < rows)]
        if len(inside) < len(row_ids):
            found.append(f"{path}: it has rows that the input does not have")
        if seen[inside].any() or len(np.unique(inside)) < len(inside):
            found.append(f"{path}: it has rows that are in another file too, or twice in it")
        seen[inside] = True
    return found
