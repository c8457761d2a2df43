"""A look at an output directory that holds for one moment, though a run may be at work there.

A run that ends removes its checkpoint, one that begins again removes what was made: a look that is
under way then finds half of this and half of that. So it counts only if the directory is the same
run's before and after, and what it finds wrong only if a second look finds it too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import storage_error

__all__ = ("steady_look", "steady_problems")

T = TypeVar("T")

_LOOKS = 20
_TELLING = ("_SUCCESS", "manifest.json", ".checkpoint/run.json", ".checkpoint/plan.json")
"""Files that come and go with a run, and change in no other moment."""


def steady_look(out: Path, look: Callable[[], T]) -> T:
    """What `look` finds while one run has the directory.

    Raises the `CheckpointError` or `StorageError` that it ends with twice, and `CheckpointError`
    where the directory changes hands all the time.
    """
    before = ""
    for _ in range(_LOOKS):
        moment = _moment(out)
        try:
            found = look()
        except (CheckpointError, StorageError, OSError) as error:
            wrong = _told(error, out)
        else:
            if _moment(out) == moment:
                return found
            continue
        if str(wrong) == before and _moment(out) == moment:
            raise wrong
        before = str(wrong)
    raise CheckpointError(f"{out}: a run begins or ends here at each look: look again later")


def steady_problems(out: Path, look: Callable[[], list[str]]) -> list[str]:
    """The problems, in words, that two looks find, or what they end with."""
    try:
        first = steady_look(out, look)
        return first and [same for same in steady_look(out, look) if same in first]
    except (CheckpointError, StorageError) as error:
        return [str(error)]


def _told(error: CheckpointError | StorageError | OSError, out: Path) -> Exception:
    if isinstance(error, OSError):
        return storage_error("read", Path(error.filename or out), error)
    return error


def _moment(out: Path) -> list[tuple[int, int, int] | None]:
    found: list[tuple[int, int, int] | None] = []
    for name in _TELLING:
        try:
            is_now = (out / name).stat(follow_symlinks=False)
        except OSError:
            found.append(None)
        else:
            found.append((is_now.st_ino, is_now.st_mtime_ns, is_now.st_size))
    return found
