"""A run's folder as a state machine: asked, answered, flushed, crashed, torn, resumed, changed, grown.

It uses the ledger as the program does, with a service that always answers, and knows what must be
there after a crash: whatever was acknowledged, which is what a sync had made durable.
"""

import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import ClassVar

import polars as pl
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline.errors import CheckpointError, StorageError
from pipeline.known import Known, grow
from pipeline.ledger.checkpoint import Checkpoint
from pipeline.ledger.exchange import settle
from pipeline.ledger.files import sha256_of
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import AnswerRecord, FaultRecord, Journal, open_journal
from pipeline.ledger.manifest import manifest_of, verify
from pipeline.ledger.ownership import read_success
from pipeline.ledger.planned import Counts, Plan
from pipeline.ledger.records import Done, Identity, InputFile
from pipeline.ledger.replay import Replay, State, replay
from pipeline.ledger.run import identify, open_checkpoint
from pipeline.ledger.sealed import publish_sealed, read_sealed
from pipeline.plan import plan
from pipeline.protocol.codec import encode_answer
from pipeline.read import Source
from pipeline.settings import Settings
from pipeline.write import Output, answers, keep, write
from tests.faults.disk import Disk
from tests.faults.faulty import Fault, Faulty

__all__ = ("RunMachine",)

SHARD = 4
KILLED = Fault(dies=True)


