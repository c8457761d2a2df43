"""The journal: what is written is replayed, and nothing else is believed."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import Files
from pipeline.ledger.frames import Shard
from pipeline.ledger.journal import AnswerRecord, FaultRecord, Journal, open_journal
from pipeline.ledger.replay import REFUSED_COUNTRY, State, replay

T = TypeVar("T")
SHARD = Shard("ab" * 32, 10)
NOON = 1_767_225_600_000


class Device(Files):
    """Notes which operation went on, and fails those that it is told to."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        def fail() -> T:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return super().perform(operation, path, fail if operation == self.fails else call)


def answer(position: int, raw: bytes = b"{}", attempts: int = 1) -> AnswerRecord:
    return AnswerRecord(position, attempts, 1, NOON + position, raw)


def opened(path: Path, files: Files | None = None) -> Journal:
    return open_journal(path, SHARD, files or Files())[0]


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.intend([4, 1])
        journal.answer([answer(4, b"four", attempts=3), answer(1, b"\xf5\xc3J\xff")])
    known = replay(path)
    assert known.shard == SHARD
    assert known.answered.tolist() == [1, 4]
    assert known.raws == [b"\xf5\xc3J\xff", b"four"]
    assert known.attempts.tolist() == [1, 3]
    assert known.sources.tolist() == [1, 1]
    assert known.answered_at.tolist() == [NOON + 1, NOON + 4]
    assert known.counts() == {
        "never": 8,
        "unknown": 0,
        "failed": 0,
        "unresolved": 0,
        "answered": 2,
    }
    assert repr(known) == "<Replay of 10 numbers: 8 never, 2 answered>"


def test_each_number_is_in_the_class_of_its_last_record(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.intend([0, 1, 2, 3, 4])
        journal.fail([FaultRecord(1, 1, maybe_billed=True, reason="no answer in time")])
        journal.fail([FaultRecord(2, 1, maybe_billed=False, reason="refused"), *_given_up(3)])
        journal.intend([2])
        journal.give_up(_given_up(3))
        journal.answer([answer(4)])
    known = replay(path)
    expected = [State.UNKNOWN, State.FAILED, State.UNKNOWN, State.UNRESOLVED, State.ANSWERED]
    assert known.state_of.tolist() == [*expected, *[State.NEVER] * 5]
    assert known.billed_of.tolist()[:5] == [True, True, True, False, False]
    assert known.intents_of.tolist()[:5] == [1, 1, 2, 1, 1]
    assert known.faults_of.tolist()[:5] == [0, 1, 1, 1, 0]
    assert known.positions(State.UNKNOWN).tolist() == [0, 2]
    assert known.reasons[1] == "no answer in time"


def test_a_number_is_asked_again_when_it_is_asked_and_no_outcome_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.intend([0, 1, 2, 3])
        journal.fail([FaultRecord(1, 1, maybe_billed=True, reason="no answer in time")])
        journal.intend([1])  # a retry: how the first attempt ended is known
        journal.answer([answer(1), answer(2)])
    assert replay(path).asked_again == 0
    for again, positions in ((2, [0, 3]), (3, [3])):
        with opened(path) as journal:
            journal.intend(positions)
        assert replay(path).asked_again == again
    with opened(path) as journal:
        journal.give_up(_given_up(3))
        journal.intend([3])
        journal.answer([answer(3)])
    assert replay(path).asked_again == 3
    assert replay(path).positions(State.UNKNOWN).tolist() == [0]


def _given_up(position: int) -> list[FaultRecord]:
    return [FaultRecord(position, 2, maybe_billed=False, reason="no answer")]


def test_the_first_answer_stands_whatever_follows(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.answer([answer(5, b"first")])
        journal.intend([5])
        journal.give_up(_given_up(5))
        journal.answer([answer(5, b"second", attempts=7)])
    known = replay(path)
    assert known.raws == [b"first"]
    assert known.state_of[5] == State.ANSWERED
    assert known.attempts_of[5] == 1


def test_the_services_code_of_the_last_failure_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    failed = FaultRecord(0, 1, maybe_billed=True, reason="unknown error", code="F3")
    with opened(path) as journal:
        journal.fail([failed, failed._replace(position=1), failed._replace(position=2)])
        journal.give_up([failed])
        journal.fail([FaultRecord(1, 2, maybe_billed=True, reason="no answer in time")])
    assert replay(path).fault_codes == {0: "F3", 2: "F3"}


def test_refused_countries_are_kept_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.intend([0, 1])
        journal.notice(REFUSED_COUNTRY, "GB")
        journal.intend([2])
        journal.notice("other", "note")
    known = replay(path)
    assert known.refused_countries == {"GB"}
    assert known.refused_at == {"GB": 2}
    assert known.event_of.tolist()[:4] == [0, 1, 2, -1]


def test_written_is_durable_only_after_a_sync(tmp_path: Path) -> None:
    with opened(tmp_path / "journal") as journal:
        before = journal.durable
        offset = journal.answer([answer(0)])
        assert (journal.written, journal.durable) == (offset, before)
        assert journal.sync() == offset == journal.durable
        assert repr(journal) == f"<Journal journal: {offset} bytes, {offset} durable>"


def test_empty_batches_write_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "journal") as journal:
        size = journal.written
        assert journal.intend([]) == journal.answer([]) == journal.fail([]) == size
        assert journal.give_up([]) == size


def test_going_on_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.answer([answer(0)])
    with opened(path) as journal:
        assert journal.durable == path.stat().st_size
        journal.answer([answer(1)])
    assert replay(path).answered.tolist() == [0, 1]


@pytest.mark.parametrize("tail", [b"\0" * 5000, b"\xf5\xc3J\xff\x02", b"garbage"])
def test_a_torn_tail_is_left_alone_when_read_and_cut_off_when_opened(
    tmp_path: Path, tail: bytes
) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        end = journal.answer([answer(0)])
    path.write_bytes(path.read_bytes() + tail)
    known = replay(path)
    assert (known.torn, known.end, known.size) == (True, end, end + len(tail))
    assert repr(known).endswith(f"torn after byte {end}>")
    with opened(path) as journal:
        journal.answer([answer(1)])
    assert replay(path).answered.tolist() == [0, 1]


def test_a_hole_that_a_power_cut_left_is_cut_off_with_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.answer([answer(0)])
        begin = journal.sync()
        end = journal.answer([answer(p, b"x" * 300) for p in range(1, 5)])
        journal.answer([answer(5)])  # written when the one before was not yet known to be durable
    content = bytearray(path.read_bytes())
    content[begin:end] = bytes(end - begin)
    path.write_bytes(content)
    assert replay(path).answered.tolist() == [0]


def test_a_hole_in_what_was_durable_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        begin = journal.written
        end = journal.answer([answer(p, b"x" * 300) for p in range(1, 5)])
        journal.sync()
        journal.answer([answer(5)])
    content = bytearray(path.read_bytes())
    content[begin:end] = bytes(end - begin)
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"journal is damaged: byte {begin} .* on disk"):
        opened(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "header is cut short"),
        (b"x" * 100, "it is no journal"),
        (b"MSISDNJ\n" + bytes(100), "header is damaged"),
    ],
)
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=why):
        opened(path)


