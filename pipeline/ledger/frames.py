"""The journal's bytes: how a frame is written, found again, and told from a torn or damaged one.

    file   = header frame*
    header = magic 8 | version u16 | 2 spare | rows u32 | sha256 of the shard 32 | crc32 u32
    frame  = magic 4 | kind u8 | 3 spare | payload length u32 | durable u64 | payload crc32 u32
             | header crc32 u32 | payload                                  (all little-endian)

Rules:
- Every crc32 begins with the file header's and the frame's own offset, so a frame is good only in
  its own journal and its own place.
- `durable` is how much of the file was known to be on the device when the frame was written. What
  is bad below that was once good: it is damage, whatever follows.
- No I/O here, and no knowledge of what a payload means (journal.py).

What a bad frame is:
- *torn*, when no frame begins after it: the write was cut short, or the machine lost power. It is
  cut off. So is a hole of zeros that nobody knew to be durable: after a power cut a file may have
  pages written later and lack pages written earlier.
- *damage* in every other case.
"""

import struct
import zlib
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

__all__ = (
    "FRAME_SIZE",
    "HEADER_SIZE",
    "Damaged",
    "Frame",
    "Kind",
    "Shard",
    "check_tail",
    "frame",
    "header",
    "scan",
    "seed_of",
    "shard_of",
)

_MAGIC = b"MSISDNJ\n"
_VERSION = 1
_FILE = struct.Struct("<8sH2xI32s")
_CRC = struct.Struct("<I")
HEADER_SIZE = _FILE.size + _CRC.size

# Neither UTF-8 nor likely in packed positions, so a search for it rarely stops in a payload.
_FRAME_MAGIC = b"\xf5\xc3J\xff"
_FRAME = struct.Struct("<4sB3xIQI")
FRAME_SIZE = _FRAME.size + _CRC.size

# No payload of ours holds so many zero bytes in a row: positions in a frame differ, times are not 0.
_HOLE = bytes(64)


class Damaged(ValueError):
    """What a journal holds cannot be believed; the text says why."""


class Kind(IntEnum):
    """What a frame's payload is."""

    INTENT = 1
    ANSWERS = 2
    FAULTS = 3
    UNRESOLVED = 4
    NOTICE = 5


class Shard(NamedTuple):
    """The shard that a journal belongs to."""

    sha256: str
    """Of the shard file."""
    rows: int


class Frame(NamedTuple):
    """One sound frame."""

    kind: int
    payload: memoryview
    offset: int


def header(shard: Shard) -> bytes:
    """The first bytes of a shard's journal."""
    fixed = _FILE.pack(_MAGIC, _VERSION, shard.rows, bytes.fromhex(shard.sha256))
    return fixed + _CRC.pack(zlib.crc32(fixed))


def seed_of(head: bytes) -> int:
    """What every crc32 of the journal with this file header begins with."""
    return _CRC.unpack_from(head, _FILE.size)[0]  # type: ignore[no-any-return]


def shard_of(data: bytes | memoryview) -> Shard:
    """The shard a journal belongs to. Raises `Damaged`, which says what is wrong."""
    if len(data) < HEADER_SIZE:
        raise Damaged("its header is cut short")
    magic, version, rows, sha256 = _FILE.unpack_from(data)
    if magic != _MAGIC:
        raise Damaged("it is no journal")
    if zlib.crc32(data[: _FILE.size]) != _CRC.unpack_from(data, _FILE.size)[0]:
        raise Damaged("its header is damaged")
    if version != _VERSION:
        raise Damaged(f"its format is version {version}, this program reads {_VERSION}")
    return Shard(sha256.hex(), rows)


def frame(kind: Kind, payload: bytes, seed: int, offset: int, durable: int) -> bytes:
    """One frame, ready to be written at `offset`."""
    start = zlib.crc32(offset.to_bytes(8, "little"), seed)
    head = _FRAME.pack(_FRAME_MAGIC, kind, len(payload), durable, zlib.crc32(payload, start))
    return b"".join((head, _CRC.pack(zlib.crc32(head, start)), payload))


def _head_at(data: memoryview, seed: int, offset: int) -> tuple[int, int, int, int] | None:
    """Kind, payload length, durable and payload crc32 of a sound frame header, or None."""
    if offset + FRAME_SIZE > len(data):
        return None
    start = zlib.crc32(offset.to_bytes(8, "little"), seed)
    magic, kind, length, durable, crc = _FRAME.unpack_from(data, offset)
    body = data[offset : offset + _FRAME.size]
    if (
        magic != _FRAME_MAGIC
        or zlib.crc32(body, start) != _CRC.unpack_from(data, offset + _FRAME.size)[0]
    ):
        return None
    return kind, length, durable, crc


def scan(data: memoryview, seed: int) -> Iterator[Frame]:
    """Sound frames from the first on; it ends before the first that is not."""
    offset = HEADER_SIZE
    while head := _head_at(data, seed, offset):
        kind, length, _, crc = head
        begin = offset + FRAME_SIZE
        payload = data[begin : begin + length]
        start = zlib.crc32(offset.to_bytes(8, "little"), seed)
        if len(payload) < length or zlib.crc32(payload, start) != crc:
            return
        yield Frame(kind, payload, offset)
        offset = begin + length


def check_tail(content: bytes, seed: int, end: int) -> None:
    """Tell what follows the sound frames, which end at `end`: nothing and a torn tail are fine.

    Raises `Damaged`.
    """
    data = memoryview(content)
    first_after = 0
    begin = content.find(_FRAME_MAGIC, end + 1)
    while begin >= 0:
        if head := _head_at(data, seed, begin):
            first_after = first_after or begin
            if head[2] > end:
                raise Damaged(
                    f"byte {end} begins no sound record, and a later one, at byte {begin}, says that"
                    " it was on disk"
                )
        begin = content.find(_FRAME_MAGIC, begin + 1)
    if first_after and content.find(_HOLE, end, first_after) < 0:
        raise Damaged(f"byte {end} begins no sound record, and others follow at byte {first_after}")
