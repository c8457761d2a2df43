"""`python -m tests.parity meant`: is the number that is looked up the one that was meant?

Random mobiles of libphonenumber's patterns as columns write them, and how many of the cells come out
as another number (national digits without a region, typing errors with one), are read (full numbers
without a plus sign), or are held to be rounded although they are genuine. Exit code 1 where a share
is beyond its limit.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from random import Random
from typing import NamedTuple

import phonenumbers
import polars as pl
from phonenumbers import PhoneNumberFormat
from phonenumbers.phonemetadata import PhoneMetadata

from pipeline.normalise import learn
from tests.parity.patterns import drawn_from

__all__ = ("FULL", "MISTYPED", "NATIONAL", "Share", "main", "mobiles", "shares")

NATIONAL = ("CN", "DE", "BR", "CA", "TR", "AU", "US", "MX")
MISTYPED = ("GB", "MX", "IN", "US", "PL", "ES")
FULL = ("GB", "DE", "US", "FR", "IN", "BR", "CN", "NO")
LOOKED_UP, TYPED, READ, ALARMS = 0.005, 0.02, 0.99, 0.0
"""At most so many cells become other numbers, of national digits and of typing errors; at least so
many full numbers are read; so many genuine cells are held to be rounded."""


class Share(NamedTuple):
    """A column, and the share of its cells that came out so."""

    name: str
    share: float
    limit: float
    at_least: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether it is within the limit."""
        return self.share >= self.limit if self.at_least else self.share <= self.limit


class Number(NamedTuple):
    """One random mobile."""

    region: str
    code: str
    national: str

    @property
    def msisdn(self) -> str:
        """E.164 digits."""
        return self.code + self.national

    def written(self, form: int) -> str:
        """As libphonenumber formats it."""
        found: str = phonenumbers.format_number(phonenumbers.parse(f"+{self.msisdn}"), form)
        return found


@lru_cache(maxsize=64)
def mobiles(region: str, count: int, seed: int) -> tuple[Number, ...]:
    """Valid mobiles of a region, all different."""
    known = PhoneMetadata.metadata_for_region(region)
    assert known is not None
    assert known.mobile is not None
    assert known.general_desc is not None
    draw = drawn_from(known.mobile.national_number_pattern or "")
    given = {*known.mobile.possible_length} - {-1}
    lengths = given or {*known.general_desc.possible_length}
    dice = Random(f"{seed}/{region}")
    found: dict[str, None] = {}
    while len(found) < count:
        national = draw(dice)
        if len(national) in lengths:
            found[national] = None
    return tuple(Number(region, str(known.country_code), national) for national in found)


# -- spellings ------------------------------------------------------------------------------------


def _bare(number: Number) -> str:
    return number.national


def _trunk(number: Number) -> str:
    return re.sub("[^0-9]", "", number.written(PhoneNumberFormat.NATIONAL))


def _grouped(number: Number) -> str:
    return number.written(PhoneNumberFormat.NATIONAL)


def _grouped_without_trunk(number: Number) -> str:
    """Behind the calling code, as libphonenumber groups it."""
    _, _, rest = number.written(PhoneNumberFormat.INTERNATIONAL).partition(" ")
    return rest


def _by_threes(number: Number) -> str:
    national = number.national
    return f"({national[:3]}) {national[3:6]}-{national[6:]}"


SPELLINGS: tuple[Callable[[Number], str], ...] = (
    _bare,
    _trunk,
    _grouped,
    _grouped_without_trunk,
    _by_threes,
)

# -- columns and their shares -----------------------------------------------------------------------


def _became(pairs: Sequence[tuple[str, str]], region: str | None = None) -> float:
    """The share of cells that came out as another number than was meant."""
    frame = pl.DataFrame(pairs, schema=["cell", "meant"], orient="row")
    found, _ = learn(frame, "cell", region)
    other = found["msisdn"] != found["meant"]
    return int(other.fill_null(value=False).sum()) / len(pairs)


def _read(cells: Sequence[str], meant: Sequence[str | None], region: str | None) -> float:
    """Of the cells that are numbers, the share that came out as these."""
    found, _ = learn(pl.DataFrame({"cell": cells}), "cell", region)
    asked = pl.Series(meant, dtype=pl.String)
    return int((found["msisdn"] == asked).sum()) / asked.count()