class RunMachine(RuleBasedStateMachine):
    """One output directory from its first run to the last."""

    steps: ClassVar[Counter[str]] = Counter()
    """How often each rule was carried out, over all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.out = self.folder / "out"
        self.list = self.folder / "list.csv"
        self.tels: list[str] = []
        self.acknowledged: dict[str, bytes] = {}
        self.sent = Counter[str]()
        self.allowed = 0
        """What was in flight at crashes, in all."""
        self.committed: dict[Path, bytes] = {}
        self.open = False
        self.complete = False
        self.tries = 0
        """What may still be tried before it goes on."""

    def teardown(self) -> None:
        if self.open:
            self._end(dies=True)
        if hasattr(self, "disk"):
            self.disk.__exit__()
        shutil.rmtree(self.folder)

    # What the model knows

    @property
    def identity(self) -> Identity:
        size, sha256 = self.list.stat().st_size, sha256_of(self.list)
        file = InputFile(name=str(self.list), size=size, sha256=sha256)
        return identify([file], Settings(shard_rows=SHARD).identity() | {"command": "run"}, "9")

    def _append(self, count: int) -> None:
        first = len(self.tels)
        self.tels += [f"1212555{number:04}" for number in range(first, first + count)]
        self.list.write_text("\n".join(["phone", *self.tels, ""]))

    def _raw(self, tel: str) -> bytes:
        # As `--grow` makes it again from a part: so it can be compared byte by byte.
        return encode_answer({"msisdn": tel, "mcc": "310", "ported": "no", "lookup_type": "mnp"})

    # The beginning of a run

    @initialize(count=st.integers(1, 10))
    def begin(self, count: int) -> None:
        self._append(count)
        self.disk = Disk(self.out).__enter__()
        self.files = Faulty(0, KILLED, self.disk)
        self._resume()

    def _resume(self) -> None:
        settle(self.out, self.files)
        self.checkpoint = open_checkpoint(self.out, self.identity, self.files)
        assert self.checkpoint.finished == self.complete
        self.open = not self.complete
        if self.complete:
            return
        self.output = Output(
            out=self.out, own=(), run_id=self.checkpoint.identity.run_id, rules_version="9",
            place=self.checkpoint.outputs, files=self.files,
        )  # fmt: skip
        self.journals: dict[int, Journal] = {}
        self.in_flight: dict[str, int] = {}
        """By number, up to which byte its answer is written; -1 where none has come."""
        self.planned = self._planned(self.checkpoint)
        self.checkpoint.check_outputs(self.planned)
        for shard in self.planned.shards:
            self._open_shard(shard.number)

    def _planned(self, checkpoint: Checkpoint) -> Plan:
        if checkpoint.plan_file.exists():
            return read_sealed(checkpoint.plan_file, Plan, checkpoint.identity.run_id)
        known = Known(checkpoint)
        rows = pl.DataFrame(
            {
                "row_id": range(len(self.tels)),
                "occurrences": 1,
                "source_file": "list.csv",
                "line_number": range(2, len(self.tels) + 2),
                "msisdn": self.tels,
                "msisdn_input": self.tels,
                "region": "US",
                "plan_type": "mobile",
                "rule": "international",
            }
        )

        def save(number: int, shard: pl.DataFrame) -> str:
            sha256 = keep(shard, checkpoint.shard(number), "shard", self.output).sha256
            known.seed(shard, sha256, checkpoint.journal(number))
            return sha256

        made = plan([rows], Settings(shard_rows=SHARD), Counts(rows=len(self.tels)), save)
        publish_sealed(self.files, checkpoint.plan_file, made, checkpoint.identity.run_id)
        return made

    def _open_shard(self, number: int) -> None:
        shard = self.planned.shards[number]
        of = Shard(shard.sha256, shard.rows)
        self.journals[number], known = open_journal(self.checkpoint.journal(number), of, self.files)
        self._check(number, known)

    def _check(self, number: int, known: Replay) -> None:
        """Nothing acknowledged is lost, and nothing is believed that was never said."""
        tels = self._tels_of(number)
        held = {tels[p]: raw for p, raw in zip(known.answered.tolist(), known.raws, strict=True)}
        for tel in tels:
            if tel in self.acknowledged:
                assert held.get(tel) == self._raw(tel), "an acknowledged answer is lost"
        for tel, raw in held.items():
            assert raw == self._raw(tel)
            assert self.sent[tel]
            self.acknowledged[tel] = raw  # written before the crash, and durable now
        for position in known.positions(State.NEVER):
            assert not self.sent[tels[position]], "a number that was sent is taken for a new one"

    def _tels_of(self, number: int) -> list[str]:
        return self.tels[number * SHARD : (number + 1) * SHARD]

    def states(self) -> dict[str, State]:
        """What the journals say of each number."""
        found = {}
        for number in range(len(self.planned.shards)):
            known = replay(self.checkpoint.journal(number))
            for tel, state in zip(self._tels_of(number), known.state_of.tolist(), strict=True):
                found[tel] = State(state)
        return found

    # What happens in a run

    @precondition(lambda self: self.open)
    @rule(data=st.data(), then=st.sampled_from(["", "answer", "fail", "give_up"]))
    def ask(self, data: st.DataObject, then: str) -> None:
        """Ask some, and hear of them or not."""
        self.steps["ask"] += 1
        left = [t for t in self.tels if t not in self.acknowledged and t not in self.in_flight]
        if not left:
            return
        chosen = data.draw(st.lists(st.sampled_from(left), min_size=1, max_size=4, unique=True))
        self._ask(chosen)
        for tel in chosen if then else ():
            self._come_back(tel, then)

    def _ask(self, tels: list[str]) -> None:
        for tel in tels:
            journal = self.journals[self.tels.index(tel) // SHARD]
            journal.intend([self.tels.index(tel) % SHARD])
            journal.sync()  # its intent is durable before it leaves
            self.in_flight[tel] = -1
            self.sent[tel] += 1

    @precondition(lambda self: self.open and self.in_flight)
    @rule(data=st.data(), how=st.sampled_from(["answer", "answer", "fail", "give_up"]))
    def come_back(self, data: st.DataObject, how: str) -> None:
        for tel in data.draw(st.sets(st.sampled_from(sorted(self.in_flight)), min_size=1)):
            self._come_back(tel, how)

    def _come_back(self, tel: str, how: str) -> None:
        self.steps[how] += 1
        journal = self.journals[self.tels.index(tel) // SHARD]
        position = self.tels.index(tel) % SHARD
        if how == "answer":
            record = AnswerRecord(position, self.sent[tel], 1, 1_767_225_600_000, self._raw(tel))
            self.in_flight[tel] = journal.answer([record])
        elif self.in_flight[tel] < 0:
            note = journal.fail if how == "fail" else journal.give_up
            note([FaultRecord(position, 1, False, "refused before it was billed")])
            journal.sync()
            del self.in_flight[tel]
            self.sent[tel] -= 1

    @precondition(lambda self: self.open)
    @rule(count=st.integers(1, 30))
    def complete_some(self, count: int) -> None:
        """Ask and answer the first that are left, all at once."""
        self.steps["complete"] += 1
        left = [t for t in self.tels if t not in self.acknowledged and t not in self.in_flight]
        self._ask(left[:count])
        for tel, offset in list(self.in_flight.items()):
            if offset < 0:
                self._come_back(tel, "answer")
        self.flush()

    @precondition(lambda self: self.open)
    @rule()
    def flush(self) -> None:
        self.steps["flush"] += 1
        for journal in self.journals.values():
            journal.sync()
        for tel, offset in list(self.in_flight.items()):
            if 0 <= offset <= self.journals[self.tels.index(tel) // SHARD].durable:
                self.acknowledged[tel] = self._raw(tel)
                del self.in_flight[tel]

    @precondition(lambda self: self.open)
    @rule()
    def commit(self) -> None:
        for number, shard in enumerate(self.planned.shards):
            tels = set(self._tels_of(number))
            ready = tels <= self.acknowledged.keys() and not tels & self.in_flight.keys()
            if not ready or self.checkpoint.done(number) is not None:
                continue
            self.steps["commit"] += 1
            rows = pl.read_parquet(self.checkpoint.shard(number))
            frame = answers(rows, replay(self.checkpoint.journal(number)))
            part = write(frame, "enriched", number, self.output)
            self.checkpoint.record_done(
                Done(shard=number, part=part, counts={"answered": shard.rows})
            )
            written = self.checkpoint.place_of(part)
            self.committed[written] = written.read_bytes()

    @precondition(lambda self: self.open and self.acknowledged.keys() >= set(self.tels))
    @rule()
    def finish(self) -> None:
        self.flush()
        self.commit()
        done = [self.checkpoint.done(number) for number in range(len(self.planned.shards))]
        records = [record for record in done if record is not None]
        if len(records) < len(done):
            return
        self.steps["finish"] += 1
        for journal in self.journals.values():
            journal.close()
        parts = [record.part for record in records]
        rows = len(self.tels)
        manifest = manifest_of(self.checkpoint.identity, parts, rows, {"answered": rows})
        self.checkpoint.finish(manifest)
        # What was made beside an output has taken its place.
        made = self.checkpoint.outputs
        self.committed = {
            self.out / path.relative_to(made): content for path, content in self.committed.items()
        }
        self.open, self.complete, self.tries = False, True, 2
        written = pl.read_parquet([self.out / part.path for part in parts])
        assert written["msisdn"].to_list() == self.tels
        assert verify(self.out) == []
        assert len(read_success(self.out)) == 64

    # What ends it, or goes wrong between two runs

    @precondition(lambda self: self.open)
    @rule(power=st.booleans(), seed=st.integers(0, 1 << 16))
    def crash(self, power: bool, seed: int) -> None:
        self.steps["power cut" if power else "kill"] += 1
        self.allowed += len(self.in_flight)
        self._end(dies=True)
        if power:
            self.disk.cut_power(Random(seed))
            self.disk.__exit__()
            self.disk = Disk(self.out).__enter__()
        self.files = Faulty(0, KILLED, self.disk)

    def _end(self, *, dies: bool) -> None:
        self.files.kill() if dies else None
        for journal in self.journals.values():
            with suppress(StorageError):
                journal.close()
        self.open = False
        self.tries = 2

    @precondition(lambda self: not self.open and not self.complete and self.tries > 0)
    @rule(tail=st.binary(min_size=1, max_size=40), data=st.data())
    def tear(self, tail: bytes, data: st.DataObject) -> None:
        """A write that was cut short leaves something behind the last record."""
        found = sorted((self.out / ".checkpoint" / "journal").glob("shard-*.journal"))
        self.tries -= 1
        if found:
            self.steps["torn tail"] += 1
            with data.draw(st.sampled_from(found)).open("ab") as journal:
                journal.write(tail)

    @precondition(lambda self: not self.open)
    @rule()
    def resume(self) -> None:
        self.steps["resume"] += 1
        self._resume()

    @precondition(lambda self: not self.open and self.tries > 0)
    @rule()
    def change_settings(self) -> None:
        self.steps["changed settings"] += 1
        self.tries -= 1
        other = identify(self.identity.inputs, {"command": "run", "region": "GB"}, "9")
        self._refused(other)

    @precondition(lambda self: not self.open and self.tries > 0)
    @rule()
    def change_input(self) -> None:
        self.steps["changed input"] += 1
        self.tries -= 1
        was = self.identity.inputs[0]
        other = InputFile(name=was.name, size=was.size, sha256="0" * 64)
        self._refused(identify([other], self.identity.settings, "9"))

    def _refused(self, other: Identity) -> None:
        if not self.complete and not (self.out / ".checkpoint" / "run.json").exists():
            return  # the crash came before anything was known of a run
        before = _content(self.out)
        for attempt in (
            lambda: open_checkpoint(self.out, other, self.files),
            lambda: grow(self.out, other, self._sources(), self.files),
        ):
            try:
                attempt()
            except CheckpointError:
                assert _content(self.out) == before
            else:
                raise AssertionError("another run was taken for this one")

    def _sources(self) -> list[Source]:
        return [Source(path=self.list, name=str(self.list), size=self.list.stat().st_size)]

    @precondition(lambda self: not self.open and len(self.tels) < 30)
    @rule(count=st.integers(1, 6))
    def grow_list(self, count: int) -> None:
        self.steps["grown input"] += 1
        self._append(count)
        grow(self.out, self.identity, self._sources(), self.files)
        self.complete = False
        self.committed = {}
        self._resume()

    # What always holds

    @invariant()
    def nothing_is_bought_twice_but_what_was_in_flight(self) -> None:
        again = sum(count - 1 for count in self.sent.values() if count > 1)
        assert again <= self.allowed

    @invariant()
    def no_committed_byte_changes(self) -> None:
        for path, content in self.committed.items():
            assert path.read_bytes() == content


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
