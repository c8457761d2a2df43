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
from pipeline.transports.rest.tolerant import Tolerant

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
        self.unquestioned = True
        """There is no rule, nor a sign of one, so that nothing needs to be told."""
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
            self.unquestioned = True
        elif self._held:
            self._held -= 1

    def lost(self) -> None:
        """A connection that had answered before ended with a question on it, and no word."""
        self.unquestioned = False
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
        self._awaits = False
        self._interim = 0
        self._unread = select.poll()
        self._given: dict[str, Any] = {}
        self._tolerant: Any = Tolerant(self._another_parser, self.force_close)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        super().connection_made(transport)
        self._unread.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def is_connected(self) -> bool:
        """Whether a question can be asked on it: it is open, and nothing lies in its socket, its end
        least of all."""
        transport = self.transport
        if transport is None or transport.is_closing() or self._unread.poll(0):
            return False
        return not self._asked or self._reuse.unquestioned or self._reuse.is_allowed

    def connection_lost(self, exc: BaseException | None) -> None:
        """It has ended, by whomever."""
        if left := self._tolerant.let_go():
            super().data_received(left)
        if self._awaits and self._asked > 1 and self.transport is not None:
            self._reuse.lost()
        super().connection_lost(exc)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """There is room for more. Asked twice of each answer, and there is mostly nothing to resume."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def set_response_params(self, **given: Any) -> None:
        """A question is about to be asked."""
        if self._asked and not self._reuse.unquestioned:
            self._reuse.asked()
        self._asked += 1
        self._awaits = True
        self._interim = 0
        self._given = given
        super().set_response_params(**given)
        tolerant = self._tolerant
        tolerant.parser, tolerant.begins = self._parser, True
        self._parser = tolerant

    def _another_parser(self) -> Any:
        """One of aiohttp's own, which it would put in place of the tolerant one."""
        super().set_response_params(**self._given)
        parser, self._parser = self._parser, self._tolerant
        return parser

    def feed_data(self, data: Any, size: int = 0) -> None:
        """The head of a response came."""
        code = data[0].code
        if not self._awaits:
            self._end()  # nobody asked for a second answer
        elif code < 200 and code != 101:
            self._interim += 1
            if self._interim > INTERIM:
                self._end()
        else:
            self._awaits = False
            if not self._reuse.unquestioned:
                self._reuse.answered(again=self._asked > 1)
            super().feed_data(data, size)

    def _end(self) -> None:
        if self.exception() is None:
            self.set_exception(aiohttp.ClientPayloadError(TALKS_ON))
        if self.transport is not None:
            self.transport.abort()


class Connector(aiohttp.TCPConnector):
    """`aiohttp.TCPConnector` with such connections; it has no public place for them."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop, **given: Any) -> None:
        super().__init__(**given)
        self._factory = cast("Any", partial(_Bounded, loop=loop, reuse=Reuse()))
