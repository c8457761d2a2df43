"""One TCP connection: bytes to frames to outcomes. What to do with it, the transport decides."""

import asyncio
import socket
from array import array
from collections import deque
from collections.abc import Sequence
from fcntl import ioctl
from termios import FIONREAD
from typing import NamedTuple, Protocol, cast

from pipeline.protocol.codec import DirectRequests
from pipeline.protocol.exchange import ANY, Exchange, Tally
from pipeline.protocol.framing import Frames
from pipeline.protocol.meaning import CLOSED_EARLY, LOST
from pipeline.protocol.messages import FaultKind, Outcome, Query
from pipeline.protocol.noise import TALKS_ON, Noise

__all__ = ("Connection", "Owner")


class Owner(Protocol):
    """What a connection tells, and to whom."""

    def opened(self, connection: "Connection") -> None:
        """It can be used."""
        ...

    def heard(self, connection: "Connection", outcomes: list[Outcome]) -> None:
        """Frames came, and this is what they mean."""
        ...

    def lost(self, connection: "Connection", outcomes: list[Outcome], still_open: int) -> None:
        """It is gone, and with it so many open questions."""
        ...

    def writable(self) -> None:
        """It takes questions again."""
        ...


class Outlook(NamedTuple):
    """What may still come on a connection, as it seems."""

    hopeless: int
    """Open questions without an answer to come: later ones were answered."""
    silent: bool
    """All that is open on it has been so for long."""


_GOOD = Outlook(0, silent=False)


class Connection(asyncio.Protocol):
    """One connection and its exchange."""

    def __init__(self, owner: Owner, requests: DirectRequests, tally: Tally) -> None:
        self.exchange = Exchange(tally)
        self.solo: Query | None = None
        """The one question that it is for, if it is for one."""
        self.ready = False
        """It is open, and its buffer has room."""
        self.last_heard = 0.0
        """When the last frame came; bytes that make no frame are no sign of life."""
        self.answered = 0
        """Questions answered while it was open."""
        self.deepest = 0
        """Most questions open since the last proof."""
        self.outlook = _GOOD
        self._mark = 0  # questions asked when it was deepest
        self._owner = owner
        self._requests = requests
        self._frames = Frames()
        self._noise = Noise()
        self._heard = 0  # bytes, ever
        self._early: deque[tuple[int, int]] = deque()
        # Up to which byte what comes was here when how many questions had been asked.
        self._file = -1
        self._count = array("i", [0])
        self._loop = asyncio.get_running_loop()
        self.begun = self._loop.time()
        """When it was wanted."""
        self._transport: asyncio.Transport | None = None
        self.patience: asyncio.Timeout | None = None
        """Ends the wait for it to come about; from then on it has no end."""
        self.orderly = False
        """The server closed it, rather than that the network broke it."""
        self.closed_by_us = False

    def __repr__(self) -> str:
        return f"<Connection {'ready' if self.ready else 'not ready'}, {self.exchange}>"

    def ask(self, queries: Sequence[Query], now: float, patience: float) -> None:
        """Send questions, all in one piece. The Java sample ends each with a newline; so do we."""
        if self._transport is None:
            raise RuntimeError("a question for a connection that is not open")
        unread = self._unread()
        if unread:
            self._early.append((self._heard + unread, self.exchange.asked))
        tels = [query.tel for query in queries]
        self.exchange.ask_all(queries, tels, now, patience)
        self._transport.write(self._requests.encode_all(tels))
        still_open = len(self.exchange)
        if still_open > self.deepest:
            self.deepest = still_open
            self._mark = self.exchange.asked

    def look(self, now: float, longest: float) -> None:
        """Find out what is hopeless on it, where an answer takes `longest` seconds at most."""
        exchange = self.exchange
        hopeless = exchange.asked_before(exchange.latest - longest)
        silent = 0 < len(exchange) == exchange.asked_before(now - longest)
        self.outlook = Outlook(hopeless, silent)

    def proof(self) -> int:
        """How many questions were open at once of which every one is answered now; else 0."""
        first = self.exchange.first_open()
        if not self.deepest or (first is not None and first < self._mark):
            return 0
        depth, self.deepest = self.deepest, 0
        return depth

    def close(self) -> None:
        """Close it; open questions are the caller's to end first."""
        self.ready = False
        self.closed_by_us = True
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open, unless that was given up in the same turn of the loop: then it is closed again."""
        if self.patience is not None:
            if self.patience.expired():
                cast("asyncio.Transport", transport).abort()
                return
            self.patience.reschedule(None)
        self._transport = cast("asyncio.Transport", transport)
        # What the system does not take at once must not pile up here, to leave later in a burst.
        self._transport.set_write_buffer_limits(high=0)
        sock = transport.get_extra_info("socket")
        self._file = sock.fileno()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ready = True
        self.last_heard = self._loop.time()
        self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self.closed_by_us:
            return
        while self._early and self._heard + len(data) > self._early[0][0]:
            position, before = self._early.popleft()
            cut = position - self._heard
            if cut > 0:
                self._take(data[:cut], before)
                data = data[cut:]
        self._take(data, self._early[0][1] if self._early else ANY)

    def _take(self, data: bytes, before: int) -> None:
        """Bytes that came when so many questions had been asked."""
        self._heard += len(data)
        frames = self._frames.feed(data)
        useless = 0
        if frames and not self.closed_by_us:
            self.last_heard = self._loop.time()
            allowed = self._noise.allowed(self.exchange.asked, self.last_heard)
            most = allowed + len(self.exchange)
            some = frames if len(frames) <= most else frames[:most]
            outcomes = self.exchange.receive(some, self.last_heard, before)
            self.answered = self.exchange.answered
            useless = len(frames) - len(outcomes)
            self._owner.heard(self, outcomes)
        if not self._noise.heard(useless, len(data)):
            self._frames.broken = self._frames.broken or TALKS_ON
        if self._frames.broken and self._transport is not None:
            self.ready = False
            self._transport.abort()

    def _unread(self) -> int:
        """Bytes that are here already, and so answer nothing that is asked from now on."""
        assert self._transport is not None  # noqa: S101  whoever calls has looked
        try:
            ioctl(self._file, FIONREAD, self._count)
        except OSError:
            return 0  # it is closed, and says nothing any more
        return self._count[0]

    def eof_received(self) -> bool:
        """The server will send no more; asyncio closes our side then."""
        self.orderly = True
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Gone, by whomever."""
        if self._transport is None:
            return  # it came about too late, and was never in use
        self.ready = False
        outcomes: list[Outcome] = []
        if not self.closed_by_us:
            now = self._loop.time()
            outcomes = self.exchange.receive(self._frames.finish(), now)
        self.orderly = self.orderly and error is None
        kind, reason = FaultKind.DISCONNECTED, CLOSED_EARLY if self.orderly else LOST
        if self._frames.broken:
            kind, reason = FaultKind.TRANSIENT, f"the stream cannot be read: {self._frames.broken}"
        still_open = len(self.exchange)
        outcomes += self.exchange.abandon(kind, reason)
        self._owner.lost(self, outcomes, still_open)

    def pause_writing(self) -> None:
        """The send buffer is full: no more questions until it has drained."""
        self.ready = False

    def resume_writing(self) -> None:
        """It has drained."""
        if not self.closed_by_us:
            self.ready = True
            self._owner.writable()
