"""How is this CSV file written? Pure: its first bytes in, encoding, dialect, header and names out.

What the settings say is not questioned. The delimiter is the one that cuts most records into the
same number of fields, more than one; where none does, the file is one column and each line a cell,
so that two numbers in a line stay together and can be told to be two. `:`, `/` and the blank are
never found, only believed when set: they occur in every other number (`tel:…`).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from pipeline.read.columns import repeated_names, unique_names
from pipeline.read.encodings import (
    SO_FAR_ASCII,
    NotTextError,
    find_encoding,
    to_utf8,
    without_marks,
)
from pipeline.read.quoting import quoting, unwrapped
from pipeline.read.records import UNDECODABLE, Dialect, Record, records
from pipeline.read.shape import Fit, Row, fit, is_header, is_sure, table_start
from pipeline.read.survey import survey

__all__ = ("Sniffed", "Wishes", "begins", "is_header", "sniff")

_DELIMITERS = (b"\t", b";", b"|", b",", b"\x1f", b"\x01", b"^", b"~")
"""The likelier first: of two that fit alike, the rarer in ordinary cells is the delimiter."""

_SAMPLE = 100
_WHOLE = 2_000
"""Records that are looked at where they differ in width."""
_LINE_END = re.compile(rb"\r\n|\n|\r")
_HINT = re.compile(rb'"?sep=([^\r\n])"?(?:\r\n|\n|\r)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the settings say of how files are written; None and `auto` leave it to us."""

    encoding: str | None = None
    delimiter: str | None = None
    header: str = "auto"
    sheet: str | None = None
    """Of a workbook."""
    skip_lines: int | None = None
    """Lines, of a workbook rows, that are passed over before anything is looked at."""


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
    above: int = 0
    """Physical lines before the header, or the first row, that were passed over."""
    given: int | None = None
    """Cells that a row usually has, where it is not one for each column."""
    fewest: int | None = None
    """Cells that a row may have, where it is not one for each column."""
    spare: bool = True
    """A row may have blank cells too many at its end."""
    said: str = ""
    """What was made of rows that do not fit their header, in words."""
    rows: tuple[Row, ...]
    """The first rows that are sound."""


def sniff(head: bytes, wishes: Wishes, *, complete: bool) -> Sniffed:
    """Find out how a file that begins with `head` is written.

    `complete`: there is no more of it. Raises `NotTextError` for what is no list.
    """
    encoding = wishes.encoding or find_encoding(head)
    text = without_marks(_decoded(head, encoding, complete=complete))
    if wishes.encoding and _has_line_end(head) and not _has_line_end(text):
        raise NotTextError(_not_in(encoding, "no line of it ends"))
    skip, lines, above, given = _passed(text, wishes)
    body = text[skip:]
    dialect = _dialect(body, given, complete=complete)
    looked = 2 * _SAMPLE if _is_even(body, dialect, complete=complete) else _WHOLE
    found = list(islice(records(body, dialect, None, final=complete), looked))
    at = _start(found[: 2 * _SAMPLE], wishes)
    if at is None:
        raise NotTextError(
            "has nothing in it but blank lines" if complete else "has no line end in its first MiB"
        )
    first = found[at].fields
    _check_wishes(body, found[at + 1 :] or found, wishes, complete=complete)
    rows = tuple(record.fields for record in found[at : 2 * _SAMPLE] if record.fields)
    header = wishes.header == "yes" or (wishes.header == "auto" and is_header(first, rows[1:]))
    if header and not first:
        raise NotTextError(
            f"has a header that cannot be read: {found[at].fault}; mend its first line"
        )
    # Blank lines before the first one are nothing that is passed over.
    if any(record.fields or record.fault for record in found[:at]):
        above += sum(record.lines for record in found[:at])
    passed = found[: at + header] if header or above else []
    skip += passed[-1].end if passed else 0
    lines += sum(record.lines for record in passed)
    below = [record.fields for record in found[at + header :] if record.fields]
    fitted = fit(first if header else None, below)
    columns = unique_names(fitted.names)
    return Sniffed(
        encoding=encoding,
        dialect=dialect,
        header=header,
        columns=columns,
        repeated=repeated_names(fitted.names) if header else (),
        skip=skip,
        lines=lines,
        above=above,
        given=fitted.given,
        fewest=fitted.fewest,
        spare=fitted.spare,
        said=fitted.said,
        rows=tuple(_sample(rows[header:], fitted))[:_SAMPLE],
    )


