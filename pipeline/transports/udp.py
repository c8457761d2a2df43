"""UDP: one datagram a question, on one socket for all; for a solo question, a socket of its own.

Rules: the socket is ours, not asyncio's, whose transports read one datagram a turn of the loop and
so lose bursts; it is read until it is empty, but never so long that nothing else gets a turn. The
receive buffer is raised, and no more is asked at once than it holds answers for. A refusal that
the network reports (ICMP) is counted; it ends questions only when nothing else was heard.
"""

import asyncio
import errno
import math
import socket
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from pipeline.protocol.codec import DirectRequests
from pipeline.protocol.exchange import Exchange
from pipeline.protocol.framing import frame_of
from pipeline.protocol.messages import Fault, FaultKind, Outcome, Query
from pipeline.protocol.patience import Patience
from pipeline.transports.contract import Deliver, Service, TransportCounts, Unreachable
from pipeline.transports.endpoints import address_of

__all__ = ("UdpTransport",)

DATAGRAMS_A_TURN = 256
DRAINS = 64
"""Times that many are read at most before questions are given up."""
LONGEST = 8192
"""Bytes of a datagram; a longer one is cut, and then is no answer."""
BUFFER = 8 << 20
"""Bytes of receive buffer that are asked for; the system gives what it allows."""
HELD = 1280
"""Bytes of that buffer that one answer takes up, Linux' own book-keeping included."""
TICK = 0.005
"""Seconds between two looks at what is due."""
SOLO_SOCKETS = 64
"""Of those that wait for late answers; the oldest is closed first."""

_NO_SOCKET = Fault(FaultKind.TRANSIENT, "no socket to be had", sent=False)
_FULL = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)


class _Port:
    """One socket and its exchange."""

    def __init__(self, owner: "UdpTransport", sock: socket.socket, patience: Patience) -> None:
        self.exchange = Exchange(owner.counts, datagrams=True)
        self._owner = owner
        self._sock = sock
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._unsent: deque[bytes] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._last_heard = -math.inf
        self._loop.add_reader(sock, self._read)

    def send(self, queries: Sequence[Query], attempts: Callable[[str], int]) -> None:
        """Ask; `attempts` tells how often a number was given up before, by which it may wait."""
        now = self._loop.time()
        alike: defaultdict[tuple[int, bool], list[Query]] = defaultdict(list)
        for query in queries:
            alike[attempts(query.tel), query.final].append(query)
        encode = self._owner.requests.encode
        shortest = self._patience.timeout
        for (attempt, final), group in alike.items():
            wait = self._patience.wait(attempt, final=final)
            shortest = min(shortest, wait)
            tels = [query.tel for query in group]
            self.exchange.ask_all(group, tels, now, wait)
            self._unsent.extend(map(encode, tels))
        self._flush()
        self._arm(now + shortest)

    def close(self) -> None:
        """Give the socket back."""
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        """Send what is waiting, as far as the system takes it."""
        unsent, send = self._unsent, self._sock.send
        refused = 0
        while unsent:
            try:
                send(unsent[0])
            except OSError as error:
                if error.errno in _FULL:
                    self._loop.add_writer(self._sock, self._flush)
                    return
                # The error is an earlier datagram's; this one was not sent, so once more.
                refused += 1
                self._refused(error)
                if refused > 1:
                    break
                continue
            refused = 0
            unsent.popleft()
        unsent.clear()
        self._loop.remove_writer(self._sock)

    def _refused(self, error: OSError) -> None:
        """The network says that nobody listens, or that there is no way there."""
        self._owner.refusals += 1
        if self._loop.time() - self._last_heard < self._patience.timeout:
            return  # it has answered of late: one odd report ends nothing
        outcomes = self.exchange.abandon(f"refused by the network: {error.strerror}")
        if outcomes:
            self._loop.call_soon(self._owner.heard, self, outcomes)

    def _read(self) -> bool:
        """Take what has come, and make outcomes of it all together; true if there may be more."""
        receive = self._sock.recv
        datagrams: list[bytes] = []
        try:
            for _ in range(DATAGRAMS_A_TURN):
                datagrams.append(receive(LONGEST))  # noqa: PERF401  kept when the next one fails
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._refused(error)
        if datagrams:
            self._last_heard = self._loop.time()
            self._take(datagrams)
        return len(datagrams) == DATAGRAMS_A_TURN

    def _take(self, datagrams: Sequence[bytes]) -> None:
        exchange = self.exchange
        needless = exchange.needless
        outcomes = exchange.receive(map(frame_of, datagrams), self._loop.time())
        if exchange.sample is not None:
            self._patience.sample(exchange.sample)
        if exchange.needless > needless:
            self._patience.too_short()
        self._owner.heard(self, outcomes)

    def _arm(self, due: float) -> None:
        """Look again by then, unless a look is due before."""
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(max(due, self._loop.time() + TICK), self._tick)

    def _tick(self) -> None:
        self._timer = None
        # An answer that is here already is not late, however long this process was kept busy.
        for _ in range(DRAINS):
            if not self._read():
                break
        if self._sock.fileno() < 0:
            return  # it was a solo question's, and is answered
        outcomes = self.exchange.expire(self._loop.time())
        due = self.exchange.next_deadline()
        if due is not None:
            self._arm(due)
        if outcomes:
            self._owner.given_up(self, outcomes)


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
        self._where: tuple[socket.AddressFamily, tuple[object, ...]]
        self._port: _Port
        self._solo: dict[_Port, None] = {}  # in the order of opening
        self._most = 0
        self._loop = asyncio.get_running_loop()

    def __repr__(self) -> str:
        return f"<UdpTransport {len(self._port.exchange)} open, {self.patience}>"

    async def __aenter__(self) -> Self:
        """Find the address and open the socket. Whether anybody answers, the first answer tells."""
        host, port = address_of(self._service.endpoint)
        try:
            found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except OSError as error:
            why = error.strerror or "unknown host"
            raise Unreachable(f"cannot find {self._service.endpoint}: {why}") from None
        sock = None
        for family, _, _, _, address in found:
            self._where = (family, address)
            try:
                sock = self._new_socket()
                break
            except OSError:
                continue  # such as IPv6 where there is none
        if sock is None:
            raise Unreachable(f"there is no way to {self._service.endpoint} from here")
        held = _raise_buffers(sock)
        self.counts.notes.append(f"receive buffer of {held} bytes")
        self._most = max(1, held // HELD)
        if self._service.concurrency is not None:
            self._most = min(self._most, self._service.concurrency)
        self._port = _Port(self, sock, self.patience)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every socket."""
        for port in (self._port, *self._solo):
            port.close()
        self._solo.clear()

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
            port = _Port(self, self._new_socket(), self.patience)
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

    def heard(self, port: _Port, outcomes: list[Outcome]) -> None:
        """Answers came, or the network refused."""
        if outcomes and port in self._solo:
            self._close(port)
        if outcomes:
            self._deliver(outcomes)

    def given_up(self, port: _Port, outcomes: list[Outcome]) -> None:
        """Questions are given up; a socket with one stays a while, for an answer that is late."""
        if port in self._solo:
            self._loop.call_later(self._service.timeout, self._close, port)
        self._deliver(outcomes)

    def _close(self, port: _Port) -> None:
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
