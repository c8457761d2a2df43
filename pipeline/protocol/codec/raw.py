"""JSON of an unexpected shape, one value at a time. Slow and forgiving; the fast paths try first."""

from collections.abc import Mapping

import msgspec

__all__ = ("UNREADABLE", "NotAnAnswer", "inner_fields", "raw_fields", "scalar", "text_of")

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises for bytes that it cannot read: bad UTF-8 and deep nesting have their own."""

_NULL = msgspec.Raw(b"null")
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
        raise NotAnAnswer("not one JSON object") from None


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
    """The same of a field that may be missing, and never fails: what is no text is blank."""
    raw = bytes(fields.get(name, _NULL))
    try:
        return scalar(raw)
    except UnicodeDecodeError:
        # Carriers' names in Latin-1 exist; what is paid for is kept.
        return text_of({name: msgspec.Raw(raw.decode("cp1252", errors="replace").encode())}, name)
    except UNREADABLE:
        return ""