class _Passed(NamedTuple):
    """What precedes a list by the settings or by its own hint, and the delimiter that they name."""

    skip: int
    """Bytes."""
    lines: int
    above: int
    """Lines of these that are no hint."""
    delimiter: bytes | None


def _passed(text: bytes, wishes: Wishes) -> _Passed:
    hint = _HINT.match(text)
    skip, lines = (hint.end(), 1) if hint else (0, 0)
    wanted = max(0, (wishes.skip_lines or 0) - lines)
    for end in islice(_LINE_END.finditer(text, skip), wanted):
        skip, lines = end.end(), lines + 1
    delimiter = wishes.delimiter.encode() if wishes.delimiter else hint and hint.group(1)
    return _Passed(skip, lines, lines - (hint is not None), delimiter)


def _is_even(body: bytes, dialect: Dialect, *, complete: bool) -> bool:
    """All records of the sample have as many fields as the first, as far as arithmetic can tell."""
    if not dialect.plain or not dialect.delimiter or len(dialect.delimiter) > 1:
        return dialect.delimiter is None
    first = next(iter(records(body, dialect, None, final=complete)), None)
    found = survey(body, dialect, final=complete)
    if not first or not found:
        return False
    return found.delimiters == found.records * (len(first.fields) - 1)


def _start(found: Sequence[Record], wishes: Wishes) -> int | None:
    """The place of the header, or of the first row; None if there is nothing."""
    there = [at for at, record in enumerate(found) if record.fields or record.fault]
    return there[begins([found[at].fields for at in there], wishes)] if there else None


def begins(rows: Sequence[Row], wishes: Wishes) -> int:
    """Give the place of the header among the first rows; of the first one if there is none."""
    if wishes.skip_lines is not None or wishes.header == "no":
        return 0
    at, _ = table_start(rows)
    # What turns out to be no header after all stands above nothing.
    return at if wishes.header == "yes" or is_header(rows[at], rows[at + 1 :]) else 0


def _sample(rows: Sequence[Row], fitted: Fit) -> Iterator[Row]:
    """The rows that are sound, as wide as the header."""
    width = len(fitted.names)
    for row in rows:
        most = len(row) if fitted.spare else width
        if fitted.fewest <= len(row) <= most and not any(row[width:]):
            yield (*row[:width], *[None] * (width - len(row)))


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
    if inner := unwrapped(text, quote, final=complete):
        found = _dialect(inner, delimiter, complete=True)
        rows = [
            record.fields for record in islice(records(inner, found, None, final=True), _SAMPLE)
        ]
        if found.delimiter and found.plain and _score(rows).named:
            return replace(found, wrapped=True)
    if delimiter:
        return quoting(text, Dialect(delimiter, quote), final=complete)
    best, best_score = Dialect(None, quote), _Score(named=False, share=0.5, fields=0)
    for candidate in _DELIMITERS:
        if candidate not in text:
            continue
        dialect = quoting(text, Dialect(candidate, quote), final=complete)
        sample = islice(records(text, dialect, None, final=complete), _SAMPLE)
        score = _score([record.fields for record in sample if record.raw])
        if score > best_score:
            best, best_score = dialect, score
    return best


class _Score(NamedTuple):
    """How well a delimiter fits; the greater, the better."""

    named: bool
    """One of the first record's fields is what a number's column is called: that settles it."""
    share: float
    """Of the records with the usual number of fields."""
    fields: int


def _score(rows: Sequence[Row]) -> _Score:
    count = len(rows)
    at, named = table_start(rows)
    rows = rows[at:]
    # A first line that is damaged says nothing.
    first = next(filter(None, rows), ())
    counts = Counter(map(len, rows))
    named = named or (not at and any(map(is_sure, first)))
    usual = counts.most_common(1)[0][0] if rows else 0
    if named and usual < 2:
        usual = len(first)
    if min(usual, len(first)) < 2:
        return _Score(named=False, share=0.0, fields=0)
    return _Score(named, counts[usual] / count, usual)


def _single_quoted(text: bytes, delimiter: bytes | None) -> bool:
    """Cells in apostrophes; one before a number only is a spreadsheet's mark for text."""
    if b'"' in text or b"'" not in text:
        return False
    cut = re.escape(delimiter or b",;|\t")
    cell = rb"(?:\A|[\r\n%b])(?:('(?:[^'\r\n]|'')*+'(?=[\r\n%b]|\Z))|')" % (cut, cut)
    lines = [line for line in text[: 1 << 16].splitlines()[:_SAMPLE] if line]
    wrapped = re.findall(cell, b"\n".join(lines))
    return all(wrapped) and 2 * len(wrapped) >= len(lines)
