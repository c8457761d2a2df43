"""All fields of an answer, in bulk, as columns. Rule: a value is kept verbatim or is None."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from pipeline.model import ANSWER, LOOKUP_TYPES
from pipeline.protocol.codec.raw import UNREADABLE, inner_fields, raw_fields, text_of
from pipeline.protocol.countries import alpha_2

__all__ = ("BLANKS", "READ", "decode_columns")

Cell = str | bool | None

_WIRE = {column.name: column.wire for column in ANSWER if column.wire}
_DECLARED = [(name, str, msgspec.field(default="", name=wire)) for name, wire in _WIRE.items()]
_Flat = msgspec.defstruct("_Flat", _DECLARED, gc=False)
_Outer = msgspec.defstruct(
    "_Outer",
    [("response", _Flat | None, None)],
    bases=(_Flat,),
    gc=False,
)
_decode: Callable[[bytes], Any] = msgspec.json.Decoder(_Outer).decode

_BATCH = 512
"""Answers decoded at a time: so few that they stay in the processor's cache, 2 µs a row; 20 000
at a time take 4."""

BLANKS = {" " * spaces: None for spaces in range(9)} | {"na": None, "NA": None}
"""Texts that say nothing."""
_YES_OR_NO = {"yes": True, "no": False, "true": True, "false": False}


def _country(value: str) -> str | None:
    return None if value == "na" else alpha_2(value)  # NA in capitals is Namibia


def _tristate(value: str) -> bool | None:
    return _YES_OR_NO.get(value.strip().lower())


def _lookup_type(value: str) -> str | None:
    kind = value.strip().lower()
    return kind if kind in LOOKUP_TYPES else None


def _code(value: str) -> str | None:
    return None if value == "false" else BLANKS.get(value, value)


READ: dict[str, Callable[[str], Cell]] = {
    "country": _country,
    "lookup_type": _lookup_type,
    "error_code": _code,
    **{column.name: _tristate for column in ANSWER if column.wire and column.type == "Boolean"},
}
"""Columns that are more than text, and how each is read. Other columns are verbatim."""


def decode_columns(raws: Sequence[bytes]) -> dict[str, list[str | bool | None]]:
    """All columns that come from the wire, by their names in `model`.

    Each list is as long as `raws`. Blank and `na` are None; np, pres and roaming are True, False
    or None; cc is alpha-2; a number is its text. Raises `NotAnAnswer` for what is no answer.
    """
    columns: dict[str, list[Cell]] = {name: [] for name in _WIRE}
    for start in range(0, len(raws), _BATCH):
        rows = map(_fields, raws[start : start + _BATCH])
        by_field = zip(*map(msgspec.structs.astuple, rows), strict=True)
        # `_Outer` has one field more, at its end: the wrapped answer, used up by now.
        for (name, column), values in zip(columns.items(), by_field, strict=False):
            column.extend(_read(name, values))
    return columns


def _read(name: str, values: Sequence[str]) -> Iterable[Cell]:
    read = READ.get(name)
    if read is None:
        return map(BLANKS.get, values, values)
    meaning = {value: read(value) for value in set(values)}
    return map(meaning.__getitem__, values)


def _fields(raw: bytes) -> Any:
    try:
        outer = _decode(raw)
    except UNREADABLE:
        return _tolerant_fields(raw)
    return outer.response or outer


def _tolerant_fields(raw: bytes) -> Any:
    inner = inner_fields(raw_fields(raw))
    return _Flat(**{name: text_of(inner, wire) for name, wire in _WIRE.items()})
