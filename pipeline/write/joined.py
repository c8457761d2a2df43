"""A shard and its journal → the shard's rows with what the service said of each.

Every row gets exactly one status:

| status | the row |
| --- | --- |
| `answered`, `refused` | has a final answer; its code decides which (`protocol/codes.py`) |
| `refused`, `F1` | was to be asked, but its country had been refused by then |
| `unresolved` | was to be asked, and no answer is kept; `error` says why |
| `skipped` | is not of a type that is looked up |
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.ledger.replay import Replay, State
from pipeline.model import ANSWER, SOURCES, STATUSES
from pipeline.protocol.codes import Verdict, code_of
from pipeline.write.decoded import decoded
from pipeline.write.parts import polars_type

__all__ = ("answers",)

_TYPES = {column.name: polars_type(column) for column in ANSWER}

_CODED = {"status": pl.Enum(STATUSES), "source": pl.Enum(SOURCES)}
"""Closed lists, a byte a row each, until they are written as text."""

_NO_RECORD = {
    State.NEVER: "not asked yet",
    State.UNKNOWN: "asked, and no outcome is known",
    State.FAILED: "the last attempt failed",
    State.UNRESOLVED: "no answer",
}
"""Why a number is unresolved where no record gives a reason."""


def answers(shard: pl.DataFrame, replay: Replay) -> pl.DataFrame:
    """The shard's rows, in their order, with the columns of `model.ANSWER` in place of `ask`.

    `shard` has Boolean `ask`, and `region`. Raises `ValueError` if journal and shard differ in
    length.
    """
    if shard.height != replay.shard.rows:
        raise ValueError(f"{shard.height} rows in the shard, {replay.shard.rows} in its journal")
    answered = _answered(replay)
    index = np.full(shard.height, -1, np.int64)
    index[replay.answered] = np.arange(len(replay.answered))
    rows = pl.Series(index)
    every = answered.select(pl.all().gather(rows.set(rows < 0, None)))
    table = pl.concat([shard, every], how="horizontal")
    return _told(table, _unanswered(shard, replay), replay).select(
        *(name for name in shard.columns if name != "ask"), *_TYPES
    )


def _answered(replay: Replay) -> pl.DataFrame:
    """One row for each final answer, without `attempts`, which every row of the shard has."""
    frame = decoded(replay.bodies)
    # Only a few codes are ever seen, so each is looked up once.
    codes = [code for code in frame["error_code"].unique() if code is not None]
    known = {code: code_of(code) for code in codes}
    verdict = {code: _status(known[code].verdict) for code in codes}
    meaning = {code: known[code].meaning for code in codes}
    code = pl.col("error_code")
    return frame.with_columns(
        status=code.replace_strict(verdict, default="answered", return_dtype=pl.String),
        error=code.replace_strict(meaning, default=None, return_dtype=pl.String),
        answered_at=pl.Series(replay.answered_at, dtype=pl.Int64).cast(_TYPES["answered_at"]),
        source=pl.Series(replay.sources.astype(np.uint8)).cat.to(_CODED["source"]),
    )


def _status(verdict: Verdict) -> str:
    """F3 is no answer. Whoever journals it as one gets a row that the next run asks again."""
    return "unresolved" if verdict is Verdict.TRANSIENT else verdict.value


def _told(table: pl.DataFrame, unanswered: pl.DataFrame, replay: Replay) -> pl.DataFrame:
    """Status, error and attempts of every row."""
    ask = pl.col("ask")
    open_ = ask & pl.col("status").is_null()
    noted = pl.col("region").replace_strict(replay.refused_at, default=-1, return_dtype=pl.Int64)
    # A number that was given up after its country was refused was still under way at that time.
    # Whatever else is left of a refused country was not asked for that reason.
    given_up = pl.Series(replay.state_of == State.UNRESOLVED)
    barred = open_ & (noted >= 0) & (~given_up | (noted > pl.Series(replay.event_of)))
    failed = open_ & ~barred
    refused = code_of("F1")
    return table.with_columns(
        status=pl.when(barred)
        .then(pl.lit("refused"))
        .when(failed)
        .then(pl.lit("unresolved"))
        .otherwise(pl.col("status").fill_null("skipped"))
        .cast(_CODED["status"]),
        error_code=pl.when(barred)
        .then(pl.lit(refused.code))
        .when(failed)
        .then(unanswered["error_code"])
        .otherwise(pl.col("error_code")),
        error=pl.when(barred)
        .then(pl.lit(refused.meaning))
        .when(failed)
        .then(unanswered["error"])
        .otherwise(pl.col("error")),
        attempts=pl.when(ask)
        .then(pl.Series(replay.attempts_of.astype(np.int32)))
        .otherwise(pl.lit(0, pl.Int32)),
    )


def _unanswered(shard: pl.DataFrame, replay: Replay) -> pl.DataFrame:
    """Why a row has no answer, by position; what it says of answered rows is not used."""
    by_state = np.array([_NO_RECORD.get(state, "") for state in State], dtype=object)
    errors: NDArray[np.object_] = by_state[replay.state_of]
    codes: list[str | None] = [None] * shard.height
    for position, reason in replay.reasons.items():
        # A reason tells of a failure; a number that was sent again since then has no outcome.
        if reason and replay.state_of[position] in {State.FAILED, State.UNRESOLVED}:
            errors[position] = reason
            codes[position] = replay.fault_codes.get(position)
    return pl.DataFrame(
        {
            "error": pl.Series(errors.tolist(), dtype=pl.String),
            "error_code": pl.Series(codes, dtype=pl.String),
        }
    )
