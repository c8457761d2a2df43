"""From a stream of bytes to whole frames, wherever the stream was cut.

TCP has no records, and the service promises no terminator: an answer may come in pieces, several
at once, with or without a newline between. A frame is plain bytes and one of three things:

- a JSON object; it begins with `{` and ends with its own closing brace, or, where that never came,
  before the line that begins another object,
- `FAILED`, the bare word that the service has for bad credentials, given at its last letter,
- junk: whatever else stands between objects, up to the next `{` or the end of the line, and in
  place of a frame that is too long its first bytes, which are no JSON object.

Rules: what comes out does not depend on how the stream is cut; the work is linear in the bytes;
memory is bounded. Braces are only counted here: whether an object is sound JSON, the codec says.
"""

import re

__all__ = ("FAILED", "Frame", "Frames", "frame_of", "is_object")

Frame = bytes

FAILED = b"failed"
"""The frame for the word `failed`, however it was quoted or capitalised."""

LIMIT = 64 * 1024
"""Bytes in one frame. An answer has about 330, so this is two hundred times as much."""

ENDLESS = 256
"""Times the limit that a frame may be passed over to find its end; then the stream is lost."""

_EXCERPT = 64
"""Bytes that are given of a frame that is too long."""

DEPTH = 32
"""Nesting in one frame. An answer has one level, or two when wrapped."""

_TAIL = 4096
"""Bytes at the end of a piece that may be read a second time with the next one."""

_BLANK = b" \t\r\n\0"
_FAILED_WORDS = (b"failed", b'"failed"', b"'failed'")
_LONGEST_WORD = max(map(len, _FAILED_WORDS))
_STRUCTURE = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'["\\{]')
_RECENT = 64
"""Bytes before a brace that are looked at to tell whether an object begins anew."""
_NEW_LINE = rb"[ \t\r\0]*\n[ \t\r\n\0]*\Z"
_ANEW_IN = {
    b"{": re.compile(rb"[^: \t\r\n\0]" + _NEW_LINE),
    b"[": re.compile(rb"[^,\[ \t\r\n\0]" + _NEW_LINE),
    b'"': re.compile(_NEW_LINE),
}
"""What stands before a brace that begins another object: a value follows a colon in an object, a
comma or the bracket in a list, and a string has no line ends."""
_END_OF_JUNK = re.compile(rb"[{\n]")
_NOT_FLAT = (b"\\", b"[", b"]")
_NOT_BLANK = re.compile(rb"[^ \t\r\n\0]")


def _skip(data: bytes, at: int) -> int:
    found = _NOT_BLANK.search(data, at)
    return found.start() if found else len(data)


def is_object(frame: Frame) -> bool:
    """Whether a frame is a JSON object, by its first byte."""
    return frame[:1] == b"{"


def frame_of(datagram: bytes) -> Frame:
    """The one frame of a datagram; whether an object is the whole of it, the codec says."""
    whole = datagram.strip(_BLANK)
    return FAILED if len(whole) <= _LONGEST_WORD and whole.lower() in _FAILED_WORDS else whole


