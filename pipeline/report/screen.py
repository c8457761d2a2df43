"""What is shown on standard output, tables for people and JSON for programs, and the only way there.

Rules: text in a table is text, whatever is written in it: Rich reads no markup here, and the
terminal no command. Tables and consoles are made here and for progress, nowhere else.
"""

import sys
from typing import Any

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.shown import fit_json, visible

__all__ = ("Shown", "json_line", "show_table")


class Shown(Table):
    """A table without lines, whose cells show whatever they are given."""

    def __init__(self, *, header: bool = False) -> None:
        super().__init__(show_header=header, box=None, padding=(0, 2, 0, 0))

    def add_row(  # type: ignore[override]  # fewer kinds of cells than Rich takes
        self, *cells: str | Text, **more: Any
    ) -> None:
        """As Rich's, for text."""
        super().add_row(*(Text(visible(c)) if isinstance(c, str) else c for c in cells), **more)


def json_line(value: Any) -> str:
    """JSON on one line, without anything that a terminal obeys, the meaning unchanged."""
    return fit_json(msgspec.json.encode(_whole(msgspec.to_builtins(value))).decode())


def _whole(value: Any) -> Any:
    """The value with `\\udcfc` in place of half a character, which a file's name may hold."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_whole(name): _whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return value


def show_table(table: RenderableType) -> None:
    """Show it on standard output, as wide as it needs to be when it is piped."""
    console = Console(highlight=False, markup=False, emoji=False, file=sys.stdout)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, file=sys.stdout, width=160)
    console.print(table)
