"""aiohttp's parser of answers, and a second try with a mended head where it refuses the first."""

from collections.abc import Callable
from typing import Any

from aiohttp.hdrs import TRANSFER_ENCODING
from aiohttp.http import HttpProcessingError

from pipeline.transports.rest.heads import HEAD, end_of_head, is_interim, is_plain, mended

__all__ = ("Tolerant",)

Told = tuple[Any, bool, bytes]
"""Messages, whether the connection is upgraded, and what is left: as aiohttp's parsers say it."""


def _nothing() -> None:
    pass


class Tolerant:
    """The parser of one connection's answers. What is in good order costs one call more.

    `another` makes a parser of aiohttp's for the same answer; `force_close` is called where the
    connection is not to be used again.
    """

    __slots__ = ("_another", "_force_close", "_held", "_is_odd", "begins", "parser")

    def __init__(self, another: Callable[[], Any], force_close: Callable[[], None]) -> None:
        self.parser: Any = None
        """aiohttp's own, for one answer."""
        self.begins = False
        """Its head has not come whole."""
        self._another = another
        self._force_close = force_close
        self._held = b""  # the beginning of a head
        self._is_odd = False

    def feed_data(self, data: bytes) -> Told:
        """What came, read."""
        if not self.begins:
            return self.parser.feed_data(data)  # type: ignore[no-any-return]
        if not self._is_odd:
            try:
                told: Told = self.parser.feed_data(data)
            except HttpProcessingError:
                pass
            else:
                if self._is_sound(told[0], data):
                    return told
            self._is_odd, self.parser = True, self._another()
        return self._mended(self._held + data)

    def _is_sound(self, messages: Any, data: bytes) -> bool:
        """Whether what was read can be believed: aiohttp takes codings at their word."""
        if not messages:
            self._held += data
            return True
        if len(messages) > 1:
            return False
        message = messages[0][0]
        if message.compression or message.code < 200:
            said = self._held + data
            body = said[end_of_head(said) :]
            if message.code < 200:
                self._held = body
                return True
            if is_plain(body):
                return False
        if not message.chunked and TRANSFER_ENCODING in message.headers:
            return False
        self.begins, self._held = False, b""
        return True

    def let_go(self) -> bytes:
        """What was held back, since no more comes; it is read as it is from now on."""
        held, self._held, self.begins = self._held, b"", False
        self._another = self._force_close = _nothing  # or each would keep the other in memory
        return held if self._is_odd else b""

    def pause_reading(self) -> None:
        """More of a body has come than is read."""
        self.parser.pause_reading()

    def feed_eof(self) -> Any:
        """The connection has ended."""
        return self.parser.feed_eof()

    def _mended(self, data: bytes) -> Told:
        """The same of an answer whose head is odd, once that has come whole."""
        self._held, interim = b"", []
        while (end := end_of_head(data)) >= 0 and is_interim(data):
            interim += self.parser.feed_data(mended(data[:end], end)[0])[0]
            data = data[end:]
        if end < 0 and len(data) <= HEAD:
            self._held = data
            return interim, False, b""
        self.begins = self._is_odd = False
        data, sound = (data, True) if end < 0 else mended(data, end)
        if not sound:
            self._force_close()
        messages, is_upgraded, left = self.parser.feed_data(data)
        return [*interim, *messages], is_upgraded, left
