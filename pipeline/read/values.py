"""A column of any Arrow type → the text that a person would have typed.

Rules:
- A value is never rounded on the way. An integer keeps its digits. A float that is a whole number
  within what its type counts exactly becomes its digits; beyond that it is written in scientific
  notation, so that `normalise` can tell that digits are missing, and anything else keeps its point.
  NaN is what data frames write for a missing number, so it is null.
- Nothing that a file holds is believed: a writer may call bytes text, and a count of days a date,
  that are none (Polars takes both on trust, and ends the process over them later). What had to be
  mended is counted, by the words of `MENDED`.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.read.columns import unique_names

__all__ = ("MENDED", "as_text")

ENCODING, RANGE, ZONE = "encoding", "range", "zone"

MENDED = {
    ENCODING: "not UTF-8; read as Windows-1252, or with \ufffd for what cannot be read",
    RANGE: "no date, time or duration that a calendar has; written as a count",
    ZONE: "in a time zone that does not exist; written in UTC",
}
"""What may be wrong with cells, and how they were mended."""

Mended = Counter[str]
"""Cells by a key of `MENDED`."""


def as_text(column: pa.Array, mended: Mended | None = None) -> pl.Series:
    """A column of any type as String, by the first line of the table that fits its type.

    `mended` is added to: cells that had to be mended.
    """
    kind = column.type
    counted = Counter() if mended is None else mended
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode(), counted)
    if isinstance(kind, pa.BaseExtensionType):
        return as_text(column.storage, counted)
    convert = next((how for fits, how in _TEXT if fits(kind)), _json)
    return convert(column, counted)


def _series(column: pa.Array) -> pl.Series:
    series = pl.from_arrow(column)
    if not isinstance(series, pl.Series):
        raise TypeError(f"a column became {type(series)}")
    return series


def _null(column: pa.Array, mended: Mended) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, len(column))


def _cast(column: pa.Array, mended: Mended) -> pl.Series:
    return _series(column.cast(pa.large_string()))


def _integer(column: pa.Array, mended: Mended) -> pl.Series:
    return _series(column).cast(pl.String)


def _float(column: pa.Array, mended: Mended) -> pl.Series:
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


def _string(column: pa.Array, mended: Mended) -> pl.Series:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return _decoded(column, mended)
    return _series(column)


def _decoded(column: pa.Array, mended: Mended) -> pl.Series:
    """Strings of which some are not UTF-8: cp1252 where most that are not ASCII are not.

    So one broken cell among many in UTF-8 stays one broken cell, as in a CSV file.
    """
    cells = column.cast(pa.large_binary()).to_pylist()
    texts = [None if cell is None else _of_utf8(cell) for cell in cells]
    broken = [at for at, cell in enumerate(cells) if cell is not None and texts[at] is None]
    sound = sum(text is not None and not text.isascii() for text in texts)
    encoding = "utf-8" if sound > len(broken) else "cp1252"
    for at in broken:
        texts[at] = cells[at].decode(encoding, "replace")
    mended[ENCODING] += len(broken)
    return pl.Series(texts, dtype=pl.String)


def _of_utf8(cell: bytes) -> str | None:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return None


def _binary(column: pa.Array, mended: Mended) -> pl.Series:
    """Text, where it is UTF-8; hexadecimal digits of the cell, where not."""
    try:
        return _cast(column, mended)
    except pa.ArrowInvalid:
        cells = column.to_pylist()
        texts = [None if cell is None else _of_utf8(cell) for cell in cells]
        pairs = zip(cells, texts, strict=True)
        return pl.Series(
            [cell.hex() if cell and text is None else text for cell, text in pairs],
            dtype=pl.String,
        )


class _Counted(NamedTuple):
    """A type that counts units from a beginning."""

    unit: str
    since: str
    least: int
    most: int


_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, from 1970-01-01: the years that all calendars of computers have."""
_DAY = 86_400


def _counted(kind: pa.DataType) -> _Counted:
    if pa.types.is_date32(kind):
        return _Counted("days", "from 1970-01-01", _FIRST_DAY, _LAST_DAY)
    unit = "ms" if pa.types.is_date64(kind) else kind.unit
    second, word = _A_SECOND[unit], _WORDS[unit]
    if pa.types.is_time(kind):
        return _Counted(word, "from midnight", 0, _DAY * second - 1)
    if pa.types.is_duration(kind):
        most = min(_LAST_DAY * _DAY * second, 2**63 - 1)
        return _Counted(word, "", -most, most)
    least, most = _FIRST_DAY * _DAY * second, (_LAST_DAY + 1) * _DAY * second - 1
    return _Counted(word, "from 1970-01-01", max(least, 1 - 2**63), min(most, 2**63 - 1))


