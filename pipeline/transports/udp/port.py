"""One UDP socket: the questions that are asked on it, what is heard, and what is given up.

Rules: the socket is ours, not asyncio's, whose transports read one datagram a turn of the loop and
so lose bursts; it is read until it is empty, but never so long that nothing else gets a turn. While
answers come, it is looked at every millisecond: being woken up for each would cost this process and
the one that answers more than the answer does. A refusal that the network reports (ICMP) is
counted; it ends questions only when nothing else was heard.
"""

import asyncio
import errno
import math
import socket
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Protocol

from pipeline.protocol.codec import DirectRequests
from pipeline.protocol.exchange import Exchange
from pipeline.protocol.framing import frame_of
from pipeline.protocol.messages import FaultKind, Outcome, Query
from pipeline.protocol.patience import Patience
from pipeline.transports.contract import TransportCounts

__all__ = ("Port",)

DATAGRAMS_A_TURN = 256
DRAINS = 64
"""Times that many are read at most before questions are given up."""
LONGEST = 8192
"""Bytes of a datagram; a longer one is cut, and then is no answer."""
PAUSE = 0.001
"""Seconds from one look at the socket to the next, while answers come."""
TICK = 0.005
"""Seconds between two looks at what is due."""

_FULL = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)


class Owner(Protocol):
    """What a port needs of the transport that it belongs to."""

    counts: TransportCounts
    requests: DirectRequests
    refusals: int

    def heard(self, port: "Port", outcomes: list[Outcome], /) -> None:
        """Answers came."""
        ...

    def refused(self, port: "Port", outcomes: list[Outcome], /) -> None:
        """The network says that nobody listens, or that there is no way there."""
        ...

    def given_up(self, port: "Port", outcomes: list[Outcome], /) -> None:
        """Questions are given up."""
        ...


class Port:
    """One socket and its exchange."""

    def __init__(self, owner: Owner, sock: socket.socket, patience: Patience) -> None:
        self.exchange = Exchange(owner.counts, datagrams=True)
        self._owner = owner
        self._sock = sock
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._unsent: deque[bytes] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._last_heard = -math.inf
        self._next_look: asyncio.TimerHandle | None = None
        """While answers come. When none did, the socket says when the next one is there."""
        self._loop.add_reader(sock, self._look)

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
        for timer in (self._timer, self._next_look):
            if timer is not None:
                timer.cancel()

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
        outcomes = self.exchange.abandon(
            FaultKind.TRANSIENT, f"refused by the network: {error.strerror}"
        )
        if outcomes:
            self._loop.call_soon(self._owner.refused, self, outcomes)

    def _look(self) -> None:
        """Read what is there, and again soon after something was."""
        count = self._read()
        if self._sock.fileno() < 0:
            return  # it was a solo question's, and is answered
        if count:
            if self._next_look is None:
                self._loop.remove_reader(self._sock)
            pause = 0 if count == DATAGRAMS_A_TURN else PAUSE
            self._next_look = self._loop.call_later(pause, self._look)
        elif self._next_look is not None:
            self._next_look = None
            self._loop.add_reader(self._sock, self._look)

    def _read(self) -> int:
        """Take what has come, and make outcomes of it all together; says how many datagrams it was.

        Where it was `DATAGRAMS_A_TURN`, there may be more.
        """
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
        return len(datagrams)

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
            if self._read() < DATAGRAMS_A_TURN:
                break
        if self._sock.fileno() < 0:
            return  # it was a solo question's, and is answered
        outcomes = self.exchange.expire(self._loop.time())
        due = self.exchange.next_deadline()
        if due is not None:
            self._arm(due)
        if outcomes:
            self._owner.given_up(self, outcomes)
