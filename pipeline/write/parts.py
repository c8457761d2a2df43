"""Frames → part files: which columns, in which order, under which names, of which types.

Rules:
- The tables in `model.py` decide; a column missing from a frame is a defect and is told at once.
- Nothing in a file tells the time or the machine: the same rows give the same bytes.
- A frame may have a closed list as Enum where the tables say String: its file has text.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.ahead import InOrder
from pipeline.ledger.files import Files
from pipeline.ledger.parquet import ROW_GROUP, save
from pipeline.ledger.records import FileRecord
from pipeline.model import (
    CLEANED,
    COLUMN,
    DUPLICATES,
    ENRICHED,
    EVERY,
    OWN,
    REJECTED,
    SCHEMA_VERSION,
    Column,
    own_names,
)
from pipeline.pieces import Pieces

__all__ = ("Output", "Parts", "keep", "polars_type", "write", "write_blank")


class _Kind(NamedTuple):
    ours: tuple[Column, ...]
    ours_first: bool = False


KINDS: dict[str, _Kind] = {
    "enriched": _Kind(ENRICHED),
    "rejected": _Kind(REJECTED),
    "duplicates": _Kind(DUPLICATES, ours_first=True),
    "cleaned": _Kind(CLEANED),
}

_TYPES: dict[str, pl.DataType] = {
    "Int32": pl.Int32(),
    "Int64": pl.Int64(),
    "String": pl.String(),
    "Boolean": pl.Boolean(),
    "Datetime(ms, UTC)": pl.Datetime("ms", "UTC"),
}


_TEXT = frozenset(
    column.name for known in KINDS.values() for column in known.ours if column.type == "String"
)


def polars_type(column: Column) -> pl.DataType:
    """The Polars type of a column of ours."""
    return _TYPES[column.type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What all parts of one run have in common."""

    out: Path
    """The output directory; what is kept for the run is known by its path in it."""
    place: Path | None = None
    """Where parts are made, in a folder that is called like their kind, if not in `out`."""
    own: tuple[str, ...]
    """Bare names of the input's own columns, in their order, over all inputs."""
    run_id: str
    rules_version: str
    number_columns: tuple[str, ...] = ()
    """Bare names of the columns that hold the numbers, `A+B` where they are cut in two."""
    files: Files

    def written_names(self, kind: str) -> dict[str, str]:
        """The input's own columns and the names under which a kind of output has them.

        They have the same name in every kind. A number column that our `msisdn_input` only repeats
        is that column: it is left out where ours is.
        """
        ours = {column.name for column in KINDS[kind].ours}
        names = self._names()
        return {name: names[name] for name in self.own if names[name] not in ours}

    def renamed(self) -> dict[str, str]:
        """The input's own columns that have another name in the outputs, and which."""
        return {name: written for name, written in self._names().items() if written != name}

    def _names(self) -> dict[str, str]:
        numbers = self.number_columns[0] if len(self.number_columns) == 1 else None
        if numbers is None or numbers.lower() not in _NUMBERS:
            return own_names(self.own, EVERY)
        others = own_names((name for name in self.own if name != numbers), EVERY)
        return {name: others.get(name, _CELL) for name in self.own}


_CELL = "msisdn_input"
_NUMBERS = ("msisdn", _CELL)
"""What a column of numbers may be called that would be renamed to what our column of its cells is."""


def write(frame: pl.DataFrame, kind: str, number: int, output: Output) -> FileRecord:
    """Write one part, `<kind>/part-<number>.parquet`, atomically.

    `frame` has the input's own columns as `in:<name>` and those of ours that the kind has, in any
    order; it may have more of ours. Own columns that it lacks become null. Raises `StorageError`.
    """
    return _write_arranged(arrange(frame, kind, output), kind, number, output)


def write_blank(kind: str, output: Output) -> FileRecord:
    """Write a part without rows, with its full schema. Raises `StorageError`."""
    return _write_arranged(blank(kind, output), kind, 0, output)


