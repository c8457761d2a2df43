"""Text from outside, as it may be shown: never a command to the terminal, never a whole number.

What a service says, the cells and names of a list, file names, settings and the environment are
data. Whoever shows them passes them through here; what is said in this program's own words, counts
among them, needs it not. Rich is given `Text` or a console without markup, which read nothing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.privacy import redact

__all__ = ("fit", "fit_json", "fit_values", "visible")

_MARKS = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
"""Commands of the second kind (C1), marks that turn the direction of writing, halves of characters."""
_UNFIT = re.compile(rf"[\x00-\x1f{_MARKS}]")
_UNFIT_IN_LINES = re.compile(rf"[\x00-\x08\x0b-\x1f{_MARKS}]")
_UNFIT_IN_JSON = re.compile(rf"[{_MARKS}]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""The text with `\x1b` in place of an escape, and so on; `lines` leaves line ends and tabs."""
    return (_UNFIT_IN_LINES if lines else _UNFIT).sub(_escaped, text)


def fit(text: str, *, lines: bool = False) -> str:
    """The text without whole numbers, secrets and commands to the terminal."""
    return visible(redact(text), lines=lines)


def fit_values(value: Any) -> Any:
    """A value made for JSON, with every text in it redacted; numbers and names stay."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: fit_values(part) for name, part in value.items()}
    if isinstance(value, Sequence):
        return [fit_values(part) for part in value]
    return value


def fit_json(text: str) -> str:
    """JSON of the same meaning without anything that a terminal obeys."""
    return _UNFIT_IN_JSON.sub(_as_json, text)


def _escaped(found: re.Match[str]) -> str:
    return repr(found.group())[1:-1] if found.group().isascii() else ascii(found.group())[1:-1]


def _as_json(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
