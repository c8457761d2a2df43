"""Parquet files hold what a column's type does not allow: each such cell is mended, or rejected.

Every one goes all the way to `cleaned/`, which another library then reads.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import flow
from pipeline.errors import InputError, StorageError
from pipeline.events import Event, Notice
from pipeline.flow import Surroundings
from pipeline.report import Summary
from pipeline.settings import Settings

PHONES = ["+12125550123", "+12125550124"]
NAMES = ["Müller", "Jones"]


def in_latin_1(kind: pa.DataType, words: list[str] | None = None) -> pa.Array:
    """Words in Latin-1 that their column calls text."""
    cells = [word.encode("latin-1") for word in words or NAMES]
    if kind == pa.string_view():
        return pa.array(cells, pa.binary_view()).view(kind)
    large = kind == pa.large_string()
    binary = pa.array(cells, pa.large_binary() if large else pa.binary())
    return pa.Array.from_buffers(kind, len(cells), binary.buffers())


def counts(kind: pa.DataType, *values: int) -> pa.Array:
    return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)


def each_in_a_list(values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(range(len(values) + 1), pa.int32()), values)


def clean(folder: Path, table: pa.Table) -> tuple[pl.DataFrame, Summary, list[str]]:
    """What comes of a file: the cleaned rows, the summary, and what was said."""
    pq.write_table(table, folder / "list.parquet")
    said: list[str] = []

    def announce(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.text)

    around = Surroundings(clock=lambda: 0.0, wall=lambda: 0.0, dice=Random(0), announce=announce)
    settings = Settings(inputs=(str(folder / "list.parquet"),), out=folder / "out", column="phone")
    summary = flow.clean(settings, around)
    parts = sorted((folder / "out" / "cleaned").glob("*.parquet"))
    return pl.read_parquet(parts) if parts else pl.DataFrame(), summary, said


BIG = 2**62

OUTSIDE = [
    (counts(pa.date32(), 2**31 - 1, 0), ["2147483647 days from 1970-01-01", "1970-01-01"]),
    (counts(pa.date32(), -(2**31), 0), ["-2147483648 days from 1970-01-01", "1970-01-01"]),
    (
        counts(pa.timestamp("ms"), BIG, 0),
        [f"{BIG} milliseconds from 1970-01-01", "1970-01-01T00:00:00.000"],
    ),
    (
        counts(pa.timestamp("us"), -(2**63), 0),
        [f"-{2**63} microseconds from 1970-01-01", "1970-01-01T00:00:00.000000"],
    ),
    (
        counts(pa.timestamp("us", "Europe/London"), BIG, 0),
        [f"{BIG} microseconds from 1970-01-01", "1970-01-01T01:00:00.000000+01:00"],
    ),
    (
        counts(pa.time32("ms"), 90_000_000, 0),
        ["90000000 milliseconds from midnight", "00:00:00.000"],
    ),
    (counts(pa.time64("us"), -1, 0), ["-1 microseconds from midnight", "00:00:00.000000"]),
    (counts(pa.duration("us"), -(2**63), 0), [f"-{2**63} microseconds", "PT0S"]),
    (counts(pa.duration("ms"), 2**63 - 1, 0), [f"{2**63 - 1} milliseconds", "PT0S"]),
    (
        each_in_a_list(counts(pa.timestamp("us"), BIG, 0)),
        [f'["{BIG} microseconds from 1970-01-01"]', '["1970-01-01T00:00:00.000000"]'],
    ),
]


@pytest.mark.parametrize(("column", "expected"), OUTSIDE)
def test_a_value_that_no_calendar_has_is_written_as_a_count(
    tmp_path: Path, column: pa.Array, expected: list[str]
) -> None:
    rows, summary, said = clean(tmp_path, pa.table([PHONES, column], names=["phone", "when"]))

    assert rows["when"].to_list() == expected
    [(where, cells)] = summary.mended.items()
    assert (cells, "column when: no date" in where) == (1, True)
    assert any(where in text for text in said)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "+99:00", "Z", "Europe/Atlantis", "Nowhere"])
@pytest.mark.parametrize("wrap", [lambda column: column, each_in_a_list])
def test_a_zone_that_does_not_exist_is_utc(
    tmp_path: Path, zone: str, wrap: Callable[[pa.Array], pa.Array]
) -> None:
    column = wrap(counts(pa.timestamp("ms", zone), 0, 1))

    rows, summary, _ = clean(tmp_path, pa.table([PHONES, column], names=["phone", "when"]))

    assert "1970-01-01T00:00:00.000+00:00" in rows["when"][0]
    assert list(summary.mended.values()) == [2]


NOT_UTF_8 = {
    "string": (in_latin_1(pa.string()), NAMES),
    "large string": (in_latin_1(pa.large_string()), NAMES),
    "dictionary": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), in_latin_1(pa.string())),
        NAMES,
    ),
    "list": (each_in_a_list(in_latin_1(pa.string())), ['["Müller"]', '["Jones"]']),
    "struct": (
        pa.StructArray.from_arrays([in_latin_1(pa.string())], ["name"]),
        ['{"name": "Müller"}', '{"name": "Jones"}'],
    ),
    "map": (
        pa.MapArray.from_arrays(
            pa.array([0, 1, 2], pa.int32()), in_latin_1(pa.string()), pa.array([1, 2])
        ),
        ['[["Müller", 1]]', '[["Jones", 2]]'],
    ),
}


@pytest.mark.parametrize("how", NOT_UTF_8)
def test_text_that_is_not_utf_8_is_read_as_latin(tmp_path: Path, how: str) -> None:
    column, expected = NOT_UTF_8[how]

    rows, summary, said = clean(tmp_path, pa.table([PHONES, column], names=["phone", "name"]))

    assert rows["name"].to_list() == expected
    [(where, cells)] = summary.mended.items()
    assert (cells, "column name: not UTF-8" in where) == (1, True)
    assert any(where in text for text in said)


def test_one_cell_in_latin_1_among_many_in_utf_8_is_shown_with_a_mark(tmp_path: Path) -> None:
    cells = ["Zoë".encode(), "Jürgen".encode(), "Müller".encode("latin-1")]
    binary = pa.array(cells)
    column = pa.Array.from_buffers(pa.string(), 3, binary.buffers())
    phones = [*PHONES, "+12125550125"]

    rows, _, _ = clean(tmp_path, pa.table([phones, column], names=["phone", "name"]))

    assert rows["name"].to_list() == ["Zoë", "Jürgen", "M\ufffdller"]


def test_a_number_that_is_not_utf_8_is_the_number_in_it_or_no_number(tmp_path: Path) -> None:
    # A space that does not break, in Latin-1; and a letter, which no number has.
    cells = in_latin_1(pa.string(), ["+1 212\xa0555 0123", "+1212555é0124"])

    rows, summary, _ = clean(tmp_path, pa.table([cells], names=["phone"]))

    assert rows["msisdn"].to_list() == ["12125550123"]
    assert summary.reasons == {"not_a_number": 1}


@pytest.mark.parametrize(
    "column",
    [
        counts(pa.date32(), 2**31 - 1, 2**31 - 2),
        counts(pa.time64("us"), 12125550123_000000, -12125550124_000000),
        counts(pa.duration("us"), 2**63 - 1, -(2**63)),
        counts(pa.timestamp("ms"), BIG, -BIG),
    ],
)
def test_a_count_is_never_taken_for_a_number(tmp_path: Path, column: pa.Array) -> None:
    rows, summary, _ = clean(tmp_path, pa.table([column], names=["phone"]))

    assert rows.is_empty()
    assert summary.rejected == 2


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (["phone", "x", "x"], ["phone", "x", "x_2"]),
        (["phone", "", " "], ["phone", "column_2", "column_3"]),
        (["phone", "id", "ID"], ["phone", "id", "ID_2"]),
        (["phone", "two\nlines", "n" * 5000], ["phone", "two\nlines", "n" * 5000]),
        (["phone", "in:phone", "in:x"], ["phone", "in:phone", "in:x"]),
    ],
)
def test_odd_names_of_columns_become_names(
    tmp_path: Path, names: list[str], written: list[str]
) -> None:
    rows, _, _ = clean(tmp_path, pa.table([PHONES, ["a", "b"], ["c", "d"]], names=names))

    assert rows.columns[:3] == written
    assert rows.select(pl.nth(1, 2)).rows() == [("a", "c"), ("b", "d")]


def test_a_name_of_a_column_that_is_not_utf_8_ends_the_run_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    pq.write_table(pa.table([PHONES, NAMES], names=["phone", "Muller"]), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"Muller", "Müller".encode("latin-1")))
    around = Surroundings(clock=lambda: 0.0, wall=lambda: 0.0, dice=Random(0))
    settings = Settings(inputs=(str(path),), out=tmp_path / "out", column="phone")

    with pytest.raises(InputError, match="name that is not UTF-8"):
        flow.clean(settings, around)


def test_what_no_rule_foresaw_ends_the_run_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: Any) -> None:
        raise pl.exceptions.PanicException("out of bounds")

    monkeypatch.setattr("pipeline.read.parquet_table.as_text", panic)

    with pytest.raises(InputError, match=r"list.parquet: column phone cannot be read as text"):
        clean(tmp_path, pa.table([PHONES], names=["phone"]))


def test_a_part_that_another_library_cannot_read_never_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pa.table([PHONES, NAMES], names=["phone", "name"])
    pq.write_table(table, tmp_path / "list.parquet")
    write = pq.ParquetWriter.write_table

    def write_in_latin_1(writer: pq.ParquetWriter, table: pa.Table, **options: Any) -> None:
        names = in_latin_1(pa.string()).cast(table.schema.field("name").type)
        write(writer, table.set_column(1, table.schema.field("name"), names), **options)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", write_in_latin_1)
    around = Surroundings(clock=lambda: 0.0, wall=lambda: 0.0, dice=Random(0))
    settings = Settings(
        inputs=(str(tmp_path / "list.parquet"),), out=tmp_path / "out", column="phone"
    )

    with pytest.raises(StorageError, match="it does not read back"):
        flow.clean(settings, around)
    assert not list((tmp_path / "out").glob("cleaned/part*"))
    assert not (tmp_path / "out" / "_SUCCESS").exists()