def _national(count: int, seed: int) -> Iterator[Share]:
    dice = Random(seed)
    for spell in SPELLINGS:
        how = spell.__name__.strip("_").replace("_", " ")
        everywhere: list[tuple[str, str]] = []
        for region in NATIONAL:
            pairs = [(spell(number), number.msisdn) for number in mobiles(region, count, seed)]
            everywhere += pairs[: count // len(NATIONAL)]
            yield Share(f"{region} {how}, no region", _became(pairs), LOOKED_UP)
        dice.shuffle(everywhere)
        yield Share(f"mixed {how}, no region", _became(everywhere), LOOKED_UP)
    for region in NATIONAL:
        pairs = [
            (dice.choice(SPELLINGS)(number), number.msisdn)
            for number in mobiles(region, count, seed)
        ]
        yield Share(f"{region} any way, no region", _became(pairs), LOOKED_UP)


def _with_a_digit(digits: str, dice: Random) -> str:
    place = dice.randint(0, len(digits))
    return digits[:place] + str(dice.randrange(10)) + digits[place:]


def _mistyped(count: int, seed: int) -> Iterator[Share]:
    dice = Random(seed)
    for region in MISTYPED:
        numbers = mobiles(region, count, seed)
        for spell in (_bare, _trunk):
            how = spell.__name__.strip("_")
            wrong = [_with_a_digit(spell(number), dice) for number in numbers]
            meant = [number.msisdn for number in numbers]
            name = f"{region} {how} and a digit, in {region}"
            yield Share(name, _became([*zip(wrong, meant, strict=True)], region), TYPED)
            # One cell in twenty, the others as they should be.
            cells = [
                cell if at % 20 == 0 else spell(number)
                for at, (cell, number) in enumerate(zip(wrong, numbers, strict=True))
            ]
            share = _became([*zip(cells, meant, strict=True)], region) * 20
            yield Share(f"{name}, one in twenty", share, TYPED)


_JUNK = ("n/a", "12345", "07700 900123", "ask Ann", "", "99", "4477", "2024-01-05", "x", "20260131")


def _full(count: int, seed: int) -> Iterator[Share]:
    dice = Random(seed)
    lists = {region: [*mobiles(region, count, seed)] for region in FULL}
    mixed = [number for numbers in lists.values() for number in numbers[: count // len(FULL)]]
    dice.shuffle(mixed)
    for name, numbers in {**lists, "mixed": mixed}.items():
        cells: list[str] = [number.msisdn for number in numbers]
        dirty = [cell if at % 10 else dice.choice(_JUNK) for at, cell in enumerate(cells)]
        meant = [None if at % 10 == 0 else cell for at, cell in enumerate(cells)]
        for region in (None, "GB"):
            where = f"in {region}" if region else "no region"
            yield Share(
                f"{name} in full, {where}", _read(cells, cells, region), READ, at_least=True
            )
            share = _read(dirty, meant, region)
            yield Share(f"{name} in full, {where}, a tenth junk", share, READ, at_least=True)


def _genuine(count: int, seed: int) -> Iterator[Share]:
    """Columns that are not rounded: random numbers, a run of numbers, main numbers of companies."""
    sizes = (count // 10, count, count * 50)
    for size in sizes:
        dice = Random(f"{seed}/{size}")
        columns = {
            "random": [f"4479{dice.randrange(10**8):08}" for _ in range(size)],
            "in a run": [str(447400000000 + number) for number in range(size)],
            "main numbers": [
                f"1{dice.randrange(201, 990)}555{dice.choice(('0000', '1000', '2000', f'{dice.randrange(10**4):04}'))}"
                for _ in range(size)
            ],
            "national": [
                f"{dice.randrange(201, 990)}5{dice.randrange(10**6):06}" for _ in range(size)
            ],
        }
        for name, cells in columns.items():
            found, _ = learn(
                pl.DataFrame({"cell": cells}), "cell", "US" if "n" in name[:4] else "GB"
            )
            share = int((found["reject_reason"] == "spreadsheet_damage").sum()) / size
            yield Share(f"{size:,} {name}: held to be rounded", share, ALARMS)


def shares(count: int = 2000, seed: int = 1) -> Iterator[Share]:
    """Every share, of columns of so many cells."""
    for part in (_national, _mistyped, _full, _genuine):
        yield from part(count, seed)


def main(count: int = 2000, seed: int = 1) -> int:
    """Print every share; the exit code."""
    missed = 0
    for one in shares(count, seed):
        word = "" if one.is_kept else "  BEYOND"
        sign = "≥" if one.at_least else "≤"
        sys.stdout.write(f"{one.name:48} {one.share:9.3%} {sign} {one.limit:.1%}{word}\n")
        missed += not one.is_kept
    sys.stdout.write(f"{missed} beyond their limits\n")
    return 1 if missed else 0
