"""Which one-byte or East Asian encoding are these cells in? Pure: bytes in, a name or nothing out.

charset-normalizer ranks encodings for a text in whole sentences; names in a list are a few letters each, and
alone it takes KOI8-R for Japanese. So it has the last word only between alphabets, and everything is held
against what names look like:

- East Asian text is in valid pairs throughout, nearly all of them from the part of the table that is in daily use.
- A small letter is not followed by a capital, nor a letter by a sign or another alphabet's letter.
- Most letters of a Latin name are ASCII, and the others are those of one language.

Rule: an encoding is found where nothing else fits as well. Otherwise cp1252, where that fits, or `UNKNOWN`.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = ("CHARSETS", "DEFAULT", "UNKNOWN", "find_charset")

DEFAULT = "cp1252"
UNKNOWN = "unknown"
"""Only the ASCII of it can be read."""

_SAMPLE = 8 << 10
"""Bytes that are looked at, from the whole of the piece: each costs some ten microseconds."""
_LEAST_LETTERS, _LEAST_OTHERS = 4, 16
"""Signs beyond ASCII that say anything, in Latin text and in other alphabets: fewer may be anything."""
_FLAWED, _TOLERATED = 0.02, 0.1
"""Share of the signs beyond ASCII that may be out of place; in `DEFAULT`, where nothing else fits."""
_GLANCE, _HOPELESS = 256, 0.3
_RANKED = 1 << 12
"""Bytes that are ranked by language; of more, only samples are looked at."""
_CUT = re.compile(rb'[\x00-\x1f,;"]+')
"""What parts cells: none of it is ever the second byte of a pair."""

_LATIN = {
    "cp1252": (
        "àâæçéèêëîïôœùûüÿ äöüßéà áéíñóúü áâãàçéêíóôõúü àèéìíîòóù åäöéü æøåéö ëïéèöü áðéíóúýþæö"
    ),
    "cp1250": "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž äöüß",
    "iso8859_2": "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž äöüß",
    "cp1254": "çğıöşüâîi̇",
    "cp1257": "ąčęėįšųūžāēģīķļņ äöõüšž",
    "cp1258": "ăâđêôơưéèàáíìóòúùýỳ\u0300\u0301\u0303\u0309\u0323",
}
_LATIN |= dict.fromkeys(("mac_roman", "cp850", "cp437"), _LATIN["cp1252"])
"""The letters beyond ASCII of the languages that each is used for."""
_OTHERS = ("cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256")
_SIGNS = frozenset("½¼¾´¨¹²³±µ×’‘“”«»–—·°º…€£§®©™¿¡\xa0\xad׳״")
"""What may stand beside letters in a list."""


class _Pairs(NamedTuple):
    """An East Asian encoding, and which of its signs are in daily use."""

    name: str
    is_common: Callable[[int, int], bool]
    """Of a pair of bytes; a kana of a byte is (0, byte)."""


def _in_shift_jis(lead: int, trail: int) -> bool:
    kana = lead == 0x82 and trail >= 0x9F or lead == 0x83 and trail <= 0x96  # noqa: RUF021
    return (
        kana or 0x88 <= lead <= 0x98 or (lead, trail) in ((0x81, 0x58), (0x81, 0x5B), (0x81, 0x40))
    )


_EAST_ASIAN = (
    _Pairs("shift_jis", _in_shift_jis),
    _Pairs("euc_jp", lambda lead, trail: lead in (0xA4, 0xA5) or 0xB0 <= lead <= 0xCF),
    _Pairs("gb18030", lambda lead, trail: 0xB0 <= lead <= 0xD7 and trail >= 0xA1),
    _Pairs("big5", lambda lead, _: 0xA4 <= lead <= 0xC6),
    _Pairs("euc_kr", lambda lead, trail: 0xB0 <= lead <= 0xC8 and trail >= 0xA1),
)
_CODECS = {"shift_jis": "cp932", "euc_kr": "cp949"}
"""What Windows writes under that name, a superset."""
_LEAST_HANGUL = 24
CHARSETS = frozenset(
    {*_LATIN, *_OTHERS, *(_CODECS.get(each.name, each.name) for each in _EAST_ASIAN)} - {DEFAULT}
)
"""All that may be found, beside `DEFAULT` and `UNKNOWN`."""
_COMMON, _LEAD = 0.9, 0.1


def find_charset(piece: bytes) -> str:
    """Name the codec that `piece`, some lines that are not UTF-8, can be read with.

    It is `DEFAULT` where nothing speaks against it and nothing for another, and `UNKNOWN` where
    every guess may be wrong.
    """
    cells = _telling(piece)
    joined = b"\n".join(cells)
    letters = sum(byte > 0x7F for byte in joined)
    if letters >= _LEAST_LETTERS and (found := _east_asian(joined)):
        return found
    usual = joined.decode(DEFAULT, "replace")
    flaws = _flaws(usual, latin=True)
    if letters < _LEAST_LETTERS:
        return DEFAULT if 2 * flaws <= 1 else UNKNOWN
    name = _one_byte(joined, letters)
    is_likely = flaws <= _TOLERATED and _is_mostly_ascii(usual)
    return DEFAULT if name == UNKNOWN and is_likely else name


def _one_byte(joined: bytes, letters: int) -> str:
    """The one-byte encoding that leads all others; `UNKNOWN` if none does."""
    sound = _sound(joined)
    latin = {
        name: text for name, text in sound.items() if name in _LATIN and _is_mostly_ascii(text)
    }
    if latin:
        return _by_letters(latin)
    others = {name: text for name, text in sound.items() if name in _OTHERS}
    return _by_language(joined, others) if letters >= _LEAST_OTHERS else UNKNOWN


def _telling(piece: bytes) -> list[bytes]:
    """The different cells that are not ASCII; the last line may be cut."""
    lines = piece[: piece.rfind(b"\n") + 1] or piece
    cells = list(dict.fromkeys(cell for cell in _CUT.split(lines) if not cell.isascii()))
    step = 1 + sum(map(len, cells)) // _SAMPLE
    return [cell[:_SAMPLE] for cell in cells[::step]]


def _east_asian(joined: bytes) -> str | None:
    """The East Asian encoding whose daily signs these are, if it leads all others."""
    shares = {each.name: _share(joined, each) for each in _EAST_ASIAN}
    best = max(shares.values())
    rivals = {name for name, share in shares.items() if best - share < _LEAD}
    # The tables of EUC overlap: only Japanese has kana, and a Chinese text of some length does not
    # keep to the part that is hangul in Korean.
    if "euc_jp" in rivals and _has_kana(joined):
        rivals = {"euc_jp"}
    elif "euc_kr" in rivals and len(joined) >= _LEAST_HANGUL:
        rivals = {"euc_kr"}
    elif shares["euc_jp"] < shares["gb18030"]:
        rivals.discard("euc_jp")
    if best < _COMMON or len(rivals) > 1:
        return None
    name = rivals.pop()
    return _CODECS.get(name, name)


def _has_kana(joined: bytes) -> bool:
    text = joined.decode("euc_jp", "replace")
    return 10 * sum("\u3041" <= sign <= "\u30ff" for sign in text) > len(text)


def _share(joined: bytes, pairs: _Pairs) -> float:
    """Share of the signs beyond ASCII that are in daily use; 0 where the bytes are no such text."""
    codec = _CODECS.get(pairs.name, pairs.name)
    try:
        text = joined.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    common = total = 0
    before = ""
    for sign in text:
        if sign > "\x7f":
            total += 1
            raw = sign.encode(codec)
            apart = not (before.isascii() and before.isalpha())
            common += apart and len(raw) == 2 and pairs.is_common(raw[0], raw[1])
        before = sign
    return common / total if total else 0.0


def _sound(joined: bytes) -> dict[str, str]:
    """The text in each encoding in which it looks like names: in the fewest places it does not.

    `DEFAULT` may have more of these than another.
    """
    texts = {name: joined.decode(name, "replace") for name in (*_LATIN, *_OTHERS)}
    flaws = {name: _flaws(text, latin=name in _LATIN) for name, text in texts.items()}
    least = min(flaws.values())
    return {
        name: text
        for name, text in texts.items()
        if flaws[name] <= _FLAWED and (flaws[name] == least or name == DEFAULT)
    }


def _is_mostly_ascii(text: str) -> bool:
    """Say whether there are as many ASCII letters as others, or no letters at all."""
    letters = [sign.isascii() for sign in text if sign.isalpha()]
    return 2 * sum(letters) >= len(letters)


def _flaws(text: str, *, latin: bool) -> float:
    """Share of the signs beyond ASCII that are out of place."""
    if len(text) > _GLANCE and (share := _flaws(text[:_GLANCE], latin=latin)) > _HOPELESS:
        return share
    beyond = [at for at, sign in enumerate(text) if sign > "\x7f"]
    return sum(_is_flaw(text, at, latin=latin) for at in beyond) / max(1, len(beyond))


def _is_flaw(text: str, at: int, *, latin: bool) -> bool:
    """Say whether a sign beyond ASCII is out of place."""
    sign = text[at]
    before = text[at - 1] if at else "\n"
    after = text[at + 1] if at + 1 < len(text) else "\n"
    if unicodedata.category(sign)[0] not in "LM":
        return sign not in _SIGNS or (before.islower() and after.islower() and sign != "’")
    if (sign.isupper() and (before.islower() or (before.isupper() and after.islower()))) or (
        sign.islower() and after.isupper()
    ):
        return True
    if latin:
        run = text[max(0, at - 3) : at + 1]
        is_other = len(run) > 3 and min(run) > "\x7f" and run.isalpha()
        return is_other or (sign in "ªºƒ" and (before.isalpha() or after.isalpha()))
    return _is_ascii_letter(before) or _is_ascii_letter(after) or "LATIN" in unicodedata.name(sign)


def _is_ascii_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalpha()


def _by_letters(sound: dict[str, str]) -> str:
    """Of Latin encodings that look well, the one whose letters are those of one language."""
    scores = {name: _best_language(text, _LATIN[name]) for name, text in sound.items()}
    best = max(scores, key=lambda name: scores[name])  # of equals the first
    if DEFAULT in sound and scores[best] - scores[DEFAULT] < _LEAD:
        return DEFAULT
    if scores[best] < _COMMON and DEFAULT in sound:
        return DEFAULT
    rivals = {text for name, text in sound.items() if scores[best] - scores[name] < _LEAD}
    return best if len(rivals) == 1 else UNKNOWN


def _best_language(text: str, languages: str) -> float:
    letters = [
        sign
        for sign in text.lower()
        if sign > "\x7f" and (sign.isalpha() or unicodedata.combining(sign))
    ]
    if not letters:
        return 0.0
    return max(sum(sign in of for sign in letters) for of in languages.split()) / len(letters)


def _by_language(joined: bytes, sound: Mapping[str, str]) -> str:
    """Of encodings of other alphabets, the one in which letters are as frequent as in a language."""
    if len(sound) < 2:
        return next(iter(sound), UNKNOWN)
    from charset_normalizer import from_bytes  # noqa: PLC0415  few lists need it

    found = from_bytes(
        joined[:_RANKED],
        cp_isolation=list(sound),
        threshold=0.9,
        enable_fallback=False,
        preemptive_behaviour=False,
    )
    scores = sorted(
        (each.coherence - each.chaos - _LEAD * _has_one_case(sound[each.encoding]), each.encoding)
        for each in found
    )
    if not scores or (len(scores) > 1 and scores[-1][0] - scores[-2][0] < _LEAD):
        return UNKNOWN
    return scores[-1][1]


def _has_one_case(text: str) -> bool:
    """Say whether all letters beyond ASCII are small ones, or all are capitals."""
    beyond = "".join(sign for sign in text if sign > "\x7f")
    return beyond.islower() or beyond.isupper()
