"""The stage as a whole: shards opened, asked, written, in bounded numbers."""

import asyncio
from pathlib import Path

import pytest

from pipeline.errors import CheckpointError, ServiceError
from pipeline.lookup import OPEN_SHARDS
from pipeline.model import ShardSpec
from pipeline.protocol.messages import Credentials
from pipeline.transports.contract import Service
from tests.conformance.services import CREDENTIALS, SERVICES, Running, plainly
from tests.unit.lookup.staged import shard, stage

NOBODY = Service(endpoint="tcp://127.0.0.1:9", credentials=Credentials("me", "secret"), timeout=1)


def ask(specs: list[ShardSpec]) -> list[int]:
    """The numbers of the shards that were finished, in that order."""
    finished: list[int] = []
    try:
        asyncio.run(stage(specs, NOBODY, finish=lambda spec: finished.append(spec.number)))
    finally:
        finished.sort()
    return finished


def test_more_answered_shards_than_fit_are_written_without_asking_anybody(tmp_path: Path) -> None:
    specs = [shard(tmp_path, number, 4) for number in range(3 * OPEN_SHARDS)]
    assert ask(specs) == list(range(3 * OPEN_SHARDS))


def test_answered_shards_before_the_first_question_do_not_block_it(tmp_path: Path) -> None:
    specs = [shard(tmp_path, number, 4) for number in range(OPEN_SHARDS + 2)]
    specs.append(shard(tmp_path, OPEN_SHARDS + 2, 3))
    with pytest.raises(ServiceError, match="cannot connect"):
        ask(specs)


def test_a_damaged_shard_is_told_before_anything_of_it_is_asked(tmp_path: Path) -> None:
    spec = shard(tmp_path, 0, 0)
    Path(spec.path).write_bytes(Path(spec.path).read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="not as it was written"):
        ask([spec])


def test_no_shards_are_no_work() -> None:
    assert ask([]) == []


def test_what_is_paid_for_anew_counts_at_the_limiter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if each took long to connect.
    monkeypatch.setattr("pipeline.transports.rest.attempt.SOON", -1.0)

    async def ask_forty() -> float:
        running = Running(plainly)
        async with SERVICES["rest"](running):
            service = Service(
                endpoint=running.endpoint, token_url=running.token_url, credentials=CREDENTIALS
            )
            began = asyncio.get_running_loop().time()
            await stage([shard(tmp_path, 0, 0, count=40)], service, rate=100.0)
            assert len(running.asked) == 40
            return asyncio.get_running_loop().time() - began

    assert asyncio.run(ask_forty()) >= 0.7  # 80 grants at 100 a second