def _write_arranged(frame: pl.DataFrame, kind: str, number: int, output: Output) -> FileRecord:
    """Write a part whose columns are in order already; what they are called in it does not matter."""
    path = (output.place or output.out) / kind / f"part-{number:05}.parquet"
    return _save(path, frame, schema_of(kind, output), kind, output)


def keep(
    frame: pl.DataFrame, path: Path, kind: str, output: Output, row_group: int = ROW_GROUP
) -> FileRecord:
    """Write a frame under the pipeline's own names, to be read again by this program.

    The file names the run, so that its hash, and with it a shard's journal, is no other run's.
    """
    as_it_is = frame.clear().with_columns(pl.col(_text_columns(frame)).cast(pl.String))
    schema = as_it_is.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    whose = schema.with_metadata({"msisdn.run": output.run_id})
    return _save(path, frame, whose, kind, output, row_group)


def _text_columns(frame: pl.DataFrame) -> list[str]:
    """Columns that are text by the tables, however the frame has them."""
    return [name for name in frame.columns if name in _TEXT]


def _save(
    path: Path,
    frame: pl.DataFrame,
    schema: pa.Schema,
    kind: str,
    output: Output,
    row_group: int = ROW_GROUP,
) -> FileRecord:
    output.files.make_directory(path.parent)
    arrays = [
        _array(column, field.type)
        for column, field in zip(frame.iter_columns(), schema, strict=True)
    ]
    fields = [field.with_type(array.type) for field, array in zip(schema, arrays, strict=True)]
    table = pa.table(arrays, schema=pa.schema(fields, metadata=schema.metadata))
    place = output.place
    known_by = place if place is not None and path.is_relative_to(place) else output.out
    return save(path, table, output.files, kind=kind, relative_to=known_by, row_group=row_group)


def _array(column: pl.Series, kind: pa.DataType) -> pa.Array:
    """The column as it is best written, to be read back as this type."""
    if not pa.types.is_large_string(kind):
        array = column.to_arrow(compat_level=pl.CompatLevel.oldest())
        return array if array.type == kind else array.cast(kind)  # imports 0.05 s of functions
    if isinstance(column.dtype, pl.Enum):
        return _coded(column, column.dtype)
    return column.to_arrow(compat_level=pl.CompatLevel.newest())  # views, which need no copy


def _coded(column: pl.Series, kind: pl.Enum) -> pa.DictionaryArray:
    """The column's words as codes, with a dictionary of only those that occur, in their order."""
    words = kind.categories.to_list()
    physical = column.to_physical()
    if len(column) and not column.has_nulls() and physical.min() == physical.max():
        return _constant(words[physical[0]], len(column))
    codes = (physical.fill_null(0) if column.has_nulls() else physical).to_numpy()
    occurs = np.flatnonzero(np.bincount(codes, minlength=len(words)))
    narrowed = np.zeros(len(words), codes.dtype)
    narrowed[occurs] = np.arange(len(occurs))
    written = pl.Series(narrowed[codes])
    if column.has_nulls():
        written = written.set(column.is_null(), None)
    # Not by `pa.array`, which imports pandas where it is installed.
    found = pl.Series([words[place] for place in occurs.tolist()], dtype=pl.String)
    return pa.DictionaryArray.from_arrays(written.to_arrow(), found.to_arrow())


def _constant(word: str, rows: int) -> pa.DictionaryArray:
    """One word for all rows, which most files have in some columns."""
    codes = pl.Series(np.zeros(rows, np.uint8))
    return pa.DictionaryArray.from_arrays(codes.to_arrow(), pl.Series([word]).to_arrow())


