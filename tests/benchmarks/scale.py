"""How large a benchmark is: from the command line, and smaller in the test of the benchmarks."""

import shutil
from pathlib import Path
from typing import NamedTuple

__all__ = ("NoSpaceError", "Scale", "check_space")


class NoSpaceError(RuntimeError):
    """The lists and what comes of them would not fit on the disk."""


class Scale(NamedTuple):
    """What the command line says of sizes."""

    quick: bool = False
    """Whether it runs at all, not how fast."""
    rows: int | None = None
    """Rows of the lists, where a benchmark has lists of any size; its own choice if None."""
    runs: int = 3
    """Of each measured command or call."""

    def of(self, usual: int, quick: int) -> int:
        """How many rows, where the command line does not say."""
        return self.rows or (quick if self.quick else usual)


_BYTES_A_ROW = 200
"""The list as CSV, our checkpoint and output, the output of the baseline: 100 bytes at most were
measured on lists of one country, of which 32 are the list; and as much again, to be safe."""


def check_space(folder: Path, rows: int) -> None:
    """Raise `NoSpaceError` where lists of `rows` rows in all would fill the disk of `folder`."""
    free, needed = shutil.disk_usage(folder).free, rows * _BYTES_A_ROW
    if free < needed:
        raise NoSpaceError(
            f"{rows:,} rows need about {needed / 1e9:.0f} GB in {folder.parent}, where "
            f"{free / 1e9:.0f} GB are free; make room, name another place in TMPDIR, or give "
            "fewer --rows"
        )
