"""What would be left of a directory after a power cut, by the promises of POSIX alone.

Content of a file is safe when the file was synced, a name when its directory was: nothing else. A
rename is one step, from one directory to another too: what was moved has the old name or the new.
Files and directories are told apart by inode, and each is kept open so that no number comes twice.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from random import Random

__all__ = ("Disk",)

Names = dict[str, int]


class Disk:
    """Follows the operations on everything below `root`. Used as a context."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._contents: dict[int, bytes] = {}
        """By inode, as it was synced last; a file that is not here was never synced."""
        self._names: dict[int, Names] = {}
        """By inode of a directory, as it was synced last."""
        self._folders: set[int] = set()
        self._pins: dict[int, int] = {}

    def __enter__(self) -> "Disk":
        self._root.mkdir(exist_ok=True)
        self._take_in(self._root)
        return self

    def __exit__(self, *_: object) -> None:
        for pin in self._pins.values():
            os.close(pin)

    def _take_in(self, path: Path) -> None:
        """All that is there now is safe."""
        inode = self._pinned(path)
        if path.is_dir():
            for inside in path.iterdir():
                self._take_in(inside)
            self._names[inode] = _names(path)
        else:
            self._contents[inode] = path.read_bytes()

    def _pinned(self, path: Path) -> int:
        inode = path.stat().st_ino
        if inode not in self._pins:
            self._pins[inode] = os.open(path, os.O_PATH | os.O_CLOEXEC)
            if path.is_dir():
                self._folders.add(inode)
        return inode

    def done(self, operation: str, path: Path) -> None:
        """An operation was carried out."""
        if operation in {"create", "mkdir"} and path.exists():
            inode = self._pinned(path)
            if operation == "create":
                self._contents.setdefault(inode, b"")
        elif operation in {"fsync", "fdatasync"} and path.exists():
            self._contents[self._pinned(path)] = path.read_bytes()
        elif operation == "fsync_directory":
            self._names[self._pinned(path)] = _names(path)

    def cut_power(self, dice: Random) -> None:
        """Leave below `root` what may be left: all that is safe, and of the rest what chance will."""
        chosen = self._chosen(dice)
        tree = self._left(self._pinned(self._root), chosen, dice)
        for path in self._root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        _write(self._root, tree)

    def _chosen(self, dice: Random) -> dict[int, Names]:
        """Of each directory, by inode, the names that are left in it."""
        now: dict[int, Names] = {}
        for inode in sorted(self._folders):
            place = self._now(inode)
            now[inode] = _names(place) if place is not None else {}
        chosen = {}
        for inode, there in now.items():
            safe = self._names.get(inode, {})
            # Names get to the disk unasked, in time.
            chosen[inode] = dict(there if there and dice.random() < 0.5 else safe)
        for inode, there in now.items():
            self._place_moved(inode, there, chosen, dice)
        return chosen

    def _place_moved(
        self, folder: int, there: Names, chosen: dict[int, Names], dice: Random
    ) -> None:
        """What has come into a folder from another one is in exactly one of them."""
        for name, inode in there.items():
            places = [
                (other, called)
                for other, names in sorted(self._names.items())
                for called, known in names.items()
                if known == inode
            ]
            if not any(other != folder for other, _ in places):
                continue
            # Where the new name is safe the old one is gone, whether its directory was synced or not.
            arrived = dice.random() < 0.5 or any(other == folder for other, _ in places)
            for other, called in places:
                if arrived and other != folder and chosen[other].get(called) == inode:
                    del chosen[other][called]
                elif not arrived:
                    chosen[other][called] = inode
            if arrived:
                chosen[folder][name] = inode
            elif chosen[folder].get(name) == inode:
                del chosen[folder][name]

    def _left(self, inode: int, chosen: dict[int, Names], dice: Random) -> "dict[str, object]":
        """Names and contents of a directory."""
        names = chosen.get(inode, {})
        return {name: self._entry(inside, chosen, dice) for name, inside in names.items()}

    def _entry(self, inode: int, chosen: dict[int, Names], dice: Random) -> object:
        now = self._now(inode)
        if inode in self._folders:
            return self._left(inode, chosen, dice)
        safe = self._contents.get(inode, b"")
        current = now.read_bytes() if now is not None else safe
        lost = bytes(max(0, len(current) - len(safe)))
        return dice.choice((safe, safe + lost, current))

    def _now(self, inode: int) -> Path | None:
        """Where an inode has a name now."""
        with suppress(KeyError, OSError):
            place = Path(os.readlink(f"/proc/self/fd/{self._pins[inode]}"))  # noqa: PTH115
            if place.exists() and place.stat().st_ino == inode:
                return place
        return None


def _names(path: Path) -> Names:
    return {entry.name: entry.inode() for entry in os.scandir(path)}


def _write(folder: Path, tree: "dict[str, object]") -> None:
    for name, entry in tree.items():
        path = folder / name
        if isinstance(entry, dict):
            path.mkdir(mode=0o700)
            _write(path, entry)
        else:
            assert isinstance(entry, bytes)
            path.write_bytes(entry)
            path.chmod(0o600)
