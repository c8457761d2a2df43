"""Where an output lies: whether there is room for it, and whether its file system keeps promises.

The lock is the kernel's and what was synced is believed to stay. Network file systems may keep
locks from other machines only, or not at all, and what shows an object store as files has neither
locks nor a rename that is one step.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

__all__ = ("doubts", "file_system", "lack", "to_ask", "to_plan")

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.glusterfs"}
    | {"fuse.sshfs", "lustre", "virtiofs", "ncpfs"}
)
_STORES = frozenset(
    {"fuse.s3fs", "fuse.gcsfuse", "fuse.goofys", "fuse.rclone", "fuse.blobfuse", "fuse.blobfuse2"}
    | {"fuse.mount-s3", "fuse.mountpoint-s3", "fuse.geesefs", "fuse.juicefs"}
)

# Measured with a list of 4 900 numbers: its shards take a third of the list, its parts three times as
# much as the shards, and a journal 296 bytes a number. Packed text is some five times as long.
_TIMES = 2
_UNPACKED = 5
_A_NUMBER = 300
_PARTS = 4
_PACKED = (".gz", ".zst", ".parquet")


def to_plan(inputs: Iterable[tuple[str, int]]) -> int:
    """Bytes that reading and planning files of these names and sizes takes at most, roughly."""
    return _TIMES * sum(
        size * (_UNPACKED if name.lower().endswith(_PACKED) else 1) for name, size in inputs
    )


def to_ask(numbers: int, shards: Iterable[Path]) -> int:
    """Bytes that asking so many numbers of these shards, and writing them, takes, roughly."""
    sizes = sum(path.stat().st_size for path in shards if path.is_file())
    return _A_NUMBER * numbers + _PARTS * sizes


def lack(out: Path, need: int) -> list[str]:
    """That there may not be enough room, in words; nothing if there is."""
    free = shutil.disk_usage(out).free
    if free >= need:
        return []
    return [
        f"{out}: {free / 1e9:.3g} GB are free, and the run may need {need / 1e9:.3g} GB: if the disk"
        " becomes full, it ends with exit code 16, and goes on when there is space"
    ]


def doubts(out: Path, mounts: Path = _MOUNTS) -> list[str]:
    """Why the file system of an output directory may not do, in words; nothing if it will."""
    found = []
    kind = file_system(out, mounts)
    if kind in _NETWORK:
        found.append(
            f"{out}: this is a network file system ({kind}): its locks may not keep a run on"
            " another machine out, so start no second one, or choose an --out on a local disk"
        )
    if kind in _STORES:
        found.append(
            f"{out}: this is an object store shown as files ({kind}), without locks or safe renames:"
            " choose an --out on a local disk, and copy the finished output"
        )
    return found


def file_system(path: Path, mounts: Path = _MOUNTS) -> str:
    """Type of the file system that a path is on, such as `ext4`; empty where none is known."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    real = os.path.realpath(path)
    best, found = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:  # of two mounts at one place the later one shows
            best, found = len(point), after.split(" ")[0]
    return found
