"""The input formats. A new one is a module and a line in `FORMATS`."""

from collections.abc import Callable
from typing import NamedTuple

from pipeline.errors import InputError
from pipeline.read.contract import Source, Table
from pipeline.read.csv_table import open_csv
from pipeline.read.parquet_table import MAGIC, open_parquet
from pipeline.read.sniff import Wishes
from pipeline.read.streams import opened

__all__ = ("FORMATS", "SUFFIXES", "Format", "format_of", "open_table")


class Format(NamedTuple):
    """One input format."""

    suffixes: tuple[str, ...]
    """By which a directory's lists are known; in lower case."""
    open: Callable[[Source, Wishes], Table]
    magic: bytes = b""
    """What every such file begins with; it counts for more than the suffix."""


FORMATS: dict[str, Format] = {
    "csv": Format((".csv", ".tsv", ".psv", ".tab", ".txt"), open_csv),
    "parquet": Format((".parquet", ".parq", ".pq"), open_parquet, MAGIC),
}

SUFFIXES = tuple(suffix for known in FORMATS.values() for suffix in known.suffixes)
"""Suffixes of all formats; each may be followed by `.gz` or `.zst`."""


def open_table(source: Source, wanted: str, wishes: Wishes) -> Table:
    """Open a file as the format wanted; `auto` finds it out. Raises `InputError`."""
    found = format_of(source)
    name = found if wanted == "auto" else wanted
    known = FORMATS[name]
    if name != found and (known.magic or FORMATS[found].magic):
        raise InputError(f"{source.name}: this is {found}, not {name}; leave out --format {name}")
    return known.open(source, wishes)


def format_of(source: Source) -> str:
    """The format of a file: by its first bytes; by its suffix where they do not tell."""
    with opened(source) as (stream, compression):
        first = stream.read(16)
    for name, known in FORMATS.items():
        if known.magic and first.startswith(known.magic):
            if compression:
                raise InputError(
                    f"{source.name}: {name} packed with {compression}; unpack it first"
                )
            return name
    for name, known in FORMATS.items():
        if known.magic and source.name.lower().endswith(known.suffixes):
            raise InputError(
                f"{source.name}: is called {name}, but does not begin as such files do; "
                "write it again, or give it the suffix of what it is"
            )
    return next(name for name, known in FORMATS.items() if not known.magic)