def test_the_journal_of_another_shard_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    opened(path).close()
    with pytest.raises(CheckpointError, match="belongs to another shard"):
        open_journal(path, Shard("cd" * 32, 10), Files())


def test_frames_of_another_journal_are_not_believed(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with opened(one) as journal:
        start = journal.written
        journal.answer([answer(0)])
    open_journal(two, Shard("cd" * 32, 10), Files())[0].close()
    two.write_bytes(two.read_bytes() + one.read_bytes()[start:])
    known = replay(two)
    assert known.torn
    assert not known.raws


def test_a_number_outside_the_shard_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.intend([10])
    with pytest.raises(CheckpointError, match="a number that its shard does not have"):
        replay(path)


def test_after_a_failed_write_nothing_more_is_taken(tmp_path: Path) -> None:
    device = Device()
    journal = opened(tmp_path / "journal", device)
    device.fails = "write"
    with pytest.raises(StorageError, match="disk is full"):
        journal.intend([1])
    device.fails = ""
    with pytest.raises(StorageError, match="an earlier write failed"):
        journal.intend([2])
    with pytest.raises(StorageError, match="an earlier write failed"):
        journal.sync()
    journal.close()
    assert replay(journal.path).counts()["never"] == 10


def test_a_failed_sync_is_not_tried_again(tmp_path: Path) -> None:
    device = Device("fdatasync")
    journal = opened(tmp_path / "journal", device)
    journal.intend([1])
    durable = journal.durable
    with pytest.raises(StorageError, match="disk is full"):
        journal.sync()
    device.fails = ""
    with pytest.raises(StorageError, match="an earlier write failed"):
        journal.sync()
    assert journal.durable == durable
    journal.close()
    journal.close()


def test_a_failure_while_opening_leaves_no_descriptor(tmp_path: Path) -> None:
    opened(tmp_path / "journal").close()
    with pytest.raises(StorageError, match="cannot fsync"):
        opened(tmp_path / "journal", Device("fsync"))
    # Others may come meanwhile: libraries open some of their own when they are first used.
    still_open = [os.path.realpath(each) for each in Path("/dev/fd").iterdir()]
    assert not [path for path in still_open if path.startswith(str(tmp_path.resolve()))]
