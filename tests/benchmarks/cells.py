"""Cells of all regions and types, from the example numbers of libphonenumber's metadata.

An example number's last digits are changed, it is written as libphonenumber writes the example,
and it is kept where `pipeline.normalise` reads it as that number.

Rules: no two cells hold the same number; every region has as many as every other, as far as it has
as many numbers at all, and within it every type; the same seed gives the same cells.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import phonenumbers
import polars as pl
import pyarrow as pa
from phonenumbers import PhoneNumberFormat, PhoneNumberType

import pipeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ("DAMAGE", "cells", "damaged")

_SPELLINGS = {
    "international": PhoneNumberFormat.INTERNATIONAL,
    "national": PhoneNumberFormat.NATIONAL,
}
_PIECE = 1_000_000
_AFRESH = 3
"""How often it is tried with more digits changed, before it is said that there are too few."""


class _Example(NamedTuple):
    """An example number of one type of one region."""

    region: str
    msisdn: str
    national: str
    """Its national significant number."""
    written: dict[str, str]
    """By spelling; ASCII."""


def cells(rows: int, spellings: Sequence[str] = tuple(_SPELLINGS), seed: int = 1) -> pl.DataFrame:
    """`phone country spelling` of `rows` numbers, spelt evenly in the given ways, in random order.

    Raises `ValueError` where the metadata's examples do not give as many.
    """
    share = -(-rows // len(spellings))
    dice = np.random.default_rng(seed)
    made = 0
    for attempt in range(_AFRESH):
        found = _even(_accepted(_candidates(dice, share, spellings, attempt)), share)
        made = found.height
        if made >= rows:
            order = dice.permutation(made)[:rows]
            return found[order].select("phone", "country", "spelling")
    raise ValueError(f"of {rows:,} cells only {made:,} could be made")


def _accepted(candidates: pl.DataFrame) -> pl.DataFrame:
    """Those that are read as what they were made from.

    Their own region is not asked for: libphonenumber finds no number of EH or MF, whose ranges are
    another region's as well.
    """
    parts = (part.select("phone", "country") for part in candidates.iter_slices(_PIECE))
    read = pl.concat(
        pipeline.normalise(part, "phone", region_column="country")["msisdn"] for part in parts
    )
    same = (read == candidates["msisdn"]).fill_null(False)
    return candidates.filter(same).unique("msisdn", maintain_order=True)


def _even(kept: pl.DataFrame, share: int) -> pl.DataFrame:
    """The first `share` of each spelling, dealt out by region, and within a region by type."""
    turn = pl.int_range(pl.len())
    by_type = kept.with_columns(turn=turn.over("country", "spelling", "kind")).sort(
        "turn", maintain_order=True
    )
    by_region = by_type.with_columns(turn=turn.over("country", "spelling")).sort(
        "turn", maintain_order=True
    )
    return by_region.filter(turn.over("spelling") < share)


def _candidates(
    dice: np.random.Generator, share: int, spellings: Sequence[str], attempt: int
) -> pl.DataFrame:
    """Twice as many as are wanted, and twice as many again at each further attempt."""
    examples = list(_examples())
    regions = [example.region for example in examples]
    wanted = 2.0 ** (attempt + 1) * share / len(set(regions))
    phones, numbers, labels = [], [], []
    for at, example in enumerate(examples):
        count = len(spellings) * (8 + round(wanted / regions.count(example.region)))
        free = min(len(str(4 * count)), len(example.national) - 2)
        digits = _digits(dice.permutation(10**free)[:count], free)
        for turn, spelling in enumerate(spellings):
            own = digits[turn :: len(spellings)]
            phones.append(_filled(example.written[spelling], own))
            numbers.append(_filled(example.msisdn, own))
            labels.append(np.full((len(own), 2), (at, turn)))
    which, turns = np.concatenate(labels).T
    return pl.DataFrame(
        {
            "phone": pl.concat(phones),
            "msisdn": pl.concat(numbers),
            "country": pl.Series(regions).gather(which),
            "kind": which,
            "spelling": pl.Series(spellings).gather(turns),
        }
    )


def _examples() -> Iterator[_Example]:
    """One for each type that has an example, of each region."""
    kinds = sorted(kind for kind in PhoneNumberType.values() if kind >= 0)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        seen = set()
        for kind in kinds:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            national = phonenumbers.national_significant_number(number)
            if national in seen:  # fixed line and mobile may share theirs
                continue
            seen.add(national)
            msisdn = f"{number.country_code}{national}"
            written = {name: _written(number, form) for name, form in _SPELLINGS.items()}
            yield _Example(region, msisdn, national, written)


def _written(number: phonenumbers.PhoneNumber, form: int) -> str:
    shown: str = phonenumbers.format_number(number, form)
    assert shown.isascii(), shown
    return shown


def _digits(numbers: "NDArray[np.int64]", width: int) -> "NDArray[np.uint8]":
    """Each number as `width` ASCII digits."""
    powers = 10 ** np.arange(width - 1, -1, -1)
    return (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def _filled(template: str, digits: "NDArray[np.uint8]") -> pl.Series:
    """The template once for each row of digits, which take the place of its own last ones."""
    count, width = digits.shape
    places = [at for at, letter in enumerate(template) if letter.isdigit()][-width:]
    letters = np.tile(np.frombuffer(template.encode("ascii"), np.uint8), (count, 1))
    letters[:, places] = digits
    ends = np.arange(count + 1, dtype=np.int32) * len(template)
    text = pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(letters))
    return pl.Series(text)


_PHONE = pl.col("phone")
_DIGITS = _PHONE.str.replace_all("[^0-9]", "")
DAMAGE: tuple[pl.Expr, ...] = (
    pl.concat_str(_DIGITS.str.head(1), pl.lit("."), _DIGITS.str.slice(1, 5), pl.lit("E+11")),
    _DIGITS + ".0",
    pl.lit('="') + _PHONE + '"',
    pl.lit("'") + _PHONE,
    _PHONE.str.replace_all(" ", "."),
    _PHONE.str.replace_all("[ -]", "/"),
    _PHONE.str.replace_all(" ", "\u00a0"),
    pl.lit("\u202a") + _PHONE + "\u202c",
    pl.lit("tel: ") + _PHONE,
    _PHONE + " (work)",
    _PHONE + " ext. 12",
    pl.concat_str(_PHONE, pl.lit(" / "), _PHONE.shift(1, fill_value="n/a")),
    pl.lit("n/a"),
    pl.lit("unknown"),
)
"""What becomes of a cell on a list that went through spreadsheets and hands; each as often."""


def damaged(frame: pl.DataFrame) -> pl.DataFrame:
    """The same with every tenth cell damaged."""
    row = pl.int_range(pl.len())
    phone = _PHONE
    for at, damage in enumerate(DAMAGE):
        phone = pl.when(row % (10 * len(DAMAGE)) == 10 * at).then(damage).otherwise(phone)
    return frame.with_columns(phone=phone)
