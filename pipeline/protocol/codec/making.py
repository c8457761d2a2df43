"""Answers as the service makes them: for the simulator, and for tests."""

from collections.abc import Mapping

import msgspec

from pipeline.model import ANSWER

__all__ = ("encode_answer", "encode_message", "encode_wrapped")

_NAMES = {column.wire: column.name for column in ANSWER if column.wire} | {"tel": "msisdn"}
# fmt: off
_ORDER = (
    "cc", "lookup", "np", "mnc", "roaming", "pres", "rmnc", "tadig", "e", "nt", "cn",
    "imsi", "ndc", "mcc", "rmcc", "npdi", "ppcin", "tel", "rn", "cic", "dc",
)
# fmt: on
"""As in the document's example."""
_TEMPLATE = tuple((wire, _NAMES[wire]) for wire in _ORDER)
_ANSWERABLE = frozenset(_NAMES.values())
_encode = msgspec.json.encode


def _answer(fields: Mapping[str, str]) -> dict[str, str]:
    if not fields.keys() <= _ANSWERABLE:
        unknown = ", ".join(sorted(fields.keys() - _ANSWERABLE))
        raise KeyError(f"no column of an answer: {unknown}")
    get = fields.get
    return {wire: get(name, "") for wire, name in _TEMPLATE}


def encode_answer(fields: Mapping[str, str]) -> bytes:
    """A flat answer in the shape of the document's example, all 21 fields, those not given blank.

    `fields` are by the names of `model` (`msisdn`, `calling_code`, `error_code`, …) with the
    wire's values. Raises `KeyError` for another name.
    """
    return _encode(_answer(fields))


def encode_wrapped(fields: Mapping[str, str], statuscode: int = 200) -> bytes:
    """The same, wrapped in `statuscode` and `response`."""
    return _encode({"statuscode": statuscode, "response": _answer(fields)})


def encode_message(statuscode: int, message: str) -> bytes:
    """What REST says instead of an answer, such as 401 `Unauthorized`."""
    return _encode({"statuscode": statuscode, "response": {"message": message}})
