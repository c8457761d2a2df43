"""Heads of answers that other clients take and aiohttp's parser refuses, mended. Pure.

A 200 with an answer that was paid for should not be lost over them: a blank before a header's colon, a
name that is none, the same length given twice, or with a sign, a length beside chunks, which count then
(RFC 9112 section 6.3), a coding that the body does not have, bytes behind the body.
"""

import re

__all__ = ("HEAD", "UNREADABLE", "end_of_head", "is_interim", "is_plain", "mended")

UNREADABLE = "its answer cannot be read as HTTP"
HEAD = 1 << 17
"""Bytes that a head may have, of which all are wanted before it is looked at."""

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BEGINNINGS = (b"{", b"[")
"""Of an answer that is not compressed."""


def end_of_head(data: bytes) -> int:
    """Where the body begins; -1 where the head is not whole yet."""
    end = data.find(b"\r\n\r\n")
    if end >= 0 and b"\n\n" not in data[:end]:
        return end + 4
    found = _BLANK_LINE.search(data)
    return found.end() if found else -1


def is_interim(data: bytes) -> bool:
    """Whether it is the head of a response of 1xx, behind which another one comes."""
    return data[:7] == b"HTTP/1." and data[8:10] == b" 1" and data[9:12] != b"101"


def is_plain(body: bytes) -> bool:
    """Whether a body is not compressed, by how it begins."""
    return body[:1] in _BEGINNINGS


def mended(data: bytes, end: int) -> tuple[bytes, bool]:
    """A response as far as it has come, and whether the connection can be used again after it.

    `end` is where its body begins.
    """
    head, body = data[:end], data[end:]
    first, fields = _fields(head)
    chunked = any(b"chunked" in value.lower() for value in _values(fields, b"transfer-encoding"))
    lengths = {_length(value) for value in _values(fields, b"content-length")}
    left_out = {b"content-length"} if chunked or len(lengths) == 1 else set()
    if not chunked and is_plain(body):
        left_out.add(b"content-encoding")  # it begins as an answer does, so it is none
    if not chunked:
        left_out.add(b"transfer-encoding")  # such as identity
    kept = [name + b": " + value for name, value in fields if name.lower() not in left_out]
    sound = not (chunked and lengths)
    if len(lengths) == 1 and not chunked:
        length = lengths.pop()
        kept.append(b"Content-Length: " + length)
        size = int(length) if length.isdigit() and len(length) < 10 else len(body)
        body, sound = body[:size], len(body) <= size
    return b"\r\n".join([first, *kept, b"", b""]) + body, sound


def _fields(head: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The first line, and names and values; what has no name that is one is left out."""
    first, *lines = re.split(rb"\r?\n", head.rstrip(b"\r\n"))
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        name, _, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
        elif _NAME.fullmatch(name.rstrip(b" \t")):
            fields.append((name.rstrip(b" \t"), value.strip().replace(b"\0", b" ")))
    return first, fields


def _values(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for each, value in fields if each.lower() == name]


def _length(value: bytes) -> bytes:
    """A length without its sign, and once where it is listed twice."""
    each = {one.strip().removeprefix(b"+") for one in value.split(b",")}
    return each.pop() if len(each) == 1 else value
