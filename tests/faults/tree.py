"""Every byte of a folder, so that a test can say what must not have changed."""

import hashlib
import os
import stat
from pathlib import Path

__all__ = ("tree_of",)


def tree_of(folder: Path) -> dict[str, str]:
    """Each path below a folder, with its kind and the hash of what it holds; no link is followed."""
    found: dict[str, str] = {}
    for where, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(where) / name
            mode = path.lstat().st_mode
            held = b""
            if stat.S_ISREG(mode):
                held = path.read_bytes()
            elif stat.S_ISLNK(mode):
                held = os.fsencode(path.readlink())
            what = f"{stat.S_IFMT(mode):o} {hashlib.sha256(held).hexdigest()}"
            found[str(path.relative_to(folder))] = what
    return found
