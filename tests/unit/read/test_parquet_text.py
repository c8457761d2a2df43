"""Parquet's types as text."""

import gzip
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.read import find, read
from pipeline.read.values import as_text
from pipeline.settings import Settings

NUMBER = 442079460018


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([NUMBER, None, -1], pa.int64(), [str(NUMBER), None, "-1"]),
        ([2**64 - 1], pa.uint64(), ["18446744073709551615"]),
        ([7], pa.int8(), ["7"]),
        ([float(NUMBER), -0.0, None], pa.float64(), [str(NUMBER), "0", None]),
        ([NUMBER + 0.5, 0.1], pa.float64(), ["442079460018.5", "0.1"]),
        ([float("nan"), float("inf")], pa.float64(), [None, "inf"]),
        ([2.0**53], pa.float64(), ["9007199254740992"]),
        (
            [2.0**53 + 2, 4.4791112345678e17],
            pa.float64(),
            ["9.007199254740994e+15", "4.4791112345678e+17"],
        ),
        ([16777216.0, float(NUMBER)], pa.float32(), ["16777216", "4.4207944e+11"]),
        ([2048.0, 4096.0, 0.5], pa.float16(), ["2048", "4.096e+03", "0.5"]),
        ([Decimal("442079460018.00")], pa.decimal128(20, 2), ["442079460018.00"]),
        ([Decimal(10) ** 40], pa.decimal256(50, 0), ["1" + "0" * 40]),
        ([True, None], pa.bool_(), ["true", None]),
        ([date(2024, 2, 29)], pa.date32(), ["2024-02-29"]),
        ([1_709_188_200_000], pa.timestamp("ms"), ["2024-02-29T06:30:00.000"]),
        (
            [datetime(2024, 2, 29, 6, 30, tzinfo=UTC)],
            pa.timestamp("s", "UTC"),
            ["2024-02-29T06:30:00.000+00:00"],
        ),
        ([time(6, 30)], pa.time64("us"), ["06:30:00.000000"]),
        ([timedelta(days=3, hours=1)], pa.duration("s"), ["P3DT1H"]),
        (["a", None, ""], pa.string(), ["a", None, ""]),
        (["a"], pa.large_string(), ["a"]),
        (["a"], pa.string_view(), ["a"]),
        (["b", None, "b"], pa.dictionary(pa.int8(), pa.string()), ["b", None, "b"]),
        ([NUMBER, NUMBER], pa.dictionary(pa.int8(), pa.int64()), [str(NUMBER)] * 2),
        (["é".encode(), None], pa.binary(), ["é", None]),
        ([b"\xff\x00", b"a"], pa.binary(), ["ff00", "a"]),
        ([b"ab"], pa.binary(2), ["ab"]),
        ([None, None], pa.null(), [None, None]),
        ([[1, 2], None], pa.list_(pa.int64()), ["[1, 2]", None]),
        ([{"é": b"x", "d": date(2024, 1, 1)}], None, ['{"é": "x", "d": "2024-01-01"}']),
    ],
)
def test_a_value_becomes_the_text_a_person_would_have_typed(
    values: list[Any], kind: pa.DataType | None, expected: list[str | None]
) -> None:
    text = as_text(pa.array(values, kind))

    assert text.to_list() == expected
    assert text.dtype == pl.String


def test_a_column_without_rows_is_text_too() -> None:
    for kind in (pa.float64(), pa.null(), pa.list_(pa.int8()), pa.binary()):
        assert as_text(pa.array([], kind)).dtype == pl.String


def test_row_groups_are_counted_through_and_repeated_names_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "list"
    columns = [pa.array(range(10)), pa.array(range(10))]
    pq.write_table(pa.table(columns, ["phone", "phone"]), path, row_group_size=3)
    found = read(find([str(path)]), Settings(column="phone_2"), batch_rows=4)

    frame = pl.concat(list(found))
    assert found.columns == ("phone", "phone_2")
    assert frame["line_number"].to_list() == list(range(1, 11))
    assert frame["in:phone_2"].to_list() == [str(at) for at in range(10)]


@pytest.mark.parametrize("at", [10, 200, -20])
def test_a_file_that_is_damaged_is_an_error(tmp_path: Path, at: int) -> None:
    path = tmp_path / "list.parquet"
    pl.DataFrame({"phone": [str(NUMBER + at) for at in range(200)]}).write_parquet(path)
    whole = bytearray(path.read_bytes())
    whole[at : at + 9] = b"\xff" * 9
    path.write_bytes(whole)

    with pytest.raises(InputError, match=r"list\.parquet: not a sound Parquet file"):
        list(read(find([str(path)]), Settings()))


def test_a_packed_parquet_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet.gz"
    path.write_bytes(gzip.compress(b"PAR1" + bytes(20)))

    with pytest.raises(InputError, match=r"parquet packed with gz; unpack it first"):
        read(find([str(path)]), Settings())