class Frames:
    """Cuts one stream into frames. Give it every piece as it comes."""

    def __init__(self, limit: int = LIMIT, depth: int = DEPTH) -> None:
        self.broken = ""
        """Why the stream cannot be read any further; blank while it can."""
        self._limit = limit
        self._max_depth = depth
        self._tail = b""  # a short beginning of an object, not scanned yet
        self._parts: list[bytes] = []  # of the frame under way, in the order they came
        self._held = 0  # bytes of it so far; no more than the limit of them are kept
        self._recent = b""  # the last few of them
        self._open = bytearray()  # braces and brackets that are
        self._in_string = False
        self._escaped = False  # the last byte was a backslash inside a string

    def __repr__(self) -> str:
        state = f"broken: {self.broken}" if self.broken else f"{self.held} bytes held"
        return f"<Frames {state}>"

    @property
    def held(self) -> int:
        """Bytes kept of an incomplete frame."""
        return min(self._held, self._limit) + len(self._tail)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with `data`. Nothing comes any more once `broken`."""
        frames: list[Frame] = []
        if self._tail:
            data = self._tail + data
            self._tail = b""
        at = 0
        while at < len(data) and not self.broken:
            if not self._held:
                at = _skip(data, self._flat_objects(data, _skip(data, at), frames))
                if self._can_wait(data, at):
                    self._tail = data[at:]
                    break
            at = self._go_on(data, at, frames)
        return frames

    def finish(self) -> list[Frame]:
        """The stream has ended: what is left of it is junk."""
        self._hold(self._tail)
        self._tail = b""
        left = self._whole().rstrip(_BLANK)
        self._reset()
        return [left] if left else []

    def _flat_objects(self, data: bytes, at: int, frames: list[Frame]) -> int:
        """Take flat objects off the front at the speed of `split`; where it stopped.

        A piece up to a `}` is a whole flat object when it begins with its only `{` and has no
        bracket, no backslash and an even number of quotes: then the brace is in no string.
        """
        if data[at : at + 1] != b"{" or any(sign in data for sign in _NOT_FLAT):
            return at
        limit = self._limit
        pieces = data[at:].split(b"}") if at else data.split(b"}")
        pieces.pop()  # what follows the last brace is no whole object
        for piece in pieces:
            whole = piece + b"}"
            if whole[0] != 0x7B:
                whole = whole.lstrip(_BLANK)
                if whole[0] != 0x7B:
                    return at
            if whole.rfind(b"{") or whole.count(b'"') & 1 or len(whole) > limit:
                return at
            frames.append(whole)
            at += len(piece) + 1
        return at

    def _can_wait(self, data: bytes, at: int) -> bool:
        """Whether the rest is a short beginning of an object, cheaper to read again than to scan."""
        few = len(data) - at <= min(_TAIL, self._limit)
        if not few or data[at : at + 1] != b"{" or data.find(b"}", at) >= 0:
            return False
        return data.count(b"{", at) + data.count(b"[", at) <= self._max_depth

    def _go_on(self, data: bytes, at: int, frames: list[Frame]) -> int:
        """One exact step: the rest of the frame under way, or the beginning of one."""
        if self._open or (not self._held and data[at : at + 1] == b"{"):
            return self._object(data, at, frames)
        return self._junk(data, at, frames)

    def _object(self, data: bytes, start: int, frames: list[Frame]) -> int:
        at = start
        while at < len(data):
            if self._escaped:
                self._escaped = False
                at += 1
                continue
            found = (_IN_STRING if self._in_string else _STRUCTURE).search(data, at)
            if found is None:
                break
            at = found.end()
            if data[at - 1] == 0x7B and self._open and self._begins_anew(data, start, at - 1):
                self._give(data[start : at - 1], frames)
                return at - 1
            self._count(data[at - 1])
            if not self._open:
                self._give(data[start:at], frames)
                return at
            if len(self._open) > self._max_depth:
                self._break(f"nested deeper than {self._max_depth} levels")
                return len(data)
        self._hold(data[start:])
        return len(data)

    def _begins_anew(self, data: bytes, start: int, at: int) -> bool:
        """Whether the brace at `at` is another object's, since the one under way was cut off.

        So a server that cuts an answer off at some length loses that answer, and, but where a value
        is missing behind a colon, none of those behind it.
        """
        part = data[max(start, at - _RECENT) : at]
        before = (self._recent + part)[-_RECENT:]
        within = b'"' if self._in_string else bytes(self._open[-1:])
        return _ANEW_IN[within].search(before) is not None

    def _count(self, byte: int) -> None:
        """Keep account of one byte that is structure: a quote, a brace, a bracket, a backslash."""
        if byte == 0x22:
            self._in_string = not self._in_string
        elif byte == 0x5C:
            self._escaped = True
        elif self._in_string:
            return
        elif byte in b"{[":
            self._open.append(byte)
        else:
            self._open.pop()

    def _junk(self, data: bytes, start: int, frames: list[Frame]) -> int:
        word = self._word(data, start)
        if word:
            self._reset()
            frames.append(FAILED)
            return start + word
        found = _END_OF_JUNK.search(data, start)
        if found is None:
            self._hold(data[start:])
            return len(data)
        self._give(data[start : found.start()], frames)
        return found.start()

    def _word(self, data: bytes, start: int) -> int:
        """How many bytes of `data` complete the word `failed` at the beginning of junk, or 0."""
        if self._held >= _LONGEST_WORD:
            return 0
        seen = (b"".join(self._parts) + data[start : start + _LONGEST_WORD]).lower()
        for word in _FAILED_WORDS:
            if seen.startswith(word) and len(word) > self._held:
                return len(word) - self._held
        return 0

    def _give(self, last: bytes, frames: list[Frame]) -> None:
        """The frame under way is complete with its last part."""
        if self._held or len(last) > self._limit:
            self._hold(last)
            last = self._whole()
        frames.append(last.rstrip(_BLANK))
        self._reset()

    def _whole(self) -> bytes:
        """The frame under way; the beginning of one that is too long."""
        whole = b"".join(self._parts)
        return whole if self._held <= self._limit else whole[:_EXCERPT]

    def _hold(self, part: bytes) -> None:
        if part:
            self._parts.append(part[: max(0, self._limit - self._held)])
            self._held += len(part)
            self._recent = (self._recent + part[-_RECENT:])[-_RECENT:]
        if self._held > self._limit * ENDLESS:
            self._break(f"a frame of more than {self._limit * ENDLESS} bytes")

    def _break(self, reason: str) -> None:
        self._reset()
        self.broken = reason

    def _reset(self) -> None:
        self._parts.clear()
        self._held = 0
        self._recent = b""
        self._open.clear()
        self._in_string = False
        self._escaped = False
