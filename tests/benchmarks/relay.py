"""A relay in the way to the service that notes what leaves the client, as it leaves: `relay.py ORDERS`.

ORDERS is JSON: `to`, host and port of the service; `kind`, tcp, rest or udp; `closes`, whether a
connection is closed after its first answer. It prints its port, and on each line of standard input
acts: `stall` keeps from now on what comes from the client (still read, and noted, in time), and
answers of the service; `go` passes all of that on; `read` prints how many requests the client has sent, and the most
of them in any second.

Rule: it reads the client's bytes while the service stands still, as a network's buffers and a kernel
do, so what is noted is when a request left, not when a service got round to it.
"""

import asyncio
import json
import sys
from array import array
from collections.abc import Callable
from typing import Any

from pipeline.simulator.meter import worst_window

__all__ = ("main",)

_MARKS = {"tcp": b'"tel"', "udp": b'"tel"', "rest": b"GET "}
"""What stands once in each request."""


class Relay:
    """All connections of one client, and whether anything passes."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.to: tuple[str, int] = tuple(orders["to"])
        self.closes: bool = orders["closes"]
        self.mark = _MARKS[orders["kind"]]
        self.left = array("d")
        self.stalled = False
        self._kept: list[Callable[[], None]] = []

    def note(self, data: bytes) -> None:
        """Bytes that the client sent, just now."""
        now = asyncio.get_running_loop().time()
        self.left.extend([now] * data.count(self.mark))

    def act(self, word: str) -> None:
        """Do what a line of standard input says."""
        if word == "stall":
            self.stalled = True
        elif word == "go":
            self.stalled = False
            kept, self._kept = self._kept, []
            for act in kept:
                act()
        elif word == "read":
            print(json.dumps([len(self.left), worst_window(self.left)]), flush=True)

    def passes(self, act: Callable[[], None]) -> None:
        """Do it now, or when anything passes again."""
        if self.stalled:
            self._kept.append(act)
        else:
            act()


class _Client(asyncio.Protocol):
    """A connection of the client. The one to the service is opened when something passes."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.transport: Any = None
        self.service: Any = None
        self._early: list[bytes] = []
        self._gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.relay.passes(self._open)

    def _open(self) -> None:
        loop = asyncio.get_running_loop()
        opening = loop.create_connection(lambda: _Service(self), *self.relay.to)
        self._opening = loop.create_task(opening)

    def opened(self, service: Any) -> None:
        self.service = service
        service.write(b"".join(self._early))
        if self._gone:
            service.write_eof()

    def data_received(self, data: bytes) -> None:
        self.relay.note(data)
        self.relay.passes(lambda: self._pass(data))

    def _pass(self, data: bytes) -> None:
        if self.service is None:
            self._early.append(data)
        elif not self.service.is_closing():
            self.service.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        self._gone = True
        self.relay.passes(lambda: self.service.close() if self.service is not None else None)

    def answer(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)
            if self.relay.closes:
                self.transport.close()


class _Service(asyncio.Protocol):
    def __init__(self, client: _Client) -> None:
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client.opened(transport)

    def data_received(self, data: bytes) -> None:
        self._client.relay.passes(lambda: self._client.answer(data))

    def connection_lost(self, _: Exception | None) -> None:
        self._client.relay.passes(self._client.transport.close)


class _Datagrams(asyncio.DatagramProtocol):
    """The socket that the client asks; one towards the service for each of its addresses."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._towards: dict[Any, Any] = {}
        self._tasks: set[Any] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self._relay.note(data)
        self._relay.passes(lambda: self._pass(data, address))

    def _pass(self, data: bytes, address: Any) -> None:
        towards = self._towards.get(address)
        if towards is not None:
            towards.sendto(data)
            return
        task = asyncio.get_running_loop().create_task(self._open(data, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, data: bytes, address: Any) -> None:
        if address not in self._towards:
            loop = asyncio.get_running_loop()
            made, _ = await loop.create_datagram_endpoint(
                lambda: _Answers(self._relay, self._transport, address), remote_addr=self._relay.to
            )
            self._towards.setdefault(address, made)
        self._towards[address].sendto(data)


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay, back: Any, address: Any) -> None:
        self._relay, self._back, self._address = relay, back, address

    def datagram_received(self, data: bytes, _: Any) -> None:
        self._relay.passes(lambda: self._back.sendto(data, self._address))


async def _serve(orders: dict[str, Any]) -> None:
    relay, loop = Relay(orders), asyncio.get_running_loop()
    if orders["kind"] == "udp":
        made, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(relay), ("127.0.0.1", 0))
        port = made.get_extra_info("sockname")[1]
    else:
        server = await loop.create_server(lambda: _Client(relay), "127.0.0.1", 0, backlog=1024)
        port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        relay.act(line.decode().strip())


def main() -> None:
    """Relay until standard input ends."""
    asyncio.run(_serve(json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
