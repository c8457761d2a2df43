"""How people, and the programs they use, write a number: the ways that `sample_data` shows.

Rules. A spelling is a pure function of a number; what it draws, it draws from the `Random` given.
`SPELLINGS` must be read as the number itself, given the region of its row; `WITHOUT_REGION`
likewise without one. What `REFUSED` and `NOTHING` give must be refused, for the reason beside it.
"""

from collections.abc import Callable, Mapping
from random import Random

from sample_data.ranges import NANP, Number

__all__ = (
    "BARE_SPELLINGS",
    "NATIONAL_SPELLINGS",
    "NOTHING",
    "PLAIN_SPELLINGS",
    "REFUSED",
    "SPELLINGS",
    "WITHOUT_REGION",
    "Spelling",
    "digits_only",
    "grouped",
    "reads_twice",
    "trunk",
)

Spelling = Callable[[Number, Random], str]

_AREA_CODES = {  # length of the area code by region and first digits, for grouping
    "AU": (("49", 3), ("1", 4), ("", 1)),
    "DE": (("15", 4), ("1", 3), ("221", 3), ("", 2)),
    "FR": (("", 1),),
    "GB": (("20", 2), ("29", 2), ("161", 3), ("121", 3), ("80", 3), ("90", 3), ("", 4)),
    "SE": (("70", 2), ("8", 1), ("", 2)),
}
_WIDE = str.maketrans("+0123456789", "＋０１２３４５６７８９")


def _split(number: Number) -> tuple[str, str]:
    """Area code and subscriber number."""
    lengths = _AREA_CODES.get(number.region, (("", 3),))
    length = next(n for first, n in lengths if number.national.startswith(first))
    return number.national[:length], number.national[length:]


def _blocks(digits: str) -> list[str]:
    """`5550123` is `555 0123`, `39200012` is `392 000 12`: how digits are said."""
    if len(digits) in (4, 7):
        return [digits[:-4], digits[-4:]] if len(digits) == 7 else [digits]
    size = 2 if len(digits) % 2 == 0 and len(digits) < 9 else 3
    return [digits[start : start + size] for start in range(0, len(digits), size)]


def grouped(number: Number, between: str = " ") -> str:
    """National number in blocks, without trunk prefix."""
    area, subscriber = _split(number)
    return between.join([area, *_blocks(subscriber)])


def trunk(number: Number) -> str:
    """What is dialled before the area code at home; nothing for North America and short codes."""
    short = number.region == "AU" and number.national.startswith("1")
    return "" if number.calling_code == NANP or short else "0"


def reads_twice(number: Number) -> bool:
    """Written in bare digits, Cologne's 49 221 4710… is a landline of the area code 04922 too."""
    return number.msisdn.startswith("49221")


def digits_only(number: Number, rng: Random) -> str:
    """Bare digits of the full number."""
    return number.msisdn


def _plus(number: Number, rng: Random) -> str:
    return "+" + number.msisdn


def _plus_grouped(number: Number, rng: Random) -> str:
    between = rng.choice((" ", " ", "-", ".", "  "))
    return f"+{number.calling_code}{between}{grouped(number, between)}"


def _plus_brackets(number: Number, rng: Random) -> str:
    area, subscriber = _split(number)
    return f"+{number.calling_code} ({area}) {'-'.join(_blocks(subscriber))}"


def _bracketed_zero(number: Number, rng: Random) -> str:
    if not trunk(number):
        return _plus_grouped(number, rng)
    return f"+{number.calling_code} (0){rng.choice(('', ' '))}{grouped(number)}"


def _double_zero(number: Number, rng: Random) -> str:
    return rng.choice((f"00{number.msisdn}", f"00 {number.calling_code} {grouped(number)}"))


def _dialled_abroad(number: Number, rng: Random) -> str:
    prefix = {"AU": "0011"}.get(number.region, "011" if number.calling_code == NANP else "00")
    return f"{prefix} {number.calling_code} {grouped(number)}"


def _plus_zeros(number: Number, rng: Random) -> str:
    return "+00" + number.msisdn


def _uri(number: Number, rng: Random) -> str:
    return f"tel:+{number.calling_code}-{grouped(number, '-')}"


def _no_break(number: Number, rng: Random) -> str:
    between = rng.choice(("\u00a0", "\u202f", "\u2009"))
    return f"+{number.calling_code}{between}{grouped(number, between)}"


def _marked(number: Number, rng: Random) -> str:
    # What is copied from a chat: marks of direction around, non-breaking hyphens within.
    return f"\u202a+{number.calling_code} {grouped(number, chr(0x2011))}\u202c"


def _wide(number: Number, rng: Random) -> str:
    return ("+" + number.msisdn).translate(_WIDE)


def _formula(number: Number, rng: Random) -> str:
    return f'="+{number.msisdn}"'


def _national(number: Number, rng: Random) -> str:
    between = rng.choice((" ", "-", "."))
    return trunk(number) + grouped(number, between)


def _national_brackets(number: Number, rng: Random) -> str:
    area, subscriber = _split(number)
    return f"({trunk(number)}{area}) {'-'.join(_blocks(subscriber))}"


