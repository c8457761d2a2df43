"""How is this CSV file written? Pure: its first bytes in, encoding, dialect, header and names out.

What the settings say is not questioned. The delimiter is the one that cuts most records into the
same number of fields, more than one; where none does, the file is one column and each line a cell,
so that two numbers in a line stay together and can be told to be two. `:`, `/` and the blank are
never found, only believed when set: they occur in every other number (`tel:…`).
"""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from pipeline.read.columns import looks_like_number, repeated_names, unique_names
from pipeline.read.encodings import SO_FAR_ASCII, NotTextError, find_encoding, to_utf8
from pipeline.read.headers import Kind, kind_of
from pipeline.read.records import UNDECODABLE, Dialect, Record, records

__all__ = ("Sniffed", "Wishes", "is_header", "sniff")

_DELIMITERS = (b"\t", b";", b"|", b",", b"\x1f", b"\x01", b"^", b"~")
"""The likelier first: of two that fit alike, the rarer in ordinary cells is the delimiter."""

_SAMPLE = 100
_HINT = re.compile(rb'"?sep=([^\r\n])"?(?:\r\n|\n|\r)')
_NO_VALUE = frozenset(("null", "none", "nan", "n/a", "na", "nil", "-", "unknown", "#n/a", "empty"))

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the settings say of how files are written; None and `auto` leave it to us."""

    encoding: str | None = None
    delimiter: str | None = None
    header: str = "auto"
    sheet: str | None = None
    """Of a workbook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sniffed:
    """All that is needed to read the file."""

    encoding: str
    dialect: Dialect
    header: bool
    columns: tuple[str, ...]
    repeated: tuple[str, ...] = ()
    """Names that the header gives to more than one column."""
    skip: int
    """Bytes of UTF-8, without byte order mark, before the first row."""
    lines: int
    """Physical lines before the first row."""
    rows: tuple[Row, ...]
    """The first rows that are sound."""


def sniff(head: bytes, wishes: Wishes, *, complete: bool) -> Sniffed:
    """Find out how a file that begins with `head` is written.

    `complete`: there is no more of it. Raises `NotTextError` for what is no list.
    """
    encoding = wishes.encoding or find_encoding(head)
    text = _decoded(head, encoding, complete=complete)
    while text.startswith(codecs.BOM_UTF8):
        text = text.removeprefix(codecs.BOM_UTF8)
    if wishes.encoding and _has_line_end(head) and not _has_line_end(text):
        raise NotTextError(_not_in(encoding, "no line of it ends"))
    hint = _HINT.match(text)
    skip, lines = (hint.end(), 1) if hint else (0, 0)
    given = wishes.delimiter.encode() if wishes.delimiter else hint and hint.group(1)
    body = text[skip:]
    dialect = _dialect(body, given, complete=complete)
    found = list(islice(records(body, dialect, None, final=complete), 2 * _SAMPLE))
    if not any(record.fields or record.fault for record in found):
        raise NotTextError(
            "has nothing in it but blank lines" if complete else "has no line end in its first MiB"
        )
    at = next(at for at, record in enumerate(found) if record.fields or record.fault)
    first = found[at].fields
    _check_wishes(body, found[at + 1 :] or found, wishes, complete=complete)
    rows = tuple(record.fields for record in found if record.fields)
    header = wishes.header == "yes" or (wishes.header == "auto" and is_header(first, rows[1:]))
    repeated: tuple[str, ...] = ()
    if not header:
        columns = unique_names([None] * _width(found))
    elif not first:
        raise NotTextError(
            f"has a header that cannot be read: {found[at].fault}; mend its first line"
        )
    else:
        columns, repeated = unique_names(first), repeated_names(first)
        rows = rows[1:]
        skip += found[at].end
        lines += sum(record.lines for record in found[: at + 1])
    return Sniffed(
        encoding=encoding,
        dialect=dialect,
        header=header,
        columns=columns,
        repeated=repeated,
        skip=skip,
        lines=lines,
        rows=tuple(row for row in rows if len(row) == len(columns))[:_SAMPLE],
    )


def _decoded(head: bytes, encoding: str, *, complete: bool) -> bytes:
    if encoding in (SO_FAR_ASCII, "utf-8"):
        return head
    try:
        return to_utf8(encoding)(head, complete)
    except UnicodeError as error:
        raise NotTextError(_not_in(encoding, str(error))) from error


