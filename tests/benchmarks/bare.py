"""What the same work costs when nothing is kept and nothing promised: the baselines.

    bare.py polars LIST OUT          scan, unique, sink
    bare.py rest|tcp|udp URL COLUMN  ask about every number of a file, count the answers

Each is a process of its own. Rules: no limit, no journal, no retry, no decoding; as few lines and
as fast as its library goes.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

__all__ = ("main",)

REST_WORKERS = 64
CONNECTIONS = 2
WINDOW = 256
"""Requests in flight on a connection, and twice as many on the datagram socket."""
SILENCE = 0.5
"""Seconds after which what is in flight by UDP is taken for lost."""
BUFFER = 4 << 20


def main() -> None:
    """Do what the command line says."""
    what, *arguments = sys.argv[1:]
    if what == "polars":
        _polars(*arguments)
        return
    endpoint, listed = arguments
    numbers = Path(listed).read_text("ascii").split()
    works = {"rest": _rest, "tcp": _tcp, "udp": _udp}
    _run(works[what](endpoint, numbers))


def _polars(listed: str, out: str) -> None:
    import polars as pl  # noqa: PLC0415  the other baselines start without it

    parquet = listed.endswith(".parquet")
    rows = pl.scan_parquet(listed) if parquet else pl.scan_csv(listed, infer_schema=False)
    rows.unique("phone", keep="first", maintain_order=True).sink_parquet(out)


def _run(work: Coroutine[Any, Any, None]) -> None:
    import uvloop  # noqa: PLC0415  the first baseline starts without it

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


async def _rest(endpoint: str, numbers: list[str]) -> None:
    import aiohttp  # noqa: PLC0415  half of its own start-up time

    account = aiohttp.BasicAuth(*_account())
    form = {"grant_type": "client_credentials", "scope": "linklookup/lookup"}
    queue: Iterator[str] = iter(numbers)

    async def work(session: aiohttp.ClientSession, headers: dict[str, str]) -> None:
        for number in queue:
            async with session.get(f"{endpoint}?tel={number}", headers=headers) as answer:
                await answer.read()
                answer.raise_for_status()

    connector = aiohttp.TCPConnector(limit=REST_WORKERS)
    async with aiohttp.ClientSession(connector=connector) as session:
        async with session.post(os.environ["BARE_TOKEN_URL"], data=form, auth=account) as given:
            token = (await given.json())["access_token"]
        async with asyncio.TaskGroup() as group:
            for _ in range(REST_WORKERS):
                group.create_task(work(session, {"Authorization": f"Bearer {token}"}))


class _Counting(asyncio.Protocol):
    """Keeps a window of requests in flight; an answer is a closing brace."""

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = requests
        self._next = 0
        self._left = len(requests)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send(WINDOW)
        if not self._left:
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        count = data.count(b"}")
        self._left -= count
        if not self._left:
            self.done.set_result(None)
        else:
            self._send(count)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the service closed the connection"))

    def _send(self, count: int) -> None:
        batch = self._requests[self._next : self._next + count]
        if batch:
            self._next += len(batch)
            self._transport.write(b"".join(batch))


async def _tcp(endpoint: str, numbers: list[str]) -> None:
    address, requests = urlsplit(endpoint), _requests(numbers)
    loop = asyncio.get_running_loop()
    opened = []
    for at in range(CONNECTIONS):
        made = partial(_Counting, requests[at::CONNECTIONS])
        opened.append(await loop.create_connection(made, address.hostname or "", address.port or 0))
    for transport, counting in opened:
        await counting.done
        transport.close()


async def _udp(endpoint: str, numbers: list[str]) -> None:
    """A socket of its own: asyncio's datagram transport reads one datagram a turn."""
    address = urlsplit(endpoint)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        wire.setblocking(False)
        wire.connect((address.hostname, address.port))
        await _exchange(wire, iter(_requests(numbers)))


async def _exchange(wire: socket.socket, queue: Iterator[bytes]) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(wire, readable.set)
    free, in_flight = CONNECTIONS * WINDOW, 0
    while True:
        for _, request in zip(range(free), queue, strict=False):
            wire.send(request)
            in_flight += 1
        if not in_flight:
            break
        try:
            async with asyncio.timeout(SILENCE):
                await readable.wait()
            free = _drain(wire, readable)
        except TimeoutError:
            free = in_flight  # lost: the baseline asks nothing twice
        in_flight -= free
    loop.remove_reader(wire)


def _drain(wire: socket.socket, readable: asyncio.Event) -> int:
    count = 0
    readable.clear()
    try:
        while True:
            wire.recv(2048)
            count += 1
    except BlockingIOError:
        return count


def _requests(numbers: list[str]) -> list[bytes]:
    client, secret = _account()
    before = f'{{"clientid":"{client}","password":"{secret}","tel":"'
    return [f'{before}{number}"}}'.encode() for number in numbers]


def _account() -> tuple[str, str]:
    return os.environ["MSISDN_CLIENT_ID"], os.environ["MSISDN_CLIENT_SECRET"]


if __name__ == "__main__":
    main()
