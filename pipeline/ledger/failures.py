"""What a failed operation on a file means for the user, and what to do about it."""

import errno
from pathlib import Path

from pipeline.errors import StorageError

__all__ = ("storage_error",)

_GO_ON = "then run the same command again; progress is kept"
_ADVICE = {
    errno.ENOSPC: f"the disk is full: free some space, {_GO_ON}",
    errno.EDQUOT: f"the disk quota is used up: free some space, {_GO_ON}",
    errno.EFBIG: f"the file grew larger than this file system allows: use another one, {_GO_ON}",
    errno.EACCES: "permission denied: make it writable for this user, or choose another --out",
    errno.EPERM: "not permitted: make it writable for this user, or choose another --out",
    errno.EROFS: "the file system is read-only: remount it, or choose another --out",
    errno.EIO: f"the device reported an input/output error: check the disk, {_GO_ON}",
    errno.EMFILE: f"too many open files: raise `ulimit -n`, {_GO_ON}",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter --out",
    errno.ENOENT: f"no such place: check --out, or mend what removed it, {_GO_ON}",
    errno.ELOOP: "a link stands there, and none is followed: put in its place what it leads to, or"
    " choose another --out",
    errno.ENOTDIR: "a part of the path is a file, not a directory: choose another --out",
    errno.EEXIST: "something else is there already: choose another --out",
}


def storage_error(operation: str, path: Path, error: OSError) -> StorageError:
    """The error that ends the run: what failed, on which path, and what to do."""
    why = _ADVICE.get(error.errno or 0, f"{error.strerror or error}: mend that, {_GO_ON}")
    return StorageError(f"{path}: cannot {operation}: {why}")