def _has_line_end(text: bytes) -> bool:
    return b"\n" in text or b"\r" in text


def _is_undecodable(found: Sequence[Record]) -> bool:
    """No record is sound, and that is why."""
    faults = {record.fault for record in found}
    return UNDECODABLE in faults and all(record.fault or not record.fields for record in found)


def _not_in(encoding: str, why: str) -> str:
    return f"cannot be read as {encoding} ({why}); leave out --encoding, or name another"


def _check_wishes(text: bytes, found: Sequence[Record], wishes: Wishes, *, complete: bool) -> None:
    """Refuse an encoding that fits no record, and a delimiter that never occurs where another does."""
    if wishes.encoding and _is_undecodable(found):
        raise NotTextError(_not_in(wishes.encoding, "none of its first lines can be decoded"))
    delimiter = wishes.delimiter
    if not delimiter or delimiter.encode() in text:
        return
    other = _dialect(text, None, complete=complete).delimiter
    if other is not None:
        raise NotTextError(
            f"has no {delimiter!r} in it, but {other.decode()!r} parts its cells; leave out"
            " --delimiter, or name that one"
        )


def _dialect(text: bytes, delimiter: bytes | None, *, complete: bool) -> Dialect:
    quote = b"'" if _single_quoted(text, delimiter) else b'"'
    if delimiter:
        return Dialect(delimiter, quote)
    best, best_score = None, _Score(named=False, share=0.5, fields=0)
    for candidate in _DELIMITERS:
        if candidate not in text:
            continue
        sample = islice(records(text, Dialect(candidate, quote), None, final=complete), _SAMPLE)
        score = _score([record.fields for record in sample if record.raw])
        if score > best_score:
            best, best_score = candidate, score
    return Dialect(best, quote)


class _Score(NamedTuple):
    """How well a delimiter fits; the greater, the better."""

    named: bool
    """One of the first record's fields is what a number's column is called: that settles it."""
    share: float
    """Of the records with the usual number of fields."""
    fields: int


def _score(rows: Sequence[Row]) -> _Score:
    first = rows[0] if rows else ()
    counts = Counter(map(len, rows))
    named = any(_is_sure(cell) for cell in first if cell)
    usual = len(first) if named else counts.most_common(1)[0][0] if rows else 0
    if min(usual, len(first)) < 2:
        return _Score(named=False, share=0.0, fields=0)
    return _Score(named, counts[usual] / len(rows), usual)


def _is_sure(cell: str) -> bool:
    """A name that is no common value; those of the last kind (`no`, `number`) are."""
    found = kind_of(cell)
    return found is not None and found < Kind.NUMBER


def _single_quoted(text: bytes, delimiter: bytes | None) -> bool:
    """Cells in apostrophes; one before a number only is a spreadsheet's mark for text."""
    if b'"' in text or b"'" not in text:
        return False
    cut = re.escape(delimiter or b",;|\t")
    cell = rb"(?:\A|[\r\n%b])(?:('(?:[^'\r\n]|'')*+'(?=[\r\n%b]|\Z))|')" % (cut, cut)
    lines = [line for line in text[: 1 << 16].splitlines()[:_SAMPLE] if line]
    wrapped = re.findall(cell, b"\n".join(lines))
    return all(wrapped) and 2 * len(wrapped) >= len(lines)


def _width(found: Sequence[Record]) -> int:
    counts = Counter(len(record.fields) for record in found if record.fields)
    return counts.most_common(1)[0][0] if counts else 1


def is_header(first: Row, rows: Sequence[Row]) -> bool:
    """Say whether no number stands in it where the rows have numbers, and there is a name in it."""
    if not any(cell and any(map(str.isalpha, cell)) for cell in first):
        return False
    there = [cell for at, cell in enumerate(first) if _has_numbers(rows, at)]
    if any(map(looks_like_number, there or first)):
        return False
    # `no` and `na` are names as well as words for nothing.
    return not any(
        cell and kind_of(cell) is None and cell.strip().lower() in _NO_VALUE for cell in there
    )


def _has_numbers(rows: Sequence[Row], at: int) -> bool:
    cells = [row[at] for row in rows if len(row) > at and row[at]]
    return bool(cells) and 2 * sum(map(looks_like_number, cells)) > len(cells)
