"""Standard streams that a job outlives: who reads them may go away at any time.

Rules: what is said on standard error is decoration, and never ends or delays a job; what cannot be
written to standard output is remembered, and told when the job's exit code is known. A descriptor
0, 1 or 2 that is closed is opened on the null device, else the next file to be opened has its
number, and what a library prints ends up in a journal.
"""

import contextlib
import io
import os
import select
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ("PATIENCE", "Lasting", "Streams", "standard_streams")

PATIENCE = 1.0
"""Seconds that a log line waits for a reader that does not read, as at a terminal stopped by Ctrl-S."""
_AT_ONCE = select.PIPE_BUF
"""Bytes that a pipe which is ready takes without waiting."""


class Streams:
    """What became of the standard streams."""

    def __init__(self, out: "Lasting") -> None:
        self._out = out

    def lost(self) -> OSError | None:
        """What kept standard output from being written; None where all of it was."""
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        return self._out.lost


@contextlib.contextmanager
def standard_streams() -> Iterator[Streams]:
    """Meanwhile `sys.stdin`, `sys.stdout` and `sys.stderr` are streams that can be relied on."""
    before = sys.stdin, sys.stdout, sys.stderr
    _open_closed()
    out, told = Lasting(1, None), Lasting(2, PATIENCE)
    try:
        if sys.stdin is None:
            sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  a descriptor
        sys.stdout = _text(out, sys.stdout)
        sys.stderr = _text(told, sys.stderr)
        yield Streams(out)
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _open_closed() -> None:
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free, which is this one


def _text(raw: "Lasting", like: TextIO | None) -> TextIO:
    """Text as `like` encodes it; what that encoding lacks is shown escaped."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(like, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )


class Lasting(io.RawIOBase):
    """A descriptor to write to. What it does not take is dropped, and the reason remembered."""

    def __init__(self, fd: int, patience: float | None) -> None:
        self._fd = fd
        self._patience = patience
        """Seconds to wait until it takes more; None waits as long as it needs."""
        self._waits = patience
        self.lost: OSError | None = None

    def writable(self) -> bool:
        """It is all that it is for."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._fd

    def isatty(self) -> bool:
        """Whether it leads to a terminal."""
        return os.isatty(self._fd)

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write all of it, or drop what is left of it; never raises."""
        rest = memoryview(data).cast("B")
        size = rest.nbytes
        if self._patience is None and self.lost:  # half a result is none
            return size
        try:
            while rest.nbytes and self._takes_more():
                with contextlib.suppress(BlockingIOError):  # another program has set it so
                    rest = rest[os.write(self._fd, rest[:_AT_ONCE]) :]
        except OSError as error:
            self.lost = self.lost or error
        return size

    def _takes_more(self) -> bool:
        """False where nobody reads. Then it is only looked at, until somebody does."""
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        ready = bool(poll.poll(None if self._waits is None else self._waits * 1000))
        if self._patience is not None:
            self._waits = self._patience if ready else 0.0
        return ready
