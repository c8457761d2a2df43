"""Heads of answers that other clients take and aiohttp's parser refuses, mended. Pure.

A 200 with an answer that was paid for should not be lost over them: a blank before a header's colon,
the same length given twice, and a length beside chunks, which count then (RFC 9112 section 6.3).
"""

__all__ = ("mended",)


def mended(data: bytes) -> tuple[bytes, bool]:
    """The first bytes of a response, and whether the connection can be used again after it.

    Where they do not hold all of the head they are as they were; so is a head in good order, which
    costs half a microsecond to tell.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return data, True
    head = data[:end].lower()
    lengths = head.count(b"\r\ncontent-length")
    chunked = b"\r\ntransfer-encoding" in head
    if b" :" not in head and b"\t:" not in head and lengths < 1 + (not chunked):
        return data, True
    return _mended(data[:end]) + data[end:], not (chunked and lengths)


def _mended(head: bytes) -> bytes:
    first, *lines = head.split(b"\r\n")
    fields = [line.partition(b":") for line in lines]
    named = [(name.rstrip(b" \t"), colon, value) for name, colon, value in fields]
    chunked = any(
        name.lower() == b"transfer-encoding" and b"chunked" in value.lower()
        for name, _, value in named
    )
    kept, seen = [first], set()
    for name, colon, value in named:
        if name.lower() == b"content-length":
            if chunked or value.strip() in seen:
                continue
            seen.add(value.strip())
        kept.append(name + colon + value)
    return b"\r\n".join(kept)
