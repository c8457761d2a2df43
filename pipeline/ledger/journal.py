"""The journal of one shard: what was about to be asked, and what the service said, as it said it.

Rules:
- Append-only; one call is one frame is one write, so a killed process loses nothing it had written.
- Written is not durable. `sync` makes it so and may run in another thread; `durable` says up to
  which byte. An answer counts when the offset that `answer` returned is not above `durable`.
- After a failed write or sync the journal takes nothing more: what is on disk is known again only
  when it is replayed.
- A torn tail is cut off on opening, damage before it is an error (frames.py tells them apart).
"""

import errno
import fcntl
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from pipeline.errors import LockedError, StorageError
from pipeline.ledger import frames
from pipeline.ledger.files import Files
from pipeline.ledger.frames import Kind, Shard
from pipeline.ledger.replay import Replay, replay

_TURN = 0.05
"""Seconds between two looks at a journal that somebody holds."""
_TURNS = 100

__all__ = ("AnswerRecord", "FaultRecord", "Journal", "open_journal")


class AnswerRecord(NamedTuple):
    """A final answer."""

    position: int
    """Of the number in its shard."""
    attempts: int
    """Requests sent for it, this one included."""
    source: int
    """Index in `model.SOURCES`."""
    answered_at: int
    """Milliseconds since 1970, UTC."""
    raw: bytes
    """Exactly as the service sent it."""


class FaultRecord(NamedTuple):
    """An attempt that brought no final answer, or the end of all attempts."""

    position: int
    attempts: int
    maybe_billed: bool
    """The request may have reached the service."""
    reason: str
    """A short text without numbers or secrets."""
    code: str = ""
    """The service's own (F3), blank where it named none."""


class Journal:
    """The journal of one shard, open for appending. Made by `open_journal`."""

    def __init__(self, path: Path, known: Replay, fd: int, files: Files) -> None:
        size = known.end
        self.path = path
        self.written = size
        """Bytes handed to the operating system."""
        self.durable = size
        """Bytes known to be on the device."""
        self._files = files
        self._seed = frames.seed_of(frames.header(known.shard))
        self._broken = False
        self._fd = fd

    def __repr__(self) -> str:
        return f"<Journal {self.path.name}: {self.written} bytes, {self.durable} durable>"

    def intend(self, positions: Sequence[int]) -> int:
        """Note that these numbers are about to be asked; returns the offset to wait for."""
        return self._append(Kind.INTENT, struct.pack(f"<{len(positions)}I", *positions))

    def answer(self, records: Sequence[AnswerRecord]) -> int:
        """Keep answers; returns the offset to wait for before any of them counts."""
        if not records:
            return self.written
        n = len(records)
        positions, attempts, sources, times, raws = zip(*records, strict=True)
        columns = struct.pack(
            f"<I{n}q{n}I{n}I{n}H{n}B",
            n,
            *times,
            *positions,
            *map(len, raws),
            *(min(count, 0xFFFF) for count in attempts),
            *sources,
        )
        return self._append(Kind.ANSWERS, b"".join((columns, *raws)))

    def first_answers(
        self, positions: Sequence[int], source: int, answered_at: int, raws: Sequence[bytes]
    ) -> int:
        """Keep answers to numbers that were asked once, which came together; as `answer`."""
        n = len(positions)
        columns = (
            struct.pack("<I", n),
            struct.pack("<q", answered_at) * n,
            struct.pack(f"<{2 * n}I", *positions, *map(len, raws)),
            b"\x01\x00" * n,
            bytes((source,)) * n,
        )
        return self._append(Kind.ANSWERS, b"".join((*columns, *raws))) if n else self.written

    def fail(self, records: Sequence[FaultRecord]) -> int:
        """Note attempts that brought no final answer; returns the offset to wait for."""
        return self._faults(Kind.FAULTS, records)

    def give_up(self, records: Sequence[FaultRecord]) -> int:
        """Note numbers that stay without an answer in this run (`unresolved`)."""
        return self._faults(Kind.UNRESOLVED, records)

    def notice(self, subject: str, text: str) -> int:
        """Keep something that holds for the whole shard, such as `refused_country`, `GB`."""
        return self._append(Kind.NOTICE, f"{subject}\0{text}".encode())

    def sync(self) -> int:
        """Bring everything written so far to the device; returns up to which byte.

        May be called from another thread while this one goes on writing.
        """
        target = self.written
        if self._broken:
            raise self._unusable()
        if target > self.durable:
            try:
                self._files.fdatasync(self._fd, self.path)
            except StorageError:
                self._broken = True
                raise
            self.durable = max(self.durable, target)
        return self.durable

    def close(self) -> None:
        """Sync, if the journal is sound, and close. A second call does nothing."""
        if self._fd < 0:
            return
        try:
            if not self._broken:
                self.sync()
        finally:
            fd, self._fd, self._broken = self._fd, -1, True
            self._files.close(fd, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _faults(self, kind: Kind, records: Sequence[FaultRecord]) -> int:
        if not records:
            return self.written
        n = len(records)
        positions, attempts, billed, reasons, words = zip(*records, strict=True)
        texts = [reason.encode()[:0xFFFF] for reason in reasons]
        codes = [code.encode() for code in words]
        columns = struct.pack(
            f"<I{n}I{n}I{n}H{n}H{n}B",
            n,
            *positions,
            *map(len, codes),
            *map(len, texts),
            *(min(count, 0xFFFF) for count in attempts),
            *billed,
        )
        return self._append(kind, b"".join((columns, *texts, *codes)))

    def _append(self, kind: Kind, payload: bytes) -> int:
        if not payload:
            return self.written
        if self._broken:
            raise self._unusable()
        whole = frames.frame(kind, payload, self._seed, self.written, self.durable)
        try:
            self._files.write(self._fd, whole, self.path)
        except StorageError:
            self._broken = True
            raise
        self.written += len(whole)
        return self.written

    def _unusable(self) -> StorageError:
        return StorageError(
            f"{self.path}: closed, or an earlier write failed: run the same command again"
        )


def _own(fd: int, path: Path) -> None:
    """Wait for the journal's last writer to be gone: a worker may outlive its parent for a moment."""
    for _ in range(_TURNS):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}:
                return  # no locks here; the output directory's own lock has been checked
            time.sleep(_TURN)
        else:
            return
    raise LockedError(f"{path}: another process still writes it: wait for it to end")


def open_journal(path: Path, shard: Shard, files: Files) -> tuple[Journal, Replay]:
    """Open the journal of a shard for appending, and say what it holds.

    It is made if it is not there. A torn tail is cut off. Raises `CheckpointError` if it is damaged
    before its tail, or belongs to another shard, `LockedError` and `StorageError`.
    """
    if not path.exists():
        files.publish_bytes(path, frames.header(shard))
    fd = files.open_to_append(path)
    try:
        _own(fd, path)
        known = replay(path, shard)
        if known.torn:
            files.truncate(fd, known.end, path)
        # What a killed process wrote may be in the page cache only; from here on it is durable.
        files.fsync(fd, path)
    except BaseException:
        files.close(fd, path)
        raise
    return Journal(path, known, fd, files), known
