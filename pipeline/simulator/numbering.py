"""What the numbering plan alone says of a number: region, type, area code, range holder.

Source: the metadata and the carrier prefixes of libphonenumber, whose verdicts it repeats exactly
(the tests compare). `phonenumbers` itself needs 100 µs for one number, this 2 µs: all patterns of
a calling code are one automaton, and what a state of it means is found out once.
Rule: facts of the plan only, nothing that depends on the seed.
"""

import re
from functools import cache
from typing import Any, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.carrierdata import CARRIER_DATA

from pipeline.simulator.automaton import Automaton

__all__ = ("Facts", "Numbering")

# libphonenumber asks in this order (number_type_helper); the first that matches is the type.
_FIXED_TYPES = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


class Facts(NamedTuple):
    """What the plan says of one number."""

    calling_code: str
    """Blank when no country has it; then all the rest is blank too."""
    region: str
    """ISO 3166 alpha-2; the calling code's main region where the number is in no plan."""
    kind: str
    """`mobile`, `fixed`, `either` (the plan does not tell), or blank: no such number."""
    ndc_end: int
    """The national destination code is `tel[len(calling_code):ndc_end]`."""
    carrier: str
    """libphonenumber's name for the holder of the range, or blank."""


NOWHERE = Facts("", "", "", 0, "")


def _metadata(code: int, region: str) -> Any:
    if region == "001":
        return PhoneMetadata.metadata_for_nongeo_region(code)
    return PhoneMetadata.metadata_for_region(region)


def _pattern(description: Any) -> str:
    """A number type's pattern, or one that matches nothing where the region has no such type."""
    found = description.national_number_pattern if description is not None else None
    return found or "[]"


class _Region:
    """Where the patterns of one region stand in the automaton of its calling code."""

    def __init__(self, name: str, about: Any, whole: list[str], beginning: list[str]) -> None:
        def place(description: Any) -> int:
            whole.append(_pattern(description))
            return len(whole) - 1

        self.name = name
        self.general = place(about.general_desc)
        self.types = [place(getattr(about, each)) for each in _FIXED_TYPES]
        self.fixed = place(about.fixed_line)
        self.mobile = place(about.mobile)
        self.same = whole[self.fixed] == whole[self.mobile]
        self.leading = -1
        if about.leading_digits:
            beginning.append(about.leading_digits)
            self.leading = len(beginning) - 1

    def kind(self, matched: frozenset[int]) -> str:
        """As in `Facts`, for a number that matches these patterns."""
        if self.general not in matched:
            return ""
        if any(each in matched for each in self.types):
            return "fixed"
        if self.fixed in matched:
            return "either" if self.same or self.mobile in matched else "fixed"
        return "mobile" if self.mobile in matched else ""


class _Format(NamedTuple):
    """One way of writing a number in groups, of which the first is the area code."""

    leading: int
    """Index of the pattern for its first digits; -1 for any."""
    whole: int
    match: Any
    ndc: int
    """Digits in the first group; -1 where it takes the number to tell."""


class _Verdict(NamedTuple):
    """What a state of the automaton means."""

    region: str
    kind: str
    format: _Format | None
    known: dict[tuple[str, int], Facts]
    """Facts met so far by carrier and length of the area code: they are few, and shared."""


