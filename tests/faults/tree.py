"""Everything in a folder, to be held against what is there later."""

import os
import stat
from pathlib import Path

__all__ = ("tree",)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Kind and permissions, and content, by path; of a link its target, and what it leads to is not looked at."""
    found = {}
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place) / name
            mode = path.lstat().st_mode
            content = b""
            if stat.S_ISLNK(mode):
                content = os.fsencode(os.readlink(path))  # noqa: PTH115  as it is written
            elif stat.S_ISREG(mode):
                content = path.read_bytes()
            found[str(path.relative_to(folder))] = mode, content
    return found
