"""Differences in which number the digits are: prefixes, calling codes, and two good readings."""

import re

from pipeline.normalise.evidence import INTERNATIONAL, Evidence
from tests.parity.case import Case, Difference, is_sound
from tests.parity.cells import Cell
from tests.parity.oracle import Plain, plain
from tests.parity.reference import Reading, after_prefix, full, national, plan, without_trunk

__all__ = ("NUMBERS",)

_MOBILE = {"mobile", "fixed_line_or_mobile"}
_FULL = Evidence(bare=INTERNATIONAL)


def _only_zeros(case: Case) -> bool:
    return not case.digits.strip("0") and case.reading.reject_reason == "invalid"


def _beyond_e164(case: Case) -> bool:
    if len(case.plain_word.msisdn or "") > 15:
        return case.reading.msisdn is None
    longest = max(len(said.parsed or "") for said in (case.plain_word, case.full))
    return longest > 15 and case.reading.reject_reason == "too_long"


def _own_code_mobile(case: Case) -> bool:
    landline = is_sound(case.plain_word) and case.plain_word.plan_type not in _MOBILE
    return (
        case.is_own_code
        and landline
        and case.full.plan_type in _MOBILE
        and case.is_read_as(case.full)
    )


def _own_code_doubtful(case: Case) -> bool:
    if not (case.is_own_code and case.ambiguous):
        return False
    if is_sound(case.full):
        return case.home.msisdn not in {None, case.full.msisdn}
    return case.full.reason == "invalid" and case.home.plan_type not in {*_MOBILE, None}


def _own_code_and_local(case: Case) -> bool:
    """libphonenumber takes the code off, then the trunk prefix twice, or completes a local number."""
    if not (case.is_own_code and case.region and case.plain_word.msisdn) or case.home.msisdn:
        return False
    refused_as_well = case.full.msisdn is None and case.reading.msisdn is None
    others: tuple[Plain | Reading, ...] = (case.full, case.without_zero)
    if not (refused_as_well or any(map(case.is_read_as, others))):
        return False
    rest = case.digits.removeprefix(str(plan(case.region).country_code))
    return case.plain_word[:3] == national(without_trunk(rest, case.region), case.region)[:3]


def _own_code_taken_off(case: Case) -> bool:
    return case.is_own_code and case.plain_word.msisdn is None and case.is_read_as(case.home)


def _landline_or_mobile_abroad(case: Case) -> bool:
    trunk = plan(case.region).national_prefix if case.region else None
    return (
        case.is_bare
        and not case.is_own_code
        and case.ambiguous
        and case.plain_word.plan_type == "fixed_line"
        and case.full.plan_type == "mobile"
        and trunk is not None
        and not case.digits.startswith(trunk)
    )


def _bare_without_region(case: Case) -> bool:
    return case.region is None and case.is_bare and case.is_read_as(case.full)


def _bare_abroad(case: Case) -> bool:
    return (
        case.region is not None
        and case.is_bare
        and not is_sound(case.plain_word)
        and case.home.msisdn is None
        and case.is_read_as(case.full)
    )


def _double_zero(case: Case) -> bool:
    said = case.dialled.get(case.digits[2:])
    return (
        case.found.form == "bare"
        and case.digits.startswith("00")
        and not is_sound(case.plain_word)
        and said is not None
        and case.is_read_as(said)
    )


def _double_zero_or_national(case: Case) -> bool:
    said = case.dialled.get(case.digits[2:])
    return (
        case.found.form == "bare"
        and case.digits.startswith("00")
        and case.plain_word.msisdn is not None
        and case.plain_word[:3] == case.home[:3]
        and said is not None
        and case.is_read_as(said)
    )


def _two_prefixes(case: Case) -> bool:
    return case.found.form == "bare" and case.ambiguous and len(case.dialled) == 2


def _prefix_of_a_national_number(case: Case) -> bool:
    begins = bool(
        case.region and re.match(plan(case.region).international_prefix or "$", case.digits)
    )
    return (
        case.found.form == "bare"
        and begins
        and not case.dialled
        and case.plain_word.msisdn is None
        and case.is_read_as(case.home)
    )


def _formerly_mexican(case: Case) -> bool:
    former = re.fullmatch(r"(?:00|0)*(?:521|01|044|045|1)([0-9]{10})", case.digits)
    for rest in after_prefix(case.digits, case.region):
        former = former or re.fullmatch(r"521([0-9]{10})", rest)
    if former is None or case.plain_word.msisdn is not None:
        return False
    said = plain("+52" + former[1], None)
    # With the prefix off, what is wrong may be something else.
    return case.is_read_as(said) or case.reading == Reading(reject_reason=said.reason)


