"""Which encoding are these bytes in? Pure: bytes in, a name out.

Also the way from there to UTF-8. A byte that the encoding cannot be read from becomes a byte that
no UTF-8 has, so that "cannot be decoded" means one thing downstream, and concerns one line.

Rules: a byte order mark decides. Without one, UTF-16 and UTF-32 show by their zeros. What is left is
UTF-8 or another encoding (`charsets.py`), and most of the lines that are not ASCII decide, so that one
broken line in a UTF-8 file stays one broken line, and a cp1252 file does not become thousands of them.
"""

import codecs
from collections.abc import Callable

from pipeline.read.charsets import UNKNOWN, find_charset
from pipeline.read.foreign import binary, reads_as_text

__all__ = ("SO_FAR_ASCII", "NotTextError", "find_encoding", "of_text", "to_utf8", "without_marks")

SO_FAR_ASCII = "ascii"
"""Nothing but ASCII was seen: no need to know yet."""

_UNDECODABLE = "msisdn-undecodable"

_MARKS = (  # UTF-32 first: its little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_ASCII, _STRAY = 0.2, 0.02
"""Of the units of two bytes in UTF-16, those that are ASCII at least, and those that end in a zero
byte for another reason at most."""


class NotTextError(ValueError):
    """These bytes are no list. The message says what they are, and what to do."""


def find_encoding(head: bytes) -> str:
    """The encoding of a file that begins with `head`: a codec's name, or `SO_FAR_ASCII`.

    Raises `NotTextError` for bytes that are no text at all.
    """
    if kind := binary(head):
        raise NotTextError(f"is {kind.name}; {kind.advice}")
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if wide := _wide(head):
        return wide
    if not reads_as_text(head):
        raise NotTextError("is not text; CSV and Parquet are read, packed with gzip or zstd or not")
    return SO_FAR_ASCII if head.isascii() else of_text(head)


def _wide(head: bytes) -> str | None:
    """UTF-16 and UTF-32 without a mark: ASCII in them is zero, in the same places throughout.

    A list is ASCII to a fifth at least, whatever its names are written in.
    """
    quarter = len(head) // 4
    zeros = [head[place::4].count(0) for place in range(4)]
    for name, full, upper in (("utf-32-le", 0, (2, 3)), ("utf-32-be", 3, (0, 1))):
        least = min(zeros[place] for place in upper)
        if quarter and 2 * least > quarter and zeros[full] < _STRAY * quarter:
            return name
    for name, lower, high in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        there = zeros[high] + zeros[high + 2]
        stray = zeros[lower] + zeros[lower + 2]
        if quarter and there > _ASCII * 2 * quarter and stray < _STRAY * 2 * quarter:
            return name
    return None


def of_text(piece: bytes) -> str:
    """`utf-8` or what `find_charset` finds, by most of the lines of `piece` that are not ASCII."""
    if _is_utf8(piece):
        return "utf-8"
    *lines, last = piece.split(b"\n")
    telling = [line for line in lines if not line.isascii()]
    sound = sum(_is_utf8(line, final=True) for line in telling)
    if not last.isascii():
        telling.append(last)
        sound += _is_utf8(last)
    return "utf-8" if 2 * sound >= len(telling) else find_charset(piece)


def _is_utf8(piece: bytes, *, final: bool = False) -> bool:
    """Not final: the piece may end within a character."""
    try:
        codecs.utf_8_decode(piece, "strict", final)
    except UnicodeDecodeError:
        return False
    return True


def without_marks(text: bytes) -> bytes:
    """UTF-8 without the byte order marks at its beginning: some programs add one to a file's own."""
    while text.startswith(codecs.BOM_UTF8):
        text = text[len(codecs.BOM_UTF8) :]
    return text


def to_utf8(encoding: str) -> Callable[[bytes, bool], bytes]:
    """A function that turns the next piece of a stream into UTF-8; True says it is the last.

    Of `UNKNOWN` only ASCII can be decoded. Raises `NotTextError` for a codec that is none for text.
    """
    if encoding == UNKNOWN:
        encoding = "ascii"
    try:
        "".encode(encoding)
        decoder = codecs.getincrementaldecoder(encoding)(_UNDECODABLE)
    except LookupError as error:
        raise NotTextError(f"cannot be read as {encoding}, which is no encoding of text") from error

    def turn(piece: bytes, final: bool) -> bytes:
        # Surrogates come from our error handler, and leave as bytes that UTF-8 has not.
        return decoder.decode(piece, final).encode("utf-8", "surrogateescape")

    return turn


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    raise error


codecs.register_error(_UNDECODABLE, _mark_undecodable)
