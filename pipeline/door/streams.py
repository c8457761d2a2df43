"""The streams behind the door: what is written to standard error goes through them, line by line."""

import io
import os
import select
import threading
from typing import TYPE_CHECKING, TextIO

from pipeline.shown import fit

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ("Guard", "Pump")

_LONGEST = 1 << 16
"""Characters without a line end that are held back."""


class Guard(io.TextIOBase):
    """A text stream whose lines are redacted before `sink` gets them."""

    def __init__(self, sink: TextIO) -> None:
        self._sink = sink
        self._held = ""
        self._lock = threading.RLock()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property in typeshed's reality alone
        """As the stream behind it."""
        return self._sink.encoding

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What cannot be encoded is escaped."""
        return "backslashreplace"

    @property
    def buffer(self) -> io.RawIOBase:
        """The same for whoever writes bytes."""
        return _Bytes(self)

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._sink.isatty()

    def fileno(self) -> int:
        """Descriptor 2, which leads here too."""
        return 2

    def write(self, text: str) -> int:
        """Take text; what has no line end yet waits, since the rest of a number may follow."""
        with self._lock:
            *lines, self._held = (self._held + text).split("\n")
            if len(self._held) > _LONGEST:
                lines.append(self._held)
                self._held = ""
            for line in lines:
                self._sink.write(fit(line, lines=True) + "\n")
        return len(text)

    def finish(self) -> None:
        """Let out what waits for its line end."""
        with self._lock:
            if self._held:
                self.write("\n")
        self._sink.flush()

    def flush(self) -> None:
        """Let out whole lines."""
        self._sink.flush()


class _Bytes(io.RawIOBase):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: "ReadableBuffer") -> int:
        raw = bytes(data)
        self._guard.write(raw.decode(self._guard.encoding, "backslashreplace"))
        return len(raw)


class Pump:
    """Descriptor 2 as a pipe, and the thread that brings what comes there to the guard."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._out, inlet = os.pipe()
        self._wake, self._end = os.pipe()
        os.dup2(inlet, 2)
        os.close(inlet)
        self._thread = threading.Thread(target=self._carry, name="stderr", daemon=True)
        self._thread.start()

    def _carry(self) -> None:
        left = b""
        ending = False
        while True:
            ready, _, _ = select.select([self._out, self._wake], [], [], 0 if ending else None)
            if self._out not in ready:
                if ending:
                    break
                ending = True
                continue
            data = os.read(self._out, _LONGEST)
            if not data:
                break
            whole, end, left = (left + data).rpartition(b"\n")
            if len(left) > _LONGEST:
                whole, left = whole + end + left, b""
            self._guard.write((whole + end).decode(errors="backslashreplace"))
            self._guard.flush()
        self._guard.write(left.decode(errors="backslashreplace"))

    def stop(self, outside: int) -> None:
        """Give descriptor 2 back, and bring along what has been written there until now.

        The reading end stays open: children that outlive this one must not be ended for a word.
        """
        os.dup2(outside, 2)
        os.close(self._end)
        self._thread.join(1.0)
