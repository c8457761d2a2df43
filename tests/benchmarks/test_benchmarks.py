"""The benchmarks run, and what they measure does what it should; how fast it is, is no test's business."""

from collections.abc import Callable, Iterator
from pathlib import Path

import phonenumbers
import polars as pl
import pytest

from tests.benchmarks.cells import DAMAGE, cells, damaged
from tests.benchmarks.clean import lists
from tests.benchmarks.cost import cost
from tests.benchmarks.figures import Comparison, Figure, Goal, Result, goals, net
from tests.benchmarks.memory import memory_clean
from tests.benchmarks.normalise import frames
from tests.benchmarks.one_country import write_one_country
from tests.benchmarks.scale import NoSpaceError, Scale, check_space
from tests.benchmarks.stages import parts

TINY = Scale(quick=True, rows=300, runs=1)


def test_cells_are_valid_numbers_of_every_region_half_of_them_national() -> None:
    made = cells(2_000)
    assert made["country"].n_unique() == len(phonenumbers.SUPPORTED_REGIONS)
    assert dict(made.group_by("spelling").len().rows()) == {"international": 1000, "national": 1000}
    numbers = [phonenumbers.parse(*row) for row in made.select("phone", "country").iter_rows()]
    assert all(map(phonenumbers.is_valid_number, numbers))
    assert len({(one.country_code, one.national_number) for one in numbers}) == 2_000


def test_one_cell_in_ten_of_a_messy_list_is_damaged_in_every_way() -> None:
    sound = pl.DataFrame({"phone": [f"+44 7400 123{n:03}" for n in range(10 * len(DAMAGE))]})
    messy = damaged(sound)
    changed = messy.filter(sound["phone"] != messy["phone"])["phone"].to_list()
    assert len(set(changed)) == len(DAMAGE)
    assert '="+44 7400 123020"' in changed
    assert "4.47400E+11" in changed


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_list_of_one_country_has_the_numbers_it_says(tmp_path: Path, suffix: str) -> None:
    listed = write_one_country(tmp_path / f"list{suffix}", 3_000)
    if suffix == ".csv":
        read = pl.read_csv(listed.path, infer_schema=False)
    else:
        read = pl.read_parquet(listed.path)
    assert read.columns == ["id", "name", "phone"]
    assert (read.height, read["phone"].n_unique()) == (listed.rows, listed.distinct)
    assert 0.03 < 1 - listed.distinct / listed.rows < 0.07
    numbers = [phonenumbers.parse(cell, "GB") for cell in read["phone"].unique()]
    assert len({one.national_number for one in numbers}) == listed.distinct
    assert {phonenumbers.region_code_for_number(one) for one in numbers} == {"GB"}


def test_more_numbers_than_a_country_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 100,000,000 rows"):
        write_one_country(tmp_path / "list.csv", 10**8 + 1)


def test_a_full_disk_is_foreseen(tmp_path: Path) -> None:
    with pytest.raises(NoSpaceError, match="GB are free; make room"):
        check_space(tmp_path, 10**15)


def test_start_up_that_varies_more_than_what_is_left_gives_no_figure() -> None:
    assert net([1.0, 1.2], [0.5, 0.9]) == ()
    assert net([9.0, 9.5], [1.0, 1.0]) == (8.0, 8.5)


def test_the_short_table_says_which_goals_are_met() -> None:
    speed, time = Figure("speed", "rows/s", (1, 30, 3)), Figure("time", "×", (3.0,))
    lines = [
        Comparison("fast", speed, goals=(Goal(speed, 3),)),
        Comparison(
            "slow", speed, ratio=time, goals=(Goal(speed, 3), Goal(time, 2, at_least=False))
        ),
        Comparison("free", speed),
    ]
    words = [line.split()[-1] for line in goals(lines).splitlines()]
    assert words == ["met", "yes", "no", "–"]
    assert [line.split()[-1] for line in goals(lines, judged=False).splitlines()][1:] == ["–"] * 3


@pytest.mark.parametrize(
    ("benchmark", "expected"),
    [
        pytest.param(frames["normalise-one-country"], "to phonenumbers", id="normalise"),
        pytest.param(lists["clean-csv"], "raw, to bare", id="clean"),
        pytest.param(parts["stages-dedupe"], "time to bare", id="stages"),
        pytest.param(memory_clean, "300 rows", id="memory"),
        pytest.param(cost, "together", id="cost"),
    ],
)
def test_it_runs_and_its_counts_agree(
    benchmark: Callable[[Path, Scale], Iterator[Result]], expected: str, tmp_path: Path
) -> None:
    """Each benchmark ends with an error itself where rows are lost or too many."""
    figures = [found for found in benchmark(tmp_path, TINY) if isinstance(found, Figure)]
    assert any(found.name.endswith(expected) for found in figures)
    assert all(min(found.values) > 0 for found in figures)
    left = {path.name for path in tmp_path.iterdir() if path.suffix in {".csv", ".parquet"}}
    assert left <= {"one.csv"}, "a list is removed when it has served"
