"""CSV files: Polars' reader where it can be trusted, record by record where not.

Measured (Polars 2.1): it takes a line with too few fields without a word, refuses one with too
many, makes a row of nulls from a blank line, and drops a CR before a delimiter. So a block of
whole records goes to Polars when the arithmetic of `survey.py` fits: every quote in its place,
UTF-8, and as many delimiters as its records need. Lines that are merely ragged are sorted out by
the same arithmetic. A block that does not fit even so is halved until the fault is in a small
piece, and only that is read by `records.py`, which says what is bad.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from pipeline.errors import InputError
from pipeline.read.contract import BAD_LINE, BAD_ROW, LINE_NUMBER, Layout, Source, own_schema
from pipeline.read.encodings import NotTextError
from pipeline.read.records import LONGEST, Record, count_fault, records
from pipeline.read.sniff import Sniffed, Wishes, sniff
from pipeline.read.streams import head, opened, utf8_chunks
from pipeline.read.survey import Ragged, Survey, sort_out, survey

__all__ = ("CsvTable", "Reading", "open_csv")

PIECE = 1 << 12
"""Bytes that are read record by record, at least, when one is at fault."""

_NO_DELIMITER = b"\x1f"
"""Stands in for Polars, which needs one, where a file has one column; then it must not occur."""

_MESSAGES: dict[str, pl.DataType] = {BAD_ROW: pl.String(), BAD_LINE: pl.String()}


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
            compression=compression,
            encoding=found.encoding,
            delimiter=delimiter.decode() if delimiter else None,
            quote=found.dialect.quote.decode(),
            header=found.header,
        )

    def sample(self) -> pl.DataFrame:
        """The first sound rows."""
        names = self._found.columns
        return pl.DataFrame(self._found.rows, dict.fromkeys(names, pl.String()), orient="row")

    def frames(self, batch_rows: int) -> Iterator[pl.DataFrame]:
        """See `contract.Table`."""
        with opened(self._source) as (stream, _):
            chunks = utf8_chunks(stream, self._found.encoding)
            try:
                yield from _even(Reading(self._found).frames(chunks), batch_rows)
            except UnicodeError as error:
                raise InputError(
                    f"{self._source.name}: cannot be read as {self._found.encoding}: "
                    f"{error.__class__.__name__}"
                ) from error


class Reading:
    """One pass over a file: pieces of UTF-8 in, frames out, however the pieces are cut."""

    def __init__(self, found: Sniffed) -> None:
        self._dialect = found.dialect
        self._skip = found.skip
        self._line = found.lines + 1
        """Physical line at which the next record begins."""
        self._schema = own_schema(found.columns)
        self._rest = b""
        """Read, but not yet known to be a whole record."""
        self._within = False
        """In a line that was too long; its beginning has been reported."""
        self._stopped = False
        """The careful way ended at a fault, with more at hand."""

    def frames(self, chunks: Iterable[bytes]) -> Iterator[pl.DataFrame]:
        """Frames as `contract.Table` has them, but of any height. To be called once."""
        for chunk in chunks:
            block = self._rest + chunk if self._rest else chunk
            if self._skip:
                self._skip, block = max(0, self._skip - len(block)), block[self._skip :]
            yield from self._block(block, final=False)
        yield from self._block(self._rest, final=True)

    def _block(self, block: bytes, *, final: bool) -> Iterator[pl.DataFrame]:
        """The block's records; what does not belong to a whole one is left in `_rest`."""
        patience = 0
        while True:
            if self._within:
                block = self._after_long_line(block, final=final)
            frame = self._fast(block, final=final)
            if frame is not None and (frame.height or len(self._rest) <= LONGEST):
                yield frame
                return
            half = len(block) // 2
            if frame is None and len(block) > PIECE:
                yield from self._block(block[:half], final=False)
                if self._within or len(self._rest) < half:
                    block = self._rest + block[half:]
                    continue
            # What is left begins with a record at fault, or ends before one. A fault seldom comes
            # alone: each time, more is read with care before the fast way is tried again.
            yield self._careful(block, final=final, patience=patience)
            if not self._stopped:
                return
            block = self._rest
            patience = 2 * patience + PIECE

    def _fast(self, block: bytes, *, final: bool) -> pl.DataFrame | None:
        """The block's whole records by Polars; None, and nothing moved, if they do not fit."""
        if self._dialect.delimiter and len(self._dialect.delimiter) > 1:
            return None
        found = survey(block, self._dialect, final=final)
        if found is None:
            return None
        frame = self._parsed(found)
        bad: tuple[Ragged, ...] = ()
        # Blank lines show as nulls in a file of one column, and in the count in all others.
        width = len(self._schema)
        if not self._fits(found) or (width == 1 and frame is not None and _has_nulls(frame)):
            sorted_out = sort_out(found, self._dialect, width)
            if sorted_out is None:
                return None
            found, bad = sorted_out
            frame = self._parsed(found)
        if frame is None:
            return None
        first, self._line = self._line, self._line + found.lines
        self._rest = block[found.size :]
        numbers = np.arange(found.records) if found.line_of is None else found.line_of
        frame = frame.select(
            pl.Series(LINE_NUMBER, numbers + first, pl.Int64),
            pl.lit(None, pl.String).alias(BAD_ROW),
            pl.lit(None, pl.String).alias(BAD_LINE),
            pl.all(),
        )
        return self._with_ragged(frame, bad, first) if bad else frame

    def _with_ragged(
        self, frame: pl.DataFrame, bad: tuple[Ragged, ...], first: int
    ) -> pl.DataFrame:
        width = len(self._schema)
        faults = [Record(0, 1, line.raw, fault=count_fault(line.fields, width)) for line in bad]
        lines = [first + line.line for line in bad]
        return pl.concat([frame, self._frame(lines, faults)]).sort(LINE_NUMBER)

    def _fits(self, found: Survey) -> bool:
        """As many delimiters as records of the right width have."""
        return found.delimiters == found.records * (len(self._schema) - 1)

    def _parsed(self, found: Survey) -> pl.DataFrame | None:
        data, width = found.data, len(self._schema)
        if not found.records:
            return pl.DataFrame(schema=self._schema)
        fits = self._fits(found) and _is_utf8(data)
        separator = self._dialect.delimiter or _NO_DELIMITER
        # Polars takes a byte order mark in the middle of a file for one at its beginning.
        if not fits or data.startswith(codecs.BOM_UTF8) or (width == 1 and separator in data):
            return None
        try:
            frame = pl.read_csv(
                data,
                has_header=False,
                schema=self._schema,
                separator=separator.decode(),
                quote_char=self._dialect.quote.decode(),
            )
        except pl.exceptions.PolarsError:
            return None
        return frame if frame.height == found.records else None

    def _careful(self, block: bytes, *, final: bool, patience: int) -> pl.DataFrame:
        """The block record by record; up to the first fault after `patience` bytes."""
        at = 0
        numbers: list[int] = []
        rows: list[Record] = []
        self._stopped = False
        for record in records(block, self._dialect, len(self._schema), final=final):
            if record.fields or record.fault:
                numbers.append(self._line)
                rows.append(record)
            at = record.end
            self._line += record.lines
            self._within = not record.lines
            self._stopped = bool(record.fault) and at >= patience
            if self._stopped:
                break
        self._rest = block[at:]
        return self._frame(numbers, rows)

    def _frame(self, numbers: list[int], rows: list[Record]) -> pl.DataFrame:
        blank = (None,) * len(self._schema)
        cells = [
            (
                line,
                row.fault or None,
                _shown(row.raw) if row.fault else None,
                *(row.fields or blank),
            )
            for line, row in zip(numbers, rows, strict=True)
        ]
        return pl.DataFrame(
            cells, {LINE_NUMBER: pl.Int64(), **_MESSAGES, **self._schema}, orient="row"
        )

    def _after_long_line(self, piece: bytes, *, final: bool) -> bytes:
        end = re.search(rb"\r\n|\n|\r" if final else rb"\r\n|\n|\r(?!\Z)", piece)
        self._rest = b""
        if not end:
            return b"\r" if piece.endswith(b"\r") else b""
        self._within = False
        self._line += 1
        return piece[end.end() :]


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_nulls(frame: pl.DataFrame) -> bool:
    return frame.to_series().has_nulls()


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _even(frames: Iterable[pl.DataFrame], batch_rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of nearly equal height, at most `batch_rows`, none of them empty."""
    held: list[pl.DataFrame] = []
    rows = 0
    for frame in frames:
        if frame.height:
            held.append(frame)
            rows += frame.height
        if rows >= batch_rows:
            yield from _slices(held, rows, batch_rows)
            held, rows = [], 0
    if rows:
        yield from _slices(held, rows, batch_rows)


def _slices(held: list[pl.DataFrame], rows: int, batch_rows: int) -> Iterator[pl.DataFrame]:
    frame = held[0] if len(held) == 1 else pl.concat(held, rechunk=True)
    size = -(-rows // -(-rows // batch_rows))
    yield from frame.iter_slices(size)
