r"""Numbers are personal data, and secrets are secrets: how they may appear in what people read.

Rules:
- Everything that is said goes through `redact`, whoever wrote it: an exception of a library, a
  server's message, a cell, the name of a file.
- A number is masked however it is written: `+44 7700 900123`, `(0770) 090.0123`, in Arabic or
  full-width digits, in a URL, as JSON escapes them, or in the repr of bytes.
- What people need to find their way stays as it is: line numbers, counts, sizes, dates, addresses
  of machines, versions, hashes, the names of part files. Where both readings are possible, it is a
  number.
"""

import re
from functools import cache
from urllib.parse import quote

__all__ = ("hide", "mask", "redact")

LEAST = 7
"""Digits from which on it is a number. Fewer are a line, a port, a part file or a year."""

_D = r"(?:\d|\\u066\d|\\u06[fF]\d|\\u[fF]{2}1\d|\\xd9\\xa\d|\\xdb\\xb\d|\\xef\\xbc\\x9\d)"
"""A digit of any script, also as JSON or the repr of bytes escape it."""

_BETWEEN = (
    r"(?:[^\S\n]|[-+.()/_~*·•‐-―−\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0e-\x1f\x7f-\x9f]"
    r"|%(?:20|2[bB89dDeEfF]|[cC]2%[aA]0)|&nbsp;|&#160;|\x1b\[[\d;]*m"
    r"|\\x(?:00|1b\[[\d;]*m|a0|c2\\xa0)|\\u(?:00[aA]0|20[0-6][\da-fA-F]|2212|[fF]{2}0[89bBdDeE]|[fF]eff)"
    r"|\\[tr]|[\"'],? ?[\"'])"
)
"""What stands between the digits of one number."""

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_UNITS = (
    "rows? lines? numbers? lookups? requests? files? cells? columns? characters? digits? shards? "
    "answers? seconds? ms us s"
)

_READABLE = "|".join(
    (
        # 2026-11-30, and a time of day behind it.
        rf"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-{_DAY}(?![-.]?\d)"
        r"(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)",
        # 20261130 and 20261130T152902, as folders of nightly lists are called.
        rf"(?<![+\d])20[23]\d(?:0[1-9]|1[0-2]){_DAY}(?:[T_-](?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?Z?)?(?!\d)",
        # An address of a machine: with a port or a scheme, or one that only this network knows.
        rf"{_OCTET}(?:\.{_OCTET}){{3}}:\d{{1,5}}(?!\d)",
        rf"(?<=://){_OCTET}(?:\.{_OCTET}){{3}}(?![-.]?\d)",
        rf"(?:127|10)(?:\.{_OCTET}){{3}}(?![-.]?\d)",
        rf"(?:192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.{_OCTET}){{2}}(?![-.]?\d)",
        # Sizes and counts by their unit.
        r"[1-9]\d{0,14} to [1-9]\d{0,14}(?= bytes)",
        r"[1-9]\d{0,14}(?= ?(?:bytes?|[kKMGT]i?B|B)\b)",
        rf"[1-9]\d{{0,8}}(?= (?:{'|'.join(_UNITS.split())})\b)",
        # Limits of the kernel, as `doctor` names them.
        r"(?<=_max=)[1-9]\d{0,8}(?!\d)",
        # Where something stands.
        r"(?:(?<=\bline )|(?<=\blines )|(?<=\brow )|(?<=\brows )|(?<=\bbyte )|(?<=\boffset )|(?<=\bprocess )"
        r"|(?<=\bpid )|(?<=\.py:)|(?<=\.csv:)|(?<=\.txt:)|(?<=\.gz:)|(?<=\.zst:)|(?<=parquet:))[1-9]\d{0,8}(?![-.+/()]?\d)",
    )
)
_HASH = (
    r"0[xX][\da-fA-F]+\b"
    r"|(?<![\da-zA-Z])[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?![\da-zA-Z])"
    r"|(?<![\da-zA-Z])(?=(?:\d*[a-f]){3})(?![\da-f]*\d{9})[\da-f]{12,128}(?![\da-zA-Z])"
)

