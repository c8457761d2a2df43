"""A list that changes while a job reads it ends the job: nothing is finished, and nothing is asked."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from pipeline import flow
from pipeline.errors import InputError
from pipeline.flow import Surroundings
from pipeline.read import Source, fingerprint
from pipeline.settings import Settings


@pytest.mark.parametrize("start", [flow.clean, flow.plan_only, flow.run])
def test_a_list_that_is_cut_behind_its_hash_ends_the_job(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start: Callable[[Settings, Surroundings], object],
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone,name\n" + "+12125550123,somebody\n" * 100)

    def hashed(source: Source) -> str:
        sha256 = fingerprint(source)
        path.write_text("phone,name\n" + "+12125550123,somebody\n" * 50)
        return sha256

    monkeypatch.setattr("pipeline.job.opened.fingerprint", hashed)
    settings = Settings(inputs=(str(path),), out=tmp_path / "out", simulate=True)
    around = Surroundings(clock=lambda: 0.0, wall=lambda: 0.0, dice=Random(0))

    with pytest.raises(InputError, match=r"list.csv: changed while it was read"):
        start(settings, around)
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    assert not list(tmp_path.glob("out/.checkpoint/plan.json"))
