"""Frames → part files: which columns, in which order, under which names, of which types.

Rules:
- The tables in `model.py` decide; a column missing from a frame is a defect and is told at once.
- Nothing in a file tells the time or the machine: the same rows give the same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from pipeline.ledger.files import Files
from pipeline.ledger.parquet import ROW_GROUP, save
from pipeline.ledger.records import FileRecord
from pipeline.model import (
    CLEANED,
    DUPLICATES,
    ENRICHED,
    OWN,
    REJECTED,
    SCHEMA_VERSION,
    Column,
    own_names,
)

__all__ = ("Output", "Parts", "keep", "polars_type", "write")


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


def polars_type(column: Column) -> pl.DataType:
    """The Polars type of a column of ours."""
    return pl.Enum(column.categories) if column.type == "Enum" else _TYPES[column.type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What all parts of one run have in common."""

    out: Path
    """The output directory; parts lie in a folder of it that is called like their kind."""
    own: tuple[str, ...]
    """Bare names of the input's own columns, in their order, over all inputs."""
    run_id: str
    rules_version: str
    number_column: str | None = None
    """Bare name of the column that holds the numbers."""
    files: Files

    def written_names(self, kind: str) -> dict[str, str]:
        """The input's own columns and the names under which a kind of output has them.

        The number column itself is left out where it would only repeat our `msisdn_input`.
        """
        ours = KINDS[kind].ours
        own = [
            name for name in self.own if not (name == self.number_column and _repeats(name, ours))
        ]
        return own_names(own, ours)


def _repeats(number_column: str, ours: tuple[Column, ...]) -> bool:
    names = {column.name for column in ours}
    return "msisdn_input" in names and number_column in names & {"msisdn", "msisdn_input"}


def write(frame: pl.DataFrame, kind: str, number: int, output: Output) -> FileRecord:
    """Write one part, `OUT/<kind>/part-<number>.parquet`, atomically.

    `frame` has the input's own columns as `in:<name>` and those of ours that the kind has, in any
    order; it may have more of ours. Own columns that it lacks become null. Raises `StorageError`.
    """
    table = arrange(frame, kind, output).to_arrow(compat_level=pl.CompatLevel.oldest())
    path = output.out / kind / f"part-{number:05}.parquet"
    output.files.make_directory(path.parent)
    table = table.cast(schema_of(kind, output))
    return save(path, table, output.files, kind=kind, relative_to=output.out)


def keep(
    frame: pl.DataFrame, path: Path, kind: str, output: Output, row_group: int = ROW_GROUP
) -> FileRecord:
    """Write a frame as it is, with the pipeline's own names, to be read again by this program."""
    output.files.make_directory(path.parent)
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return save(path, table, output.files, kind=kind, relative_to=output.out, row_group=row_group)


class Parts:
    """Parts of equal size from frames of any size: `add` them in order, then `close`."""

    def __init__(self, kind: str, output: Output, rows: int) -> None:
        self.records: list[FileRecord] = []
        """The parts that are written."""
        self._kind = kind
        self._output = output
        self._rows = rows
        self._held: list[pl.DataFrame] = []
        self._count = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Take in rows; every `rows` of them become a part."""
        if frame.is_empty():
            return
        self._held.append(arrange(frame, self._kind, self._output, internal=True))
        self._count += frame.height
        while self._count >= self._rows:
            whole = pl.concat(self._held)
            self._write(whole.head(self._rows))
            self._held = [whole.slice(self._rows)]
            self._count -= self._rows

    def close(self) -> list[FileRecord]:
        """Write what is left, and return all parts; none if there was no row."""
        if self._count:
            self._write(pl.concat(self._held))
            self._held, self._count = [], 0
        return self.records

    def _write(self, frame: pl.DataFrame) -> None:
        self.records.append(write(frame, self._kind, len(self.records), self._output))

    def __repr__(self) -> str:
        return f"<Parts of {self._kind}: {len(self.records)} written, {self._count} rows held>"


def arrange(
    frame: pl.DataFrame, kind: str, output: Output, *, internal: bool = False
) -> pl.DataFrame:
    """The columns of a kind of output in order, under their written (or `internal`) names."""
    foreign = {name for name in frame.columns if name.startswith(OWN)} - {
        OWN + name for name in output.own
    }
    if foreign:
        raise ValueError(f"columns that no input announced: {', '.join(sorted(foreign))}")
    own = [
        (pl.col(OWN + name) if OWN + name in frame.columns else pl.lit(None, pl.String))
        .cast(pl.String)
        .alias(OWN + name if internal else written)
        for name, written in output.written_names(kind).items()
    ]
    ours = [pl.col(column.name).cast(polars_type(column)) for column in KINDS[kind].ours]
    return frame.select(ours + own if KINDS[kind].ours_first else own + ours)


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


def _our_fields(kind: str) -> Iterator[pa.Field]:
    columns = KINDS[kind].ours
    empty = pl.DataFrame(schema={column.name: polars_type(column) for column in columns})
    for column, field in zip(
        columns, empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema, strict=True
    ):
        # Polars' own metadata stays: with it, Polars reads its Enum back as one.
        about = dict(field.metadata or {}) | {b"description": column.description.encode()}
        if column.wire:
            about[b"wire"] = column.wire.encode()
        yield field.with_metadata(about)
