"""Stage 4: unique numbers → shards, and what asking them will take, before anything is sent.

The plan is a file (`plan.json`): what `msisdn plan` prints, and what a resumed run goes by. Numbers
keep their input order; a shard is cut every `shard_rows` unique numbers, those that are not looked
up included, so that a part of the output is a shard.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from pipeline.ahead import in_order
from pipeline.ledger.planned import Counts, Plan, ShardPlan
from pipeline.pieces import recut
from pipeline.prices import affordable, price_of
from pipeline.settings import Settings

__all__ = ("plan",)

Keep = Callable[[int, pl.DataFrame], str]
"""Makes a shard durable under its number; gives the SHA-256 of its file. Threads call it."""


@dataclass(slots=True)
class _Tally:
    countries: Counter[str]
    plan_types: Counter[str]
    shards: list[ShardPlan]

    def add(self, number: int, shard: pl.DataFrame, sha256: str) -> None:
        """Count one shard."""
        asked = shard.filter(pl.col("ask"))
        self.countries.update(_by(asked, "region"))
        self.plan_types.update(_by(shard, "plan_type"))
        self.shards.append(
            ShardPlan(
                number=number,
                rows=shard.height,
                ask=asked.height,
                first_row_id=shard["row_id"][0],
                sha256=sha256,
            )
        )


def plan(unique: Iterable[pl.DataFrame], settings: Settings, counts: Counts, keep: Keep) -> Plan:
    """Cut the unique rows into shards, give each to `keep`, and say what asking them takes.

    `unique` are frames in input order; `ask` is added. `counts` is read when they have all gone by.
    """
    tally = _Tally(Counter(), Counter(), [])
    asked = pl.col("plan_type").is_in(list(settings.types))

    def kept(numbered: tuple[int, pl.DataFrame]) -> tuple[int, pl.DataFrame, str]:
        number, shard = numbered
        marked = shard.with_columns(ask=asked)
        return number, marked, keep(number, marked)

    for number, shard, sha256 in in_order(kept, enumerate(recut(unique, settings.shard_rows))):
        tally.add(number, shard, sha256)
    to_ask = sum(shard.ask for shard in tally.shards)
    unique_rows = sum(shard.rows for shard in tally.shards)
    least, most = price_of(settings.lookup, settings.price)
    return Plan(
        counts=counts,
        unique=unique_rows,
        known=0,
        to_ask=to_ask,
        skipped=unique_rows - to_ask,
        lookup=settings.lookup,
        countries=dict(tally.countries.most_common()),
        plan_types=dict(tally.plan_types.most_common()),
        cost_least=None if least is None else float(least * to_ask),
        cost_most=None if most is None else float(most * to_ask),
        affordable=affordable(settings.lookup, settings.price, settings.budget),
        rate=settings.rate,
        seconds=to_ask / settings.rate,
        shards=tally.shards,
    )


def _by(frame: pl.DataFrame, column: str) -> dict[str, int]:
    found = frame.group_by(pl.col(column).fill_null("")).len().rows()
    return dict(sorted(found))