class _Code:
    """The plans of one calling code."""

    def __init__(self, code: int) -> None:
        self.digits = str(code)
        names = COUNTRY_CODE_TO_REGION_CODE[code]
        whole: list[str] = []
        beginning: list[str] = []
        abouts = [_metadata(code, name) for name in names]
        self._regions = [
            _Region(name, about, whole, beginning)
            for name, about in zip(names, abouts, strict=True)
        ]
        # Regions that share a calling code write numbers as its main region does.
        self._formats = _formats(abouts[0], whole, beginning)
        self._automaton = Automaton(whole, beginning)
        self._beginning = len(whole)
        self._verdicts: dict[int, _Verdict] = {}
        self._carriers = _carrier_lengths().get(self.digits, ())

    def facts(self, tel: str) -> Facts:
        """What the plans say of a number that begins with the calling code."""
        size = len(self.digits)
        national = tel[size:]
        state = self._automaton.walk(national)
        verdict = self._verdicts.get(state)
        if verdict is None:
            verdict = self._verdicts[state] = self._verdict(state)
        key = (self._carrier(tel), self._ndc(national, verdict)) if verdict.kind else ("", 0)
        facts = verdict.known.get(key)
        if facts is None:
            carrier, ndc = key
            facts = Facts(self.digits, verdict.region, verdict.kind, size + ndc, carrier)
            verdict.known[key] = facts
        return facts

    def _carrier(self, tel: str) -> str:
        """Holder of the range, by the longest prefix that libphonenumber knows."""
        for length in self._carriers:
            found = CARRIER_DATA.get(tel[:length])
            if found is not None:
                return str(found.get("en", ""))
        return ""

    def _verdict(self, state: int) -> _Verdict:
        matched = self._automaton.matched(state)
        name, kind = self._region(matched)
        for each in self._formats:
            leads = each.leading < 0 or self._beginning + each.leading in matched
            if leads and each.whole in matched:
                return _Verdict(name, kind, each, {})
        return _Verdict(name, kind, None, {})

    def _region(self, matched: frozenset[int]) -> tuple[str, str]:
        """The first region that claims the number: by leading digits if it has any, else by type."""
        for region in self._regions:
            kind = region.kind(matched)
            if self._beginning + region.leading in matched if region.leading >= 0 else kind:
                return region.name, kind
        return self._regions[0].name, ""

    def _ndc(self, national: str, verdict: _Verdict) -> int:
        """Digits of the national destination code, as libphonenumber counts them."""
        if verdict.format is None:
            return 0
        if verdict.format.ndc >= 0:
            return verdict.format.ndc
        parts = verdict.format.match(national)
        if parts.lastindex is None or parts.lastindex < 2:
            return 0
        # Argentine mobiles are written 54 9 11 …: the 9 is part of the code.
        token = self.digits == "54" and verdict.kind == "mobile" and parts.group(1) == "9"
        return int(parts.end(2 if token else 1))


def _formats(about: Any, whole: list[str], beginning: list[str]) -> list[_Format]:
    made = []
    for each in about.intl_number_format or about.number_format:
        leading = -1
        if each.leading_digits_pattern:
            beginning.append(each.leading_digits_pattern[-1])
            leading = len(beginning) - 1
        whole.append(each.pattern)
        match = re.compile(each.pattern).fullmatch
        made.append(_Format(leading, len(whole) - 1, match, _width(each.pattern)))
    return made


def _width(pattern: str) -> int:
    """Digits in the first group of a pattern such as `(\\d{4})(\\d{6})`; -1 if they vary."""
    first = re.match(r"\(\\d(?:\{(\d+)\})?\)\(", pattern)
    return int(first[1] or 1) if first and first[0] != r"(\d)(" else -1


@cache
def _code(code: int) -> _Code:
    return _Code(code)


@cache
def _carrier_lengths() -> dict[str, tuple[int, ...]]:
    """Lengths of the prefixes with a carrier by calling code, the longest first."""
    codes = _calling_codes()
    found: dict[str, set[int]] = {}
    for prefix in CARRIER_DATA:
        found.setdefault(str(codes[prefix[:3]]), set()).add(len(prefix))
    return {code: tuple(sorted(lengths, reverse=True)) for code, lengths in found.items()}


def _calling_codes() -> dict[str, int]:
    """Calling code by the first three digits."""
    heads = (f"{number:03}" for number in range(1000))
    return {
        head: code
        for head in heads
        for code in (int(head[:1]), int(head[:2]), int(head))
        if code in COUNTRY_CODE_TO_REGION_CODE and head.startswith(str(code))
    }


class Numbering:
    """Facts of numbers."""

    def __init__(self) -> None:
        self._codes = _calling_codes()

    def __repr__(self) -> str:
        return "<Numbering>"

    def facts(self, tel: str) -> Facts:
        """What the plan says of E.164 digits. Takes any text of digits."""
        code = self._codes.get(tel[:3])
        return NOWHERE if code is None else _code(code).facts(tel)
