"""The direct connection over TCP: JSON objects one after another, in whatever pieces they come.

A request needs no terminator and may have one. Connections stay open until they are idle (the fault
`idle`), unless the fault `close` says otherwise; then what was pipelined behind the last question is read and thrown away, unbilled.
"""

import asyncio
import socket
import struct
from functools import partial
from typing import cast

from pipeline.protocol.framing import Frames
from pipeline.simulator.faults import IDLE
from pipeline.simulator.outlet import Cutter, Overtaking
from pipeline.simulator.service import Reply, Service

__all__ = ("Connection",)

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: a close becomes a reset."""


class Connection(asyncio.Protocol):
    """One client's connection."""

    _transport: asyncio.Transport
    _cutter: Cutter

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        self._service = service
        self._loop = loop
        self._frames = Frames()
        self._overtaking = Overtaking(loop)
        self._left = service.faults["close"] or -1
        self._due = 0  # replies that are still to be delivered
        self._silent = False
        self._idle = service.faults["idle"] or IDLE
        self._heard = loop.time()
        self._look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look at who it is."""
        self._transport = cast("asyncio.Transport", transport)
        self._cutter = Cutter(self._loop, self._write, self._service.faults["merge"])
        self._allowed = self._service.account.allows_address(
            transport.get_extra_info("peername")[0]
        )
        self._look = self._loop.call_later(self._idle, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone; nothing more is said."""
        self._silent = True
        if self._look is not None:
            self._look.cancel()

    def _close_if_idle(self) -> None:
        """Close where nothing was said for long; what is silent for good (`hang`) stays so."""
        since = self._loop.time() - self._heard
        if self._silent or self._transport.is_closing():
            return
        if since >= self._idle and not self._due:
            self._close()
        else:
            again = max(self._idle - since, 0.0) or self._idle
            self._look = self._loop.call_later(again, self._close_if_idle)

    def pause_writing(self) -> None:
        """The client does not read its answers: take no more questions until it does."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete by now."""
        self._heard = now = self._loop.time()
        frames = self._frames.feed(data)
        self._service.meter.requests("tcp", now, len(frames))
        if not self._allowed:
            self._write(b"".join(self._service.refuse() for _ in frames))
        elif self._service.plain:
            self._answer(frames, now)
        else:
            self._misbehave(frames, now)
        if self._frames.broken:
            self._transport.close()

    def _answer(self, frames: list[bytes], now: float) -> None:
        ask, end = self._service.direct_plain, self._service.end
        bodies = [body + end for frame in frames if (body := ask(frame, now)) is not None]
        if bodies:
            self._transport.write(b"".join(bodies))

    def _misbehave(self, frames: list[bytes], now: float) -> None:
        later: dict[float, list[Reply]] = {}
        for frame in frames:
            if self._silent or self._left == 0:
                break
            self._left -= 1
            self._due += 1
            reply = self._service.direct(frame, now)
            # In steps of a millisecond, so that many answers share a timer.
            later.setdefault(round(reply.delay, 3), []).append(reply)
            if "hang" in reply.struck:
                self._silent = True
        for delay, replies in later.items():
            if delay:
                self._loop.call_later(delay, self._deliver_all, replies)
            else:
                self._deliver_all(replies)

    def _deliver_all(self, replies: list[Reply]) -> None:
        for reply in replies:
            if "hang" in reply.struck or self._transport.is_closing():
                return
            self._due -= 1
            self._heard = self._loop.time()
            self._deliver(reply)

    def _deliver(self, reply: Reply) -> None:
        if "reset" in reply.struck:
            self._reset()
            return
        if reply.body is not None:
            act = partial(self._send, reply.body + self._service.end, reply)
            self._overtaking.send(act, hold="reorder" in reply.struck)
        if "truncated" in reply.struck or (self._left == 0 and not self._due):
            self._close()

    def _send(self, data: bytes, reply: Reply) -> None:
        cut = 1 + int(reply.amount * (len(data) - 1))
        if "truncated" in reply.struck:
            self._cutter.send(data[: min(cut, len(data) - 2)])
            return
        if "duplicate" in reply.struck:
            data *= 2
        self._cutter.send(data, cut if "split" in reply.struck else 0)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        """Close when everything has been said."""
        self._overtaking.flush()
        self._cutter.flush()
        self._silent = True
        self._transport.close()

    def _reset(self) -> None:
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._silent = True
        self._transport.abort()
