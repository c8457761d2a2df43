"""The journal under any history, any cut and any damage."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import CheckpointError
from pipeline.ledger.files import Files
from pipeline.ledger.frames import HEADER_SIZE, Shard
from pipeline.ledger.journal import AnswerRecord, FaultRecord, Journal, open_journal
from pipeline.ledger.replay import Replay, State, replay

SHARD = Shard("0f" * 32, 12)
NOON = 1_767_225_600_000


class Step(NamedTuple):
    """One frame."""

    kind: str
    positions: tuple[int, ...]
    raw: bytes
    synced: bool


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["intend", "answer", "fail", "give_up"]),
        st.lists(st.integers(0, 11), min_size=1, max_size=5, unique=True).map(tuple),
        st.binary(max_size=20),
        st.booleans(),
    ),
    max_size=12,
)


def write(journal: Journal, step: Step, number: int) -> int:
    """Write a step; answers are told apart by its number."""
    if step.kind == "intend":
        end = journal.intend(step.positions)
    elif step.kind == "answer":
        raw = b"%d %b" % (number, step.raw)
        end = journal.answer(
            [AnswerRecord(p, number + 1, 2, NOON + number, raw) for p in step.positions]
        )
    else:
        records = [FaultRecord(p, number + 1, True, f"why {number}") for p in step.positions]
        end = journal.fail(records) if step.kind == "fail" else journal.give_up(records)
    if step.synced:
        journal.sync()
    return end


AFTER = {
    "intend": State.UNKNOWN,
    "answer": State.ANSWERED,
    "fail": State.FAILED,
    "give_up": State.UNRESOLVED,
}


def model(steps: Sequence[Step]) -> tuple[list[State], dict[int, bytes]]:
    """The state of each number, and the first answer to it."""
    states = [State.NEVER] * SHARD.rows
    raws: dict[int, bytes] = {}
    for number, step in enumerate(steps):
        for position in step.positions:
            if step.kind == "answer":
                raws.setdefault(position, b"%d %b" % (number, step.raw))
            states[position] = State.ANSWERED if position in raws else AFTER[step.kind]
    return states, raws


def holds(known: Replay, steps: Sequence[Step]) -> bool:
    states, raws = model(steps)
    found = dict(zip(known.answered.tolist(), known.raws, strict=True))
    return known.state_of.tolist() == states and found == raws


@contextmanager
def journalled(steps: Sequence[Step]) -> Iterator[tuple[Path, list[int]]]:
    """A journal of these steps, and where each of them ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        with open_journal(path, SHARD, Files())[0] as journal:
            ends = [write(journal, step, number) for number, step in enumerate(steps)]
        yield path, ends


@settings(deadline=None)  # it waits for the disk
@given(STEPS)
def test_replay_is_what_the_steps_come_to(steps: list[Step]) -> None:
    with journalled(steps) as (path, _):
        known = replay(path)
        assert holds(known, steps)
        assert not known.torn


@settings(deadline=None)  # it waits for the disk
@given(STEPS, st.data())
def test_cut_at_any_byte_whole_records_before_it_remain(
    steps: list[Step], data: st.DataObject
) -> None:
    with journalled(steps) as (path, ends):
        content = path.read_bytes()
        cut = data.draw(st.integers(HEADER_SIZE, len(content)))
        path.write_bytes(content[:cut])
        whole = steps[: sum(end <= cut for end in ends)]
        assert holds(replay(path), whole)
        journal, known = open_journal(path, SHARD, Files())
        assert holds(known, whole)
        with journal:  # and one can go on from there
            rest = steps[len(whole) :]
            for number, step in enumerate(rest, len(whole)):
                write(journal, step, number)
        assert (
            path.read_bytes()[HEADER_SIZE:cut][: known.end - HEADER_SIZE]
            == (content[HEADER_SIZE : known.end])
        )
        assert holds(replay(path), steps)


@settings(deadline=None)  # it waits for the disk
@given(STEPS.filter(bool), st.data())
def test_any_changed_byte_before_the_last_record_is_found(
    steps: list[Step], data: st.DataObject
) -> None:
    with journalled(steps) as (path, ends):
        content = bytearray(path.read_bytes())
        begin = ends[-2] if len(ends) > 1 else HEADER_SIZE
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        if at < begin:
            with pytest.raises(CheckpointError, match=str(path)):
                replay(path)
        else:
            # In the last record it is what a torn write may look like.
            assert holds(replay(path), steps[:-1])


@settings(deadline=None)  # it waits for the disk
@given(STEPS.filter(bool), st.data())
def test_after_a_power_cut_all_that_was_synced_remains(
    steps: list[Step], data: st.DataObject
) -> None:
    """Blocks written after the last sync may be missing, in any order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal, _ = open_journal(path, SHARD, Files())
        durable = [0]
        for number, small in enumerate(steps):
            step = small._replace(raw=small.raw * 40)  # so that records span blocks
            write(journal, step, number)
            durable.append(number + 1 if step.synced else durable[-1])
        kept = journal.durable
        content = bytearray(path.read_bytes())
        journal.close()
        first = -(-kept // 512)
        for block in range(first, len(content) // 512 + 1):
            if data.draw(st.booleans()):
                span = slice(block * 512, (block + 1) * 512)
                content[span] = bytes(len(content[span]))
        path.write_bytes(content)
        found = replay(path)
        assert found.end >= kept
        large = [step._replace(raw=step.raw * 40) for step in steps]
        assert any(holds(found, large[:n]) for n in range(durable[-1], len(steps) + 1))
