"""Parquet files: every column as the text that a person would have typed.

Rule: a value is never rounded on the way. An integer keeps its digits. A float that is a whole
number within what its type counts exactly becomes its digits; beyond that it is written in
scientific notation, so that `normalise` can tell that digits are missing, and anything else keeps
its point. NaN is what data frames write for a missing number, so it is null.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError
from pipeline.model import OWN
from pipeline.read.columns import repeated_names, unique_names
from pipeline.read.contract import Layout, Source, framed
from pipeline.read.sniff import Wishes

__all__ = ("MAGIC", "ParquetTable", "as_text", "open_parquet")

MAGIC = b"PAR1"
_SAMPLE = 100

BYTES = 16 << 20
"""Unpacked bytes that are turned into a frame at once, about; a row may be larger."""
MOST_ROWS = 1 << 17


def open_parquet(source: Source, wishes: Wishes) -> "ParquetTable":
    """Read the footer of a Parquet file. Raises `InputError` if there is none that is sound."""
    with _opened(source) as file:
        return ParquetTable(source, tuple(file.schema_arrow.names))


@contextmanager
def _opened(source: Source) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(source.path) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
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
        self.layout = Layout(
            format="parquet", columns=unique_names(names), repeated=repeated_names(names)
        )

    def sample(self) -> pl.DataFrame:
        """The first rows."""
        with _opened(self._source) as file:
            for batch in file.iter_batches(_SAMPLE):
                return self._text(batch, "")
        return pl.DataFrame(schema=dict.fromkeys(self.layout.columns, pl.String()))

    def frames(self) -> Iterator[pl.DataFrame]:
        """See `contract.Table`."""
        first = 1
        with _opened(self._source) as file:
            for batch in file.iter_batches(_rows_at_once(file.metadata)):
                numbers = np.arange(first, first + batch.num_rows)
                first += batch.num_rows
                if batch.num_rows:
                    yield framed(numbers, self._text(batch, OWN).get_columns())

    def _text(self, batch: pa.RecordBatch, prefix: str) -> pl.DataFrame:
        names = self.layout.columns
        return pl.DataFrame(
            [
                as_text(column).alias(prefix + name)
                for name, column in zip(names, batch.columns, strict=True)
            ]
        )


def _rows_at_once(footer: pq.FileMetaData) -> int:
    """As many rows as take some megabytes unpacked."""
    size = sum(footer.row_group(at).total_byte_size for at in range(footer.num_row_groups))
    rows: int = BYTES * footer.num_rows // max(1, size)
    return max(1, min(MOST_ROWS, rows))


def as_text(column: pa.Array) -> pl.Series:
    """A column of any type as String, by the first line of the table that fits its type."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode())
    if isinstance(kind, pa.BaseExtensionType):
        return as_text(column.storage)
    convert = next((how for fits, how in _TEXT if fits(kind)), _json)
    return convert(column)


def _cast(column: pa.Array) -> pl.Series:
    return _series(column.cast(pa.large_string()))


def _series(column: pa.Array) -> pl.Series:
    series = pl.from_arrow(column)
    if not isinstance(series, pl.Series):
        raise TypeError(f"a column became {type(series)}")
    return series


def _null(column: pa.Array) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, len(column))


def _integer(column: pa.Array) -> pl.Series:
    return _series(column).cast(pl.String)


def _float(column: pa.Array) -> pl.Series:
    # float16 and float32 count exactly to 2^11 and 2^24, float64 to 2^53.
    exact = {16: 2**11, 32: 2**24}.get(column.type.bit_width, 2**53)
    if column.type.bit_width == 16:
        column = column.cast(pa.float32())
    value = _series(column)
    cell = pl.col("value")
    whole = (cell == cell.floor()) & (cell.abs() <= exact)
    frame = pl.DataFrame({"value": value.fill_nan(None)}).with_columns(
        text=pl.when(whole)
        .then(cell.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(cell.cast(pl.String)),
        huge=cell.is_finite() & (cell.abs() > exact),
    )
    if frame["huge"].any():
        written = [np.format_float_scientific(cell, trim="-") for cell in _huge(frame)]
        at = frame["huge"].arg_true()
        return frame["text"].scatter(at, written)
    return frame["text"]


def _huge(frame: pl.DataFrame) -> Any:
    return frame.filter("huge")["value"].to_numpy()


def _moment(column: pa.Array) -> pl.Series:
    return _series(column).dt.to_string("iso:strict")


def _binary(column: pa.Array) -> pl.Series:
    """Text, where it is UTF-8; hexadecimal digits of the cell, where not."""
    try:
        return _cast(column)
    except pa.ArrowInvalid:
        cells = [None if cell is None else _decoded(cell) for cell in column.to_pylist()]
        return pl.Series(cells, dtype=pl.String)


def _decoded(cell: bytes) -> str:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.hex()


def _json(column: pa.Array) -> pl.Series:
    """Nested, or a type that only Parquet knows."""
    cells = [
        None if cell is None else json.dumps(cell, ensure_ascii=False, default=_plain)
        for cell in column.to_pylist()
    ]
    return pl.Series(cells, dtype=pl.String)


def _plain(value: object) -> str:
    return _decoded(value) if isinstance(value, bytes) else str(value)


Fits = Callable[[pa.DataType], bool]

_TEXT: tuple[tuple[Fits, Callable[[pa.Array], pl.Series]], ...] = (
    (pa.types.is_null, _null),
    (pa.types.is_string, _series),
    (pa.types.is_large_string, _series),
    (pa.types.is_string_view, _series),
    (pa.types.is_integer, _integer),
    (pa.types.is_floating, _float),
    (pa.types.is_decimal, _cast),
    (pa.types.is_boolean, _cast),
    (pa.types.is_date, _moment),
    (pa.types.is_timestamp, _moment),
    (pa.types.is_duration, _moment),
    (pa.types.is_time, _cast),
    (pa.types.is_binary, _binary),
    (pa.types.is_large_binary, _binary),
    (pa.types.is_binary_view, _binary),
    (pa.types.is_fixed_size_binary, _binary),
)
