"""Files that are no list, known by how they begin, and what to do about each."""

from collections.abc import Callable
from typing import NamedTuple

__all__ = ("Foreign", "foreign")


class Foreign(NamedTuple):
    """A kind of file that is not read."""

    name: str
    advice: str
    begins: Callable[[bytes], bool]
    """Told by the first KiB without byte order mark and blanks, in lower case."""


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

KINDS = (
    Foreign("an HTML page", "open it in a spreadsheet and save it as .xlsx or CSV", _is_html),
    Foreign(
        "XML", "open it in the program that wrote it and save it as .xlsx or CSV", _with(b"<?xml")
    ),
    Foreign("JSON", f"{_AS_CSV} or Parquet", _is_json),
    Foreign("a vCard", f"{_AS_CSV} from the address book", _with(b"begin:vcard")),
    Foreign("a calendar", _AS_CSV, _with(b"begin:vcalendar")),
    Foreign("a PDF", "a list is needed, not a printed page: ask for CSV or .xlsx", _with(b"%pdf-")),
    Foreign("rich text", "save it as CSV", _with(b"{\\rtf")),
    Foreign("an SQLite database", _AS_CSV, _with(b"sqlite format 3\0")),
    Foreign("an Arrow file", "save it as Parquet", _with(b"arrow1")),
    Foreign("an Avro file", "save it as Parquet", _with(b"obj\x01")),
    Foreign("a 7z archive", "unpack it first", _with(b"7z\xbc\xaf\x27\x1c")),
    Foreign("a RAR archive", "unpack it first", _with(b"rar!")),
    Foreign("packed with xz", "unpack it first, or use .gz or .zst", _with(b"\xfd7zxz")),
    Foreign("packed with bzip2", "unpack it first, or use .gz or .zst", _with(b"bzh")),
    Foreign(
        "a picture", "a list is needed: CSV, .xlsx or Parquet", _with(b"\x89png", b"\xff\xd8\xff")
    ),
)


def foreign(first: bytes) -> Foreign | None:
    """Give what a file is that begins so, if it is none that is read."""
    head = first[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((kind for kind in KINDS if kind.begins(head)), None)
