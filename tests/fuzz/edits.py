"""Small damage to bytes and to text, by the dice given."""

from random import Random
from typing import NamedTuple

__all__ = ("PIECES", "SIGNS", "WORDS", "Edit", "edit", "mistyped")

PIECES = (
    *(b'"', b'""', b'"""', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\n\n", b"\0"),
    *(b',"', b'",', b'"\n', b'\n"', b'",\n"', b'"\r\n"', b"\r\r\n", b"\n\r", b',"\n",', b'"x"y"'),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff"),
    *(b"\xe9", b"\xc3", b"\xc3\xa9", b"\x81", b"\xf0\x9f", b"\xed\xa0\x80", b"\xc0\x80"),
    *(b"\x1a", b"\x1b", b"\x1f", b"\x01", b"\x0b", b"\x0c", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8"),
    *(b"sep=;\n", b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"=", b"\\", b'\\"'),
)
"""What means something to a reader of CSV, in whole or broken off."""

SIGNS = (
    *("+", "-", "(", ")", " ", ".", ",", ";", "/", "\\", "|", "#", "*", "'", '"', "=", "&", "%"),
    *("0", "00", "011", "(0)", "+0", "+00", "++", "0+", "+ ", ".0", ".00", ",00", "E+11", "e12"),
    *("\u00a0", "\u202a", "\u202c", "\u200b", "\u200e", "\u2060", "\ufeff", "\u00ad", "\u3000"),
    *("\uff0b", "\uff10", "\uff15", "\u0664", "\u06f4", "\u0967", "\U0001d7d8", "\u2460", "\u00b2"),
    *("\u2010", "\u2013", "\u2014", "\u2212", "\u30fc", "\uff0d", "\uff08", "\uff09", "\u2022"),
    *("\n", "\r", "\t", "\0", "\x1b", "\x7f", "\u0085", "\u2028", "\ud7ff", "\ufffd", "\U0010ffff"),
    *("é", "e\u0301", "ß", "İ", "漢", "א", "ﷺ", "👍", "👍🏽", "☎", "①", "½"),
)
WORDS = (
    *("tel:", "TEL:+", "callto:", "sms:", "ext", " ext. 5", "x12", "доб", ";ext=7", ";isub=1"),
    *(";phone-context=+44", "null", "N/A", "none", "nan", "-", "home", "mobile: ", "CALL ", "or"),
    *(" / ", " or ", " and ", "; ", ", ", "FLOWERS", "tel", "whatsapp", "=", '="', '"', "'"),
    *("4.47911E+11", "1.23E+05", "447911123456.0", "#####", "#REF!", "1,234,567", "0x1F", "inf"),
)


class Edit(NamedTuple):
    """Bytes from `start` to `end` are replaced."""

    start: int
    end: int
    new: bytes

    def applied(self, data: bytes) -> bytes:
        """The damaged copy."""
        return data[: self.start] + self.new + data[self.end :]


def edit(dice: Random, data: bytes, first: int = 0) -> Edit:
    """One damage at or behind `first`: a flip, cut, insertion, repetition or splice."""
    at = dice.randint(first, len(data))
    span = min(len(data) - at, dice.choice((1, 1, 2, 5, 20, 100)))
    match dice.randrange(6):
        case 0:
            return Edit(at, at + span, b"")
        case 1:
            return Edit(at, at + span, dice.randbytes(span))
        case 2:
            flipped = bytes(byte ^ (1 << dice.randrange(8)) for byte in data[at : at + 1])
            return Edit(at, at + len(flipped), flipped)
        case 3:
            other = dice.randint(first, len(data))
            return Edit(at, at, data[other : other + dice.choice((1, 3, 10, 60))])
        case 4:
            return Edit(at, at + span, dice.choice(PIECES))
        case _:
            return Edit(at, at, b"".join(dice.choices(PIECES, k=dice.choice((1, 1, 2, 3)))))


def mistyped(dice: Random, cell: str) -> str:
    """One damage to a cell: a sign or word put in, characters lost, doubled, swapped or folded."""
    at = dice.randint(0, len(cell))
    before, after = cell[:at], cell[at:]
    span = dice.choice((1, 1, 1, 2, 4))
    zero = ord(dice.choice("\uff10\u0660\u06f0\u0966\u0e50"))
    digits = {ord("0") + digit: zero + digit for digit in range(10)}
    return dice.choice(
        (
            before + after[span:],
            before + dice.choice("0123456789") + after[1:],
            before + after[:span] + after,
            before + after[1:2] + after[:1] + after[2:],
            before + dice.choice(WORDS) + after,
            before + after.translate(digits),
            before + dice.choice(SIGNS) + after,
            before + dice.choice(SIGNS) + after,
        )
    )
