"""How many rows there are of each kind, as frames pass by."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from pipeline.ledger.planned import Counts

__all__ = ("count",)


def count(counts: Counts, made: pl.DataFrame) -> None:
    """Add the rows of a normalised frame."""
    counts.rows += made.height
    counts.rejected += made.height - made["reject_reason"].null_count()
    for column, tally in (
        ("reject_reason", counts.reasons),
        ("rule", counts.rules),
        ("source_file", counts.sources),
    ):
        for value, number in _tallied(made[column]):
            tally[value] = tally.get(value, 0) + number


def _tallied(values: pl.Series) -> Iterator[tuple[str, int]]:
    """How often each word occurs."""
    if isinstance(values.dtype, pl.Enum):
        counts = np.bincount(values.drop_nulls().to_physical().to_numpy())
        seen = np.flatnonzero(counts).tolist()
        yield from ((values.dtype.categories[code], int(counts[code])) for code in seen)
    elif values[0] == values[-1]:  # rows of one file come together, so most frames are of one
        yield values[0], len(values)
    else:
        yield from values.value_counts(sort=True).rows()
