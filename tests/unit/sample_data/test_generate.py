"""The sample lists are what the generator makes, and the pipeline makes of them what was meant."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import pipeline
from sample_data.generate import EXPECTED, LISTS, expected, write
from sample_data.lists import Row
from sample_data.ranges import RANGES, Number

HERE = Path(__file__).resolve().parents[3] / "sample_data"
NAMES = list(LISTS)


@pytest.fixture(scope="module")
def listed() -> dict[str, list[Row]]:
    return {name: known.listed() for name, known in LISTS.items()}


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((HERE / EXPECTED).read_text("utf-8"))
    lists: dict[str, Any] = content["lists"]
    return lists


def test_the_lists_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    write(tmp_path)

    same = {
        name: (tmp_path / name).read_bytes() == (HERE / name).read_bytes() for name in NAMES[:2]
    }
    table = NAMES[2]  # its bytes also depend on the version of pyarrow, which they name
    assert pl.read_parquet(tmp_path / table).equals(pl.read_parquet(HERE / table))
    assert same == dict.fromkeys(NAMES[:2], True)
    assert (tmp_path / EXPECTED).read_text("utf-8") == (HERE / EXPECTED).read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_number_that_counts_is_kept_for_fiction(
    name: str, listed: dict[str, list[Row]]
) -> None:
    fictitious = {number for known in RANGES for number in known.numbers()}

    assert {row.meaning for row in listed[name] if isinstance(row.meaning, Number)} <= fictitious


@pytest.mark.parametrize("name", NAMES)
def test_every_row_has_one_place(name: str, recorded: dict[str, Any]) -> None:
    counts = recorded[name]

    assert counts["rows"] == counts["unique"] + counts["duplicates"] + counts["rejected"]
    assert counts["unique"] == counts["to_ask"] + counts["skipped"]
    assert counts["rejected"] == sum(counts["reject_reasons"].values())


@pytest.mark.parametrize("name", NAMES)
def test_the_record_is_counted_from_what_was_meant(
    name: str, listed: dict[str, list[Row]], recorded: dict[str, Any]
) -> None:
    assert {"options": list(LISTS[name].options), **expected(listed[name])} == recorded[name]


@pytest.mark.parametrize("name", NAMES)
def test_clean_makes_of_each_list_what_was_meant(
    name: str, listed: dict[str, list[Row]], tmp_path: Path
) -> None:
    options = dict(zip(LISTS[name].options[::2], LISTS[name].options[1::2], strict=True))
    settings = pipeline.Settings(
        inputs=(str(HERE / name),), out=tmp_path, region_column=options.get("--region-column")
    )

    pipeline.clean(settings)

    meant = {at: row.meaning for at, row in enumerate(listed[name])}
    numbers = {at: number for at, number in meant.items() if isinstance(number, Number)}
    firsts = dict(reversed([(number, at) for at, number in numbers.items()]))
    assert outcome(tmp_path, "cleaned", "msisdn", "region", "plan_type") == {
        at: (number.msisdn, number.region, number.plan_type) for number, at in firsts.items()
    }
    assert outcome(tmp_path, "duplicates", "first_row_id") == {
        at: (firsts[number],) for at, number in numbers.items() if firsts[number] != at
    }
    assert outcome(tmp_path, "rejected", "reject_reason") == {
        at: (reason,) for at, reason in meant.items() if isinstance(reason, str)
    }


def outcome(out: Path, kind: str, *columns: str) -> dict[int, tuple[Any, ...]]:
    """What a kind of output says of each row."""
    frame = pl.read_parquet(out / kind / "*.parquet", columns=["row_id", *columns])
    return {row[0]: row[1:] for row in frame.iter_rows()}
