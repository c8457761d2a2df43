"""What a journal holds, in columns: for every number of a shard what is known of it.

Rules:
- The first final answer to a number stands; whatever comes after it changes nothing.
- Without an answer, a number is what its last record says: sent, failed, or given up.
- Damage is an error that names file and byte; records are never skipped in silence.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import CheckpointError
from pipeline.ledger import frames
from pipeline.ledger.files import read_bytes
from pipeline.ledger.frames import Damaged, Kind, Shard

__all__ = ("REFUSED_COUNTRY", "Replay", "State", "replay")

REFUSED_COUNTRY = "refused_country"
"""Subject of the notice that the rest of a region is not asked (F1); its text is the region."""


class State(IntEnum):
    """What is known of one number."""

    NEVER = 0
    """Never sent."""
    UNKNOWN = 1
    """Sent, and no outcome was kept: it may have been billed."""
    FAILED = 2
    """Its last attempt failed; it was not given up."""
    UNRESOLVED = 3
    """Given up without an answer in an earlier run."""
    ANSWERED = 4


_STATE_AFTER = np.zeros(256, np.uint8)
for _kind, _state in (
    (Kind.INTENT, State.UNKNOWN),
    (Kind.FAULTS, State.FAILED),
    (Kind.UNRESOLVED, State.UNRESOLVED),
    (Kind.ANSWERS, State.ANSWERED),
):
    _STATE_AFTER[_kind] = _state

# Columns of fixed width at the beginning of a payload, in order; journal.py writes them.
_ANSWERS = (("<i8", 8), ("<u4", 4), ("<u4", 4), ("<u2", 2), ("u1", 1))
_FAULTS = (("<u4", 4), ("<u4", 4), ("<u2", 2), ("<u2", 2), ("u1", 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a journal holds. Arrays called `…_of` have one entry for each number of the shard.

    The other arrays, and `bodies`, have one entry for each answered number, in order of position.
    """

    shard: Shard
    state_of: NDArray[np.uint8]
    """`State` by position."""
    attempts_of: NDArray[np.uint16]
    """Requests sent, by the last record of the number; intents where there is none."""
    intents_of: NDArray[np.uint16]
    """How often the number was about to be asked, over all runs of this checkpoint."""
    faults_of: NDArray[np.uint16]
    """Failed attempts over all runs of this checkpoint."""
    asked_again: int
    """Intents of numbers whose outcome was unknown then, over all runs of this journal."""
    billed_of: NDArray[np.bool_]
    """A request without an answer kept may have been billed."""
    answered: NDArray[np.uint32]
    """Positions of the answered numbers."""
    attempts: NDArray[np.uint16]
    sources: NDArray[np.uint8]
    """Indices in `model.SOURCES`."""
    answered_at: NDArray[np.int64]
    """Milliseconds since 1970, UTC."""
    bodies: pl.Series
    """Answers as the service sent them, Binary."""
    reasons: dict[int, str]
    """Why the last attempt failed, by position."""
    fault_codes: dict[int, str]
    """The service's code of the last failure (F3), by position, where it named one."""
    event_of: NDArray[np.int64]
    """Place of the number's last record among all records, -1 where it has none."""
    notices: list[tuple[str, str, int]]
    """Subject, text, and how many records came before it."""
    end: int
    """Bytes up to the end of the last sound frame."""
    size: int
    """Bytes in the file."""

    @property
    def raws(self) -> list[bytes]:
        """The bodies, one by one."""
        return self.bodies.to_list()

    @property
    def torn(self) -> bool:
        """The file goes on after its last sound frame."""
        return self.size > self.end

    @property
    def refused_at(self) -> dict[str, int]:
        """Regions that the service refused (F1), and how many records came before that was noted."""
        return {
            text: before for subject, text, before in self.notices if subject == REFUSED_COUNTRY
        }

    @property
    def refused_countries(self) -> set[str]:
        """Regions that are not asked any more, because the service refused them (F1)."""
        return set(self.refused_at)

    def positions(self, state: State) -> NDArray[np.int64]:
        """Positions of the numbers in that state, ascending."""
        return np.flatnonzero(self.state_of == state)

    def counts(self) -> dict[str, int]:
        """How many numbers are in each state, by its name in lower case."""
        found = np.bincount(self.state_of, minlength=len(State))
        return {state.name.lower(): int(found[state]) for state in State}

    def __repr__(self) -> str:
        counted = ", ".join(f"{count} {name}" for name, count in self.counts().items() if count)
        torn = f", torn after byte {self.end}" if self.torn else ""
        return f"<Replay of {self.shard.rows} numbers: {counted}{torn}>"


