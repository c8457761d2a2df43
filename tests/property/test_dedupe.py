"""What holds for any list of numbers, however it is cut into frames."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedupe import dedupe
from pipeline.dedupe.buckets import BUCKETS, Buckets
from pipeline.dedupe.repeats import Known, Repeats
from pipeline.dedupe.scratch import ScratchFile
from pipeline.ledger.files import Files

# Few numbers, so that they repeat; the longest ones that E.164 allows; rejected rows between.
NUMBERS = st.lists(
    st.sampled_from([None, "99999", "12125550101", "12125550102", "999999999999999"])
    | st.integers(447700900000, 447700900030).map(str),
    max_size=60,
)
CUTS = st.lists(st.integers(0, 60), max_size=6).map(sorted)


def deduped(
    numbers: list[str | None], cuts: list[int], hold: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Unique rows and duplicates of the whole list, in frames that end at the cuts."""
    text = ("source_file", "msisdn", "msisdn_input", "region", "plan_type", "rule")
    frame = pl.DataFrame(
        {
            "row_id": range(len(numbers)),
            "line_number": range(2, len(numbers) + 2),
            **dict.fromkeys(text, numbers),
            "in:phone": numbers,
        },
        schema={"row_id": pl.Int64, "line_number": pl.Int64}
        | dict.fromkeys((*text, "in:phone"), pl.String),
    )
    bounds = [0, *cuts, max(60, len(numbers))]
    frames = [frame[begin:end] for begin, end in pairwise(bounds)]
    with TemporaryDirectory() as folder:
        pairs = list(dedupe(frames, Path(folder), Files(), hold=hold))
    assert len(pairs) == len(frames)
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
@given(NUMBERS, CUTS, st.integers(0, 5000))
def test_where_frames_are_cut_and_kept_changes_nothing(
    numbers: list[str | None], cuts: list[int], hold: int
) -> None:
    for cut, whole in zip(deduped(numbers, cuts, hold), deduped(numbers, []), strict=True):
        assert cut.equals(whole)


class Sizes(NamedTuple):
    """What fits in memory, small enough that even these lists do not."""

    block: int
    group: int
    most: int
    hold: int


SIZES = st.builds(Sizes, *(st.integers(1, 12) for _ in Sizes._fields))
# Some share a bucket, some a number; the row ids of rows that have a number may have gaps.
KEYS = st.lists(
    st.integers(0, 3).map(lambda turn: 7 + turn * BUCKETS) | st.integers(0, 10**15 - 1),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(KEYS, st.integers(1, 5), CUTS, SIZES)
def test_what_is_known_of_repeats_does_not_depend_on_what_fits_in_memory(
    keys: list[int], step: int, cuts: list[int], sizes: Sizes
) -> None:
    row_ids = [place * step for place in range(len(keys))]
    bounds = [0, *(cut for cut in cuts if cut < len(keys)), len(keys)]
    with (
        TemporaryDirectory() as folder,
        ScratchFile(Path(folder, "numbers"), Files()) as numbers,
        ScratchFile(Path(folder, "repeats"), Files()) as known,
    ):
        buckets = Buckets(numbers, block=sizes.block, group=sizes.group, most=sizes.most)
        for begin, end in pairwise(bounds):
            ids = np.array(row_ids[begin:end], np.int64)
            buckets.add(np.array(keys[begin:end], np.uint64), ids)
        repeats = Repeats(known, buckets.finish(), sizes.hold)
        for group in buckets.groups():
            repeats.take(group)
        found = [
            repeats.between(row_ids[begin], row_ids[end - 1])
            for begin, end in pairwise(bounds)
            if begin < end
        ]
    told = Known.all_of(found)
    expected = {
        row_id: -keys.count(key) if keys.index(key) == place else row_ids[keys.index(key)]
        for place, (row_id, key) in enumerate(zip(row_ids, keys, strict=True))
        if keys.count(key) > 1
    }
    assert dict(zip(told.row_ids.tolist(), told.told.tolist(), strict=True)) == expected
    assert told.row_ids.tolist() == sorted(expected)
