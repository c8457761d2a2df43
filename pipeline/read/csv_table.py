"""CSV files: how one is written is found out here; `blocks.py` reads it."""

from collections.abc import Iterator, Mapping

import polars as pl

from pipeline.errors import InputError
from pipeline.read.blocks import Reading
from pipeline.read.contract import Layout, Source
from pipeline.read.encodings import NotTextError
from pipeline.read.sniff import Sniffed, Wishes, sniff
from pipeline.read.streams import CHUNK, head, opened, utf8_chunks

__all__ = ("CsvTable", "open_csv")

CELL = 4 << 10
"""Bytes read at once for each column, where that is more than `CHUNK`: each block costs Polars
about 7 KiB a column, however few rows it has."""

WIDEST = 64 << 20
"""Bytes read at once, at most."""


def open_csv(source: Source, wishes: Wishes) -> "CsvTable":
    """Look at the first MiB of a CSV file.

    Raises `InputError` for what is no text, and for a header that cannot be read.
    """
    with opened(source) as (stream, compression):
        first, complete = head(stream)
    try:
        found = sniff(first, wishes, complete=complete)
    except (NotTextError, UnicodeError) as error:
        raise InputError(f"{source.name}: {error}") from error
    return CsvTable(source, found, compression)


class CsvTable:
    """A CSV file whose layout is known."""

    def __init__(self, source: Source, found: Sniffed, compression: str | None) -> None:
        self._source = source
        self._found = found
        delimiter = found.dialect.delimiter
        self.layout = Layout(
            format="csv",
            columns=found.columns,
            repeated=found.repeated,
            compression=compression,
            encoding=found.encoding,
            delimiter=delimiter.decode() if delimiter else None,
            quote=found.dialect.quote.decode(),
            header=found.header,
            above=found.above,
            said=found.said,
        )

    def sample(self) -> pl.DataFrame:
        """The first sound rows."""
        names = self._found.columns
        return pl.DataFrame(self._found.rows, dict.fromkeys(names, pl.String()), orient="row")

    def frames(self) -> Iterator[pl.DataFrame]:
        """See `contract.Table`."""
        size = min(max(CHUNK, CELL * len(self.layout.columns)), WIDEST)
        with opened(self._source, whole=True) as (stream, _):
            chunks = utf8_chunks(stream, self._found.encoding, size)
            try:
                yield from Reading(self._found, longest=size).frames(chunks)
            except UnicodeError as error:
                raise InputError(
                    f"{self._source.name}: cannot be read as {self._found.encoding}: "
                    f"{error.__class__.__name__}"
                ) from error

    def mended(self) -> Mapping[tuple[str, str], int]:
        """Nothing: a line that cannot be decoded is a bad row."""
        return {}
