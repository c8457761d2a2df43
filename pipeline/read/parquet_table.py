"""Parquet files: some thousand rows at a time, every column as text (`values.py`)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError
from pipeline.model import OWN
from pipeline.read.columns import listed, repeated_names, unique_names
from pipeline.read.contract import Layout, Source, framed
from pipeline.read.sniff import Wishes
from pipeline.read.unchanged import changed, hash_again
from pipeline.read.values import MENDED, as_text

__all__ = ("MAGIC", "ParquetTable", "open_parquet")

MAGIC = b"PAR1"
_SAMPLE = 100

BYTES = 16 << 20
"""Unpacked bytes that are turned into a frame at once, about; a row may be larger."""
MOST_ROWS = 1 << 17

_UNREADABLE = (Exception, pl.exceptions.PanicException)
"""What converting a value may raise that no rule of `values.py` foresaw; a panic is no `Exception`."""


def open_parquet(source: Source, wishes: Wishes) -> "ParquetTable":
    """Read the footer of a Parquet file. Raises `InputError` if there is none that is sound."""
    with _opened(source) as (parquet, _):
        return ParquetTable(source, tuple(parquet.schema_arrow.names))


@contextmanager
def _opened(source: Source) -> Iterator[tuple[pq.ParquetFile, BufferedReader]]:
    try:
        with source.path.open("rb") as file, pq.ParquetFile(file) as parquet:
            yield parquet, file
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source.name}: a column has a name that is not UTF-8; give it another name"
        ) from error
    except (pa.ArrowException, OSError) as error:
        first_line = str(error).partition("\n")[0]
        raise InputError(
            f"{source.name}: not a sound Parquet file, perhaps cut short: {first_line}"
        ) from error


class ParquetTable:
    """A Parquet file whose footer is sound."""

    def __init__(self, source: Source, names: tuple[str, ...]) -> None:
        if not names:
            raise InputError(f"{source.name}: has no columns")
        self._source = source
        self._mended: dict[str, Counter[str]] = {}
        self.layout = Layout(
            format="parquet", columns=unique_names(names), repeated=repeated_names(names)
        )

    def sample(self) -> pl.DataFrame:
        """The first rows."""
        with _opened(self._source) as (parquet, _):
            for batch in parquet.iter_batches(_SAMPLE):
                return self._text(batch, "")
        return pl.DataFrame(schema=dict.fromkeys(self.layout.columns, pl.String()))

    def frames(self) -> Iterator[pl.DataFrame]:
        """See `contract.Table`."""
        first = 1
        self._mended = {}
        with _opened(self._source) as (parquet, file):
            if unique_names(parquet.schema_arrow.names) != self.layout.columns:
                raise changed(self._source.name)
            for batch in parquet.iter_batches(_rows_at_once(parquet.metadata)):
                numbers = np.arange(first, first + batch.num_rows)
                first += batch.num_rows
                if batch.num_rows:
                    yield framed(numbers, self._text(batch, OWN).get_columns())
            hash_again(file, self._source.name, self._source.seen)

    def mended(self) -> Mapping[tuple[str, str], int]:
        """See `contract.Table`."""
        return {
            (column, MENDED[what]): cells
            for column, counted in self._mended.items()
            for what, cells in counted.items()
        }

    def _text(self, batch: pa.RecordBatch, prefix: str) -> pl.DataFrame:
        names = self.layout.columns
        return pl.DataFrame(
            [
                self._column(name, column).alias(prefix + name)
                for name, column in zip(names, batch.columns, strict=True)
            ]
        )

    def _column(self, name: str, column: pa.Array) -> pl.Series:
        try:
            return as_text(column, self._mended.setdefault(name, Counter()))
        except _UNREADABLE as error:
            raise InputError(
                f"{self._source.name}: column {listed([name])} cannot be read as text "
                f"({type(error).__name__}); leave it out, or write it as text"
            ) from error


def _rows_at_once(footer: pq.FileMetaData) -> int:
    """As many rows as take some megabytes unpacked."""
    size = sum(footer.row_group(at).total_byte_size for at in range(footer.num_row_groups))
    rows: int = BYTES * footer.num_rows // max(1, size)
    return max(1, min(MOST_ROWS, rows))
