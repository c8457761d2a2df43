"""The rows of the sample lists, each with what it stands for. Pure: everything follows from a seed.

Rule: a number that counts is handed out by `_Supply`, which knows how often it was.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any, NamedTuple, TypeVar

from sample_data.people import COUNTRIES, NOTES, TARIFFS, UNCLEAR_WORDS, full_name
from sample_data.ranges import INVALID, RANGES, Number
from sample_data.spellings import (
    BARE_SPELLINGS,
    NATIONAL_SPELLINGS,
    NOTHING,
    PLAIN_SPELLINGS,
    REFUSED,
    SPELLINGS,
    WITHOUT_REGION,
    Spelling,
    digits_only,
    reads_twice,
)

__all__ = ("CUSTOMER_COLUMNS", "TO_ASK", "Row", "customers", "numbers", "subscribers")

TO_ASK = ("mobile", "fixed_line_or_mobile")
"""Plan types that are looked up unless `--types` says otherwise."""

CUSTOMER_COLUMNS = ("customer_id", "name", "country", "phone", "email", "note")

_SHARES = {"US": 50, "CA": 14, "DE": 8, "DO": 6, "SE": 5, "PR": 4, "JM": 4, "AU": 2}
"""How many in a hundred mobile numbers are of which region, while its ranges last."""
T = TypeVar("T")


class Row(NamedTuple):
    """One row of a list, and what it stands for."""

    cells: tuple[Any, ...]
    meaning: Number | str
    """The number, or the reason of the refusal."""


def _drawn(rng: Random, weights: Mapping[T, int]) -> T:
    return rng.choices(list(weights), list(weights.values()))[0]


class _Supply:
    """Hands out every number at most once, and those that were handed out again as duplicates."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._used: list[Number] = []
        self._pools: dict[tuple[str, str], list[Number]] = {}
        for known in RANGES:
            self._pools.setdefault((known.region, known.plan_type), []).extend(known.numbers())
        for pool in self._pools.values():
            rng.shuffle(pool)

    def mobile(self) -> Number:
        """A number that will be looked up."""
        left = {
            key: _SHARES[key[0]] for key in self._pools if key[1] in TO_ASK and self._pools[key]
        }
        return self._used_up(self._pools[_drawn(self._rng, left)].pop())

    def other(self) -> Number:
        """A number that will not be looked up."""
        left = {
            key: 10 if key[1] == "fixed_line" else 1
            for key, pool in self._pools.items()
            if pool and key[1] not in (*TO_ASK, INVALID)
        }
        return self._used_up(self._pools[_drawn(self._rng, left)].pop())

    def again(self) -> Number:
        """A number that was given out before."""
        return self._rng.choice(self._used) if self._used else self.mobile()

    def never(self) -> Number:
        """A number that libphonenumber does not know."""
        left = {key: 1 for key, pool in self._pools.items() if pool and key[1] == INVALID}
        return self._pools[_drawn(self._rng, left)].pop()

    def spare(self, *regions: str) -> Number:
        """A number for a cell that will be refused; it may stand elsewhere as well."""
        region = self._rng.choice(regions)
        ranges = [known for known in RANGES if known.region == region and known.plan_type in TO_ASK]
        return self._rng.choice(self._rng.choice(ranges).numbers())

    def _used_up(self, number: Number) -> Number:
        self._used.append(number)
        return number


class _Phone(NamedTuple):
    """A cell, and the country that stands beside it."""

    text: str
    country: str
    meaning: Number | str


def _sound(rng: Random, number: Number, spellings: Mapping[Spelling, int] = SPELLINGS) -> _Phone:
    country = rng.choices(COUNTRIES[number.region], (80, 8, 8, 4))[0]
    if spellings is SPELLINGS and rng.random() < 0.06:  # lives elsewhere, so writes it in full
        country = rng.choice(list(COUNTRIES))
        spellings = WITHOUT_REGION
    meaning = INVALID if number.plan_type == INVALID else number
    return _Phone(_drawn(rng, spellings)(number, rng), country, meaning)


def _refused(rng: Random, supply: _Supply) -> _Phone:
    spelling = _drawn(rng, {known: weight for known, (_, weight) in REFUSED.items()})
    return _Phone(spelling(supply.spare("US", "CA"), rng), "US", REFUSED[spelling][0])