def replay(path: Path, of: Shard | None = None) -> Replay:
    """Read a journal; a torn tail is left alone and told by `torn`.

    Raises `CheckpointError` where the journal is damaged, or belongs to another shard than `of`, and
    `StorageError`.
    """
    found = _replay(path, read_bytes(path))
    if of is not None and found.shard != of:
        raise CheckpointError(
            f"{path}: it belongs to another shard, or to another run: put the right one back, or add"
            " --restart to begin again"
        )
    return found


def _replay(path: Path, content: bytes) -> Replay:
    try:
        shard = frames.shard_of(content)
        seed = frames.seed_of(content)
        gathered = _Gathered()
        end = frames.HEADER_SIZE
        for frame in frames.scan(memoryview(content), seed):
            gathered.add(frame)
            end = frame.offset + frames.FRAME_SIZE + len(frame.payload)
        frames.check_tail(content, seed, end)
        return gathered.replay(shard, end, len(content))
    except Damaged as error:
        raise CheckpointError(
            f"{path}: the journal is damaged: {error}. Restore the file from a copy; to begin again"
            " and ask every number of it once more, add --restart"
        ) from None


@dataclass(slots=True)
class _Gathered:
    """Columns as they lie in the frames, joined once at the end: frames may be many and small."""

    kinds: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    positions: list[memoryview] = field(default_factory=list)
    attempts: list[memoryview] = field(default_factory=list)
    answers: list[list[memoryview]] = field(default_factory=list)
    raws: list[memoryview] = field(default_factory=list)
    records: int = 0
    billed: list[tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)
    fault_codes: dict[int, str] = field(default_factory=dict)
    notices: list[tuple[str, str, int]] = field(default_factory=list)

    def add(self, frame: frames.Frame) -> None:
        """Take in one frame."""
        payload, kind = frame.payload, frame.kind
        if kind == Kind.INTENT:
            self._event(kind, payload, len(payload) // 4, memoryview(b""))
        elif kind == Kind.ANSWERS:
            columns, rest = _split(payload, _ANSWERS)
            self.answers.append(columns)
            self.raws.append(rest)
            self._event(kind, columns[1], len(columns[4]), columns[3])
        elif kind in {Kind.FAULTS, Kind.UNRESOLVED}:
            self._faults(kind, payload)
        elif kind == Kind.NOTICE:
            subject, _, text = bytes(payload).decode().partition("\0")
            self.notices.append((subject, text, self.records))
        else:
            raise Damaged(f"byte {frame.offset} holds a record of an unknown kind")

    def _event(self, kind: int, positions: memoryview, count: int, attempts: memoryview) -> None:
        self.kinds.append(kind)
        self.counts.append(count)
        self.records += count
        self.positions.append(positions)
        self.attempts.append(attempts or memoryview(bytes(2 * count)))

    def _faults(self, kind: int, payload: memoryview) -> None:
        columns, rest = _split(payload, _FAULTS)
        positions, code_sizes, text_sizes, _, billed = (
            np.frombuffer(column, dtype)
            for column, (dtype, _) in zip(columns, _FAULTS, strict=True)
        )
        self._event(kind, columns[0], len(positions), columns[3])
        self.billed.append((positions, billed))
        texts = int(text_sizes.sum(dtype=np.int64))
        reasons = _pieces(rest[:texts], text_sizes)
        codes = _pieces(rest[texts:], code_sizes)
        for position, reason, code in zip(positions.tolist(), reasons, codes, strict=True):
            self.reasons[position] = reason.decode(errors="replace")
            self.fault_codes.pop(position, None)
            if code:
                self.fault_codes[position] = code.decode(errors="replace")

    def replay(self, shard: Shard, end: int, size: int) -> Replay:
        """What it comes to. Raises `Damaged` for a position outside the shard."""
        positions = np.frombuffer(b"".join(self.positions), "<u4")
        kinds = np.repeat(np.array(self.kinds, np.uint8), self.counts)
        attempts = np.frombuffer(b"".join(self.attempts), "<u2")
        if len(positions) and positions.max() >= shard.rows:
            raise Damaged("it names a number that its shard does not have")
        state_of = np.zeros(shard.rows, np.uint8)
        state_of[positions] = _STATE_AFTER[kinds]  # of equal positions the last one stays
        event_of = np.full(shard.rows, -1, np.int64)
        event_of[positions] = np.arange(len(positions))
        attempts_of = np.zeros(shard.rows, np.uint16)
        told = kinds != Kind.INTENT
        attempts_of[positions[told]] = attempts[told]
        intents_of = np.bincount(positions[~told], minlength=shard.rows).astype(np.uint16)
        is_fault = kinds == Kind.FAULTS
        billed_of = np.zeros(shard.rows, np.bool_)
        for where, billed in self.billed:
            billed_of[where[billed != 0]] = True
        answers = self._first_answers()
        state_of[answers["answered"]] = State.ANSWERED
        attempts_of[answers["answered"]] = answers["attempts"]
        attempts_of = np.where(attempts_of == 0, intents_of, attempts_of)
        return Replay(
            shard=shard,
            state_of=state_of,
            event_of=event_of,
            attempts_of=attempts_of,
            intents_of=intents_of,
            asked_again=_asked_again(positions, told, intents_of),
            faults_of=np.bincount(positions[is_fault], minlength=shard.rows).astype(np.uint16),
            billed_of=billed_of | (state_of == State.UNKNOWN),
            reasons=self.reasons,
            fault_codes=self.fault_codes,
            notices=self.notices,
            end=end,
            size=size,
            **answers,
        )

    def _first_answers(self) -> dict[str, Any]:
        columns = [
            np.frombuffer(b"".join(frame[i] for frame in self.answers), dtype)
            for i, (dtype, _) in enumerate(_ANSWERS)
        ]
        times, positions, sizes, attempts, sources = columns
        answered, first = np.unique(positions, return_index=True)
        return {
            "answered": answered.astype(np.uint32),
            "attempts": attempts[first],
            "sources": sources[first],
            "answered_at": times[first],
            "bodies": _column(b"".join(self.raws), sizes).gather(first),
        }


def _asked_again(
    positions: NDArray[Any], told: NDArray[np.bool_], intents_of: NDArray[np.uint16]
) -> int:
    """How many intents follow another one of their number, without a record of an outcome between.

    Nobody asks again while an outcome may still come, so in between a run has ended without it.
    """
    several = intents_of[positions] > 1
    order = np.argsort(positions[several], kind="stable")
    whose, intends = positions[several][order], ~told[several][order]
    return int(np.count_nonzero((whose[1:] == whose[:-1]) & intends[1:] & intends[:-1]))


def _split(
    payload: memoryview, layout: tuple[tuple[str, int], ...]
) -> tuple[list[memoryview], memoryview]:
    """The columns of fixed width, and what follows them."""
    count = int.from_bytes(payload[:4], "little")
    columns, begin = [], 4
    for _, width in layout:
        columns.append(payload[begin : begin + width * count])
        begin += width * count
    if begin > len(payload):
        raise Damaged("a record is shorter than it says")
    return columns, payload[begin:]


def _bounds(size: int, sizes: NDArray[Any]) -> NDArray[np.int64]:
    """Where pieces of these sizes begin in data of that size, and where the last one ends."""
    bounds = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=bounds[1:])
    if bounds[-1] != size:
        raise Damaged("a record is longer or shorter than it says")
    return bounds


def _pieces(data: memoryview, sizes: NDArray[Any]) -> list[bytes]:
    """Cut `data` into pieces of these sizes."""
    bounds = _bounds(len(data), sizes).tolist()
    whole = bytes(data)
    return [whole[begin:end] for begin, end in pairwise(bounds)]


def _column(data: bytes, sizes: NDArray[Any]) -> pl.Series:
    """Likewise as a column, at once: a shard is written while Python is busy with the next one."""
    bounds = _bounds(len(data), sizes)
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    return pl.Series(pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(sizes), buffers))
