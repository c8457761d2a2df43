"""Where the state of an account is kept, and that it can be, before anything is read."""

import os
import random
from pathlib import Path

import pytest

from pipeline import flow
from pipeline.cli.checks import checked
from pipeline.errors import StorageError
from pipeline.job.surroundings import Surroundings
from pipeline.lookup.account import default_state_dir, state_folder
from pipeline.settings import Settings
from pipeline.simulator.embedded import embedded


def homeless(_path: type[Path]) -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    found = state_folder(None, {"XDG_STATE_HOME": str(tmp_path / "state")})
    assert found == tmp_path / "state" / "msisdn"
    assert found.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("home", ["", " ", "state", "./state", "../x"])
def test_a_state_home_that_is_not_absolute_is_ignored(home: str, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        assert default_state_dir({"XDG_STATE_HOME": home}) == tmp_path / ".local/state/msisdn"


def test_a_user_without_a_home_is_told_what_to_do() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "home", classmethod(homeless))
        with pytest.raises(StorageError, match=r"no home directory .*--state-dir"):
            state_folder(None, {})


@pytest.mark.parametrize("kind", ["file", "below a file", "loop", "no such device", "not writable"])
def test_a_place_that_cannot_be_written_is_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "shut").mkdir()
    places = {
        "file": tmp_path / "file",
        "below a file": tmp_path / "file" / "state",
        "loop": tmp_path / "loop",
        "no such device": Path("/proc/none/state"),
        "not writable": tmp_path / "shut",
    }
    if kind == "not writable":  # tests may be run by root, who may write everywhere
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StorageError, match=r"cannot be kept there \(.+\).*--state-dir"):
        state_folder(places[kind], {})


@pytest.mark.parametrize("inputs", ["list.csv", "none.csv", "-"])
def test_a_run_looks_at_it_before_it_reads_anything(tmp_path: Path, inputs: str) -> None:
    (tmp_path / "list.csv").write_text("phone\n+12015550100\n")
    (tmp_path / "file").write_text("")
    settings = Settings(
        inputs=(inputs if inputs == "-" else str(tmp_path / inputs),),
        out=tmp_path / "out",
        transport="tcp",
        endpoint="tcp://127.0.0.1:9",
        client_id="me",
        client_secret="word",
        state_dir=tmp_path / "file",
    )
    around = Surroundings(clock=lambda: 0.0, wall=lambda: 0.0, dice=random.Random(1))

    with pytest.raises(StorageError, match="--state-dir"):
        flow.run(settings, around)

    assert not (tmp_path / "out").exists()


def test_a_simulated_run_needs_no_state_and_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", classmethod(homeless))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "list.csv").write_text("phone\n+12015550100\n")
    settings = Settings(
        inputs=(str(tmp_path / "list.csv"),), out=tmp_path / "out", simulate=True, transport="tcp"
    )
    with embedded(seed="state") as endpoints, pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.job.lookups.embedded", lambda: _Given(endpoints))
        from pipeline.cli.surroundings import plain  # noqa: PLC0415

        assert flow.run(settings, plain(lambda _event: None)).complete
    assert list((tmp_path / "scratch").iterdir()) == []


class _Given:
    """A simulator that runs already."""

    def __init__(self, endpoints: object) -> None:
        self._endpoints = endpoints

    def __enter__(self) -> object:
        return self._endpoints

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("place", ["home", "file", "loop", "new"])
def test_doctor_says_it_too(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    folder = None if place == "home" else tmp_path / place
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "home", classmethod(homeless))
        patch.delenv("XDG_STATE_HOME", raising=False)
        found = {f.check: f for f in checked(Settings(state_dir=folder))}["shared rate"]
    assert (found.level, found.exit_code) == (("ok", 0) if place == "new" else ("error", 16))
