"""The input formats. A new one is a module and a line in `FORMATS`."""

from collections.abc import Callable
from typing import NamedTuple

from pipeline.errors import InputError
from pipeline.read.contract import Source, Table
from pipeline.read.csv_table import open_csv
from pipeline.read.excel_table import OLE, ZIP, is_workbook, open_excel
from pipeline.read.foreign import foreign
from pipeline.read.parquet_table import MAGIC, open_parquet
from pipeline.read.sniff import Wishes
from pipeline.read.streams import opened

__all__ = ("FORMATS", "SUFFIXES", "Format", "NoListError", "format_of", "open_table")


class NoListError(InputError):
    """A sound file of a kind that is no list."""


class Format(NamedTuple):
    """One input format."""

    suffixes: tuple[str, ...]
    """By which a directory's lists are known; in lower case."""
    open: Callable[[Source, Wishes], Table]
    magic: tuple[bytes, ...] = ()
    """What every such file begins with, one of them; it counts for more than the suffix."""
    is_one: Callable[[Source], bool] = lambda _: True
    """Looks closer at a file that begins so."""
    text_too: bool = False
    """Files of text are often called so as well, and read as what they are."""


FORMATS: dict[str, Format] = {
    "csv": Format((".csv", ".tsv", ".psv", ".tab", ".txt"), open_csv),
    "parquet": Format((".parquet", ".parq", ".pq"), open_parquet, (MAGIC,)),
    "excel": Format(
        (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        open_excel,
        (ZIP, OLE),
        is_workbook,
        text_too=True,
    ),
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
        first = stream.read(1024)
    for name, known in FORMATS.items():
        if known.magic and first.startswith(known.magic):
            if compression:
                raise InputError(
                    f"{source.name}: {name} packed with {compression}; unpack it first"
                )
            if not known.is_one(source):
                raise NoListError(f"{source.name}: is an archive and no workbook; unpack it first")
            return name
    if other := foreign(first):
        raise NoListError(f"{source.name}: is {other.name}, not a list; {other.advice}")
    for name, known in FORMATS.items():
        named = source.name.lower().endswith(known.suffixes)
        if known.magic and not known.text_too and named:
            raise InputError(
                f"{source.name}: is called {name}, but does not begin as such files do; "
                "write it again, or give it the suffix of what it is"
            )
    return next(name for name, known in FORMATS.items() if not known.magic)
