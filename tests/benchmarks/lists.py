"""Synthetic lists of any size, made when they are needed.

Rules: the digits are drawn at random from whole mobile ranges, since the ranges kept for fiction
are too small for a million numbers; so these lists are nobody's data, but are never committed and
never asked about anywhere but at the simulator. The same seed gives the same list.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

__all__ = ("write_list",)


class _Plan(NamedTuple):
    """One mobile range: ten million numbers, all of them valid."""

    region: str
    calling_code: str
    trunk: str
    begins: str
    """First digits of the national number; seven random ones follow."""


_FREE = 7
_PLANS = (
    _Plan("GB", "44", "0", "740"),
    _Plan("DE", "49", "0", "1511"),
    _Plan("FR", "33", "0", "61"),
    _Plan("IT", "39", "", "347"),
    _Plan("ES", "34", "", "65"),
    _Plan("SE", "46", "0", "70"),
    _Plan("IN", "91", "0", "987"),
    _Plan("BR", "55", "0", "1198"),
)


def write_list(path: Path, rows: int, distinct: int = 0, seed: int = 1) -> Path:
    """A CSV of `id,phone,country` with `rows` rows of `distinct` numbers; all differ by default.

    Each number has one of four spellings, always the same, so that as many cells are distinct.
    """
    dice = np.random.default_rng(seed)
    distinct = distinct or rows
    numbers = _numbers(dice, distinct)
    again = dice.integers(0, distinct, rows - distinct)
    chosen = dice.permutation(np.concatenate([np.arange(distinct), again]))
    numbers[chosen].select(pl.int_range(pl.len()).alias("id"), "phone", "country").write_csv(path)
    return path


def _numbers(dice: np.random.Generator, count: int) -> pl.DataFrame:
    """Distinct numbers: `phone` as it is spelt, `country`."""
    share = -(-count // len(_PLANS))
    plans = [
        pl.DataFrame(
            {"free": dice.choice(10**_FREE, share, replace=False)}, schema={"free": pl.Int64}
        ).select(
            pl.lit(plan.calling_code).alias("code"),
            pl.lit(plan.trunk).alias("trunk"),
            (pl.lit(plan.begins) + pl.col("free").cast(pl.String).str.zfill(_FREE)).alias("nsn"),
            pl.lit(plan.region).alias("country"),
        )
        for plan in _PLANS
    ]
    spelling = pl.Series("spelling", dice.integers(0, 4, share * len(_PLANS)))
    code, nsn = pl.col("code"), pl.col("nsn")
    spellings = (
        "+" + code + nsn,
        "00" + code + nsn,
        "+" + code + " " + nsn.str.head(3) + " " + nsn.str.slice(3),
        pl.col("trunk") + nsn,
    )
    phone = spellings[-1]
    for at, spelt in enumerate(spellings[:-1]):
        phone = pl.when(pl.col("spelling") == at).then(spelt).otherwise(phone)
    every = pl.concat(plans).with_columns(spelling)
    order = dice.permutation(every.height)[:count]
    return every.select(phone.alias("phone"), "country")[order]
