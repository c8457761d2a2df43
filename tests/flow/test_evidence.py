"""What a column shows: taken once a file, the same for all its frames, told in the summary."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.read import BATCH_ROWS
from tests.flow.conftest import Command

FULL = [f"4479{number:08}" for number in range(11_000_000, 11_000_020)]


def clean(
    command: Command, cells: Sequence[str], *flags: str, name: str = "list"
) -> tuple[dict[str, Any], list[str]]:
    """The summary, and the numbers that came out."""
    path = command.folder / f"{name}.csv"
    path.write_text("phone\n" + "\n".join(cells) + "\n")
    done = command("clean", path.name, "-o", "out", "--column", "phone", *flags)
    assert done.returncode == 0, done.stderr
    out = command.folder / "out"
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    parts = sorted((out / "cleaned").glob("*.parquet"))
    return summary, pl.read_parquet(parts)["msisdn"].to_list() if parts else []


@pytest.fixture
def here(tmp_path: Path) -> Command:
    return Command(tmp_path)


def test_every_frame_is_read_as_the_first_one_shows(here: Command) -> None:
    cells = [f"4479{number:08}" for number in range(BATCH_ROWS)]
    summary, found = clean(here, [*cells, "15123456789"])
    assert found[-1] == "15123456789"
    assert summary["rejected"] == 0


def test_a_frame_of_national_numbers_keeps_later_ones_from_going_abroad(here: Command) -> None:
    summary, found = clean(here, ["0151 23456789"] * BATCH_ROWS + FULL)
    assert (found, summary["reasons"]) == ([], {"no_region": BATCH_ROWS + len(FULL)})


def test_the_summary_says_what_was_decided_and_from_what(here: Command) -> None:
    summary, _ = clean(here, ["15123456789", "15223456789", "0171 3920001"])
    told = summary["evidence"]["list.csv"]["bare"]["-"]
    assert told.pop("explained_by") in {"CN", "DE"}
    assert told == {"read_as": "national", "bare": 2, "full": 2, "explained": 1.0}
    assert any("--bare international" in said for said in summary["diagnosis"])


def test_full_numbers_are_told_as_such(here: Command) -> None:
    summary, found = clean(here, FULL, "--region", "GB")
    assert found == FULL
    assert summary["evidence"]["list.csv"]["bare"]["*"]["read_as"] == "international"
    assert summary["diagnosis"] == []


def test_the_flag_overrides_and_is_told(here: Command) -> None:
    summary, found = clean(here, ["15123456789", "15223456789"], "--bare", "international")
    assert found == ["15123456789", "15223456789"]
    told = summary["evidence"]["list.csv"]["bare"]["-"]
    assert (told["setting"], told["read_as"]) == ("international", "international")


def test_another_setting_is_another_run(here: Command) -> None:
    clean(here, FULL)
    done = here("clean", "list.csv", "-o", "out", "--column", "phone", "--bare", "national")
    assert done.returncode == 15
    assert "bare" in done.stderr


def test_the_variable_and_the_table_set_it_too(here: Command) -> None:
    here.environment["MSISDN_BARE"] = "national"
    assert clean(here, FULL)[1] == []
    here.environment.clear()
    (here.folder / "msisdn.toml").write_text('bare = "national"\n')
    assert clean(here, FULL, "--restart")[1] == []


def test_a_word_that_is_no_setting_is_refused(here: Command) -> None:
    (here.folder / "list.csv").write_text("phone\n1\n")
    done = here("clean", "list.csv", "-o", "out", "--bare", "maybe")
    assert done.returncode == 2
    assert "international" in done.stderr


def test_a_rounded_column_is_diagnosed(here: Command) -> None:
    summary, found = clean(here, ["447992000000", "447801000000", "447462000000"])
    assert (found, summary["reasons"]) == ([], {"spreadsheet_damage": 3})
    assert "rounded by a spreadsheet" in summary["diagnosis"][0]


def test_undecided_region_codes_are_diagnosed(here: Command) -> None:
    (here.folder / "list.csv").write_text("phone,code\n6123-4567,591\n")
    done = here("clean", "list.csv", "-o", "out", "--column", "phone", "--region-column", "code")
    assert done.returncode == 0, done.stderr
    summary = json.loads((here.folder / "out" / "summary.json").read_text())
    assert summary["reasons"] == {"no_region": 1}
    assert any("two letters" in said for said in summary["diagnosis"])


def test_each_file_is_judged_apart(here: Command) -> None:
    lists = here.folder / "lists"
    lists.mkdir()
    (lists / "a.csv").write_text("phone\n" + "\n".join(FULL) + "\n")
    (lists / "b.csv").write_text("phone\n15123456789\n0171 3920001\n")
    done = here("clean", "lists", "-o", "out", "--column", "phone")
    assert done.returncode == 0, done.stderr
    summary = json.loads((here.folder / "out" / "summary.json").read_text())
    read_as = {name: shown["bare"]["-"]["read_as"] for name, shown in summary["evidence"].items()}
    assert [*read_as.values()] == ["international", "national"]


@pytest.mark.parametrize(
    ("bare", "cells", "looked_up"),
    [
        ("national", ["447911123456"], 0),
        ("auto", ["15123456789", "15223456789", "0171 3920001"], 0),
        ("international", ["15123456789", "15223456789", "0171 3920001"], 2),
    ],
)
def test_bare_digits_of_a_few_numbers_are_read_as_is_set(
    here: Command, bare: str, cells: list[str], looked_up: int
) -> None:
    done = here("lookup", *cells, "--simulate", "--bare", bare, "--json", "-q")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(cells)
    assert sum("status" in row for row in rows) == looked_up
    assert done.returncode == (0 if looked_up else 10)