def _nothing(rng: Random) -> _Phone:
    text = rng.choice(list(NOTHING))
    return _Phone(text, rng.choice(list(COUNTRIES)), NOTHING[text])


def _nowhere(rng: Random, supply: _Supply) -> _Phone:
    number = supply.spare(rng.choice(("DE", "SE", "AU")))
    text = _drawn(rng, NATIONAL_SPELLINGS)(number, rng)
    return _Phone(text, rng.choice(UNCLEAR_WORDS), "no_region")


def _unclear(rng: Random) -> _Phone:
    return _Phone(digits_only(rng.choice(_all_that_read_twice()), rng), "DE", "ambiguous")


@cache
def _all_that_read_twice() -> list[Number]:
    return [number for known in RANGES for number in known.numbers() if reads_twice(number)]


def _phone(rng: Random, supply: _Supply) -> _Phone:
    kinds: dict[Callable[[], _Phone], int] = {
        lambda: _sound(rng, supply.mobile()): 560,
        lambda: _sound(rng, supply.other()): 110,
        lambda: _sound(rng, supply.again()): 180,
        lambda: _sound(rng, supply.never(), PLAIN_SPELLINGS): 30,
        lambda: _refused(rng, supply): 45,
        lambda: _nothing(rng): 50,
        lambda: _nowhere(rng, supply): 18,
        lambda: _unclear(rng): 7,
    }
    return _drawn(rng, kinds)()


def customers(rng: Random, rows: int) -> list[Row]:
    """The CRM's export: every spelling there is, some damage, and a few torn lines."""
    supply = _Supply(rng)
    listed = []
    for at in range(1, rows + 1):
        phone = _phone(rng, supply)
        name, email = full_name(rng, at)
        cells = (f"C-{at:05}", name, phone.country, phone.text, email, rng.choice(NOTES))
        listed.append(Row(cells, phone.meaning))
    # Lines that some program wrote without quotes: a comma too many, or cut short.
    for at in sorted(rng.sample(range(50, rows), rows // 200)):
        cells = listed[at].cells
        torn = (cells[0], "Hopper", " Grace", *cells[2:]) if at % 2 else cells[:3]
        listed[at] = Row(torn, "bad_row")
    return listed


def numbers(rng: Random, rows: int) -> list[Row]:
    """A system's list of numbers in full, and what was typed in by hand among them."""
    supply = _Supply(rng)
    listed = [_listed(rng, supply.mobile())]
    kinds: dict[Callable[[], Row], int] = {
        lambda: _listed(rng, supply.mobile()): 70,
        lambda: _listed(rng, supply.other()): 9,
        lambda: _listed(rng, supply.again()): 14,
        lambda: Row(("+" + supply.never().msisdn,), INVALID): 3,
        lambda: Row(_nowhere(rng, supply)[:1], "no_region"): 2,
        lambda: Row(("n/a",), "empty"): 1,
        lambda: Row(("+1 212 555 01",), "too_short"): 1,
    }
    return listed + [_drawn(rng, kinds)() for _ in range(rows - 1)]


def subscribers(rng: Random, rows: int) -> list[Row]:
    """A billing system's table: numbers as integers, some of them missing, or without 1."""
    supply = _Supply(rng)
    kinds: dict[Callable[[], tuple[int | None, Number | str]], int] = {
        lambda: _integer(supply.mobile()): 78,
        lambda: _integer(supply.other()): 6,
        lambda: _integer(supply.again()): 10,
        lambda: (None, "empty"): 3,
        lambda: (0, "empty"): 1,
        lambda: (2_125_550_100 + rng.randrange(100), "no_region"): 2,
    }
    listed = []
    for at in range(rows):
        mobile, meaning = _drawn(rng, kinds)()
        since = date(2015, 1, 1) + timedelta(days=rng.randrange(4_000))
        listed.append(Row((900_000 + at, mobile, rng.choice(TARIFFS), since), meaning))
    return listed


def _listed(rng: Random, number: Number) -> Row:
    return Row((_drawn(rng, BARE_SPELLINGS)(number, rng),), number)


def _integer(number: Number) -> tuple[int, Number]:
    return int(number.msisdn), number
