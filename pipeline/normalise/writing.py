"""How people and programs write numbers, and what they write in place of one: patterns and words.

Rules: data, and a table that is made when it is wanted. All patterns are Rust regular expressions: no look-around, and `\\d` would match
every script. They see text that is folded to ASCII where that is possible (`repair.folded`).
"""

import unicodedata
from functools import cache

__all__ = (
    "ADDRESS", "AGAIN", "BEFORE_NUMBER", "BRACKETED_ZERO", "BRACKET_BEHIND_ONE", "CHAT", "CODED", "COMMAS", "CONTEXT", "DATE",
    "DECIMAL", "DECIMAL_MARK", "ENTITY", "ESCAPES", "EXTENSION", "FLOAT_TAIL", "FRACTION", "GROUPED_SO",
    "JUNK_AFTER", "JUNK_BEFORE", "LABEL", "LAKHS", "LAST_BRACKET", "LONG_RUNS", "LOST_CODING",
    "MASKED", "MAY_BE_SECOND", "MOMENT", "NAMED", "NEXT_FIELD", "NOTHING", "NOT_A_NUMBER", "PARAMETER", "PARTED", "PLUS_BEHIND",
    "PLUS_SIGN", "REMARK", "SCIENTIFIC", "SECOND_PLUS", "SECOND_VALUE", "SHELL", "SHORTHAND", "SPARE", "SPREADSHEET_ERROR", "STRONG", "SYMBOL", "THOUSANDS", "TOO_MANY",
    "TOO_NARROW", "TWICE_PLUS", "URI", "WEAK", "WORD_BETWEEN", "ZEROS_PLUS", "folds",
)  # fmt: skip

# -- signs that are not ASCII ---------------------------------------------------------------------

_LOOKALIKES = {
    sign: meant
    for meant, signs in {
        "+": "＋﹢⁺➕﬩", "-": "−ー⁃➖", "(": "（", ")": "）", "[": "［", "]": "］", ".": "．。｡·‧∙・･", "/": "／∕⁄",
        "\\": "＼", ",": "，、‚", ";": "；", ":": "：", "=": "＝", "|": "｜", "#": "＃", "%": "％", "&": "＆",
        "~": "～〜", "'": "‘’‛ʼ´′", '"': "“”„«»″", "\n": "\u2028\u2029\x85\x0b\x0c",
    }.items()
    for sign in signs
}  # fmt: skip
_LIKE = {"Zs": " ", "Pd": "-", "Cf": "", "Cc": ""}
"""Blanks and dashes of all kinds; marks of direction, zero-width and soft signs; controls."""
_FILLERS = "\u034f\u115f\u1160\u3164\uffa0\u20e3" + "".join(map(chr, range(0xFE00, 0xFE10)))


@cache
def folds() -> dict[str, str]:
    """Sign → the ASCII sign that it stands for, or nothing where it is not seen.

    It takes 30 ms, which most lists can do without.
    """
    category = unicodedata.category
    every = [(sign, category(sign)) for sign in map(chr, range(0x20000))]  # no digits lie beyond
    digits = {
        sign: str(unicodedata.decimal(sign)) for sign, kind in every if kind == "Nd" and sign > "9"
    }
    like = {
        sign: _LIKE[kind] for sign, kind in every if kind in _LIKE and sign not in " -\r\n"
    } | dict.fromkeys(_FILLERS, "")
    another_field = {"\t": "\n"}
    return like | another_field | _LOOKALIKES | digits


SYMBOL = r"[\p{So}--[\x{FFFD}\x{1F51F}]]"
"""Symbols such as ☎. Not among them: the sign for one that was lost, and the one that is a ten."""
CODED = "[ÂâïÃ]"


def _lost_coding() -> dict[str, str]:
    """What signs that are not seen became where UTF-8 was read as cp1252 or Latin-1."""
    spaces, dashes = "\u00a0\u202f\u2009\u2007", "\u2010\u2011\u2012\u2013\u2014"
    unseen = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
    found = {}
    for signs, meant in ((spaces, " "), (dashes, "-"), (unseen, "")):
        for sign in signs:
            coded = sign.encode()
            found[coded.decode("latin-1")] = meant
            found["".join(_CP1252.get(byte, chr(byte)) for byte in coded)] = meant
    return found