def _national_plain(number: Number, rng: Random) -> str:
    return trunk(number) + number.national


def _apostrophe(number: Number, rng: Random) -> str:
    return "'" + trunk(number) + number.national


def _national_formula(number: Number, rng: Random) -> str:
    return f'="{trunk(number)}{number.national}"'


def _slash(number: Number, rng: Random) -> str:
    area, subscriber = _split(number)
    if number.region != "DE":
        return _national(number, rng)
    return f"0{area}/{subscriber}"


def _zero_lost(number: Number, rng: Random) -> str:
    return number.national


def _float_tail(number: Number, rng: Random) -> str:
    return number.national + ".0"


def _bare(number: Number, rng: Random) -> str:
    return ("+" if reads_twice(number) else "") + number.msisdn


def _scientific(number: Number, rng: Random) -> str:
    # Every digit is there, so nothing is lost: 1.2125550123E+10.
    if number.calling_code != NANP:
        return _plus(number, rng)
    return f"{number.msisdn[0]}.{number.msisdn[1:]}E+{len(number.msisdn) - 1}"


def _padded(number: Number, rng: Random) -> str:
    return f"  +{number.msisdn} "


WITHOUT_REGION: Mapping[Spelling, int] = {
    _plus: 20,
    _plus_grouped: 16,
    _plus_brackets: 4,
    _bracketed_zero: 4,
    _double_zero: 6,
    _plus_zeros: 1,
    _uri: 2,
    _no_break: 2,
    _marked: 1,
    _wide: 1,
    _formula: 2,
    _padded: 1,
}
"""Spellings that say the calling code, each with its weight."""

SPELLINGS: Mapping[Spelling, int] = {
    **WITHOUT_REGION,
    _dialled_abroad: 2,
    _national: 18,
    _national_brackets: 8,
    _national_plain: 10,
    _apostrophe: 3,
    _national_formula: 2,
    _slash: 3,
    _zero_lost: 4,
    _float_tail: 4,
    _bare: 10,
    _scientific: 2,
}
"""All spellings that any number of its own region may have, each with its weight."""

PLAIN_SPELLINGS: Mapping[Spelling, int] = {
    _plus: 2,
    _plus_grouped: 3,
    _double_zero: 1,
    _national: 3,
    _national_plain: 2,
}
"""Spellings that nobody could read as another number, each with its weight."""

NATIONAL_SPELLINGS: Mapping[Spelling, int] = {
    _national: 2,
    _national_plain: 1,
    _national_brackets: 1,
}
"""Spellings that say nothing without a region, each with its weight; not for North America."""

BARE_SPELLINGS: Mapping[Spelling, int] = {
    digits_only: 5,
    _plus: 3,
    _plus_grouped: 1,
    _double_zero: 1,
}
"""Spellings of a list that a system exported, each with its weight."""

NOTHING: Mapping[str, str] = {
    "": "empty",
    " ": "empty",
    "n/a": "empty",
    "N/A": "empty",
    "NULL": "empty",
    "null": "empty",
    "-": "empty",
    "call the office": "not_a_number",
    "see notes": "not_a_number",
    "ask reception": "not_a_number",
    "1-800-FLOWERS": "not_a_number",
    "same as billing": "not_a_number",
    "jo@example.com": "not_a_number",
    "+999 555 0100": "unknown_calling_code",
    "+210 555 0199": "unknown_calling_code",
    "+46 70 174": "too_short",
    "+33 1 99": "too_short",
}
"""Cells that stand for no number at all, with the reason of their refusal."""


def _too_short(number: Number, rng: Random) -> str:
    return f"+1 {number.national[:3]} 555 01"


def _local(number: Number, rng: Random) -> str:
    return f"{number.national[3:6]}-{number.national[6:]}"


def _too_long(number: Number, rng: Random) -> str:
    return f"+{number.msisdn}{rng.randrange(10)}"


def _extension(number: Number, rng: Random) -> str:
    mark = rng.choice((" ext. ", " x", " ext ", " extension ", ";ext="))
    return f"+{number.calling_code} {grouped(number)}{mark}{rng.randrange(10, 999)}"


def _two(number: Number, rng: Random) -> str:
    # The second is the neighbour, which is in the same range.
    last = "0" if number.national[-1] != "0" else "1"
    other = f"+{number.calling_code}{number.national[:-1]}{last}"
    return f"+{number.msisdn}{rng.choice((';', ' / ', ', ', '|', ' or ', chr(10)))}{other}"


def _rounded(number: Number, rng: Random) -> str:
    point = rng.choice((".", ".", ","))
    return f"{number.msisdn[0]}{point}{number.msisdn[1:6]}E+{len(number.msisdn) - 1}"


REFUSED: Mapping[Spelling, tuple[str, int]] = {
    _too_short: ("too_short", 2),
    _local: ("too_short", 1),
    _too_long: ("too_long", 3),
    _extension: ("extension", 4),
    _two: ("multiple_numbers", 6),
    _rounded: ("spreadsheet_damage", 8),
}
"""Spellings of a North American number that must be refused: the reason, and the weight."""
