"""Differences in what a cell holds: damage, noise, and more than one number."""

import html
import re
import unicodedata
import urllib.parse

from pipeline.normalise.evidence import Evidence
from tests.parity.case import Case, Difference
from tests.parity.cells import Cell
from tests.parity.oracle import plain

__all__ = ("CELLS",)

_PARTING = re.compile(r"[;,/|&\\\n\r]|\s(?:or|and|oder|und|ou|et)\s|(?<=[0-9])[^0-9]*\+")
_AGAIN = re.compile(r"(?:[0-9][^0-9]*){7,}\s[ (]*[0+](?:[0-9][^0-9]*){7,}$")
_AMOUNT = re.compile(r"-?[1-9][0-9]{2,5}\.[0-9]{1,2}|\D*[0-9]{7,}[.,][0-9]+\W*")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}\W[0-9]{1,2}\W[0-9]{1,2}|[0-9]{1,2}\W[0-9]{1,2}\W(?:19|20)?[0-9]{2}|[0-9]{1,2}/(?:19|20)[0-9]{2}"
)


def _refused(case: Case, reason: str) -> bool:
    return case.reading.reject_reason == reason and case.word.msisdn is not None


def _extension(case: Case) -> bool:
    return _refused(case, "extension") and bool(case.word.extension)


def _several(case: Case) -> bool:
    parts = [part for part in _PARTING.split(case.folded) if re.search("[0-9]", part)]
    twice = len(parts) > 1 or _AGAIN.search(case.folded) is not None
    long_extension = len(case.word.extension or "") >= 7
    return _refused(case, "multiple_numbers") and (twice or long_extension)


def _strange_signs(case: Case) -> bool:
    strange = [sign for sign in case.folded if not _is_noise(sign)]
    behind = re.search(r"[^ ()\[\].\-/+]\+", case.folded) is not None
    return _refused(case, "not_a_number") and (bool(strange) or behind)