_CP1252 = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(128, 256)}
LOST_CODING = _lost_coding()

ESCAPES = {
    "&amp;": "&", "&nbsp;": " ", "&ensp;": " ", "&emsp;": " ", "&thinsp;": " ", "&#160;": " ", "&#xa0;": " ",
    "&#32;": " ", "&plus;": "+", "&#43;": "+", "&#x2b;": "+", "&apos;": "'", "&#39;": "'", "&#x27;": "'",
    "&quot;": '"', "&#34;": '"', "&#x22;": '"', "&ndash;": "-", "&mdash;": "-", "&#45;": "-", "&#8209;": "-",
    "&#8211;": "-", "&shy;": "", "&zwj;": "", "&zwnj;": "", "&lrm;": "", "&rlm;": "", "&lpar;": "(", "&rpar;": ")",
    "&#40;": "(", "&#41;": ")", "&lt;": "<", "&gt;": ">", "<br>": "\n", "<br/>": "\n", "<br />": "\n",
    "%2b": "+", "%20": " ", "%c2%a0": " ", "%28": "(", "%29": ")", "%2d": "-", "%2e": ".", "%2f": "/",
    "%3a": ":", "%3b": ";", "%3d": "=", "%2c": ",", "%22": '"', "%27": "'", "%09": " ", "%0a": "\n", "%0d": "",
}  # fmt: skip
"""What HTML and addresses of the web write in place of a sign; upper or lower case."""
ENTITY = r"&(?:#x?[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);"

# -- words ----------------------------------------------------------------------------------------

_NOTHING = """
    null nil none nan nat na n/a n.a. n.a n\\a <na> <null> (null) [null] (none) (blank) \\n nulo nullo nul void
    empty blank undefined unknown unavailable withheld anonymous missing tbc tbd k.a. n.v.t. nvt n.d. n/d s/n
    leer keine keiner unbekannt vide aucun inconnu vacío vacio ninguno desconocido vuoto nessuno vazio nenhum não
    leeg onbekend brak okänd ukendt tuntematon нет неизвестно yok 无 無 なし 없음 tel: tel. tel tel:+ phone: mobile: mob:
    0 00 000 0.0
"""
_PHRASES = "not available,not provided,not known,not applicable,no phone,no number"
NOTHING = ("", *_NOTHING.split(), *_PHRASES.split(","))
SPREADSHEET_ERROR = r"^#[\p{L}¡<][^0-9]*(?:/0)?[!?]?$"
TOO_NARROW = r"^#{3,}$"
"""What a spreadsheet shows, and some export, where the column is too narrow."""

_PHONE = (
    r"(?:tel(?:e(?:ph?one?|f[oó]n[eo]?))?|tél(?:éphone)?|phone|ph|mobile?|mobil|mob|m[oó]vil|cell(?:ular|phone)?"
    r"|cel(?:ular)?|handy|gsm|whats ?app|тел(?:ефон)?|моб)(?:[ .]*(?:no|nr|num(?:ber)?|#))?"
)
LABEL = (
    rf"(?i)^(?:(?:{_PHONE}|[tmp])\s*\.?:\s*[+(\[]*[0-9]"
    rf"|(?:{_PHONE}(?:\.\s*|\s+)|[tmp]\.\s*)[(\[]*(?:\+[ (]*[0-9]|[0-9]{{2}}))"
)
BEFORE_NUMBER = r"^[^0-9+(\[]+"
"""A label before a number. Without a colon no lone digit may follow: `Phone 2 079…` counts phones."""
LAST_BRACKET = r"\s*[(\[][^(\[]*$"
REMARK = (
    r"(?i)[0-9]\s*[(\[]\s*(?:home|work|office|mobile?|mobil|mob|cell|private|privat|priv|personal|business|direct"
    r"|main|whats ?app|handy|m[oó]vil|celular|casa|oficina|trabajo|dienstlich|büro|bureau|domicile|[mhwo])\s*[)\]]\s*$"
)
"""A word in brackets behind a number; without brackets it might be letters of a keypad."""
CHAT = r"(?i)^(?:(?:https?://)?(?:www\.)?wa\.me/\+?[1-9][0-9]{6,14}/?|\+?[1-9][0-9]{6,14}@(?:c\.us|s\.whatsapp\.net))$"
"""Addresses that are made of the full international number."""

