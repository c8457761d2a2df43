"""aiohttp's connections, with a bound on what a server may say that answers nothing.

aiohttp keeps every `100 Continue` that comes, and every answer that nobody asked for, until somebody
reads it: a server that sends them without end would fill the memory.
"""

import asyncio
from functools import partial
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

from pipeline.protocol.noise import TALKS_ON

__all__ = ("Connector",)

INTERIM = 64
"""Responses of 1xx that may come before an answer."""


class _Bounded(ResponseHandler):
    """One connection. Interim responses say nothing to a GET, so none of them is kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._interim = 0
        self._final = 0

    def set_response_params(self, **given: Any) -> None:
        """A question is about to be asked."""
        self._interim = self._final = 0
        super().set_response_params(**given)

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
            super().feed_data(data, size)


class Connector(aiohttp.TCPConnector):
    """`aiohttp.TCPConnector` with such connections; it has no public place for them."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop, **given: Any) -> None:
        super().__init__(**given)
        self._factory = cast("Any", partial(_Bounded, loop=loop))