class Parts:
    """Parts of equal size from frames of any size: `add` them in order, then `close`.

    Parts are written by threads, a few at a time, so an error may come with a later `add`. Used as
    a context, it is closed at the end; where that is an error, what was not begun is given up.
    """

    def __init__(self, kind: str, output: Output, rows: int) -> None:
        self.records: list[FileRecord] = []
        """The parts that are written; all of them, once it is closed."""
        self._kind = kind
        self._output = output
        self._pieces = Pieces(rows)
        self._begun = 0
        self._work = InOrder[FileRecord]()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._work:
            if error is None:
                self._close()

    def add(self, frame: pl.DataFrame) -> None:
        """Take in rows; every `rows` of them become a part. Raises `StorageError`."""
        arranged = arrange(frame, self._kind, self._output, internal=True)
        self._begin(self._pieces.add(arranged))

    def close(self) -> list[FileRecord]:
        """Write what is left, and return all parts; one without rows if there was none."""
        self.__exit__(None, None, None)
        return self.records

    def _close(self) -> None:
        self._begin(self._pieces.rest())
        if not self._begun:
            self._begin([blank(self._kind, self._output)])
        self.records += self._work.rest()

    def _begin(self, pieces: Iterable[pl.DataFrame]) -> None:
        for piece in pieces:
            self._work.begin(self._write, (self._begun, piece))
            self._begun += 1
            self.records += self._work.surplus()

    def _write(self, numbered: tuple[int, pl.DataFrame]) -> FileRecord:
        number, piece = numbered
        return _write_arranged(piece, self._kind, number, self._output)

    def __repr__(self) -> str:
        held = self._pieces.height
        return f"<Parts of {self._kind}: {self._begun} begun, {held} rows held>"


def blank(kind: str, output: Output) -> pl.DataFrame:
    """A part without rows, so that every folder of an output can be read whatever came of it."""
    ours = {column.name: polars_type(column) for column in KINDS[kind].ours}
    own: dict[str, pl.DataType] = dict.fromkeys(output.written_names(kind).values(), pl.String())
    return pl.DataFrame(schema=ours | own if KINDS[kind].ours_first else own | ours)


def arrange(
    frame: pl.DataFrame, kind: str, output: Output, *, internal: bool = False
) -> pl.DataFrame:
    """The columns of a kind of output in order, under their written (or `internal`) names."""
    there = set(frame.columns)
    foreign = {name for name in there if name.startswith(OWN)} - {OWN + name for name in output.own}
    if foreign:
        raise ValueError(f"columns that no input announced: {', '.join(sorted(foreign))}")
    own = [
        (pl.col(OWN + name) if OWN + name in there else pl.lit(None, pl.String))
        .cast(pl.String)
        .alias(OWN + name if internal else written)
        for name, written in output.written_names(kind).items()
    ]
    if COLUMN.name not in there:  # the same for all rows
        name = output.number_columns[0] if len(output.number_columns) == 1 else None
        one = pl.lit(None, pl.String) if name is None else pl.lit(name, pl.Enum([name]))
        frame = frame.with_columns(one.alias(COLUMN.name))
    ours = [_typed(column, frame.schema[column.name]) for column in KINDS[kind].ours]
    return frame.select(ours + own if KINDS[kind].ours_first else own + ours)


def _typed(column: Column, kind: pl.DataType) -> pl.Expr:
    """The column with its type; a closed list stays coded until it is written."""
    coded = column.type == "String" and isinstance(kind, pl.Enum)
    return pl.col(column.name) if coded else pl.col(column.name).cast(polars_type(column))


def schema_of(kind: str, output: Output) -> pa.Schema:
    """The file's schema: types, what each column means, and whose run it is."""
    own = [pa.field(written, pa.large_string()) for written in output.written_names(kind).values()]
    ours = list(_our_fields(kind))
    about = {
        "msisdn.run": output.run_id,
        "msisdn.schema_version": str(SCHEMA_VERSION),
        "msisdn.rules_version": output.rules_version,
    }
    return pa.schema(ours + own if KINDS[kind].ours_first else own + ours, metadata=about)


@cache
def _our_fields(kind: str) -> tuple[pa.Field, ...]:
    return tuple(_described_fields(KINDS[kind].ours))


def _described_fields(columns: tuple[Column, ...]) -> Iterator[pa.Field]:
    empty = pl.DataFrame(schema={column.name: polars_type(column) for column in columns})
    for column, field in zip(
        columns, empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema, strict=True
    ):
        about = dict(field.metadata or {}) | {b"description": column.description.encode()}
        if column.wire:
            about[b"wire"] = column.wire.encode()
        yield field.with_metadata(about)