NAMED = r"""^\s*"?([^<>"]*)"?\s*<\s*(\+?[0-9][0-9 ().\-]*)>\s*$"""
"""A name and the number in angle brackets, as in telephone systems and letters."""
SHELL = r"""^[='"` ]+"""
URI = r"(?i)^(?:tel|callto|sms|whatsapp)\s*:\s*(?:/{2})?"
CONTEXT = r"(?i);phone-context=(\+[0-9][0-9.\-]*)"
PARAMETER = r"(?i);(?:isub|phone-context|postd|cic|rn|npdi|tgrp|trunk-context|verstat|user)[^;]*"
"""Parameters of a `tel:` URI that are no part of the number; `ext` is not among them."""

# -- spreadsheets ---------------------------------------------------------------------------------

SCIENTIFIC = r"(?i)^[+-]?[0-9]+(?:[.,][0-9]*)?\s*e\s*[+-]?\s*[0-9]+$"
THOUSANDS = (
    r"^\+?[1-9][0-9]{0,2}(?:(?:,[0-9]{3}){2,}(?:\.0*)?|(?:'[0-9]{3}){2,}(?:[.,]0*)?"
    r"|(?: [0-9]{3}){2,}[.,]0*|(?:\.[0-9]{3}){2,},0*)$"
)
"""Groups of three in one of the ways of a spreadsheet. Groups with dots or spaces and no decimal
places are how people write telephone numbers too, and need nothing."""
LAKHS = r"^\+?[1-9][0-9]?(?:,[0-9]{2}){2,},[0-9]{3}(?:\.0*)?$"
"""Thousands as in India: three digits, and pairs before them."""
DECIMAL_MARK = r",[^,]*\.|['. ].*,|[' ].*\."
"""Behind groups of three: a point or comma that is not what parts them."""
FLOAT_TAIL = r"^\+?[0-9]{7,}(?:\.0+|,0{1,6})$"
"""A point after seven plain digits is a decimal point; telephone numbers are grouped earlier."""
FRACTION = r"^(?:[+-]?[0-9]{7,}(?:\.[0-9]*[1-9][0-9]*|,[0-9]{1,6})|-?[1-9][0-9]{2,5}\.[0-9]{1,2})$"
"""Decimal places; or, with fewer digits, an amount of money, which nobody's number is grouped like."""
DECIMAL = r"^[^0-9.,\p{L}]*(?:[0-9][^0-9.,\p{L}]*){7,}[.,]0+$"
"""Zeros after the only point of a number that is grouped in another way: decimal places or digits?"""

_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])"
_DATE = (
    "^(?:"
    + "|".join(
        f"{_YEAR}{sep}{_MONTH}{sep}{_DAY}|(?:{_DAY}{sep}{_MONTH}|{_MONTH}{sep}{_DAY}){sep}{_YEAR}"
        for sep in (r"\.", "/", "-")
    )
    + rf"|(?:{_DAY}/{_MONTH}|{_MONTH}/{_DAY})/[0-9]{{2}}|{_MONTH}/{_YEAR})"
)
DATE = _DATE + "$"
"""Not 20.12.34 or 56-12-34, which is how New Caledonia and Surinam write numbers."""
MOMENT = _DATE + r"[ T,]+[0-9]{1,2}:[0-9]{2}[0-9:.,]*\s*(?:[AP]M|[AP]\.M\.|Z|[+\-][0-9:]{2,5})?$"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_NO_PAIR = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[0-9])"
ADDRESS = rf"^(?:(?:{_OCTET}\.){{3}}{_NO_PAIR}|(?:{_OCTET}\.){{2}}{_NO_PAIR}\.{_OCTET}|192\.168\.{_OCTET}\.{_OCTET})$"
"""An IP address. Not where the last two groups are pairs: 91.123.45.67 is how Spain writes numbers."""

# -- more than a number ---------------------------------------------------------------------------

