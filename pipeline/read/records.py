"""CSV, one record at a time: the careful way, for lines that are not as they should be. Pure.

Rules. A line end is LF, CRLF or CR. A field that begins with the quote is quoted: it may hold
delimiters, line ends and doubled quotes, and must end before a delimiter or a line end; a quote
further on in a field is a character like any other. A line with nothing on it is no record.
Whatever cannot be a record, because its quote is never closed, text follows the closing quote,
or it has too few or too many fields, is one bad *line*, and reading goes on with the next: so a
stray quote costs its own line, never the neighbours.

Of the wrong counts two are harmless: more fields than there are columns, where those beyond them
are empty, and, where a file is found to leave out its last empty cells, fewer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

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
    escape: bool = False
    """In a quoted field, a backslash makes the quote or the backslash behind it a character."""
    blanks: bool = False
    """Those between a delimiter and a quote are no part of the cell."""
    wrapped: bool = False
    """Each line as a whole is quoted once more: one cell that holds the record."""

    @property
    def plain(self) -> bool:
        """None of these oddities, which `records` alone can read."""
        return not (self.escape or self.blanks or self.wrapped)


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
    data: bytes,
    dialect: Dialect,
    expected: int | None,
    *,
    final: bool,
    fewest: int | None = None,
    spare: bool = True,
) -> Iterator[Record]:
    """The records of `data`, which begins with one; blank lines have no fields and no fault.

    Without `final`, a record that may go on behind `data` is left out. `expected` is the number
    of fields that a record must have; None accepts any. With `fewest`, a record of so many fields
    or more is sound, and those that it lacks are empty. With `spare`, so is one whose fields beyond
    those expected are empty.
    """
    if dialect.wrapped:
        yield from _unwrapped(data, dialect, _Width(expected, fewest, spare), final=final)
        return
    width = _Width(expected, fewest, spare)
    at = 0
    while at < len(data):
        try:
            record = _record(data, at, dialect, width, final=final)
        except _Unfinished:
            if len(data) - at <= LONGEST:
                return
            record = _overlong(data, at)
        yield record
        at = record.end


class _Width(NamedTuple):
    """How many fields a record must have, and may have at least."""

    expected: int | None
    fewest: int | None
    spare: bool

    def fitted(self, cells: list[bytes | None]) -> list[bytes | None] | None:
        """As many cells as expected, if the difference is made of empty ones only."""
        expected = self.expected
        if expected is None or len(cells) == expected:
            return cells
        if len(cells) > expected:
            spare = cells[expected:]
            return cells[:expected] if self.spare and not any(spare) else None
        if self.fewest is not None and len(cells) >= self.fewest:
            return cells + [None] * (expected - len(cells))
        return None

    def fault(self, count: int) -> str:
        """What is wrong with so many fields."""
        return count_fault(count, self.expected or count)


def _record(data: bytes, at: int, dialect: Dialect, width: _Width, *, final: bool) -> Record:
    end, raw = _line(data, at, final=final)
    if not raw:
        return Record(end, 1, raw)
    if dialect.quote in raw:
        return _quoted(data, at, dialect, width, final=final)
    cells = raw.split(dialect.delimiter) if dialect.delimiter else [raw]
    if width.expected is not None and len(cells) != width.expected:
        found = width.fitted([cell or None for cell in cells])
        if found is None:
            return Record(end, 1, raw, fault=width.fault(len(cells)))
        cells = [cell or b"" for cell in found]
    try:
        return Record(end, 1, raw, tuple([cell.decode() or None for cell in cells]))
    except UnicodeDecodeError:
        marked = tuple([cell.decode("utf-8", "replace") or None for cell in cells])
        return Record(end, 1, raw, marked, fault=UNDECODABLE)


def _quoted(data: bytes, at: int, dialect: Dialect, width: _Width, *, final: bool) -> Record:
    end, line = _line(data, at, final=final)
    try:
        cells, stop = _cells(data, at, dialect, final=final)
    except _Malformed as fault:
        return Record(end, 1, line, fault=str(fault))
    found = width.fitted(cells)
    if found is None:
        return Record(end, 1, line, fault=width.fault(len(cells)))
    raw = data[at:stop]
    after = _LINE_END.match(data, stop)
    end, lines = after.end() if after else stop, 1 + len(_LINE_END.findall(raw))
    try:
        fields = tuple(None if cell is None else cell.decode() for cell in found)
    except UnicodeDecodeError:
        marked = tuple(None if cell is None else cell.decode("utf-8", "replace") for cell in found)
        return Record(end, lines, raw, marked, fault=UNDECODABLE)
    return Record(end, lines, raw, fields)


def _unwrapped(data: bytes, dialect: Dialect, width: _Width, *, final: bool) -> Iterator[Record]:
    """The records of lines that are each one quoted cell; one that is not stands for itself."""
    inner = replace(dialect, wrapped=False)
    for outer in records(data, Dialect(None, dialect.quote), None, final=final):
        if not outer.raw or not outer.lines:
            yield outer
            continue
        wrapped = outer.fields and outer.raw.startswith(dialect.quote)
        text = (outer.fields[0] or "").encode() if wrapped else outer.raw
        parts = records(
            text, inner, width.expected, final=True, fewest=width.fewest, spare=width.spare
        )
        found = list(parts)
        # Sound although the outer is not: a line that is written as lines usually are.
        if len(found) == 1 and (found[0].fields or not outer.fault):
            yield replace(found[0], end=outer.end, lines=outer.lines, raw=outer.raw)
        else:
            fault = outer.fault or next((each.fault for each in found if each.fault), "")
            yield replace(outer, fields=(), fault=fault or "more than one record in a line")


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
    delimiter = dialect.delimiter
    cell = _cell(dialect)
    cells: list[bytes | None] = []
    while True:
        found = cell.match(data, at)
        if not found:
            if not final and len(data) - at <= LONGEST:
                raise _Unfinished
            raise _Malformed(UNCLOSED)
        quoted, plain = found.groups()
        cells.append((plain or None) if quoted is None else _unquoted(quoted, dialect))
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


def _unquoted(text: bytes, dialect: Dialect) -> bytes:
    quote = dialect.quote
    if not dialect.escape:
        return text.replace(quote + quote, quote)
    mark = re.escape(quote)
    return re.sub(rb"\\(\\|%b)|%b(%b)" % (mark, mark, mark), rb"\1\2", text)


@lru_cache(maxsize=64)
def _cell(dialect: Dialect) -> re.Pattern[bytes]:
    delimiter = dialect.delimiter
    mark = re.escape(dialect.quote)
    ends = rb"[\r\n]|\Z" + (b"|" + re.escape(delimiter) if delimiter else b"")
    if dialect.escape:
        quoted = rb"%b((?:[^%b\\]++|\\[\s\S]|%b%b)*+)%b" % (mark, mark, mark, mark, mark)
    else:
        quoted = rb"%b([^%b]*+(?:%b%b[^%b]*+)*+)%b" % (mark, mark, mark, mark, mark, mark)
    blanks = b""
    if dialect.blanks:
        blanks = b" *+" if delimiter == b"\t" else rb"[ \t]*+"
        quoted = blanks + quoted + blanks
    if delimiter and len(delimiter) == 1:
        plain = rb"(?!%b%b)([^%b\r\n]*+)" % (blanks, mark, re.escape(delimiter))
    else:
        plain = rb"(?!%b%b)((?:(?!%b)[\s\S])*+)" % (blanks, mark, ends)
    return re.compile(quoted + b"|" + plain)


def count_fault(found: int, expected: int) -> str:
    """What is wrong with a record of the wrong number of fields, in words."""
    return f"{found} field{'s' * (found != 1)} where {expected} {'are' if expected > 1 else 'is'} expected"