def _moment(column: pa.Array, mended: Mended) -> pl.Series:
    kind = column.type
    bounds = _counted(kind)
    counts = column.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    kind = _in_known_zone(kind)
    if kind != column.type:
        mended[ZONE] += len(column) - column.null_count
    held = _series(counts)
    outside = (held < bounds.least) | (held > bounds.most)
    if not outside.any():
        return _iso(counts.view(kind), mended)
    text = _iso(held.set(outside, None).to_arrow().view(kind), mended)
    at = outside.arg_true()
    mended[RANGE] += len(at)
    values = held.gather(at).to_list()
    return text.scatter(at, [f"{value} {bounds.unit} {bounds.since}".strip() for value in values])


def _in_known_zone(kind: pa.DataType) -> pa.DataType:
    """The type itself; in UTC where Polars knows no such zone."""
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        return kind
    try:
        _series(pa.array([], kind))
    except pl.exceptions.PolarsError:
        return pa.timestamp(kind.unit, "UTC")
    return kind


def _iso(column: pa.Array, mended: Mended) -> pl.Series:
    if pa.types.is_time(column.type):
        return _cast(column, mended)
    return _series(column).dt.to_string("iso:strict")


def _json(column: pa.Array, mended: Mended) -> pl.Series:
    """Nested, or a type that only Parquet knows."""
    cells = [
        None if cell is None else json.dumps(cell, ensure_ascii=False, default=str)
        for cell in _values(column, mended)
    ]
    return pl.Series(cells, dtype=pl.String)


def _values(column: pa.Array, mended: Mended) -> list[Any]:
    """The cells as JSON has them: what JSON has no type for is text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _values(column.dictionary_decode(), mended)
    if pa.types.is_struct(kind):
        return _structs(column, mended)
    if pa.types.is_map(kind):
        pairs = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        return [
            cell and [[pair["key"], pair["value"]] for pair in cell]
            for cell in _values(column.cast(pa.list_(pairs)), mended)
        ]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _lists(column, mended)
    if any(fits(kind) for fits in _AS_IT_IS):
        return list(column.to_pylist())
    known = any(fits(kind) for fits, _ in _TEXT) or isinstance(kind, pa.BaseExtensionType)
    return as_text(column, mended).to_list() if known else list(column.to_pylist())


def _structs(column: pa.Array, mended: Mended) -> list[Any]:
    names = unique_names(field.name for field in column.type)
    # `flatten` gives the fields null where the whole is.
    fields = [_values(field, mended) for field in column.flatten()]
    rows = zip(*fields, strict=True) if fields else [()] * len(column)
    there = column.is_valid().to_pylist()
    return [
        dict(zip(names, row, strict=True)) if valid else None
        for row, valid in zip(rows, there, strict=True)
    ]


def _lists(column: pa.Array, mended: Mended) -> list[Any]:
    values = _values(column.flatten(), mended)
    lists: list[Any] = []
    at = 0
    for length in column.value_lengths().to_pylist():
        lists.append(None if length is None else values[at : at + length])
        at += length or 0
    return lists


Fits = Callable[[pa.DataType], bool]

_AS_IT_IS: tuple[Fits, ...] = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
)
"""Types that JSON has, too."""

_TEXT: tuple[tuple[Fits, Callable[[pa.Array, Mended], pl.Series]], ...] = (
    (pa.types.is_null, _null),
    (pa.types.is_string, _string),
    (pa.types.is_large_string, _string),
    (pa.types.is_string_view, _string),
    (pa.types.is_integer, _integer),
    (pa.types.is_floating, _float),
    (pa.types.is_decimal, _cast),
    (pa.types.is_boolean, _cast),
    (pa.types.is_date, _moment),
    (pa.types.is_timestamp, _moment),
    (pa.types.is_duration, _moment),
    (pa.types.is_time, _moment),
    (pa.types.is_binary, _binary),
    (pa.types.is_large_binary, _binary),
    (pa.types.is_binary_view, _binary),
    (pa.types.is_fixed_size_binary, _binary),
)
