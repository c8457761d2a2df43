"""aiohttp's connections, with a bound on what a server may say that answers nothing.

aiohttp keeps every `100 Continue` that comes, and every answer that nobody asked for, until somebody
reads it: a server that sends them without end would fill the memory. And it takes a connection for
open until it has read of its end, which may lie in the socket right behind the answer: what was
asked on it then would be lost, and might have been billed.
"""

import asyncio
import select
from functools import partial
from typing import Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

from pipeline.protocol.noise import TALKS_ON
from pipeline.transports.rest.heads import HEAD, end_of_head, in_order, is_interim, mended

__all__ = ("Connector",)

INTERIM = 64
"""Responses of 1xx that may come before an answer."""


class Reuse:
    """Whether connections may be used again. Some servers close each after its answer, unannounced:
    what is asked on it meanwhile is lost. Pure.
    """

    IN_A_ROW: Final = 3
    """Connections lost that way that make it a rule."""
    FORGET: Final = 1_000
    """Answers after which the rule is put to the test, with one connection."""

    def __init__(self) -> None:
        self._lost = 0
        self._held: int | None = None
        """Answers to wait for before the rule is put to the test; None where there is none."""
        self._testing = False

    def __repr__(self) -> str:
        return f"<Reuse {'allowed' if self.is_allowed else 'not allowed'}>"

    @property
    def is_allowed(self) -> bool:
        """A connection may be asked a second question."""
        return self._held is None or (not self._held and not self._testing)

    def asked(self) -> None:
        """One is."""
        self._testing = self._held is not None

    def answered(self, *, again: bool) -> None:
        """A question was answered; `again`: not the first one of its connection."""
        if again:
            self._lost, self._held, self._testing = 0, None, False
        elif self._held:
            self._held -= 1

    def lost(self) -> None:
        """A connection that had answered before ended with a question on it, and no word."""
        self._lost += 1
        self._testing = False
        if self._held is not None or self._lost >= self.IN_A_ROW:
            self._held = self.FORGET


class _Bounded(ResponseHandler):
    """One connection. Interim responses say nothing to a GET, so none of them is kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reuse: Reuse) -> None:
        super().__init__(loop)
        self._reuse = reuse
        self._asked = 0
        self._awaits = self._begins = False
        self._interim = 0
        self._final = 0
        self._held = b""
        """The beginning of a head that has not come whole."""
        self._unread = select.poll()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        super().connection_made(transport)
        self._unread.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def is_connected(self) -> bool:
        """Whether a question can be asked on it: it is open, and nothing lies in its socket, its end
        least of all."""
        sound = super().is_connected() and not self._unread.poll(0)
        return sound and (self._reuse.is_allowed or not self._asked)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It has ended, by whomever."""
        if self._held:
            held, self._held = self._held, b""
            super().data_received(held)
        if self._awaits and self._asked > 1 and self.transport is not None:
            self._reuse.lost()
        super().connection_lost(exc)

    def set_response_params(self, **given: Any) -> None:
        """A question is about to be asked."""
        self._interim = self._final = 0
        if self._asked:
            self._reuse.asked()
        self._asked += 1
        self._awaits = self._begins = True
        self._held = b""
        super().set_response_params(**given)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._begins:
            data = self._head_of(data)
        if data:
            super().data_received(data)

    def _head_of(self, data: bytes) -> bytes:
        """What can be read of a response that begins here: whole heads alone, and in order."""
        if not self._held and (whole := in_order(data)):
            self._begins = False
            if len(data) > whole:
                self.force_close()
            return data[:whole]
        data, self._held = self._held + data, b""
        while (end := end_of_head(data)) >= 0 and is_interim(data) and not self.exception():
            super().data_received(mended(data[:end], end)[0])
            data = data[end:]
        if end < 0 and len(data) <= HEAD:
            self._held = data
            return b""
        self._begins = False
        data, sound = (data, True) if end < 0 else mended(data, end)
        if not sound:
            self.force_close()
        return data

    def feed_data(self, data: Any, size: int = 0) -> None:
        """The head of a response came."""
        interim = data[0].code < 200 and data[0].code != 101
        self._interim += interim
        self._final += not interim
        if self._interim > INTERIM or self._final > 1:
            if self.exception() is None:
                self.set_exception(aiohttp.ClientPayloadError(TALKS_ON))
            if self.transport is not None:
                self.transport.abort()
        elif not interim:
            self._awaits = False
            self._reuse.answered(again=self._asked > 1)
            super().feed_data(data, size)


class Connector(aiohttp.TCPConnector):
    """`aiohttp.TCPConnector` with such connections; it has no public place for them."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop, **given: Any) -> None:
        super().__init__(**given)
        self._factory = cast("Any", partial(_Bounded, loop=loop, reuse=Reuse()))
