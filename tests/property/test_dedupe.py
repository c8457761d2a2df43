"""What holds for any list of numbers, however it is cut into files."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedupe import dedupe

# Few numbers, so that they repeat; the longest ones that E.164 allows; rejected rows between.
NUMBERS = st.lists(
    st.sampled_from([None, "99999", "12125550101", "12125550102", "999999999999999"])
    | st.integers(447700900000, 447700900030).map(str),
    max_size=60,
)
CUTS = st.lists(st.integers(0, 60), max_size=6).map(sorted)


def deduped(numbers: list[str | None], cuts: list[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Unique rows and duplicates of the whole list, spooled in files that end at the cuts."""
    text = ("msisdn", "msisdn_input", "region", "plan_type", "rule")
    frame = pl.DataFrame(
        {"row_id": range(len(numbers)), **dict.fromkeys(text, numbers), "in:phone": numbers},
        schema={"row_id": pl.Int64} | dict.fromkeys((*text, "in:phone"), pl.String),
    )
    bounds = [0, *cuts, max(60, len(numbers))]
    with TemporaryDirectory() as folder:
        spool: list[Path] = []
        for begin, end in pairwise(bounds):
            spool.append(Path(folder, f"frame-{len(spool):05}.parquet"))
            frame[begin:end].write_parquet(spool[-1])
        pairs = list(dedupe(spool))
    assert len(pairs) == len(spool)
    return pl.concat([unique for unique, _ in pairs]), pl.concat([later for _, later in pairs])


@settings(max_examples=60, deadline=None)
@given(NUMBERS, CUTS)
def test_every_row_with_a_number_is_in_exactly_one_place(
    numbers: list[str | None], cuts: list[int]
) -> None:
    unique, duplicates = deduped(numbers, cuts)
    rows = [*unique["row_id"], *duplicates["row_id"]]
    assert sorted(rows) == [place for place, number in enumerate(numbers) if number is not None]
    assert unique["occurrences"].sum() == len(rows)
    assert unique["msisdn"].is_unique().all()


@settings(max_examples=60, deadline=None)
@given(NUMBERS, CUTS)
def test_the_first_row_wins_and_the_others_point_to_it(
    numbers: list[str | None], cuts: list[int]
) -> None:
    unique, duplicates = deduped(numbers, cuts)
    assert unique["row_id"].is_sorted()
    assert duplicates["row_id"].is_sorted()
    for row in unique.iter_rows(named=True):
        assert numbers.index(row["msisdn"]) == row["row_id"]
        assert numbers.count(row["msisdn"]) == row["occurrences"]
    for row in duplicates.iter_rows(named=True):
        assert numbers[row["row_id"]] == row["msisdn"]
        assert numbers.index(row["msisdn"]) == row["first_row_id"] < row["row_id"]


@settings(max_examples=40, deadline=None)
@given(NUMBERS, CUTS)
def test_where_files_are_cut_changes_nothing(numbers: list[str | None], cuts: list[int]) -> None:
    for cut, whole in zip(deduped(numbers, cuts), deduped(numbers, []), strict=True):
        assert cut.equals(whole)
