"""Cells, thousands in a frame: whatever stands in them, the normaliser's promises hold.

Rules: a case follows from its seed and number alone; what a cell becomes must not depend on the
cells beside it, so some are normalised again alone.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import NamedTuple

import phonenumbers
import polars as pl

from pipeline.model import PLAN_TYPES, REJECT_REASONS, RULES
from pipeline.normalise import normalise
from pipeline.normalise.evidence import Evidence
from tests.fuzz.edits import SIGNS, WORDS, mistyped
from tests.fuzz.failures import Failure

__all__ = ("Cell", "cell_of", "check_cells", "normalised")

ALONE = 499
"""One case of so many is normalised alone too."""

_FORMATS = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
    phonenumbers.PhoneNumberFormat.RFC3966,
)
_SHAPES = (
    *(
        "{0}",
        "{0}",
        "{0}",
        '="{0}"',
        "'{0}",
        '"{0}"',
        "{0}.0",
        "{0}.00",
        "tel:{0}",
        " {0} ",
        "{0};{1}",
    ),
    *(
        "{0} / {1}",
        "{0},{1}",
        "{0} {1}",
        "{0} ext 12",
        "{0}x3",
        "00{0}",
        "011{0}",
        "+{0}",
        "(0){0}",
    ),
    *(
        "\u202a{0}\u202c",
        "\u00a0{0}",
        "{0} (home)",
        "mobile {0}",
        "0{0}",
        "+0{0}",
        "+00{0}",
        "{0}0",
    ),
)
_OURS = ("msisdn", "msisdn_input", "region", "plan_type", "rule", "reject_reason", "reject_detail")


class Cell(NamedTuple):
    """A case: what stands in the number's column, and in the region's."""

    number: int
    text: str
    region: str | None


@cache
def _examples() -> tuple[tuple[str, str], ...]:
    """Region and number, as libphonenumber's examples are written in several ways."""
    found: list[tuple[str, str]] = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(len(PLAN_TYPES)):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                found += [(region, phonenumbers.format_number(number, how)) for how in _FORMATS]
                found.append((region, f"{number.country_code}{number.national_number}"))
    return tuple(found)


def cell_of(seed: int, number: int) -> Cell:
    """The case of that number."""
    dice = Random(f"cell {seed} {number}")
    region, text = dice.choice(_examples())
    text = _spelled(dice, text)
    for _ in range(dice.choice((0, 0, 1, 1, 1, 2, 4))):
        text = mistyped(dice, text)
    said = dice.choice((None, dice.choice(_examples())[0], mistyped(dice, region), *[region] * 5))
    return Cell(number, text, said)


def _spelled(dice: Random, text: str) -> str:
    """The number in one of the shapes that lists have; or, for some, something else altogether."""
    match dice.randrange(16):
        case 0:
            return "".join(dice.choices("0123456789", k=dice.randint(1, 20)))
        case 1:
            soup = (*SIGNS, *WORDS, *"0123456789" * 8)
            return "".join(dice.choices(soup, k=dice.randint(0, 16)))
        case 2:
            return "".join(map(chr, dice.choices(range(1, 0xD800), k=dice.randint(1, 12))))
        case 3:
            return repr(dice.randint(1, 10**15) / 10 ** dice.randint(0, 16))
        case _:
            return dice.choice(_SHAPES).format(text, dice.choice(_examples())[1])


def normalised(cells: Sequence[Cell]) -> pl.DataFrame:
    """The cells as a frame, normalised with the region of each, as of columns that show nothing."""
    frame = pl.DataFrame(
        {"cell": [cell.text for cell in cells], "of": [cell.region for cell in cells]},
        schema={"cell": pl.String, "of": pl.String},
    )
    return normalise(frame, "cell", region_column="of", evidence=Evidence()).select(_OURS)


