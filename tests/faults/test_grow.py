"""Lists that grew: only new numbers are asked, and the output is as of a fresh run."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import Files
from tests.faults.faulty import FAULTS, Faulty
from tests.faults.small_run import CONCURRENCY, COUNT, ROWS, Finished, SmallRun
from tests.flow.conftest import Simulated, numbers

MORE = 7
"""New numbers, the first of which stand in the very last shard of before."""
NEW = numbers(COUNT + MORE)[COUNT:]
APPENDED = "".join(f"x,{cell}\n" for cell in [NEW[0], numbers(2)[1], "nothing", *NEW[1:], NEW[0]])


@pytest.fixture(params=["unique", "all"])
def run(request: pytest.FixtureRequest, service: Simulated, tmp_path: Path) -> SmallRun:
    """A run of the list before it has grown."""
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "m.csv").write_text(ROWS)
    service.reset()
    return SmallRun(tmp_path / "lists", service, request.param, tmp_path / "state", grow=True)


def append(lists: Path) -> None:
    with (lists / "m.csv").open("a") as listed:
        listed.write(APPENDED)


def add_file(lists: Path) -> None:
    (lists / "a.csv").write_text("id,phone\n" + APPENDED)  # it comes first, so every row moves


def fresh(run: SmallRun, out: Path) -> Finished:
    replace(run, grow=False)(out)
    return Finished.of(out)


@pytest.mark.parametrize("grown", [append, add_file])
def test_a_finished_list_that_grew_asks_only_new_numbers(
    run: SmallRun, tmp_path: Path, grown: Callable[[Path], None]
) -> None:
    run(tmp_path / "out")
    assert run.service.meter()["billed"] == COUNT
    grown(run.listed)
    run(tmp_path / "out")
    assert run.service.meter()["billed"] == COUNT + MORE
    assert Finished.of(tmp_path / "out") == fresh(run, tmp_path / "whole")


@pytest.mark.parametrize("grown", [append, add_file])
@pytest.mark.parametrize("at", [130, 180])
def test_a_stopped_list_that_grew_goes_on(
    run: SmallRun, tmp_path: Path, grown: Callable[[Path], None], at: int
) -> None:
    with pytest.raises(StorageError):
        run(tmp_path / "out", Faulty(at, FAULTS["kill"]))
    grown(run.listed)
    run(tmp_path / "out")
    meter = run.service.meter()
    assert meter["billed_numbers"] == COUNT + MORE
    assert meter["billed"] <= COUNT + MORE + CONCURRENCY
    assert Finished.of(tmp_path / "out") == fresh(run, tmp_path / "whole")


def test_it_may_grow_again_and_be_killed_anywhere_on_the_way(run: SmallRun, tmp_path: Path) -> None:
    """Every so manyth operation of the run that takes over what was known."""
    out, before = tmp_path / "out", tmp_path / "before"
    run(before)
    append(run.listed)
    wanted = fresh(run, tmp_path / "whole")
    for at in count(3, 29):
        run.service.reset()
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(before, out)
        files = Faulty(at, FAULTS["kill"])
        try:
            run(out, files)
        except StorageError:
            run(out)
        assert Finished.of(out) == wanted
        assert run.service.meter()["billed_numbers"] == MORE
        assert run.service.meter()["billed"] <= MORE + CONCURRENCY
        if not files.struck:
            break
    assert at > 100


def test_without_the_flag_it_is_refused_and_the_flag_named(run: SmallRun, tmp_path: Path) -> None:
    run(tmp_path / "out")
    append(run.listed)
    with pytest.raises(CheckpointError, match="or --grow where lists have only grown"):
        replace(run, grow=False)(tmp_path / "out")


def shrink(lists: Path) -> None:
    (lists / "m.csv").write_text(ROWS[:-9])


def edit(lists: Path) -> None:
    (lists / "m.csv").write_text(ROWS.replace("none", "nine") + APPENDED)


def go_on_in_the_last_line(lists: Path) -> None:
    (lists / "m.csv").write_text(ROWS.removesuffix("\n") + "9\n" + APPENDED)


def replace_by_another(lists: Path) -> None:
    (lists / "m.csv").rename(lists / "n.csv")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (shrink, "changed from"),
        (edit, "changed in its first"),
        (go_on_in_the_last_line, "changed in its first"),
        (replace_by_another, "was removed"),
    ],
)
def test_whatever_else_changed_is_said_and_nothing_is_touched(
    run: SmallRun, tmp_path: Path, change: Callable[[Path], None], words: str
) -> None:
    run(tmp_path / "out")
    was = Finished.of(tmp_path / "out")
    change(run.listed)
    with pytest.raises(CheckpointError, match=rf"have not only grown: input \S+ {words}"):
        run(tmp_path / "out")
    assert Finished.of(tmp_path / "out") == was
    assert run.service.meter()["billed"] == COUNT


def test_a_last_line_without_an_end_that_went_on_is_no_growth(
    run: SmallRun, tmp_path: Path
) -> None:
    listed = run.listed / "m.csv"
    listed.write_text(ROWS.removesuffix("\n"))
    run(tmp_path / "out")
    listed.write_text(ROWS.removesuffix("\n") + "9\n")
    with pytest.raises(CheckpointError, match="ended within a line"):
        run(tmp_path / "out")
    listed.write_text(ROWS + APPENDED)
    run(tmp_path / "out", Files())
    assert Finished.of(tmp_path / "out") == fresh(run, tmp_path / "whole")


def test_another_setting_is_no_growth(run: SmallRun, tmp_path: Path) -> None:
    run(tmp_path / "out")
    other = "all" if run.rows == "unique" else "unique"
    with pytest.raises(CheckpointError, match="not only grown: --rows was"):
        replace(run, rows=other)(tmp_path / "out")


def test_a_damaged_part_is_not_taken_over(run: SmallRun, tmp_path: Path) -> None:
    run(tmp_path / "out")
    append(run.listed)
    part = tmp_path / "out" / "enriched" / "part-00001.parquet"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"part-00001\.parquet: its content changed"):
        run(tmp_path / "out")