def _is_noise(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return sign in "0123456789+()[]./\\~\t" or kind in {"Zs", "Pd", "Cf", "So"}


def _fraction(case: Case) -> bool:
    return _refused(case, "spreadsheet_damage") and _AMOUNT.fullmatch(case.folded) is not None


def _date(case: Case) -> bool:
    return _refused(case, "not_a_number") and _DATE.match(case.folded.strip()) is not None


def _address(case: Case) -> bool:
    parts = case.folded.split(".")
    octets = [part for part in parts if re.fullmatch("[0-9]{1,3}", part) and int(part) < 256]
    return _refused(case, "not_a_number") and len(parts) == len(octets) == 4


def _zeros(case: Case) -> bool:
    return not case.signs.strip("+0")


def _decimal_or_digits(case: Case) -> bool:
    return (
        _refused(case, "ambiguous") and re.search(r"[0-9][.,]0+[^0-9]*$", case.folded) is not None
    )


def _float_tail(case: Case) -> bool:
    tail = re.search(r"[.,]0+[^0-9]*$", case.folded)
    return tail is not None and case.holds(re.sub("[^0-9]", "", case.folded[: tail.start()]))


def _scientific(case: Case) -> bool:
    found = re.search(r"([0-9]+)(?:[.,]([0-9]*))?\s*[eE]\s*\+?\s*([0-9]+)\W*$", case.folded)
    if found is None:
        return False
    # The mantissa's digits, with as many after the first part as the exponent says.
    fraction, exponent = found[2] or "", int(found[3])
    return case.holds(found[1] + fraction[:exponent]) and not fraction[exponent:].strip("0")


def _second_value(case: Case) -> bool:
    """A number stands before what may be a second value, and the whole is one too."""
    return case.found.head is not None and case.ambiguous and case.plain_word.msisdn is not None


def _rounded_column(case: Case) -> bool:
    zeros = case.shown.zeros_at_end
    return bool(zeros) and re.search(f"0{{{zeros},}}$", case.digits or case.text) is not None


def _shortest(case: Case) -> bool:
    """Zeros left out at the end of scientific notation, in a column that leaves out nothing else."""
    return bool(case.shown.exact_digits) and case.reading.rule == "repair:scientific"


def _zeros_and_plus(case: Case) -> bool:
    """Zeros beside the plus sign, and the rest is what we read."""
    found = re.fullmatch(r"(?:0{1,2}\++0*|\++00+|\++0+\++0*)([1-9][0-9]*)", case.signs)
    return case.found.form != "bare" and found is not None and found[1] == case.digits.lstrip("0")


def _escapes(case: Case) -> bool:
    plainer = html.unescape(urllib.parse.unquote(case.folded))
    return plainer != case.folded and case.is_written_in(plainer)


def _remark(case: Case) -> bool:
    """A word in brackets at the end, where there is nothing but the number before it."""
    words = re.search(r"[(\[][^0-9()\[\]]+[)\]]\s*$", case.folded)
    return words is not None and case.is_written_in(case.folded[: words.start()])


def _chat(case: Case) -> bool:
    """Digits that are a full number wherever they are read."""
    found = re.fullmatch(r"(?:https?://)?wa\.me/\+?([0-9]+)/?|\+?([0-9]+)@[a-z.]+", case.text)
    called = f"+{found[1] or found[2]}" if found else None
    return called is not None and (case.plainly == called or len(called) > 16)


def _small_plus(case: Case) -> bool:
    return (
        "﹢" in case.text
        and plain(case.text.replace("﹢", "+"), case.region)[:3] == (case.plain_word[:3])
    )


def _plus_and_context(case: Case) -> bool:
    number, _, context = case.folded.partition(";phone-context=")
    both = "+" in number and case.word.reason == "not_a_number"
    odd = re.fullmatch(r"\+[0-9][0-9.\-]*", context) is None
    return context.startswith("+") and (both or odd)


def _noise(case: Case) -> bool:
    """The same signs in the same order; libphonenumber gives up, or takes the last for an extension."""
    return case.is_written_in(case.folded) and (
        case.word.msisdn is None or bool(case.word.extension)
    )


CELLS: tuple[Difference, ...] = (
    Difference(
        "extension",
        "Extensions",
        "takes the extension off and accepts the number",
        "refuses: a mobile has none, and the digits may be a second number",
        "extension",
        Cell("030 1234567 ext. 12", "DE"),
        _extension,
    ),
    Difference(
        "several_numbers",
        "Several numbers in a cell",
        "takes the first and swallows or drops what follows",
        "refuses",
        "multiple_numbers",
        Cell("07400123456;07400123457", "GB"),
        _several,
    ),
    Difference(
        "strange_signs",
        "Letters, signs that no number has, and a plus sign behind other signs",
        "reads letters as the digits of a keypad, or skips words beside the number",
        "refuses",
        "not_a_number",
        Cell("+1 800 FLOWERS", "US"),
        _strange_signs,
    ),
    Difference(
        "fraction",
        "Decimal places, and amounts of money",
        "reads them as further digits",
        "refuses: the number was calculated or rounded, or is none",
        "spreadsheet_damage",
        Cell("+4930123456.12", None),
        _fraction,
    ),
    Difference(
        "date",
        "Dates",
        "reads the digits",
        "refuses",
        "not_a_number",
        Cell("2062-08-27", "SE"),
        _date,
    ),
    Difference(
        "address",
        "IP addresses",
        "reads the digits",
        "refuses",
        "not_a_number",
        Cell("61.145.181.133", "CC"),
        _address,
    ),
    Difference(
        "zeros",
        "Nothing but zeros after a plus sign",
        "finds no calling code, or no number at all",
        "refuses: empty",
        "empty",
        Cell("+000", None),
        _zeros,
    ),
    Difference(
        "decimal_or_digits",
        "Zeros after the only point or comma of a number that is grouped in another way",
        "reads them as further digits",
        "refuses: they may be decimal places or digits",
        "ambiguous",
        Cell("030 123 45.00", "DE"),
        _decimal_or_digits,
    ),
    Difference(
        "float_tail",
        "A float's `.0`",
        "reads it as further digits",
        "takes it off",
        "repair:float_tail",
        Cell("+4366412345678.0", None),
        _float_tail,
    ),
    Difference(
        "scientific",
        "Scientific notation with every digit",
        "refuses, or reads the E as a digit of a keypad",
        "writes the number out",
        "repair:scientific",
        Cell("2.2389765377E+10", "ML"),
        _scientific,
    ),
    Difference(
        "shortest",
        "Scientific notation without the zeros at its end, in a column that leaves out nothing else",
        "refuses, or reads the E as a digit of a keypad",
        "writes the number out",
        "repair:scientific",
        Cell("4.4740012345e+11", "GB"),
        _shortest,
        Evidence(exact_digits=12),
    ),
    Difference(
        "rounded_column",
        "Digits that end in zeros, in a column that a spreadsheet has rounded",
        "reads the number",
        "refuses",
        "spreadsheet_damage",
        Cell("447992000000", "GB"),
        _rounded_column,
        Evidence(zeros_at_end=5),
    ),
    Difference(
        "second_value",
        "A tab, ` - 12`, a bracket, or a short group behind a number that is complete by itself",
        "reads it as further digits",
        "refuses: it may be either",
        "ambiguous",
        Cell("+436641234567 12", None),
        _second_value,
    ),
    Difference(
        "zeros_and_plus",
        "Zeros beside the plus sign",
        "refuses, or reads them as the region's prefix for international calls",
        "takes them off",
        "repair:plus_zero",
        Cell("+004915112345678", None),
        _zeros_and_plus,
    ),
    Difference(
        "escapes",
        "Signs that HTML or an address of the web writes out",
        "reads the digits of `&#43;` and `%20`, or refuses",
        "reads the sign",
        "repair:escaped",
        Cell("%2B49 1511 2345678", None),
        _escapes,
    ),
    Difference(
        "remark",
        "A word in brackets behind the number",
        "reads its letters as the digits of a keypad",
        "takes it off",
        "repair:label",
        Cell("+49 1511 2345678 (mobile)", None),
        _remark,
    ),
    Difference(
        "chat",
        "Addresses of chats, which are made of the full number",
        "reads a national number, or refuses",
        "reads the full number",
        "repair:label",
        Cell("https://wa.me/4915112345678", "DE"),
        _chat,
    ),
    Difference(
        "small_plus",
        "The small plus sign, U+FE62",
        "does not know it, and reads the number nationally",
        "reads it as a plus sign",
        "international",
        Cell("﹢4915112345678", "DE"),
        _small_plus,
    ),
    Difference(
        "plus_and_context",
        "A `tel:` URI with both a plus sign and a context, or with brackets in its context",
        "puts the context before the number",
        "leaves the context out",
        "international",
        Cell("tel:+4915112345678;phone-context=+49", None),
        _plus_and_context,
    ),
    Difference(
        "noise",
        "Marks that are not seen, rare spaces and signs between digits",
        "refuses, or reads a tilde as the beginning of an extension",
        "reads the digits",
        "international",
        Cell("+49\u202f1511\u202f2345678", None),
        _noise,
    ),
)
