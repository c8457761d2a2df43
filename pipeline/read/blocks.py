"""One CSV file: pieces of UTF-8 in, frames out, however the pieces are cut.

Measured (Polars 2.1): its reader takes a line with too few fields without a word, refuses one with
too many, makes a row of nulls from a blank line, and drops a CR before a delimiter. So a block of
whole records goes to it when the arithmetic of `survey.py` fits: every quote in its place, UTF-8,
and as many delimiters as its records need. Where it does not, `damage.py` says of each record of
the block what it is worth, and Polars still parses the sound ones. `records.py`, which takes them
one by one, is left with delimiters of several bytes, odd quoting, and records that mix quoted fields with
quotes that are mere characters.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.read.contract import LINE_NUMBER, framed, own_schema
from pipeline.read.damage import COUNT, FAULTS, Sorted, sort_records
from pipeline.read.records import LONGEST, UNDECODABLE, Record, count_fault, records
from pipeline.read.sniff import Sniffed
from pipeline.read.streams import CHUNK
from pipeline.read.survey import Survey, survey

__all__ = ("Reading",)

TINY = 512
"""Bytes for which Polars is slower to start than `records.py` is to finish."""

_SEPARATORS = (b"\x1f", b"\x1e", b"\x1d", b"\x1c", b"\x02")
"""One of them stands in for Polars, which needs one, where a file has one column."""

Mask = NDArray[np.bool_]


class Reading:
    """One pass over a file."""

    def __init__(self, found: Sniffed, *, longest: int = CHUNK, tiny: int = TINY) -> None:
        """A line may always have `longest` bytes; a longer one may be a bad row.

        Up to `tiny` bytes are read record by record.
        """
        self._tiny = tiny
        self._dialect = found.dialect
        self._longest = longest
        self._skip = found.skip
        self._line = found.lines + 1
        """Physical line at which the next record begins."""
        self._schema = own_schema(found.columns)
        self._fewest = found.fewest or len(found.columns)
        self._spare = found.spare
        given = found.given if found.given and found.given >= self._fewest else None
        self._given = dict(list(self._schema.items())[:given])
        """The columns that rows usually have cells for."""
        self._rest = b""
        """Read, but not yet known to be a whole record."""
        self._within = False
        """In a line that was too long; its beginning has been reported."""

    def frames(self, chunks: Iterable[bytes]) -> Iterator[pl.DataFrame]:
        """Frames as `contract.Table` has them. To be called once."""
        for chunk in chunks:
            block = self._rest + chunk if self._rest else chunk
            if self._skip:
                self._skip, block = max(0, self._skip - len(block)), block[self._skip :]
            yield from self._block(block, final=False)
        yield from self._block(self._rest, final=True)

    def _block(self, block: bytes, *, final: bool) -> Iterator[pl.DataFrame]:
        """The block's records; what does not belong to a whole one is left in `_rest`."""
        if self._within:
            block = self._after_long_line(block, final=final)
        if len(block) > self._tiny:
            frame = self._surveyed(block, final=final)
            if frame is None:
                frame = self._sorted(block, final=final)
            if frame is None:
                frame = self._careful(block, final=final)
        elif final:
            frame = self._careful(block, final=final)
        else:
            self._rest = block
            return
        if frame.height:
            yield frame
        if len(self._rest) > self._longest:
            yield self._overlong()

    def _surveyed(self, block: bytes, *, final: bool) -> pl.DataFrame | None:
        """The block's whole records by Polars; None, and nothing moved, if one is not sound."""
        if not self._dialect.plain or (
            self._dialect.delimiter and len(self._dialect.delimiter) > 1
        ):
            return None
        found = survey(block, self._dialect, final=final)
        if found is None or not self._fits(found):
            return None
        rest = block[found.size :]
        if len(rest) > LONGEST and (b"\n" in rest or b"\r" in rest):
            return None  # a quote that is never closed, perhaps
        frame = self._parsed(found.data, found.records, self._dialect.quote, self._given)
        # Blank lines show as nulls in a file of one column, and in the count in all others.
        if frame is None or (frame.width == 1 and frame.to_series().has_nulls()):
            return None
        numbers = np.arange(found.records) if found.line_of is None else found.line_of
        lacking = self._nothing(frame.height)[frame.width :]
        frame = framed(numbers + self._line, [*frame.get_columns(), *lacking])
        self._rest, self._line = rest, self._line + found.lines
        return frame

    def _fits(self, found: Survey) -> bool:
        """As many delimiters as records of the usual width have."""
        return found.delimiters == found.records * (len(self._given) - 1)

    def _parsed(
        self, data: bytes, height: int, quote: bytes | None, schema: dict[str, pl.DataType]
    ) -> pl.DataFrame | None:
        """Sound records by Polars; None where it cannot be trusted with them."""
        if not height:
            return pl.DataFrame(schema=schema)
        separator = self._dialect.delimiter or _absent(data)
        # Polars takes a byte order mark in the middle of a file for one at its beginning.
        if not separator or data.startswith(codecs.BOM_UTF8) or not _is_utf8(data):
            return None
        try:
            frame = pl.read_csv(
                data,
                has_header=False,
                schema=schema,
                separator=separator.decode(),
                quote_char=quote.decode() if quote else None,
            )
        except pl.exceptions.PolarsError:
            return None
        return frame if frame.height == height else None

    def _sorted(self, block: bytes, *, final: bool) -> pl.DataFrame | None:
        """The block's records, sound and bad ones; None if the dialect is too odd for that."""
        width = len(self._schema)
        found = sort_records(
            block, self._dialect, width, final=final, fewest=self._fewest, spare=self._spare
        )
        if found is None:
            return None
        sound, marked = found.fault == 0, found.fault == FAULTS.index(UNDECODABLE)
        bad = ~(sound | marked)
        mixed = ~bad & ((found.literal & found.quoted) | (found.fields > width))
        frames = [self._bad(block, found, bad)] if bad.any() else []
        for some, quote in (
            (sound & ~mixed & ~found.literal, self._dialect.quote),
            (sound & ~mixed & found.literal, None),
            (marked & ~mixed & ~found.literal, self._dialect.quote),
            (marked & ~mixed & found.literal, None),
        ):
            data = _cut_out(block, found, some)
            what: tuple[pl.Series, ...] = ()
            if (some & marked).any():
                data = data.decode("utf-8", "replace").encode()
                what = self._what_of_marked(block, found, some)
            frame = self._parsed(data, int(some.sum()), quote, self._schema)
            if frame is None:
                mixed |= some
            else:
                frames.append(framed(found.line[some] + self._line, frame.get_columns(), *what))
        frames.append(self._mixed(block, found, mixed))
        self._rest, self._line = block[found.size :], self._line + found.lines
        there = [frame for frame in frames if frame.height]
        if len(there) < 2:
            return there[0] if there else frames[0]
        return pl.concat(there).sort(LINE_NUMBER)

    def _mixed(self, block: bytes, found: Sorted, some: Mask) -> pl.DataFrame:
        """Sound records one by one."""
        lines = found.line[some] + self._line
        parts = zip(found.starts[some].tolist(), found.ends[some].tolist(), strict=True)
        rows = (self._records(block[at:end], final=True) for at, end in parts)
        return self._frame(lines.tolist(), list(chain.from_iterable(rows)))

    def _what_of_marked(
        self, block: bytes, found: Sorted, some: Mask
    ) -> tuple[pl.Series, pl.Series]:
        words = pl.Series([UNDECODABLE]).new_from_index(0, int(some.sum()))
        return words, _shown_all(block, found.starts[some], found.stops[some])

    def _bad(self, block: bytes, found: Sorted, some: Mask) -> pl.DataFrame:
        width = len(self._schema)
        # Each fault, and each wrong count, has words of its own.
        kind = np.where(found.fault == COUNT, found.fields, -found.fault.astype(np.int64))[some]
        kinds, of = np.unique(kind, return_inverse=True)
        words = [count_fault(of, width) if of > 0 else FAULTS[-of] for of in kinds.tolist()]
        return framed(
            found.line[some] + self._line,
            self._nothing(int(some.sum())),
            pl.Series(words, dtype=pl.String).gather(of),
            _shown_all(block, found.starts[some], found.stops[some]),
        )

    def _nothing(self, height: int) -> list[pl.Series]:
        blank = pl.Series([None], dtype=pl.String).new_from_index(0, height)
        return [blank.alias(name) for name in self._schema]

    def _careful(self, block: bytes, *, final: bool) -> pl.DataFrame:
        """The block record by record."""
        at = 0
        numbers: list[int] = []
        rows: list[Record] = []
        for record in self._records(block, final=final):
            if record.fields or record.fault:
                numbers.append(self._line)
                rows.append(record)
            at = record.end
            self._line += record.lines
            self._within = not record.lines
        self._rest = block[at:]
        return self._frame(numbers, rows)

    def _records(self, data: bytes, *, final: bool) -> Iterator[Record]:
        width = len(self._schema)
        return records(
            data, self._dialect, width, final=final, fewest=self._fewest, spare=self._spare
        )

    def _frame(self, numbers: Sequence[int], rows: Sequence[Record]) -> pl.DataFrame:
        if not rows:
            return framed(np.empty(0, np.int64), self._nothing(0))
        blank = (None,) * len(self._schema)
        cells = zip(*(row.fields or blank for row in rows), strict=True)
        return framed(
            np.array(numbers),
            [
                pl.Series(name, column, pl.String)
                for name, column in zip(self._schema, cells, strict=True)
            ],
            pl.Series([row.fault or None for row in rows], dtype=pl.String),
            pl.Series([_shown(row.raw) if row.fault else None for row in rows], dtype=pl.String),
        )

    def _overlong(self) -> pl.DataFrame:
        """The beginning of a line without end as a bad row; the rest of the line is passed over."""
        record = Record(
            0, 0, self._rest[:LONGEST], fault=f"the line is longer than {self._longest} bytes"
        )
        self._within = True
        self._rest = b"\r" if self._rest.endswith(b"\r") else b""
        return self._frame([self._line], [record])

    def _after_long_line(self, piece: bytes, *, final: bool) -> bytes:
        end = re.search(rb"\r\n|\n|\r" if final else rb"\r\n|\n|\r(?!\Z)", piece)
        if not end:
            # A CR that ends the piece may be half of a CRLF.
            return b"\r" if piece.endswith(b"\r") else b""
        self._within = False
        self._line += 1
        return piece[end.end() :]


