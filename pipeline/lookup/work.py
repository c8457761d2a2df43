"""One shard while it is asked: what is pending, what is left, and its journal."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.ledger.files import Files
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import Journal, open_journal
from pipeline.ledger.own_parquet import read_rows
from pipeline.ledger.replay import REFUSED_COUNTRY, Replay, State
from pipeline.model import ShardSpec
from pipeline.protocol.codec import decode_head
from pipeline.protocol.codes import Verdict, code_of

__all__ = ("Work", "open_work")

_GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it, without their whole parts, lie as far from each other as can be."""


class Work:
    """The questions of one shard. A number is known by its position in the shard file."""

    def __init__(
        self, spec: ShardSpec, tels: list[str], regions: list[str | None], journal: Journal
    ) -> None:
        self.spec = spec
        self.number = spec.number
        self.tels = tels
        self.regions = regions
        self.journal = journal
        self.refused_regions: set[str] = set()
        self.pending: list[int] = []
        """To be asked, in this order: those that never failed, then those that did in an earlier run."""
        self.failed: frozenset[int] = frozenset()
        """The latter."""
        self._next = 0
        self._probes = 0
        self.left = 0
        """Pending numbers whose final place is not yet on disk."""
        self.answered = 0
        self.refused = 0
        self.refused_type = 0
        """Answers of earlier runs: in all, refused among them, and refused with F0."""
        self.unknown = 0
        """Sent in an earlier run that died, and no answer kept."""
        self.held = 0
        """Those of them that are not asked again (`--on-unknown hold`)."""
        self._noted: set[str] = set()

    def __repr__(self) -> str:
        return f"<Work {self.number}: {self.left} of {len(self.tels)} left>"

    @property
    def is_exhausted(self) -> bool:
        """Every pending number has been handed out."""
        return self._next >= len(self.pending)

    @property
    def has_new(self) -> bool:
        """Some that never failed have not been handed out."""
        return len(self.pending) - self._next > len(self.failed)

    def probe(self) -> int:
        """One position of those that never failed, each time from another part of them."""
        self._probes += 1
        new = len(self.pending) - self._next - len(self.failed)
        return self.pending.pop(self._next + int(_GOLDEN * self._probes % 1.0 * new))

    def next(self, count: int, refused_regions: set[str]) -> tuple[list[int], int]:
        """Up to `count` positions to ask, and how many were passed over for their region."""
        if not refused_regions:
            taken = self.pending[self._next : self._next + count]
            self._next += len(taken)
            return taken, 0
        taken, spared = [], 0
        regions = self.regions
        while len(taken) < count and self._next < len(self.pending):
            position = self.pending[self._next]
            self._next += 1
            if regions[position] in refused_regions:
                spared += 1
                self._note(regions[position] or "")
            else:
                taken.append(position)
        return taken, spared

    def _note(self, region: str) -> None:
        if region not in self._noted:
            self._noted.add(region)
            self.journal.notice(REFUSED_COUNTRY, region)


def open_work(spec: ShardSpec, files: Files, *, hold_unknown: bool, stop_refused: bool) -> Work:
    """Read a shard and its journal, and find what there is still to ask.

    Raises `CheckpointError` where the journal is damaged or another shard's, and `StorageError`.
    """
    frame = read_rows(Path(spec.path), ["msisdn", "region", "ask"], sha256=spec.sha256)
    journal, known = _open_journal(spec, files)
    work = Work(spec, frame["msisdn"].to_list(), frame["region"].to_list(), journal)
    unknown = known.state_of == State.UNKNOWN
    work.unknown = int(unknown.sum())
    settled = known.state_of == State.ANSWERED
    if hold_unknown:
        settled |= unknown
        work.held = work.unknown
    to_ask = frame["ask"].to_numpy() & ~settled
    failed = to_ask & ((known.state_of == State.FAILED) | (known.state_of == State.UNRESOLVED))
    work.failed = frozenset(np.flatnonzero(failed).tolist())
    work.pending = [
        *np.flatnonzero(to_ask & ~failed).tolist(),
        *np.flatnonzero(failed).tolist(),
    ]
    work.left = len(work.pending)
    work.answered = len(known.bodies)
    if stop_refused:
        work.refused_regions |= known.refused_countries
    _judge(work, known, stop_refused=stop_refused)
    return work


def _open_journal(spec: ShardSpec, files: Files) -> tuple[Journal, Replay]:
    path, shard = Path(spec.journal), Shard(spec.sha256, spec.rows)
    journal, known = open_journal(path, shard, files)
    refused = _perhaps_refused(known.bodies)
    if len(refused) == len(known.bodies) > 0 and all(
        decode_head(raw).code == "F0" for raw in known.raws
    ):
        # The account might not use this type of lookup then. These refusals say nothing of the
        # numbers, and the account may have been mended since: begin this shard anew.
        journal.close()
        files.unlink(path)
        journal, known = open_journal(path, shard, files)
    return journal, known


def _perhaps_refused(bodies: pl.Series) -> NDArray[np.uint32]:
    """Places of the answers in which a code of the service's own (F0 …) may stand."""
    found = bodies.bin.contains(b'"F') | bodies.bin.contains(b'"f')
    return found.arg_true().to_numpy()


def _judge(work: Work, known: Replay, *, stop_refused: bool) -> None:
    """Count refusals of earlier runs, and learn which countries were refused."""
    places = _perhaps_refused(known.bodies)
    positions = known.answered[places].tolist()
    for position, raw in zip(positions, known.bodies.gather(places).to_list(), strict=True):
        code = code_of(decode_head(raw).code)
        if code.verdict is Verdict.REFUSED:
            work.refused += 1
            work.refused_type += code.code == "F0"
            if code.code == "F1" and stop_refused:
                work.refused_regions.add(work.regions[position] or "")
