"""The direct connection over UDP: one request and one answer a datagram.

asyncio's datagram transport takes one datagram for each turn of the loop and so loses bursts;
here a socket of our own is drained at each turn, with a receive buffer as large as the system
allows. A datagram counts from when it came to the machine, which the system knows, and not from
when this process got round to it.
"""

import asyncio
import fcntl
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from pipeline.simulator.outlet import Overtaking
from pipeline.simulator.service import Reply, Service

__all__ = ("Datagrams",)

TURN = 256
"""Datagrams for one turn of the loop, so that the other listeners get theirs."""

SPACING = 30e-6
"""Seconds from one datagram to the next, where several were waiting: of those only the last one's
time is known."""

LARGEST = 60_000
"""Bytes of an answer; IPv4 allows 65 507."""

BUFFER = 8 << 20

_STAMP_OF_LAST = 0x8907
"""Linux' SIOCGSTAMPNS: when the datagram that was read last came in, by the wall clock."""
_TIMESPEC = struct.Struct("@qq")


def _waited(listening: socket.socket, wall: float) -> float:
    """Seconds since the last datagram came; 0 where the system cannot say.

    The first call has the system note it from then on.
    """
    try:
        stamp = fcntl.ioctl(listening.fileno(), _STAMP_OF_LAST, bytes(_TIMESPEC.size))
    except OSError:
        return 0.0
    seconds, nanoseconds = _TIMESPEC.unpack(stamp)
    came: float = seconds + nanoseconds / 1e9
    return max(0.0, wall - came)


class Datagrams:
    """The listener. Close it when done. `wall` gives seconds since 1970."""

    def __init__(
        self,
        service: Service,
        loop: asyncio.AbstractEventLoop,
        bound: socket.socket,
        wall: Callable[[], float],
    ) -> None:
        self._wall = wall
        self._service = service
        self._loop = loop
        self._socket = bound
        self._overtaking = Overtaking(loop)
        self._unsent: deque[tuple[bytes, Any]] = deque()
        bound.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            bound.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        self._last = 0.0
        _waited(bound, 0.0)
        loop.add_reader(bound, self._drain)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()

    def _drain(self) -> None:
        now = self._loop.time()
        receive = self._socket.recvfrom
        count = 0
        # ConnectionError: an earlier answer met a port that nobody listens on any more.
        with suppress(BlockingIOError, InterruptedError, ConnectionError):
            while count < TURN:
                raw, address = receive(2048)
                count += 1
                self._take(raw, address, now)
        if count:
            last = self._loop.time() - _waited(self._socket, self._wall())
            since = max(self._last, last - SPACING * count)
            self._last = last
            self._service.meter.requests_between("udp", since, last, count)

    def _take(self, raw: bytes, address: Any, now: float) -> None:
        service = self._service
        if service.account.allow_addresses and not service.account.allows_address(address[0]):
            self._send(service.refuse() + service.end, address)
        elif service.plain:
            body = service.direct_plain(raw, now)
            if body is not None:
                self._send(body + service.end, address)
        else:
            reply = service.direct(raw, now)
            if reply.body is None:
                return
            if reply.delay:
                self._loop.call_later(reply.delay, self._deliver, reply, address)
            else:
                self._deliver(reply, address)

    def _deliver(self, reply: Reply, address: Any) -> None:
        data = (reply.body or b"")[:LARGEST] + self._service.end
        if "truncated" in reply.struck:
            data = data[: 1 + int(reply.amount * (len(data) - 3))]
        self._overtaking.send(partial(self._send, data, address), hold="reorder" in reply.struck)
        if "duplicate" in reply.struck:
            self._send(data, address)

    def _send(self, data: bytes, address: Any) -> None:
        if self._socket.fileno() < 0:
            return
        try:
            self._socket.sendto(data, address)
        except BlockingIOError:
            if not self._unsent:
                self._loop.add_writer(self._socket, self._send_rest)
            self._unsent.append((data, address))
        except OSError:
            return  # nobody listens there any more: as good as lost

    def _send_rest(self) -> None:
        self._loop.remove_writer(self._socket)
        for _ in range(len(self._unsent)):
            self._send(*self._unsent.popleft())
