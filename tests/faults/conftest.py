"""One service and one small run for each module of the fault suite; a module that needs another has its own.

What a power cut leaves is told by inodes that are kept open, for which Linux has a way.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import StorageError
from pipeline.simulator.embedded import embedded
from tests.faults.faulty import KilledWhenDone
from tests.faults.small_run import SmallRun, small_run
from tests.flow.conftest import Simulated

collect_ignore_glob = [] if hasattr(os, "O_PATH") else ["test_*.py"]


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest) -> Iterator[Simulated]:
    """The service, whose answers are the module's own."""
    with embedded(seed=request.module.__name__.rpartition("test_")[2]) as endpoints:
        yield Simulated(endpoints)


@pytest.fixture(scope="module")
def run(service: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRun]:
    """A small run, each number once."""
    with small_run(tmp_path_factory.mktemp("list"), service, "unique") as made:
        yield made


@pytest.fixture(scope="module")
def finished(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its output."""
    out = tmp_path_factory.mktemp("finished") / "out"
    run(out)
    return out


@pytest.fixture(scope="module")
def stopped(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its output, killed when the first shard was done."""
    out = tmp_path_factory.mktemp("stopped") / "out"
    with pytest.raises(StorageError):
        run(out, KilledWhenDone(0))
    return out