def _absent(data: bytes) -> bytes | None:
    return next((separator for separator in _SEPARATORS if separator not in data), None)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _inside(size: int, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Mask:
    """Of `size` bytes, those in one of the parts."""
    change = np.zeros(size + 1, np.int8)
    change[starts] += 1
    change[ends] -= 1
    return np.cumsum(change[:-1], dtype=np.int8).view(np.bool_)


def _cut_out(block: bytes, found: Sorted, some: Mask) -> bytes:
    """Records with their line ends, each LF or CRLF."""
    view = np.frombuffer(block, np.uint8)[: found.size]
    ends = found.ends[some]
    lone = ends[view[ends - 1] == 13] - 1
    if lone.size:
        view = view.copy()
        view[lone] = 10
    return view[_inside(found.size, found.starts[some], ends)].tobytes()


def _shown_all(block: bytes, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> pl.Series:
    """Lines as text; undecodable bytes as `\\xff`."""
    view = np.frombuffer(block, np.uint8)
    data = view[_inside(view.size, starts, stops)]
    offsets = np.append(0, np.cumsum(stops - starts))
    # A piece of it may begin in the middle of a character even where the whole is UTF-8.
    if _is_utf8(data.tobytes()) and not (data[offsets[:-1]] & 0xC0 == 0x80).any():
        buffers = (pa.py_buffer(offsets), pa.py_buffer(data))
        shown = pl.from_arrow(pa.LargeStringArray.from_buffers(starts.size, *buffers))
        assert isinstance(shown, pl.Series)  # noqa: S101  an array becomes nothing else
        return shown
    parts = zip(starts.tolist(), stops.tolist(), strict=True)
    return pl.Series([_shown(block[start:stop]) for start, stop in parts], dtype=pl.String)
