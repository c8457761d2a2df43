"""Raw answers → columns: by Polars' reader where an answer is written as usual, else by the codec.

Polars reads in its own threads and holds no lock of Python's, so that a shard is written while the
next one is asked. It is more lenient than the codec, so it only gets what cannot be read in two
ways: one flat object, every value a text without escapes, every field known and there once.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipeline.model import ANSWER
from pipeline.protocol.codec import BLANKS, READ, decode_columns
from pipeline.write.parts import polars_type

__all__ = ("decoded",)

_WIRE = {column.name: column.wire for column in ANSWER if column.wire}
_TYPES = {column.name: polars_type(column) for column in ANSWER if column.wire}
_FIELDS = pl.Schema(dict.fromkeys((*_WIRE.values(), "tel"), pl.String()))
_USUAL = r'^(?:[{,]"[a-z]+":"[^"\\[:cntrl:]]*")+\}$'
_PAIR = '":"'
"""Between a field's name and its value; in a usual answer, nowhere else."""


def decoded(bodies: pl.Series) -> pl.DataFrame:
    """The columns of `model.ANSWER` that come from the wire, one row for each answer (Binary).

    Blank and `na` are null, as the codec has it. Raises `NotAnAnswer` for what is no answer.
    """
    lines = _lines(bodies)
    usual = lines.str.contains(_USUAL).fill_null(value=False)
    if not usual.any():
        return _by_codec(bodies.to_list())
    chosen = lines if usual.all() else lines.filter(usual)
    read = _by_polars(chosen)
    once = read.select(pl.sum_horizontal(pl.all().is_not_null())).to_series()
    sound = once == chosen.str.count_matches(_PAIR, literal=True)
    columns = _meant(read.filter(sound))
    if columns.height == len(bodies):
        return columns
    places = usual.arg_true().filter(sound)
    every = np.arange(len(bodies))
    others = np.delete(every, places.to_numpy())
    rest = _by_codec(bodies.gather(others).to_list())
    order = np.argsort(np.concatenate([places.to_numpy(), others]))
    return pl.concat([columns, rest])[order]


def _lines(bodies: pl.Series) -> pl.Series:
    """The answers as text; null where one is no UTF-8, which only the codec can read."""
    try:
        return bodies.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series([_text(raw) for raw in bodies.to_list()], dtype=pl.String)


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _by_polars(lines: pl.Series) -> pl.DataFrame:
    """Fields by their wire names, as they are."""
    return pl.read_ndjson(lines.str.join("\n").item().encode(), schema=_FIELDS)


def _by_codec(raws: Sequence[bytes]) -> pl.DataFrame:
    columns = decode_columns(raws)
    return pl.DataFrame({name: pl.Series(columns[name], dtype=_TYPES[name]) for name in _WIRE})


def _meant(read: pl.DataFrame) -> pl.DataFrame:
    """The columns by our names and types."""
    return read.select(_expression(name, read[wire]) for name, wire in _WIRE.items())


def _expression(name: str, values: pl.Series) -> pl.Expr:
    column = pl.col(values.name)
    if name not in READ:
        return pl.when(~column.is_in(list(BLANKS))).then(column).alias(name)
    # Only a few values are ever seen, so each is read once.
    seen = [value for value in values.unique() if value is not None]
    meaning = {value: READ[name](value) for value in seen}
    return column.replace_strict(
        list(meaning), list(meaning.values()), default=None, return_dtype=_TYPES[name]
    ).alias(name)
