"""JSON of an unexpected shape, one value at a time. Slow and forgiving; the fast paths try first.

An answer is paid for, so that a trifle in a field that hardly matters must not cost it: what JSON
forbids and writers produce all the same (NaN, half of a surrogate pair, a tab as it is, `\\d`, a comma
before the closing brace, a byte order mark, NULs around) is read as what it must mean, or as nothing.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ("UNREADABLE", "NotAnAnswer", "inner_fields", "raw_fields", "scalar", "text_of")

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises for bytes that it cannot read: bad UTF-8 and deep nesting have their own."""

_NULL = msgspec.Raw(b"null")
_TRUTH = {b"true": "true", b"false": "false"}
_decode_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_scalar = msgspec.json.Decoder(str | int | float | bool | None).decode


class NotAnAnswer(ValueError):
    """Bytes that are no answer of the service."""


def raw_fields(raw: bytes) -> dict[str, msgspec.Raw]:
    """The fields of one JSON object, each as it was written. Raises `NotAnAnswer`."""
    try:
        return _decode_raw_fields(raw)
    except UnicodeDecodeError:  # a name of a field is no UTF-8: no field that we know
        return raw_fields(raw.decode(errors="replace").encode())
    except UNREADABLE:
        return _mended_fields(raw)


_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_STRING_OR_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_AROUND = "\ufeff\0 \t\r\n"
_loads = json.JSONDecoder(
    strict=False,  # signs as they are that should be escaped
    parse_constant=lambda _: None,  # NaN, Infinity
    parse_int=str,
    parse_float=str,  # a number is kept as it was written
).decode


def _mended_fields(raw: bytes) -> dict[str, msgspec.Raw]:
    """The same where it is not quite JSON."""
    text = raw.decode(errors="replace").strip(_AROUND)
    # A backslash that begins no escape stands for itself.
    escaped = _ESCAPE.sub(lambda found: found[0] if found[1] else r"\\", text)
    listed = _STRING_OR_LAST_COMMA.sub(lambda found: found[1] or "", escaped)
    try:
        fields = _whole(_loads(listed))
    except UNREADABLE:
        raise NotAnAnswer("not one JSON object") from None
    if not isinstance(fields, dict):
        raise NotAnAnswer("not one JSON object")
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}


def _whole(value: Any) -> Any:
    """The same with half surrogate pairs replaced, which no text can hold, and without lists."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_whole(name): _whole(each) for name, each in value.items()}
    return value if isinstance(value, bool) else None


def inner_fields(outer: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The fields of a wrapped answer; of a flat one, the fields themselves."""
    wrapped = bytes(outer.get("response", _NULL))
    return raw_fields(wrapped) if wrapped.lstrip()[:1] == b"{" else outer


def scalar(raw: bytes) -> str:
    """A JSON text as its text, a number as it was written, null as blank. Raises `UNREADABLE`."""
    value = _decode_scalar(raw)
    if value is None or isinstance(value, bool):
        return ""
    return value if isinstance(value, str) else raw.decode().strip()


def text_of(fields: Mapping[str, msgspec.Raw], name: str) -> str:
    """The same of a field that may be missing, and never fails: what is no text is blank.

    `true` and `false` are these words.
    """
    raw = bytes(fields.get(name, _NULL))
    try:
        return scalar(raw) or _TRUTH.get(raw.strip(), "")
    except UnicodeDecodeError:
        # Carriers' names in Latin-1 exist; what is paid for is kept.
        return text_of({name: msgspec.Raw(raw.decode("cp1252", errors="replace").encode())}, name)
    except UNREADABLE:
        return ""
