"""Digits with what stands before them → a cell, as people and programs write it down."""

import re
from collections.abc import Callable
from random import Random

__all__ = ("written",)

_SPACES = (" ", "\u00a0", "\u202f", "\u2009", "  ", "\u3000")
_MARKS = ("-", ".", "/", " - ", "\u2011", "\u2013", "\u2212", "\uff0d", "\u30fc", "~")
_INVISIBLE = ("\u202a", "\u202c", "\u200e", "\u200f", "\u200b", "\ufeff", "\u2060", "\u00ad")
_ZEROS = ("\uff10", "\u0660", "\u06f0", "\u0966", "\u09e6")


def written(text: str, dice: Random) -> str:
    """A cell that holds `text`: half of them as it is, a few damaged beyond noise."""
    luck = dice.random()
    if luck < 0.55:
        return text
    table = _TIDY if luck < 0.94 else _MESSY
    return table[int(dice.random() * len(table))](text, dice)


def _one_of(signs: tuple[str, ...], dice: Random) -> str:
    return signs[int(dice.random() * len(signs))]


def _grouped(text: str, dice: Random, mark: str | None = None) -> str:
    """Groups of two to four digits from the end."""
    mark = _one_of(_SPACES, dice) if mark is None else mark
    parts: list[str] = []
    rest = text
    while len(rest) > 4:
        width = dice.randint(2, 4)
        parts.append(rest[-width:])
        rest = rest[:-width]
    return mark.join([rest, *reversed(parts)])


def _marked(text: str, dice: Random) -> str:
    return _grouped(text, dice, _one_of(_MARKS, dice))


def _bracketed(text: str, dice: Random) -> str:
    head = dice.randint(1, 5)
    before, area, rest = text[:head], text[head : head + 3], text[head + 3 :]
    opening, closing = ("(", ")") if dice.random() < 0.8 else ("[", "]")
    return f"{before} {opening}{area}{closing} {_grouped(rest, dice, '-')}"


def _bracketed_zero(text: str, dice: Random) -> str:
    head = dice.randint(1, 5)
    return (
        f"{text[:head]} (0) {text[head:]}"
        if dice.random() < 0.7
        else f"{text[:head]}(0){text[head:]}"
    )


def _spaced_out(text: str, dice: Random) -> str:
    return _one_of(_SPACES, dice) + text + _one_of(_SPACES, dice)


def _other_script(text: str, dice: Random) -> str:
    zero = ord(_one_of(_ZEROS, dice))
    return "".join([chr(zero + int(sign)) if sign.isdecimal() else sign for sign in text])


def _invisibly_marked(text: str, dice: Random) -> str:
    place = dice.randint(0, len(text))
    return text[:place] + _one_of(_INVISIBLE, dice) + text[place:] + _one_of(_INVISIBLE, dice)


def _uri(text: str, dice: Random) -> str:
    return "tel:" + (_grouped(text, dice, "-") if dice.random() < 0.5 else text)


def _uri_with_context(text: str, dice: Random) -> str:
    context = _one_of(
        (";phone-context=+49", ";phone-context=+1", ";phone-context=example.com"), dice
    )
    return "tel:" + text.lstrip("+") + context


def _float_tail(text: str, dice: Random) -> str:
    return text + _one_of((".0", ".00", ",0", ".000000"), dice)


def _scientific(text: str, dice: Random) -> str:
    digits = re.sub("[^0-9]", "", text) or "0"
    lost = dice.choice((0, 0, 3))
    shown = digits[1:] if lost == 0 else digits[1:-lost]
    return f"{digits[0]}.{shown}E+{len(digits) - 1:02}"


def _formula(text: str, dice: Random) -> str:
    return f'="{text}"'


def _apostrophe(text: str, dice: Random) -> str:
    return f"'{text}"


def _extension(text: str, dice: Random) -> str:
    mark = _one_of((" ext. ", "x", " x ", "#", ";ext=", " extn ", ",,", " доб. "), dice)
    return text + mark + str(dice.randint(1, 9999))


def _two(text: str, dice: Random) -> str:
    return text + _one_of((";", " / ", ", ", "|", " or ", "\n", "/"), dice) + text[:-1] + "7"


def _fraction(text: str, dice: Random) -> str:
    return f"{text}.{dice.randint(1, 99)}"


def _lettered(text: str, dice: Random) -> str:
    word = _one_of((" home", "FLOWERS", " Tel", "abc", "x", " int", "*", "#"), dice)
    return text + word if dice.random() < 0.5 else word + text


def _shorthand(text: str, dice: Random) -> str:
    return f"{text}/{dice.randint(1, 99)}"


def _labelled(text: str, dice: Random) -> str:
    return (
        _one_of(("Tel.: ", "Tel ", "Phone: ", "mob. ", "T: ", "Handy: ", "WhatsApp: "), dice) + text
    )


def _remarked(text: str, dice: Random) -> str:
    return text + _one_of((" (home)", " (mobile)", " [work]", "(w)", " (privat)"), dice)


def _escaped(text: str, dice: Random) -> str:
    if dice.random() < 0.5:
        return text.replace("+", _one_of(("&#43;", "%2B", "&plus;"), dice))
    return _grouped(text, dice, _one_of(("&nbsp;", "%20", "&#160;"), dice))


def _decoded_wrongly(text: str, dice: Random) -> str:
    sign = _one_of(("\u00a0", "\u200b", "\u2011", "\ufeff"), dice)
    coded = sign.encode().decode("latin-1" if dice.random() < 0.5 else "cp1252", "ignore")
    return _grouped(text, dice, coded)


def _thousands(text: str, dice: Random) -> str:
    mark = _one_of((",", "'", ".", " "), dice)
    digits = text.lstrip("+")
    head = len(digits) % 3 or 3
    groups = [digits[:head], *(digits[at : at + 3] for at in range(head, len(digits), 3))]
    return mark.join(groups) + _one_of(("", ".00", ",00"), dice)


def _chat(text: str, dice: Random) -> str:
    digits = text.lstrip("+")
    return _one_of((f"https://wa.me/{digits}", f"{digits}@c.us", f"whatsapp:{text}"), dice)


def _masked(text: str, dice: Random) -> str:
    return text[:-3] + _one_of(("xxx", "***", "...", "???"), dice)


def _twice(text: str, dice: Random) -> str:
    return text + _one_of((" ", "  ", "\t", " +"), dice) + text.lstrip("+")


_Way = Callable[[str, Random], str]
_TIDY: tuple[_Way, ...] = (
    *(_grouped, _grouped, _marked, _marked, _bracketed, _bracketed, _spaced_out, _other_script),
    *(_invisibly_marked, _bracketed_zero, _bracketed_zero, _uri),
)
_MESSY: tuple[_Way, ...] = (
    *(_float_tail, _float_tail, _scientific, _formula, _apostrophe, _extension, _two, _fraction),
    *(_lettered, _shorthand, _uri_with_context, _labelled, _remarked, _escaped, _decoded_wrongly),
    *(_thousands, _chat, _masked, _twice),
)