def _one_zero(case: Case) -> bool:
    if case.found.form != "plus_zero":
        return False
    rest = full(case.digits[1:])
    if case.reading.msisdn is None:
        return case.plain_word.msisdn is None and case.reading.reject_reason == rest.reject_reason
    return case.is_read_as(rest)


def _one_zero_doubtful(case: Case) -> bool:
    return case.found.form == "plus_zero" and case.ambiguous


def _plus_ignored(case: Case) -> bool:
    """Without its plus sign, libphonenumber finds the region's prefix, and a number behind it."""
    refused = case.reading.msisdn is None
    if not case.region or not (refused or case.found.form == "plus_zero"):
        return False
    prefix = re.match(plan(case.region).international_prefix or "$", case.digits)
    return (
        prefix is not None
        and case.found.form != "bare"
        and plain(case.plainly, None).reason == "unknown_calling_code"
        and case.plain_word[:3] == plain("+" + case.digits[prefix.end() :], None)[:3]
    )


def _few_digits(case: Case) -> bool:
    return case.found.form == "plus" and len(case.digits) == 2


def _in_full(case: Case) -> bool:
    """In a column of full numbers, digits that are a national number as well."""
    return case.is_full_column and case.is_bare and case.is_read_as(full(case.digits))


def _plus_or_trunk(case: Case) -> bool:
    return _before_trunk(case) and case.ambiguous and case.full.msisdn is not None


def _plus_before_bracket(case: Case) -> bool:
    return (
        _before_trunk(case)
        and case.full.msisdn is not None
        and re.match(r"[^0-9]*[0-9][^0-9(]*\(", case.folded) is not None
        and case.is_read_as(case.home)
    )


def _stray_plus(case: Case) -> bool:
    return _before_trunk(case) and case.full.msisdn is None and case.is_read_as(case.home)


def _before_trunk(case: Case) -> bool:
    """A plus sign before the region's own trunk prefix, and a national number of it behind."""
    trunk = plan(case.region).national_prefix if case.region else None
    begins = trunk is not None and trunk[0] != "0" and case.digits.startswith(trunk)
    return case.found.form in {"plus", "plus_behind"} and begins and case.home.msisdn is not None


def _zeros_lost(case: Case) -> bool:
    """Where the whole column has lost its zeros."""
    if not (case.is_bare and case.region) or case.plain_word.msisdn is not None:
        return False
    return case.is_read_as(national("0" + case.digits, case.region))


def _bracketed_zero(case: Case) -> bool:
    return (
        case.without_zero.msisdn is not None
        and not is_sound(case.plain_word)
        and case.is_read_as(case.without_zero)
    )


def _bracketed_zero_doubtful(case: Case) -> bool:
    return (
        case.ambiguous
        and case.without_zero.msisdn is not None
        and case.plain_word.msisdn not in {None, case.without_zero.msisdn}
    )


