"""Files that are no list, known by how they begin, and what to do about each."""

from collections.abc import Callable
from typing import NamedTuple

__all__ = ("Foreign", "binary", "foreign", "reads_as_text")


class Foreign(NamedTuple):
    """A kind of file that is not read."""

    name: str
    advice: str


def _with(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


def _is_json(head: bytes) -> bool:
    return (
        head[:1] in (b"{", b"[")
        and head[1:].lstrip()[:1] in (b'"', b"{", b"[", b"}", b"]")
        and (b":" in head or head[:1] == b"[")
    )


def _is_html(head: bytes) -> bool:
    tags = (b"<!doctype html", b"<html", b"<table", b"<meta", b"<body", b"<div", b"<head")
    return head.startswith(tags) or (head.startswith((b"<?xml", b"<!--")) and b"<html" in head)


_AS_CSV = "export the list as CSV"

_OF_TEXT: tuple[tuple[Callable[[bytes], bool], Foreign], ...] = (
    (_is_html, Foreign("an HTML page", "open it in a spreadsheet and save it as .xlsx or CSV")),
    (
        _with(b"<?xml"),
        Foreign("XML", "open it in the program that wrote it and save it as .xlsx or CSV"),
    ),
    (_is_json, Foreign("JSON", f"{_AS_CSV} or Parquet")),
    (_with(b"begin:vcard"), Foreign("a vCard", f"{_AS_CSV} from the address book")),
    (_with(b"begin:vcalendar"), Foreign("a calendar", _AS_CSV)),
    (
        _with(b"%pdf-"),
        Foreign("a PDF", "a list is needed, not a printed page: ask for CSV or .xlsx"),
    ),
    (_with(b"{\\rtf"), Foreign("rich text", "save it as CSV")),
)
"""Told by the first KiB without byte order mark and blanks, in lower case."""

_BINARY = {
    b"PK\x03\x04": Foreign("an Excel workbook or a zip archive", f"{_AS_CSV}, or unpack it"),
    b"\xd0\xcf\x11\xe0": Foreign("an old Excel workbook", _AS_CSV),
    b"SQLite format 3\0": Foreign("an SQLite database", _AS_CSV),
    b"ARROW1": Foreign("an Arrow file", "save it as Parquet"),
    b"ORC": Foreign("an ORC file", "save it as Parquet"),
    b"Obj\x01": Foreign("an Avro file", "save it as Parquet"),
    b"PARE": Foreign("an encrypted Parquet file", "decrypt it first"),
    b"7z\xbc\xaf": Foreign("a 7z archive", "unpack it first"),
    b"Rar!": Foreign("a RAR archive", "unpack it first"),
    b"\xfd7zXZ": Foreign("packed with xz", "unpack it first, or use .gz or .zst"),
    b"BZh": Foreign("packed with bzip2", "unpack it first, or use .gz or .zst"),
    b"\x89PNG": Foreign("a picture", "a list is needed: CSV, .xlsx or Parquet"),
    b"\xff\xd8\xff": Foreign("a picture", "a list is needed: CSV, .xlsx or Parquet"),
}
"""By what they begin with."""

# Control characters that no text has: all of C0 but tab, line ends, form feed, the separators
# 1C-1F and 01 (used as delimiters), and ESC and SUB, which old exports leave at the end.
_CONTROL = bytes(set(range(32)) - {0x01, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, *range(0x1A, 0x20)})


def foreign(first: bytes) -> Foreign | None:
    """Give what a file is that begins so, if it is none that is read."""
    head = first[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((kind for begins, kind in _OF_TEXT if begins(head)), None) or binary(first)


def binary(first: bytes) -> Foreign | None:
    """As `foreign`, of files that are no text."""
    for magic, kind in _BINARY.items():
        # `ORC`, `BZh` and `PARE` are also fine beginnings of a header.
        is_word = magic.isascii() and magic.decode().isprintable()
        if first.startswith(magic) and not (is_word and reads_as_text(first)):
            return kind
    return None


def reads_as_text(head: bytes) -> bool:
    """Say whether these bytes may be text in an encoding of single bytes."""
    control = len(head) - len(head.translate(None, _CONTROL))
    # One stray zero in a text is a flaw of one cell; bytes at random have ten in a hundred.
    return control * 50 <= len(head)
