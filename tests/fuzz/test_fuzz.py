"""The short form of `python -m tests.fuzz`: a few thousand cases of fixed seeds."""

from pathlib import Path
from random import Random

import pytest

from tests.fuzz.cells import cell_of, check_cells
from tests.fuzz.edits import edit
from tests.fuzz.lists import RawList, check_list, list_of
from tests.fuzz.runs import replay, run_batch


@pytest.mark.parametrize("seed", [1, 2])
def test_cells_and_lists_at_random_keep_every_promise(seed: int) -> None:
    run = run_batch(seed, 0, 2000)

    assert run.failures == []
    assert run.counts["cells"] + run.counts["lists"] == 2000
    ended = run.counts["lists: rows cleaned or duplicate"] + run.counts["lists: rows rejected"]
    assert run.counts["lists: rows read"] == ended > 2000


def test_a_list_goes_through_the_whole_of_clean(tmp_path: Path) -> None:
    data = b"phone,name\n+447911100001,Ann\n+447911100001,Bob\nx,Cy\nbroken\n"

    outcome = check_list(0, RawList(0, data, {"region": "GB"}), tmp_path)

    assert (outcome.rows, outcome.valid, outcome.rejected) == (4, 2, 2)
    assert len(list((tmp_path / "out").glob("cleaned/*.parquet"))) == 1


def test_a_case_follows_from_its_seed_and_number() -> None:
    assert cell_of(3, 17) == cell_of(3, 17) != cell_of(4, 17)
    assert list_of(3, 16) == list_of(3, 16) != list_of(4, 16)
    assert replay(3, 17).counts == replay(3, 17).counts


def test_damage_spares_what_stands_before_it() -> None:
    for seed in range(200):
        damage = edit(Random(seed), b"0123456789", 4)
        assert damage.applied(b"0123456789").startswith(b"0123")


def test_the_kinds_of_cells_are_all_met() -> None:
    made = check_cells(1, [cell_of(1, number) for number in range(1, 4000)])

    assert made["rule"].n_unique() > 8
    assert made["reject_reason"].n_unique() > 9
