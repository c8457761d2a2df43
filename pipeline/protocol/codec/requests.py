"""What is asked, as it is on the wire: made by the transports, read by the simulator."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from pipeline.protocol.codec.raw import UNREADABLE
from pipeline.protocol.messages import Credentials, Lookup

__all__ = (
    "DirectRequests",
    "NotARequest",
    "Request",
    "decode_query",
    "decode_request",
    "rest_query",
)


class NotARequest(ValueError):
    """Bytes that are no request."""


class DirectRequests:
    """The requests of one account over TCP and UDP: all but the number is made once."""

    def __init__(self, credentials: Credentials, lookup: Lookup = Lookup.PROFILE) -> None:
        client = json.dumps(credentials.client_id)
        secret = json.dumps(credentials.client_secret)
        self._before = f'{{"clientid":{client},"password":{secret},"tel":"'.encode()
        asked = "" if lookup is Lookup.PROFILE else f',"lookup":"{lookup.value}"'
        self._after = f'"{asked}}}'.encode()
        self._between = (self._after + b"\n" + self._before).decode()

    def __repr__(self) -> str:
        return "<DirectRequests>"

    def encode(self, tel: str) -> bytes:
        """The request for one number (E.164 digits), without a terminator."""
        return self._before + tel.encode() + self._after

    def encode_all(self, tels: Iterable[str]) -> bytes:
        """Requests for many numbers (at least one), each with a newline at its end."""
        return self._before + self._between.join(tels).encode() + self._after + b"\n"


def rest_query(tel: str, lookup: Lookup) -> str:
    """The query string of a REST request; digits and letters only, nothing to escape."""
    return f"tel={tel}" if lookup is Lookup.PROFILE else f"tel={tel}&lookup={lookup.value}"


class Request(NamedTuple):
    """What a client asked, as the service sees it; what it left out is blank."""

    clientid: str
    password: str
    tel: str
    lookup: str

    def __repr__(self) -> str:
        return "<Request>"


class _RequestFields(msgspec.Struct, gc=False):
    clientid: str | int | float | None = ""
    password: str | int | float | None = ""
    tel: str | int | float | None = ""
    lookup: str | int | float | None = ""


_decode_request = msgspec.json.Decoder(_RequestFields).decode


def decode_request(raw: bytes) -> Request:
    """A request over TCP or UDP. Raises `NotARequest` for anything but one JSON object."""
    try:
        asked = _decode_request(raw)
    except UNREADABLE:
        raise NotARequest("not a JSON object with the fields of a request") from None
    values = [asked.clientid, asked.password, asked.tel, asked.lookup]
    return Request._make(["" if value is None else str(value) for value in values])


def decode_query(query: Mapping[str, str]) -> tuple[str, str]:
    """`tel` and `lookup` of a REST request's query; blank where left out."""
    return query.get("tel", ""), query.get("lookup", "")
