"""The head of an answer: whose it is, and what follows from it. Read as soon as it comes."""

from functools import partial
from typing import Annotated, NamedTuple

import msgspec

from pipeline.model import ANSWER
from pipeline.protocol.codec.raw import (
    UNREADABLE,
    NotAnAnswer,
    inner_fields,
    raw_fields,
    scalar,
    text_of,
)

__all__ = ("Head", "NotAnAnswer", "decode_head")

_KNOWN = frozenset((*(column.wire for column in ANSWER if column.wire), "tel", "message"))
_ENVELOPE = frozenset(("statuscode", "response"))
_DIGITS = 5
_STATUS_END = 10**_DIGITS
"""No status is beyond it; what is, says nothing."""
_NOT_AVAILABLE = frozenset(("na", "NA", "false"))
"""In `e`: there is no error."""


class Head(NamedTuple):
    """What of an answer is looked at when it comes."""

    tel: str
    """The number it is about; blank when the answer does not say."""
    code: str
    """The field `e` as it was sent; blank when all is well."""
    statuscode: int | None = None
    """Of a wrapped answer."""
    message: str | None = None
    """The service's own words, such as `Unauthorized`: then this answers no lookup."""


_head_of = partial(tuple.__new__, Head)  # a class of tuples made in Python costs five times that

_ECHO = "a request, sent back as it was"


class _Inner(msgspec.Struct, gc=False):
    tel: str = ""
    e: str = ""
    message: str | None = None
    clientid: msgspec.Raw | None = None
    password: msgspec.Raw | None = None


class _Outer(_Inner, gc=False):
    statuscode: Annotated[int, msgspec.Meta(ge=0, lt=_STATUS_END)] | None = None
    response: _Inner | None = None


_decode_head = msgspec.json.Decoder(_Outer).decode


def decode_head(raw: bytes) -> Head:
    """The head of an answer, flat or wrapped.

    Raises `NotAnAnswer` for anything else, and nothing but that: not one JSON object, bytes that
    are not UTF-8 where it matters, an object with no field of an answer.
    """
    try:
        outer = _decode_head(raw)
    except UNREADABLE:
        return _tolerant_head(raw)
    inner = outer.response or outer
    if inner.clientid is not None or inner.password is not None:
        # An echo service, or an HTTP server that quotes what it does not understand.
        raise NotAnAnswer(_ECHO)
    tel, code = inner.tel, inner.e
    if not (tel.isdecimal() or (code and not tel)) or code in _NOT_AVAILABLE:
        return _tolerant_head(raw)
    return _head_of((tel, code, outer.statuscode, inner.message))


def _tolerant_head(raw: bytes) -> Head:
    """The same for answers of another shape; says why when it is none."""
    outer = raw_fields(raw)
    inner = inner_fields(outer)
    if "clientid" in inner or "password" in inner:
        raise NotAnAnswer(_ECHO)
    if not (_KNOWN & inner.keys() or _ENVELOPE & outer.keys()):
        raise NotAnAnswer("a JSON object without any field of an answer")
    if not any(text_of(inner, name).strip() for name in _KNOWN & inner.keys()):
        raise NotAnAnswer("a JSON object that says nothing")
    told = text_of(outer, "statuscode")
    return Head(
        tel=_text(inner, "tel").lstrip("+"),
        code=_text(inner, "e"),
        statuscode=int(told) if told.isdecimal() and len(told) <= _DIGITS else None,
        message=text_of(inner, "message") or text_of(outer, "message") or None,
    )


def _text(fields: dict[str, msgspec.Raw], name: str) -> str:
    if name not in fields:
        return ""
    try:
        text = scalar(bytes(fields[name])).strip()
    except UNREADABLE:
        raise NotAnAnswer(f"`{name}` is neither text nor a number") from None
    return "" if text == "false" or text.lower() == "na" else text