def check_cells(seed: int, cells: Sequence[Cell]) -> pl.DataFrame:
    """Normalise the cells and check every promise; gives the result. Raises `Failure`."""
    made = _or_failure(seed, cells)
    for broken, what in _broken(cells, made):
        at = broken.arg_max()
        if broken.any() and at is not None:
            raise Failure(_shown(seed, cells[at], f"{what}; it became {made.row(at, named=True)}"))
    _check_again(seed, cells, made)
    for at, cell in enumerate(cells):
        if cell.number % ALONE == 0:
            alone = _or_failure(seed, [cell])
            if not alone.equals(made[at : at + 1]):
                was = f"alone {alone.row(0)}, in {len(cells)} cells {made.row(at)}"
                raise Failure(_shown(seed, cell, f"it depends on its neighbours: {was}"))
    return made


def _broken(cells: Sequence[Cell], made: pl.DataFrame) -> Iterator[tuple[pl.Series, str]]:
    """For each promise, the rows that break it."""
    if made.height != len(cells):
        raise Failure(f"{len(cells)} cells became {made.height} rows")
    given = pl.Series([cell.text for cell in cells], dtype=pl.String)
    refused = made["reject_reason"].is_not_null()
    yield given.ne_missing(made["msisdn_input"]), "msisdn_input is not the cell"
    yield made["msisdn"].is_null() != refused, "msisdn is null, but not refused, or both"
    yield made["rule"].is_null() != refused, "a rule goes with each number, and only with one"
    yield made["plan_type"].is_null() != refused, "a type goes with each number, and only with one"
    yield made["reject_detail"].is_null() == refused, "a detail goes with each reason"
    yield (
        ~made["msisdn"].str.contains("^[1-9][0-9]{4,14}$").fill_null(value=True),
        "no E.164 digits",
    )
    closed = (("reject_reason", REJECT_REASONS), ("rule", RULES), ("plan_type", PLAN_TYPES))
    for column, known in closed:
        there = made[column].is_in(list(known)) | made[column].is_null()
        yield ~there, f"{column} is not in the closed list"
    regions = [*phonenumbers.SUPPORTED_REGIONS, "001"]
    yield ~(made["region"].is_in(regions) | made["region"].is_null()), "region is none"


def _check_again(seed: int, cells: Sequence[Cell], made: pl.DataFrame) -> None:
    """A number that was found is found again when it is written with a plus sign.

    Unless libphonenumber does not find its own again: it takes 8 810 123 4567 in Belarus for
    +375 810 123 4567, and there the 8 for a trunk prefix.
    """
    found = made.with_row_index("at").filter(pl.col("msisdn").is_not_null())
    again = normalise(found.select(cell="+" + pl.col("msisdn")), "cell")
    other = again["rule"].ne_missing("international")
    for column in ("msisdn", "region", "plan_type"):
        other |= again[column].ne_missing(found[column])
    lost = [_is_lost(msisdn) for msisdn in found["msisdn"].filter(other)]
    other = other.scatter(other.arg_true().filter(pl.Series(lost, dtype=pl.Boolean)), values=False)
    at = other.arg_max()
    if other.any() and at is not None:
        was = f"{found.row(at, named=True)}, then {again.row(at, named=True)}"
        raise Failure(_shown(seed, cells[found["at"][at]], f"with a plus sign it differs: {was}"))


def _is_lost(msisdn: str) -> bool:
    """Whether libphonenumber, given the number with a plus sign, does not read that number."""
    try:
        read = phonenumbers.parse(f"+{msisdn}")
    except phonenumbers.NumberParseException:
        return True
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164) != f"+{msisdn}"


def _or_failure(seed: int, cells: Sequence[Cell]) -> pl.DataFrame:
    """The cells normalised; what goes wrong is narrowed down to one of them, where one does it."""
    try:
        return normalised(cells)
    except (Exception, pl.exceptions.PanicException) as error:
        for cell in cells if len(cells) > 1 else ():
            _or_failure(seed, [cell])
        raise Failure(_shown(seed, cells[0], f"{type(error).__name__}: {error}")) from error


def _shown(seed: int, cell: Cell, what: str) -> str:
    shown = f"cell {cell.text!a}, region {cell.region!a}"
    return f"{seed}:{cell.number}: {shown}: {what}"
