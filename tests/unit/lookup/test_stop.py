"""A stop is heard at whatever moment it comes, as a signal handler's may be any."""

import asyncio
import fcntl
import signal
import socket
import time
from asyncio import Future
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Interrupted
from pipeline.ledger.files import Files
from pipeline.protocol.messages import Credentials
from pipeline.stop import Stop
from pipeline.transports.contract import Service
from tests.conformance.services import CREDENTIALS, Reply, Running, answer, udp_service
from tests.unit.lookup.staged import shard, stage

PATIENCE = 5.0
"""Seconds in which a stopped stage has ended, many times over, on a busy machine too."""


class SplitLoop(asyncio.SelectorEventLoop):
    """Calls something in the middle of the wait with that number, before it can be woken.

    A signal handler that comes just then does the same: whoever waits has seen that nothing has
    happened, and is not yet where a wake-up finds it.
    """

    def __init__(self, wait: int, call: Callable[[], None]) -> None:
        super().__init__()
        self.waits = 0
        self._which = wait
        self._call = call

    def create_future(self) -> Future[Any]:
        if self.waits == self._which:
            self._call()
        self.waits += 1
        return super().create_future()


def stopped_in_the_middle_of(wait: int, folder: Path) -> bool:
    """Run the stage with a stop in that wait: true if it was stopped, false if it was done before."""
    stop = Stop()
    spec = shard(folder, 0, 0, count=30)

    async def run() -> bool:
        running = Running(lambda tel, _: Reply((answer(tel),)))
        async with udp_service(running), asyncio.timeout(PATIENCE):
            service = Service(endpoint=running.endpoint, credentials=CREDENTIALS, timeout=1)
            try:
                await stage([spec], service, stop=stop, rate=2000.0, concurrency=10)
            except Interrupted as error:
                return error.signal_number == signal.SIGTERM
            return False

    loop = SplitLoop(wait, lambda: stop.request(signal.SIGTERM))
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(run())


def test_a_stop_in_the_middle_of_any_wait_is_heard(tmp_path: Path) -> None:
    stopped = []
    for wait in range(40):
        (tmp_path / str(wait)).mkdir()
        stopped.append(stopped_in_the_middle_of(wait, tmp_path / str(wait)))
    assert stopped.count(True) > 10


@pytest.mark.parametrize("kind", ["rest", "udp"])
def test_a_stop_that_came_before_the_stage_begins_is_heard(tmp_path: Path, kind: str) -> None:
    stop = Stop(signal=signal.SIGINT)
    scheme = kind.replace("rest", "http")
    nobody = Service(endpoint=f"{scheme}://127.0.0.1:9", credentials=Credentials("me", "secret"))
    with pytest.raises(Interrupted) as stopped:
        asyncio.run(stage([shard(tmp_path, 0, 0)], nobody, stop=stop))
    assert stopped.value.code == 130


def test_a_stop_is_heard_while_the_service_keeps_us_waiting_for_a_token(tmp_path: Path) -> None:
    stop = Stop()

    async def run(port: int) -> None:
        url = f"http://127.0.0.1:{port}"
        mute = Service(endpoint=url, token_url=url, credentials=Credentials("me", "secret"))
        asyncio.get_running_loop().call_later(0.2, stop.request, signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await stage([shard(tmp_path, 0, 0)], mute, stop=stop)

    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Interrupted):
        asyncio.run(run(mute.getsockname()[1]))


class StoppedOnOpening(Files):
    """A stop comes while the second journal is opened, and that takes longer than to end."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self._stop = stop
        self._opened = 0

    def fsync(self, fd: int, path: Path) -> None:
        self._opened += 1
        if self._opened == 2:
            self._stop.request(signal.SIGTERM)
            time.sleep(0.3)  # in a thread
        super().fsync(fd, path)


def test_a_shard_that_was_being_opened_is_let_go(tmp_path: Path) -> None:
    specs = [shard(tmp_path, number, 0) for number in range(2)]
    stop = Stop()

    async def run() -> None:
        running = Running(lambda tel, _: Reply((answer(tel),)))
        async with udp_service(running):
            service = Service(endpoint=running.endpoint, credentials=CREDENTIALS)
            await stage(specs, service, stop=stop, files=StoppedOnOpening(stop), rate=1.0)

    with pytest.raises(Interrupted):
        asyncio.run(run())
    with Path(specs[1].journal).open("ab") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
