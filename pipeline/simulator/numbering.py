"""What the numbering plan alone says of a number: region, type, area code, range holder.

Source: region and type from `pipeline.numbering`, the rest from the number formats and carrier
prefixes of libphonenumber, whose verdicts are repeated exactly (the tests compare). `phonenumbers`
itself needs 100 µs for one number, this 2 µs: two walks through automata, and facts that are shared.
Rule: facts of the plan only, nothing that depends on the seed.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, country_mobile_token
from phonenumbers.carrierdata import CARRIER_DATA

from pipeline.model import PLAN_TYPES
from pipeline.numbering.automaton import States, matches
from pipeline.numbering.patterns import Digit, Group, Node, Repeat, Row, lengths, tree
from pipeline.numbering.plans import PLANS, codes_sharing, main_code, metadata
from pipeline.numbering.tables import tables
from pipeline.numbering.verdicts import Verdict

__all__ = ("Facts", "Numbering")

_KINDS = {"mobile": "mobile", "fixed_line_or_mobile": "either"}
"""What a plan type is to a network; any other is a fixed line."""

_HELD = {PLAN_TYPES.index(each) for each in ("mobile", "fixed_line_or_mobile", "pager")}
"""Types whose ranges have a holder that libphonenumber names."""


MOST_ASKED = (44, 1, 49, 33, 34, 39, 91, 55, 46, 61, 52, 31)
"""Calling codes whose plans are compiled ahead: up to 70 ms each, 0.2 s together."""


class Facts(NamedTuple):
    """What the plan says of one number."""

    calling_code: str
    """Blank when no country has it; then all the rest is blank too."""
    region: str
    """ISO 3166 alpha-2; where the number is in no plan, the region that its first digits are kept
    for, or the calling code's main region."""
    kind: str
    """`mobile`, `fixed`, `either` (the plan does not tell), or blank: no such number."""
    ndc_end: int
    """The national destination code is `tel[len(calling_code):ndc_end]`."""
    carrier: str
    """libphonenumber's name for the holder of the range, or blank."""


_MORE = Repeat(Digit((1 << 10) - 1), 0, 17)
"""What may follow leading digits: a national number has 17 at most."""

NOWHERE = Facts("", "", "", 0, "")


class _Code:
    """The plans of one calling code."""

    def __init__(self, code: int) -> None:
        self._code = code
        self.digits = str(code)
        self._verdict_of = tables().verdict_of
        self._token = country_mobile_token(code)
        # Regions that share a calling code write numbers as its main region does.
        written = metadata(main_code(code))
        formats: list[Any] = written.intl_number_format or written.number_format
        self._written: list[Any] = [re.compile(each.pattern).fullmatch for each in formats]
        # By the answer of the walk that finds the format; a number that has none has no area code.
        self._widths = [0, *(self._width(each.pattern) for each in formats)]
        self._states = States()
        self._begin = _format_matches(self._states, formats)
        self._claimed = _claims(code)
        self._carriers = _carrier_lengths().get(self.digits, ())
        self._known: dict[tuple[Verdict, int, str], Facts] = {}

    def facts(self, tel: str) -> Facts:
        """What the plans say of a number that begins with the calling code."""
        national = tel[len(self.digits) :]
        verdict = self._verdict_of(self._code, national)
        if verdict is None:
            return self._unallocated(national)
        form = self._states.answer_of(self._begin, national)
        ndc = self._widths[form]
        if ndc < 0:
            ndc = self._ndc(national, form, verdict)
        carrier = self._carrier(tel) if verdict.plan_type in _HELD else ""
        key = (verdict, ndc, carrier)
        # Few combinations occur: their facts are made once, and shared.
        facts = self._known.get(key)
        if facts is None:
            facts = self._known[key] = self._found(*key)
        return facts

    def _found(self, verdict: Verdict, ndc: int, carrier: str) -> Facts:
        kind = _KINDS.get(PLAN_TYPES[verdict.plan_type], "fixed")
        size = len(self.digits)
        return Facts(self.digits, PLANS[verdict.plan].region, kind, size + ndc, carrier)

    def _unallocated(self, national: str) -> Facts:
        """The facts of a number that no plan knows."""
        claimed = self._claimed(national)
        code = int(claimed.lastgroup[1:]) if claimed else main_code(self._code)
        return Facts(self.digits, PLANS[code].region, "", len(self.digits), "")

    def _carrier(self, tel: str) -> str:
        """Holder of the range, by the longest prefix that libphonenumber knows."""
        for length in self._carriers:
            found = CARRIER_DATA.get(tel[:length])
            if found is not None:
                return str(found.get("en", ""))
        return ""

    def _width(self, pattern: str) -> int:
        """Digits of the first group, the area code; -1 where it takes the number to tell."""
        groups = tree(pattern)
        if re.compile(pattern).groups < 2:
            return 0
        if self._token or not isinstance(groups, Row) or not isinstance(groups.parts[0], Group):
            return -1
        widths = lengths(groups.parts[0])
        return min(widths) if len(widths) == 1 else -1

    def _ndc(self, national: str, form: int, verdict: Verdict) -> int:
        """Digits of the area code of one number, as libphonenumber counts them."""
        # Argentine mobiles are written 54 9 11 …: the 9 is part of the code.
        token = self._token and PLAN_TYPES[verdict.plan_type] == "mobile"
        return int(self._written[form - 1](national).end(2 if token else 1))


def _format_matches(states: States, formats: list[Any]) -> int:
    """The walk that answers how a number is written: the place of the format, from 1."""
    patterns: list[Node] = []
    needed = []
    for each in formats:
        asked = [tree(each.pattern)]
        if each.leading_digits_pattern:
            asked.append(Row((tree(each.leading_digits_pattern[-1]), _MORE)))
        needed.append((1 << len(asked)) - 1 << len(patterns))
        patterns += asked

    def answer(matched: int) -> int:
        fitting = (place for place, bits in enumerate(needed, 1) if matched & bits == bits)
        return next(fitting, 0)

    return matches(states, patterns, answer)


def _claims(code: int) -> Any:
    """Matches the first digits that a region keeps for itself; the group is named for its plan."""
    leading = ((plan, metadata(plan).leading_digits) for plan in codes_sharing(code))
    claims = [f"(?P<_{plan}>{digits})" for plan, digits in leading if digits is not None]
    return re.compile("|".join(claims) or "(?!)").match


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
        self._facts: dict[str, Callable[[str], Facts]] = {}  # by the first three digits

    def __repr__(self) -> str:
        return "<Numbering>"

    @property
    def examples(self) -> Iterator[str]:
        """A mobile number of each of the codes that are asked about most."""
        for code in MOST_ASKED:
            mobile = metadata(main_code(code)).mobile
            if mobile is not None:
                yield f"{code}{mobile.example_number}"

    def facts(self, tel: str) -> Facts:
        """What the plan says of E.164 digits. Takes any text."""
        if not (tel.isascii() and tel.isdigit()):
            return NOWHERE
        head = tel[:3]
        facts = self._facts.get(head)
        if facts is None:
            code = self._codes.get(head)
            if code is None:
                return NOWHERE
            facts = self._facts[head] = _code(code).facts
        return facts(tel)
