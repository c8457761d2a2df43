"""The questions of a run over UDP: one socket for all; for a solo question, a socket of its own.

Where nothing is heard any more the name is looked up again, and the next of its addresses asked.

Rules: the receive buffer is raised, and no more is asked at once than it holds answers for. Answers
count only from the address that was asked.
"""

import asyncio
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from pipeline.protocol.codec import DirectRequests
from pipeline.protocol.messages import Fault, FaultKind, Outcome, Query
from pipeline.protocol.patience import Patience
from pipeline.transports.contract import Deliver, Service, TransportCounts, Unreachable
from pipeline.transports.endpoints import address_of
from pipeline.transports.udp.port import Port

__all__ = ("UdpTransport",)

BUFFER = 8 << 20
"""Bytes of receive buffer that are asked for; the system gives what it allows."""
HELD = 1280
"""Bytes of that buffer that one answer takes up, Linux' own book-keeping included."""
FREE = 0.75
"""Share of it that can be counted on: Linux counts what has been read as held until that is a
quarter of the buffer."""
SOLO_SOCKETS = 64
"""Of those that wait for late answers; the oldest is closed first."""

SILENT = 3.0
"""Seconds without a word, questions having been given up, after which another address is tried."""

_Where = tuple[socket.AddressFamily, tuple[object, ...]]
_NO_SOCKET = Fault(FaultKind.TRANSIENT, "no socket to be had", sent=False)


class UdpTransport:
    """See `contract.Transport`."""

    def __init__(self, service: Service, deliver: Deliver) -> None:
        self.counts = TransportCounts()
        self.refusals = 0
        """Errors that the network reported for earlier datagrams."""
        self.patience = Patience(service.timeout)
        self._service = service
        self._deliver = deliver
        self.requests = DirectRequests(service.credentials, service.lookup)
        self._where: _Where
        self._port: Port
        self._left: set[Port] = set()
        """Those at former addresses, with questions that are still waited for."""
        self._heard = 0.0
        self._moving: asyncio.Task[None] | None = None
        self._solo: dict[Port, None] = {}  # in the order of opening
        self._most = 0
        self._loop = asyncio.get_running_loop()

    def __repr__(self) -> str:
        return f"<UdpTransport {len(self._port.exchange)} open, {self.patience}>"

    async def __aenter__(self) -> Self:
        """Find the address and open the socket. Whether anybody answers, the first answer tells."""
        try:
            found = await self._resolved()
        except OSError as error:
            why = error.strerror or "unknown host"
            # While a machine starts, its names may not be known yet.
            passing = error.errno == socket.EAI_AGAIN
            raise Unreachable(
                f"cannot find {self._service.endpoint}: {why}", passing=passing
            ) from None
        sock = self._first_of(found)
        if sock is None:
            raise Unreachable(f"there is no way to {self._service.endpoint} from here")
        held = _raise_buffers(sock)
        self.counts.notes.append(f"receive buffer of {held} bytes")
        self._most = max(1, int(FREE * held / HELD))
        if self._service.concurrency is not None:
            self._most = min(self._most, self._service.concurrency)
        self._port = Port(self, sock, self.patience)
        self._heard = self._loop.time()
        return self

    async def _resolved(self) -> list[_Where]:
        host, port = address_of(self._service.endpoint)
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        return [(family, address) for family, _, _, _, address in found]

    def _first_of(self, addresses: Sequence[_Where]) -> socket.socket | None:
        """A socket to the first of them that there is a way to."""
        for where in addresses:
            self._where = where
            try:
                return self._new_socket()
            except OSError:
                continue  # such as IPv6 where there is none
        return None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every socket."""
        if self._moving is not None:
            self._moving.cancel()
            await asyncio.wait([self._moving])
        for port in (self._port, *self._solo, *self._left):
            port.close()
        self._solo.clear()
        self._left.clear()

    def _new_socket(self) -> socket.socket:
        family, address = self._where
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        self.counts.connections += 1
        return sock

    @property
    def most(self) -> int:
        """Answers that the receive buffer holds."""
        return self._most

    @property
    def capacity(self) -> int:
        """Answers that the receive buffer holds, less those that may be on their way."""
        return max(0, self._most - len(self._port.exchange))

    def send(self, queries: Sequence[Query]) -> None:
        """One datagram for each; those that are to be alone from a socket of their own."""
        alone = [query for query in queries if query.solo]
        for query in alone:
            self._send_alone(query)
        together = [query for query in queries if not query.solo] if alone else queries
        if together:
            self._port.send(together, self._port.exchange.attempts)

    def _send_alone(self, query: Query) -> None:
        try:
            port = Port(self, self._new_socket(), self.patience)
        except OSError:
            outcome = Outcome(query.key, _NO_SOCKET)
            self._loop.call_soon(self._deliver, [outcome])
            return
        if len(self._solo) >= SOLO_SOCKETS:
            idle = next((old for old in self._solo if not len(old.exchange)), None)
            if idle is not None:
                self._close(idle)
        self._solo[port] = None
        port.send([query], self._port.exchange.attempts)

    def heard(self, port: Port, outcomes: list[Outcome]) -> None:
        """Answers came."""
        self._heard = self._loop.time()
        if outcomes and port in self._solo:
            self._close(port)
        if outcomes:
            self._deliver(outcomes)

    def refused(self, port: Port, outcomes: list[Outcome]) -> None:
        """The network says that nobody listens there."""
        if port in self._solo:
            self._close(port)
        self._deliver(outcomes)
        self._look_elsewhere(port)

    def given_up(self, port: Port, outcomes: list[Outcome]) -> None:
        """Questions are given up; a socket with one stays a while, for an answer that is late."""
        if port in self._solo:
            self._loop.call_later(self._service.timeout, self._close, port)
        self._deliver(outcomes)
        self._look_elsewhere(port)

    def _look_elsewhere(self, port: Port) -> None:
        """Try another address, where nothing has come for long."""
        is_silent = self._loop.time() - self._heard >= min(SILENT, self._service.timeout)
        if port is self._port and is_silent and self._moving is None:
            self._moving = self._loop.create_task(self._move(), name="another address")
            self._moving.add_done_callback(self._moved)

    async def _move(self) -> None:
        """Ask at the next address of the name, if there is another one by now."""
        try:
            found = await self._resolved()
        except OSError:
            return  # it is tried again when more is given up
        here = found.index(self._where) + 1 if self._where in found else 0
        others = [where for where in (*found[here:], *found[:here]) if where != self._where]
        before = self._where
        sock = self._first_of(others)
        if sock is None:
            self._where = before
            return
        _raise_buffers(sock)
        old, self._port = self._port, Port(self, sock, self.patience)
        self._left.add(old)
        self._loop.call_later(2 * self._service.timeout, self._leave, old)
        self.counts.notes[1:] = ["nothing came from its first address, so others were asked"]

    def _moved(self, task: asyncio.Task[None]) -> None:
        self._moving, self._heard = None, self._loop.time()
        if not task.cancelled():
            task.result()  # a defect ends the run

    def _leave(self, port: Port) -> None:
        if port in self._left:
            self._left.discard(port)
            port.close()

    def _close(self, port: Port) -> None:
        if port in self._solo:
            del self._solo[port]
            port.close()


def _raise_buffers(sock: socket.socket) -> int:
    """Ask for large buffers; the bytes that the receive buffer has now."""
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        size = BUFFER
        while size > sock.getsockopt(socket.SOL_SOCKET, option):
            try:
                sock.setsockopt(socket.SOL_SOCKET, option, size)
                break
            except OSError:  # where too much is an error; Linux gives what it allows
                size //= 2
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