EXTENSION = (
    r"(?i)^(?:[^\p{L}#0-9]*[0-9]){5}[^\p{L}#]*"
    r"(?:,{2,}|[\s.,;(\-]*(?:ext(?:ensi[oó]n|n)?|xtn?|xx?|#|anexo|ramal|poste|interno|int|durchwahl|dw|доб)[\s.:=#\-]*)"
    r"[0-9]{1,9}\s*[)#]*$"
)
JUNK_BEFORE = r"^[\s\"':;,./|\\_~<>\[\]{}#\-]+"
JUNK_AFTER = r"[\s\"':;,./|\\_~<>\[\]{}\-]+$"
STRONG = (
    r"(?i)[0-9][^0-9]*(?:[;|&]|\s(?:or|and|to|oder|und|bis|ou|et|y|o|e|eller|og)\s)[^0-9]*[0-9]"
)
WEAK = r"(?:[0-9][ ().\-]*){7,}[/,\\\n\r]+[ +(/]*(?:[0-9][ ().\-]*){7,}"
"""A slash or a line break parts numbers only where each part is long enough to be one: 030/123456."""
SHORTHAND = r"^[+(]?(?:[0-9 ().\-]*/)?(?:(?:[0-9][ ().\-]*){6,}(?:/\s*[0-9]{1,2}|(?:/\s*[0-9]){2,})|(?:[0-9][ ().\-]*){11,}/\s*[0-9]{3,4})$"
"""030 1234567/8 stands for two numbers; more digits only where an area code cannot be before the slash,
and pairs are no such thing: 800 555/35/35."""
WORD_BETWEEN = r"(?:[0-9][ ().\-/']*){7,}[^0-9\p{L}]*\p{L}[^0-9]*(?:[0-9][ ().\-/']*){7,}"
AGAIN = r"^[+(]*(?:[0-9][ ().\-]*){9,} [ (]*[0+](?:[0-9][ ().\-]*){8,}$"
TWICE_PLUS = r"(?:[0-9][^0-9+]*){7,}\+"
LONG_RUNS = r"[0-9]{7,}[^0-9]+[0-9]{7,}"
PARTED = r"[0-9][^0-9]*[/,\\\n\r][^0-9]*[0-9]"
TOO_MANY = r"(?:[0-9][^0-9]*){16}"
"""An E.164 number has at most 15 digits."""
# -- the number itself ----------------------------------------------------------------------------

ZEROS_PLUS = r"^[ (]*0{1,2}[ )]*\+"
PLUS_SIGN = r"^[ ()\[\].\-/]*\+[ +]*"
PLUS_BEHIND = r"^[^+]*[0-9][ ()\[\].\-]*\+[ )]*$"
SECOND_PLUS = r"^[^+]*[^ ()\[\].\-/+][^+]*\+|\+[^+]*[^ +][^+]*\+"
"""A plus sign that is not where `PLUS_SIGN` takes it away."""
NOT_A_NUMBER = r"[^0-9 ()\[\].\-/\\~'\r\n+]"
COMMAS = r"^[0-9 ()\[\].\-/\\~',+\r\n]*$"
MASKED = r"(?i)[*#•●_?]|x{2,}|\.{3}"
BRACKET_BEHIND_ONE = r"^[^0-9]*[0-9][^0-9(]*\("
"""`+8 (495) …`: one digit stands before the bracket."""
BRACKETED_ZERO = r"\(\s*0\s*\)"
NEXT_FIELD = r"(?s)^([^\n\r]*[0-9][^\n\r]*)[\n\r].*[0-9]"
"""A tab or a line break, and digits behind it."""
SECOND_VALUE = (
    r"^(.*[0-9])(?: *[(\[] *[0-9]{1,6} *[)\]]*|(?: +-+ *| *-+ +)[0-9]{1,3}| +[0-9])$"
    r"|^(.*[0-9]{3}) +[0-9]{2}$"
)
"""What may be a value behind a number: a bracket, ` - 12`, one digit, or two behind a longer group."""
MAY_BE_SECOND = r"[\n\r]|[)\]] *$|[(\[] *[0-9]+$| [0-9]{1,2}$|- *[0-9]{1,3}$"
"""What any of these ends in, or holds."""
GROUPED_SO = {
    "SE": "(?:^|[^0-9])[0-9]{3} [0-9]{3} [0-9]{2}$",
    "MG": "(?:^|[^0-9])[0-9]{2} [0-9]{3} [0-9]{2}$",
    "LU": "(?:^|[^0-9])[0-9]{2} [0-9]{2} [0-9]$",
}
"""Regions whose numbers are grouped like that: 08-123 456 78, 020 12 345 67, 27 12 34 5."""
SPARE = r"[0-9][^0-9]*\(\s*0\s*\)"
