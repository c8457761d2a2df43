"""The short form of `make soak`: every so manyth operation of a small run goes wrong."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from pipeline.simulator.embedded import embedded
from tests.faults.disk import Disk
from tests.faults.faulty import FAULTS, Fault, Faulty
from tests.faults.loop import TWICE, every_operation
from tests.faults.small_run import COUNT, Finished, SmallRun, small_run
from tests.flow.conftest import Simulated

STRIDE = 37
"""Seven points of some 250; each fault begins elsewhere, so that together they meet every tenth."""


@pytest.fixture(scope="module")
def service() -> Iterator[Simulated]:
    with embedded(seed="faults") as endpoints:
        yield Simulated(endpoints)


@pytest.fixture(scope="module")
def run(service: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRun]:
    with small_run(tmp_path_factory.mktemp("list"), service, "unique") as made:
        yield made


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
