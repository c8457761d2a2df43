"""From a file to a stream of UTF-8: decompression, then transcoding, in bounded memory.

Rules: compression is known by its first bytes, never by the name. Line ends are left alone.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, cast

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.read.contract import Source
from pipeline.read.encodings import SO_FAR_ASCII, of_text, to_utf8, without_marks
from pipeline.read.unchanged import Witness

__all__ = ("CHUNK", "HEAD", "Opened", "head", "opened", "utf8_chunks")

CHUNK = 4 << 20
"""Bytes taken at once; Polars reads blocks of 1 to 16 MiB equally fast."""

HEAD = 1 << 20
"""Bytes that are looked at to find out how a file is written."""


class Compression(NamedTuple):
    """A way of packing: how it is known, how it is undone."""

    name: str
    magic: bytes
    open: Callable[[IO[bytes]], Any]
    """Gives a binary stream; typed as what it has in common with others by `Opened`."""


def _gzip(packed: IO[bytes]) -> Any:
    return gzip.GzipFile(fileobj=packed, mode="rb")


def _zstd(packed: IO[bytes]) -> Any:
    # PyArrow brings zstd with it; the standard library has it only from Python 3.14.
    return pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd")


COMPRESSIONS = (
    Compression("gz", b"\x1f\x8b", _gzip),
    Compression("zst", b"\x28\xb5\x2f\xfd", _zstd),
)


class Opened(NamedTuple):
    """A file's bytes, unpacked."""

    stream: IO[bytes]
    compression: str | None


@contextmanager
def opened(source: Source, *, whole: bool = False) -> Iterator[Opened]:
    """The unpacked bytes of a file; whatever goes wrong with them is an `InputError`.

    `whole`: all of them are wanted, and they have to be those that were hashed.
    """
    try:
        with source.path.open("rb") as file:
            first = file.peek(4)
            packing = next((known for known in COMPRESSIONS if first.startswith(known.magic)), None)
            witness = Witness(file, source.name, source.size, source.seen) if whole else None
            packed = cast("IO[bytes]", witness) if witness else file
            if packing is None:
                yield Opened(packed, None)
            else:
                with packing.open(packed) as stream:
                    yield Opened(stream, packing.name)
            if witness:
                witness.finish()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _broken(source, error) from error
    except OSError as error:
        if error.errno is None:  # PyArrow's own, about the contents
            raise _broken(source, error) from error
        raise InputError(f"{source.name}: cannot be read: {error.strerror}") from error


def _broken(source: Source, error: Exception) -> InputError:
    return InputError(f"{source.name}: the compressed file is cut short or damaged: {error}")


def head(stream: IO[bytes]) -> tuple[bytes, bool]:
    """The first MiB, and whether that is all there is."""
    found = _fill(stream, HEAD + 1)
    return found[:HEAD], len(found) <= HEAD


def utf8_chunks(stream: IO[bytes], encoding: str, size: int = CHUNK) -> Iterator[bytes]:
    """The stream as UTF-8 without byte order marks, cut anywhere into pieces of about `size`.

    `encoding` is a name that `codecs` knows, or `SO_FAR_ASCII`: then the first piece with another
    byte decides.
    """
    first = True
    for chunk in _transcoded(stream, encoding, size):
        yield without_marks(chunk) if first else chunk
        first = False


def _transcoded(stream: IO[bytes], encoding: str, size: int) -> Iterator[bytes]:
    turn = None if encoding in (SO_FAR_ASCII, "utf-8") else to_utf8(encoding)
    settled = encoding != SO_FAR_ASCII
    while True:
        chunk = _fill(stream, size)
        if not settled and not chunk.isascii():
            settled = True
            turn = None if (encoding := of_text(chunk)) == "utf-8" else to_utf8(encoding)
        yield turn(chunk, not chunk) if turn else chunk
        if not chunk:
            return


def _fill(stream: IO[bytes], size: int) -> bytes:
    """Up to `size` bytes; fewer only at the end, so that cuts depend on nothing but the bytes."""
    chunk = stream.read(size)
    if not chunk or len(chunk) == size:
        return chunk
    parts = [chunk]
    missing = size - len(chunk)
    while missing and (chunk := stream.read(missing)):
        parts.append(chunk)
        missing -= len(chunk)
    return b"".join(parts)