NUMBERS: tuple[Difference, ...] = (
    Difference(
        "only_zeros",
        "Nothing but zeros, in a plan that has such a number",
        "reads the number",
        "refuses: what fills a column where there is no number",
        "invalid",
        Cell("00000", "NF"),
        _only_zeros,
    ),
    Difference(
        "beyond_e164",
        "More than 15 digits",
        "accepts numbers of up to 17 digits after the calling code in some plans",
        "refuses: E.164 ends at 15 digits",
        "too_long",
        Cell("+4915123456789012", None),
        _beyond_e164,
    ),
    Difference(
        "own_code_mobile",
        "Bare digits that begin with the region's own calling code: a mobile",
        "reads a landline whose area code is like the calling code",
        "reads the full number",
        "bare_international",
        Cell("4915112345678", "DE"),
        _own_code_mobile,
    ),
    Difference(
        "own_code_doubtful",
        "Bare digits that begin with the region's own calling code: any other",
        "reads the national number",
        "refuses: it may be either",
        "ambiguous",
        Cell("3906698123", "IT"),
        _own_code_doubtful,
    ),
    Difference(
        "own_code_and_local",
        "Bare digits that begin with the region's own calling code, then a local number or two trunk prefixes",
        "completes the number",
        "refuses, unless they are a full number",
        "too_short",
        Cell("16668760", "BM"),
        _own_code_and_local,
    ),
    Difference(
        "own_code_taken_off",
        "A national number that begins like the region's calling code, of a region that shares the code",
        "takes the code off and refuses what is left",
        "reads the national number",
        "national",
        Cell("29031", "TA"),
        _own_code_taken_off,
    ),
    Difference(
        "landline_or_mobile_abroad",
        "Bare digits: a landline without its trunk prefix, or a mobile of another country",
        "reads the landline",
        "refuses: it may be either",
        "ambiguous",
        Cell("387604056914", "DE"),
        _landline_or_mobile_abroad,
    ),
    Difference(
        "bare_without_region",
        "Bare digits of a full number, no region given, in a column of full numbers",
        "refuses",
        "reads the full number",
        "bare_international",
        Cell("4915112345678", None),
        _bare_without_region,
        _FULL,
    ),
    Difference(
        "bare_abroad",
        "Bare digits of a full number that is none of the region, in a column of full numbers",
        "refuses",
        "reads the full number",
        "bare_international",
        Cell("447400123456", "US"),
        _bare_abroad,
        _FULL,
    ),
    Difference(
        "in_full",
        "Bare digits that are a number of the region too, in a column of full numbers",
        "reads the national number",
        "reads the full number",
        "bare_international",
        Cell("492214710228", "DE"),
        _in_full,
        _FULL,
    ),
    Difference(
        "plus_or_trunk",
        "A plus sign before the region's trunk prefix, if both the full and the national number are good",
        "reads the full number",
        "refuses: it may be either",
        "ambiguous",
        Cell("+84951234567", "RU"),
        _plus_or_trunk,
    ),
    Difference(
        "plus_before_bracket",
        "The same where a bracket opens behind the trunk prefix, at which no calling code ends",
        "reads the full number",
        "reads the national number",
        "national",
        Cell("+8 (495) 123-45-67", "RU"),
        _plus_before_bracket,
    ),
    Difference(
        "stray_plus",
        "A plus sign before the region's trunk prefix, if only the national number is good",
        "refuses",
        "reads the national number",
        "national",
        Cell("+89161234567", "RU"),
        _stray_plus,
    ),
    Difference(
        "double_zero",
        "00 without a region, or where the region dials another prefix",
        "refuses",
        "reads it as a plus sign",
        "idd_prefix",
        Cell("004915112345678", "US"),
        _double_zero,
    ),
    Difference(
        "double_zero_or_national",
        "00 where the region dials another prefix, and has such a number",
        "reads the national number",
        "reads 00 as a plus sign",
        "idd_prefix",
        Cell("0018034429866", "ID"),
        _double_zero_or_national,
    ),
    Difference(
        "two_prefixes",
        "00 and the region's longer prefix both leave a number",
        "takes the region's prefix off",
        "refuses: it may be either",
        "ambiguous",
        Cell("006255228864457", "TZ"),
        _two_prefixes,
    ),
    Difference(
        "prefix_of_a_national_number",
        "A national number that begins like the prefix for international calls",
        "takes the prefix off and refuses what is left",
        "reads the national number",
        "national",
        Cell("81085601085444", "RU"),
        _prefix_of_a_national_number,
    ),
    Difference(
        "formerly_mexican",
        "Mexico's former 1 after 52, and 01, 044, 045",
        "refuses",
        "takes it off",
        "repair:mx_521",
        Cell("+5212221234567", None),
        _formerly_mexican,
    ),
    Difference(
        "one_zero",
        "One zero after the plus sign",
        "refuses",
        "takes it off",
        "repair:plus_zero",
        Cell("+04915112345678", None),
        _one_zero,
    ),
    Difference(
        "one_zero_doubtful",
        "One zero after the plus sign, and a national number with that zero",
        "refuses",
        "refuses, and says that it may be either",
        "ambiguous",
        Cell("+0493582378393", "DE"),
        _one_zero_doubtful,
    ),
    Difference(
        "plus_ignored",
        "The region's prefix for international calls after a plus sign",
        "tries again without the plus sign where no calling code is like the prefix",
        "refuses",
        "unknown_calling_code",
        Cell("+990447400123456", "FI"),
        _plus_ignored,
    ),
    Difference(
        "few_digits",
        "A plus sign and two digits",
        "holds it to be no number at all",
        "refuses: too short",
        "too_short",
        Cell("+49", None),
        _few_digits,
    ),
    Difference(
        "zeros_lost",
        "A number without its leading zero, where the whole column has lost them",
        "refuses",
        "puts the zero back",
        "repair:leading_zero",
        Cell("698123456", "IT"),
        _zeros_lost,
        Evidence(zeros_lost=True),
    ),
    Difference(
        "bracketed_zero",
        "A zero in brackets in a plan without a trunk zero",
        "refuses, or keeps it as a digit",
        "takes it off",
        "repair:trunk_zero",
        Cell("+34 (0)612 34 56 78", None),
        _bracketed_zero,
    ),
    Difference(
        "bracketed_zero_doubtful",
        "A zero in brackets that may be a digit or not",
        "keeps it",
        "refuses: it may be either",
        "ambiguous",
        Cell("0800 (0)156776", "AT"),
        _bracketed_zero_doubtful,
    ),
)