_NUMBER = (
    rf"(?P<kept>{_HASH}|(?<!\d)(?:{_READABLE}))"
    rf"|(?P<number>{_D}(?:(?:{_BETWEEN}{{1,4}}(?!{_READABLE}))?{_D})*)(?P<cut>…|\.\.\.)?"
)
_GROUPED = r"(?<![\d,])\d{1,4}(?:,\d{1,4}){2,}(?![\d,])"
"""`9,19,87,65,43,210` and `447,700,900,123`; up to nine digits it is a count."""

_SECRETS = (
    (r"(://)[^\s/@]+@", r"\1***@"),
    (r"(?i)\b(bearer|basic) +(?=\S*[\d=])[\w.~+/=-]{6,}", r"\1 ***"),
    (r"(?i)(authorization[\"']?[=:,] ?[\"']?)(?:\w+ )?[^\s\"',)]+", r"\1***"),
    (
        r"(?i)([\"'](?:client_?secret|secret|password|(?:access_|refresh_)?token)[\"'][:,] ?b?)"
        r"(?:\"[^\"]*\"|'[^']*')",
        r"\1'***'",
    ),
    (
        r"(?i)\b((?:\w+_)?(?:secret|password|token)=)(?:b?\"[^\"]*\"|b?'[^']*'|[^\s\"'&,;)}\]]+)",
        r"\1***",
    ),
)
_PIECE = rf"(?P<digit>{_D})|{_BETWEEN}"

_hidden: dict[str, None] = {}
"""Secrets of this process, in the forms in which they may be met, longest first."""


def hide(secret: str | None) -> None:
    """From now on `redact` leaves this secret out; one of a few plain letters is no secret."""
    if not secret or len(secret) < 4 or (len(secret) < 8 and secret.isalpha() and secret.islower()):
        return
    forms = {secret, quote(secret, safe=""), repr(secret)[1:-1], ascii(secret)[1:-1]}
    known = sorted({*_hidden, *forms}, key=len, reverse=True)
    _hidden.clear()
    _hidden.update(dict.fromkeys(known))


def mask(number: str) -> str:
    """`447911123456` becomes `4479******56`: enough to recognise one's own, too little to call."""
    keep = _kept(len(number))
    return "".join(digit if at in keep else "*" for at, digit in enumerate(number))


def redact(text: str) -> str:
    """The text without numbers and secrets: their middle becomes stars, all else stays."""
    for secret in _hidden:
        text = text.replace(secret, "***")
    for pattern, instead in _SECRETS:
        text = _compiled(pattern).sub(instead, text)
    text = _compiled(_GROUPED).sub(_ungrouped, text)
    return _compiled(_NUMBER).sub(_masked, text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, when it is first needed: all of them take 30 ms, which `--help` can do without."""
    return re.compile(pattern)


def _ungrouped(found: re.Match[str]) -> str:
    text = found.group()
    return _starred(text) if sum(map(str.isdecimal, text)) > 9 else text


def _masked(found: re.Match[str]) -> str:
    text = found.group()
    if found["kept"] is not None:
        return text
    digits = _digits(found["number"])
    return _starred(text) if digits >= LEAST or (found["cut"] and digits > 4) else text


def _digits(text: str) -> int:
    return sum(piece["digit"] is not None for piece in _compiled(_PIECE).finditer(text))


def _starred(text: str) -> str:
    keep = _kept(_digits(text))
    at = -1

    def star(piece: re.Match[str]) -> str:
        nonlocal at
        if piece["digit"] is None:
            return piece.group()
        at += 1
        return piece.group() if at in keep else "*"

    return _compiled(_PIECE).sub(star, text)


def _kept(digits: int) -> set[int]:
    """Which of so many digits stay: of a short number only its beginning."""
    if digits >= 10:
        return {0, 1, 2, 3, digits - 2, digits - 1}
    return {0, 1} if digits >= LEAST else set()
