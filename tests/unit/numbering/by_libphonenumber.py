"""What `phonenumbers` and `re` say, for comparison; and numbers to ask about."""

import random
import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from pipeline.numbering.patterns import Choice, Digit, End, Group, Node, Repeat, Row
from pipeline.numbering.prefixes import Edit

__all__ = ("edited", "example_numbers", "neighbours", "sample", "stripped", "verdict")

_TYPES = {
    value: name.lower()
    for name, value in vars(PhoneNumberType).items()
    if name.isupper() and value != PhoneNumberType.UNKNOWN
}


def example_numbers() -> Iterator[tuple[int, str]]:
    """Calling code and national number of an example of each type of each plan."""
    found = [
        phonenumbers.example_number_for_type(region, kind)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in sorted(_TYPES)
    ]
    codes = sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    found += [phonenumbers.example_number_for_non_geo_entity(code) for code in codes]
    for number in found:
        if number is not None:
            calling_code = number.country_code or 0
            yield calling_code, phonenumbers.national_significant_number(number)


def neighbours(national: str, dice: random.Random) -> Iterator[str]:
    """Numbers that differ from one in a digit, in length, or from some digit on."""
    place = dice.randrange(len(national))
    yield national[:place] + dice.choice("0123456789") + national[place + 1 :]
    yield national[:place] + "".join(dice.choices("0123456789", k=len(national) - place))
    yield national + dice.choice("0123456789")
    yield national[: place + 1]
    yield "0" + national


def verdict(calling_code: int, national: str) -> tuple[str, str] | None:
    """Region and plan type of a national significant number; None if it is not valid."""
    zeros = len(national) - len(national.lstrip("0"))
    zeros -= zeros == len(national)
    number = PhoneNumber(
        country_code=calling_code,
        national_number=int(national),
        italian_leading_zero=zeros > 0,
        number_of_leading_zeros=zeros,
    )
    region = phonenumbers.region_code_for_number(number)
    if region is None or not phonenumbers.is_valid_number(number):
        return None
    return region, _TYPES[phonenumbers.number_type(number)]


def stripped(pattern: str, rule: str | None, digits: str) -> str:
    """Digits without their prefix, as libphonenumber takes it off."""
    match = re.match(pattern, digits)
    if match is None:
        return digits
    groups = match.groups()
    put_in = match.expand(rule) if rule and groups and groups[-1] is not None else ""
    return put_in + digits[match.end() :]


def edited(edit: Edit | None, digits: str) -> str:
    """What an edit makes of digits."""
    if edit is None:
        return digits
    kept = (each if isinstance(each, str) else digits[slice(*each)] for each in edit.pieces)
    return "".join(kept) + digits[edit.end :]


def sample(node: Node, dice: random.Random) -> str:
    """A text that matches a tree."""
    match node:
        case Digit(mask):
            return dice.choice([str(digit) for digit in range(10) if mask >> digit & 1])
        case Row(parts):
            return "".join(sample(part, dice) for part in parts)
        case Choice(options):
            return sample(dice.choice(options), dice)
        case Repeat(part, least, most):
            return "".join(sample(part, dice) for _ in range(dice.randint(least, most)))
        case Group(part, _):
            return sample(part, dice)
        case End():
            return ""
