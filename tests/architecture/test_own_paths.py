"""Tables of our own are read through one door, and none is written by a path.

Ruff's list of banned names (pyproject.toml) sees what is imported, and not in `cli/`; a method of a
frame, such as `sink_parquet`, it does not see anywhere.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.docs import ROOT

DOOR = "ledger/own_parquet.py"
_TABLE = "parquet|ipc|ipc_stream|csv|csv_batched|ndjson|delta|avro|excel|ods|database|iceberg|lines"
BY_PATH = re.compile(
    rf"(?:read|scan|write|sink)_(?:{_TABLE})"
    r"|ParquetFile|ParquetDataset|FileSystemDataset|OSFile|memory_map|read_table|open_file|open_stream"
)
"""What reads or writes a table and can be given a path."""

ELSEWHERE = {
    ("read/parquet_table.py", "ParquetFile"),  # an input
    ("few.py", "write_parquet"),  # into memory
    ("read/blocks.py", "read_csv"),  # of bytes
    ("write/decoded.py", "read_ndjson"),  # of bytes
}
"""By which modules, beside the door, it is used all the same."""


def uses(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def test_nobody_else_opens_a_table_by_its_path() -> None:
    package = ROOT / "pipeline"
    found = {
        (path.relative_to(package).as_posix(), name)
        for path in package.rglob("*.py")
        for name in uses(path)
        if BY_PATH.fullmatch(name)
    }
    assert {(where, name) for where, name in found if where != DOOR} == ELSEWHERE
    assert {name for where, name in found if where == DOOR} == {
        "ParquetFile",
        "open_file",
        "read_parquet",
        "scan_parquet",
    }
