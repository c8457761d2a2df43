"""How does a CSV file quote its cells? Pure: its first bytes and a delimiter in, a dialect out.

Some programs write a blank behind each delimiter, others escape a quote by a backslash, and a
spreadsheet that took each line for one cell quotes it as a whole. Each is believed only where it
explains the lines better than doubled quotes do.
"""

import re
from collections import Counter
from dataclasses import replace
from itertools import islice

from pipeline.read.records import Dialect, records

__all__ = ("quoting", "unwrapped")

_SAMPLE = 100
_NEAR = 1 << 16
"""Bytes in which blanks beside quotes are looked for."""
_WRAPPED = 0.9
"""Share of the lines that are quoted as a whole, at least: some may be damaged."""


def quoting(text: bytes, dialect: Dialect, *, final: bool) -> Dialect:
    """Give the dialect with what its quotes turn out to mean."""
    if dialect.quote not in text or not dialect.delimiter:
        return dialect
    found = [dialect]
    if dialect.delimiter.strip() and _has_blanks(text, dialect):
        found.append(replace(dialect, blanks=True))
    if text.count(b"\\" + dialect.quote) > 1:  # one alone is an accident
        found += [replace(known, escape=True) for known in found]
    if len(found) == 1:
        return dialect
    # Of two that explain as many lines: blanks where they are, and doubled quotes.
    return max(
        found,
        key=lambda each: (_share(text, each, final=final), not each.escape, each.blanks),
    )


def unwrapped(text: bytes, quote: bytes, *, final: bool) -> bytes:
    """Give what stands in lines that are each one quoted cell; nothing where they are not."""
    if not text.lstrip().startswith(quote):
        return b""
    sample = islice(records(text, Dialect(None, quote), None, final=final), _SAMPLE)
    lines = [record for record in sample if record.raw]
    inner = [
        (record.fields[0] or "").encode()
        for record in lines
        if record.fields and record.raw.startswith(quote)
    ]
    return b"\n".join(inner) if len(inner) > max(1, _WRAPPED * len(lines)) else b""


def _has_blanks(text: bytes, dialect: Dialect) -> bool:
    delimiter, quote = re.escape(dialect.delimiter or b""), re.escape(dialect.quote)
    near = rb"%b[ \t]+%b|%b[ \t]+%b" % (delimiter, quote, quote, delimiter)
    return re.search(near, text[:_NEAR]) is not None


def _share(text: bytes, dialect: Dialect, *, final: bool) -> float:
    """Give the share of the records that have the usual number of fields."""
    sample = [
        len(record.fields)
        for record in islice(records(text, dialect, None, final=final), _SAMPLE)
        if record.raw
    ]
    counts = Counter(width for width in sample if width > 1)
    return max(counts.values()) / len(sample) if counts else 0.0
