"""The short form of `make soak`: every so manyth operation of a small run goes wrong."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from pipeline.errors import StorageError
from pipeline.ledger.files import Files
from tests.faults.disk import Disk
from tests.faults.faulty import FAULTS, Fault, Faulty
from tests.faults.loop import TWICE, every_operation
from tests.faults.small_run import COUNT, Finished, SmallRun, small_run
from tests.flow.conftest import Simulated

STRIDE = 37
"""Seven points of some 250; each fault begins elsewhere, so that together they meet every tenth."""


@pytest.fixture(scope="module")
def wanted(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    out = tmp_path_factory.mktemp("whole") / "out"
    run(out)
    return Finished.of(out)


@pytest.mark.parametrize("name", [*FAULTS, TWICE])
def test_whichever_operation_goes_wrong_the_next_run_ends_right(
    run: SmallRun, wanted: Finished, tmp_path: Path, name: str
) -> None:
    first = 3 + 4 * [*FAULTS, TWICE].index(name)
    tally = every_operation(run, wanted, tmp_path, name, first=first, stride=STRIDE)
    assert tally.failures == []
    assert tally.points >= 5
    assert ("exit 16" in tally.ended) == (name != "short write")


def test_the_undisturbed_run_asks_each_number_once(
    run: SmallRun, service: Simulated, wanted: Finished, tmp_path: Path
) -> None:
    service.reset()
    files = Faulty(0, Fault())
    run(tmp_path / "out", files)
    assert Finished.of(tmp_path / "out") == wanted
    assert wanted.enriched.height == COUNT == service.meter()["billed"]
    kinds = {operation.split()[0] for operation in files.seen}
    assert kinds >= {"create", "write", "fsync", "fdatasync", "rename", "unlink", "fsync_directory"}


def test_a_power_cut_takes_what_was_not_synced_and_nothing_else(tmp_path: Path) -> None:
    outcomes = set()
    for seed in range(64):
        root = tmp_path / str(seed)
        with Disk(root) as disk:
            files = Faulty(0, Fault(), disk)
            files.publish_bytes(root / "safe", b"safe")
            fd = files.create(root / "half")
            files.write(fd, b"synced", root / "half")
            files.fsync(fd, root / "half")
            files.fsync_directory(root)
            files.write(fd, b" and not", root / "half")
            files.close(fd, root / "half")
            files.publish_bytes(root / "kept", b"kept")
            files.unlink(root / "kept")
            disk.cut_power(Random(seed))
        left = {path.name: path.read_bytes() for path in root.iterdir()}
        assert left.pop("safe") == b"safe"
        assert left.get("kept", b"kept") == b"kept"
        outcomes.add((left["half"], "kept" in left))
    contents = {b"synced", b"synced" + bytes(8), b"synced and not"}
    assert outcomes == {(content, kept) for content in contents for kept in (False, True)}


@pytest.fixture(scope="module")
def piped(service: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRun]:
    with small_run(tmp_path_factory.mktemp("piped"), service, "unique", piped=True) as made:
        yield made


@pytest.fixture(scope="module")
def arriving(piped: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many operations there are until standard input is kept, and the one after it."""
    files = Faulty(0, Fault())
    piped(tmp_path_factory.mktemp("kept") / "out", files)
    kept = files.seen.index("rename stdin")
    assert files.seen[kept + 1] == "fsync_directory input"
    assert {"create .stdin.tmp", "write .stdin.tmp", "fsync .stdin.tmp"} <= set(files.seen[:kept])
    return kept + 3


@pytest.mark.parametrize("name", [*FAULTS, TWICE])
def test_while_standard_input_is_kept_too(
    piped: SmallRun, arriving: int, tmp_path: Path, name: str
) -> None:
    piped(tmp_path / "whole")
    wanted = Finished.of(tmp_path / "whole")
    first = 1 + [*FAULTS, TWICE].index(name) % 2  # each fault meets every other operation
    tally = every_operation(piped, wanted, tmp_path, name, first=first, stride=2, last=arriving)
    assert tally.failures == []
    assert tally.points >= arriving // 2
    assert ("exit 16" in tally.ended) == (name != "short write")


def test_where_the_disk_is_full_standard_input_can_be_sent_again(
    piped: SmallRun, tmp_path: Path
) -> None:
    class Full(Files):
        def write(self, fd: int, data: bytes | memoryview, path: Path) -> None:
            def fail() -> None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            self.perform("write", path, fail)

    with pytest.raises(StorageError, match="the disk is full") as ended:
        piped(tmp_path / "out", Full())
    assert ended.value.exit_code == 16
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    piped(tmp_path / "out")
    assert Finished.of(tmp_path / "out").enriched.height == COUNT
