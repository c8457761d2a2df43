"""CSV, one record at a time: the careful way, for lines that are not as they should be. Pure.

Rules. A line end is LF, CRLF or CR. A field that begins with the quote is quoted: it may hold
delimiters, line ends and doubled quotes, and must end before a delimiter or a line end; a quote
further on in a field is a character like any other. A line with nothing on it is no record.
Whatever cannot be a record, because its quote is never closed, text follows the closing quote,
or it has too few or too many fields, is one bad *line*, and reading goes on with the next: so a
stray quote costs its own line, never the neighbours.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

__all__ = ("LONGEST", "UNDECODABLE", "Dialect", "Record", "count_fault", "records")

LONGEST = 1 << 17
"""Bytes a record may always have, as many as the csv module gives one field; a longer one may be
taken for a quote that was never closed."""

UNCLOSED = "a quote is never closed"
UNDECODABLE = "cannot be decoded"

_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file separates its cells; in UTF-8."""

    delimiter: bytes | None
    """None: one column, each line is a cell."""
    quote: bytes = b'"'


@dataclass(frozen=True, slots=True)
class Record:
    """What was found between two line ends, or more where a quoted field holds some."""

    end: int
    """Where the next record begins."""
    lines: int
    """Physical lines it takes up."""
    raw: bytes
    """Its text without the line end."""
    fields: tuple[str | None, ...] = ()
    """An empty cell is null unless it is quoted."""
    fault: str = ""
    """What is wrong with it; then it is a single line and has no fields, unless all that is wrong is
    `UNDECODABLE`: that they have marks in place of."""


class _Unfinished(Exception):
    """The record goes on behind the bytes at hand."""


class _Malformed(Exception):
    """This cannot be a record."""


def records(
    data: bytes, dialect: Dialect, expected: int | None, *, final: bool
) -> Iterator[Record]:
    """The records of `data`, which begins with one; blank lines have no fields and no fault.

    Without `final`, a record that may go on behind `data` is left out. `expected` is the number
    of fields that a record must have; None accepts any.
    """
    at = 0
    while at < len(data):
        try:
            record = _record(data, at, dialect, expected, final=final)
        except _Unfinished:
            if len(data) - at <= LONGEST:
                return
            record = _overlong(data, at)
        yield record
        at = record.end


def _record(data: bytes, at: int, dialect: Dialect, expected: int | None, *, final: bool) -> Record:
    end, raw = _line(data, at, final=final)
    if not raw:
        return Record(end, 1, raw)
    if dialect.quote in raw:
        return _quoted(data, at, dialect, expected, final=final)
    cells = raw.split(dialect.delimiter) if dialect.delimiter else [raw]
    if expected is not None and len(cells) != expected:
        return Record(end, 1, raw, fault=count_fault(len(cells), expected))
    try:
        return Record(end, 1, raw, tuple([cell.decode() or None for cell in cells]))
    except UnicodeDecodeError:
        marked = tuple([cell.decode("utf-8", "replace") or None for cell in cells])
        return Record(end, 1, raw, marked, fault=UNDECODABLE)


def _quoted(data: bytes, at: int, dialect: Dialect, expected: int | None, *, final: bool) -> Record:
    end, line = _line(data, at, final=final)
    try:
        cells, stop = _cells(data, at, dialect, final=final)
    except _Malformed as fault:
        return Record(end, 1, line, fault=str(fault))
    if expected is not None and len(cells) != expected:
        return Record(end, 1, line, fault=count_fault(len(cells), expected))
    raw = data[at:stop]
    after = _LINE_END.match(data, stop)
    end, lines = after.end() if after else stop, 1 + len(_LINE_END.findall(raw))
    try:
        fields = tuple(None if cell is None else cell.decode() for cell in cells)
    except UnicodeDecodeError:
        marked = tuple(None if cell is None else cell.decode("utf-8", "replace") for cell in cells)
        return Record(end, lines, raw, marked, fault=UNDECODABLE)
    return Record(end, lines, raw, fields)


def _line(data: bytes, at: int, *, final: bool) -> tuple[int, bytes]:
    """Where the line after the one at `at` begins, and its bytes without the line end."""
    found = _LINE_END.search(data, at)
    # A CR that ends the bytes at hand may be half of a CRLF.
    if not final and (not found or (found.end() == len(data) and found.group() == b"\r")):
        raise _Unfinished
    return (found.end(), data[at : found.start()]) if found else (len(data), data[at:])


def _overlong(data: bytes, at: int) -> Record:
    """More than `LONGEST` bytes without an end: bad is the first line, or all there is of it."""
    try:
        end, raw = _line(data, at, final=False)
    except _Unfinished:
        return Record(len(data), 0, data[at:], fault=f"longer than {LONGEST} bytes")
    return Record(end, 1, raw, fault=UNCLOSED)


def _cells(
    data: bytes, at: int, dialect: Dialect, *, final: bool
) -> tuple[list[bytes | None], int]:
    """The cells of the record at `at`, and where it ends, its line end left out."""
    quote, delimiter = dialect.quote, dialect.delimiter
    cell = _cell(delimiter, quote)
    cells: list[bytes | None] = []
    while True:
        found = cell.match(data, at)
        if not found:
            if not final and len(data) - at <= LONGEST:
                raise _Unfinished
            raise _Malformed(UNCLOSED)
        quoted, plain = found.groups()
        cells.append((plain or None) if quoted is None else quoted.replace(quote + quote, quote))
        at = found.end()
        following = data[at : at + 1]
        cut_off = not following or (following == b"\r" and at + 1 == len(data))
        if cut_off and not final:
            raise _Unfinished
        if following in (b"", b"\r", b"\n"):
            return cells, at
        if not delimiter or not data.startswith(delimiter, at):
            raise _Malformed("text follows a closing quote")
        at += len(delimiter)


@lru_cache(maxsize=64)
def _cell(delimiter: bytes | None, quote: bytes) -> re.Pattern[bytes]:
    mark = re.escape(quote)
    ends = rb"[\r\n]|\Z" + (b"|" + re.escape(delimiter) if delimiter else b"")
    quoted = rb"%b([^%b]*+(?:%b%b[^%b]*+)*+)%b" % (mark, mark, mark, mark, mark, mark)
    if delimiter and len(delimiter) == 1:
        plain = rb"(?!%b)([^%b\r\n]*+)" % (mark, re.escape(delimiter))
    else:
        plain = rb"(?!%b)((?:(?!%b)[\s\S])*+)" % (mark, ends)
    return re.compile(quoted + b"|" + plain)


def count_fault(found: int, expected: int) -> str:
    """What is wrong with a record of the wrong number of fields, in words."""
    return f"{found} field{'s' * (found != 1)} where {expected} {'are' if expected > 1 else 'is'} expected"
