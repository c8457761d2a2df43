"""What `status` says of a run that is still reading its lists."""

import io
import random
import time
from pathlib import Path

import pytest
from rich.console import Console

from pipeline import flow
from pipeline.cli.state import State, state_of, state_table
from pipeline.errors import StorageError
from pipeline.job.surroundings import Surroundings
from pipeline.ledger.files import Files
from pipeline.settings import Settings

CELLS = ["phone", "+12015550100", "+12015550101", "+12015550101", "none"]


class Watched(Files):
    """Looks at the run whenever it is said how far reading is, and ends it there if `fails`."""

    def __init__(self, out: Path, *, fails: bool = False) -> None:
        self.seen: list[State] = []
        self._out = out
        self._fails = fails

    def rename(self, path: Path, target: Path) -> None:
        if target.name == "so-far.json":
            self.seen.append(state_of(self._out))
        super().rename(path, target)
        if target.name == "so-far.json":
            self.seen.append(state_of(self._out))
            if self._fails:
                raise StorageError("enough")


def clean(folder: Path, files: Files) -> None:
    listed = folder / "list.csv"
    listed.write_text("\n".join(CELLS) + "\n")
    around = Surroundings(clock=time.monotonic, wall=time.time, dice=random.Random(1), files=files)
    flow.clean(Settings(inputs=(str(listed),), out=folder / "out"), around)


def shown(state: State) -> str:
    console = Console(file=io.StringIO(), width=200)
    with console.capture() as said:
        console.print(state_table(state))
    return " ".join(said.get().split())


def test_while_it_reads_the_rows_so_far_are_told(tmp_path: Path) -> None:
    files = Watched(tmp_path / "out")
    clean(tmp_path, files)
    before, first = files.seen[:2]
    assert (before.state, before.rows, before.rejected) == ("planning", None, None)
    assert (before.inputs, before.input_bytes) == (1, (tmp_path / "list.csv").stat().st_size)
    assert "reading and normalising" in shown(before)
    assert "inputs 1 file, 50 B" in shown(before)
    assert (first.state, first.rows, first.rejected) == ("planning", 4, 1)
    assert "rows 4 so far rejected 1 so far answered 0" in shown(first)
    ended = state_of(tmp_path / "out")
    assert (ended.state, ended.rows, ended.inputs) == ("complete", 4, 1)
    assert "rows 4 rejected 1 duplicates 1" in shown(ended)


def test_what_a_run_had_read_that_is_gone_does_not_count(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="enough"):
        clean(tmp_path, Watched(tmp_path / "out", fails=True))
    assert (tmp_path / "out/.checkpoint/spool/so-far.json").exists()
    stopped = state_of(tmp_path / "out")
    assert (stopped.state, stopped.rows) == ("stopped", None)
    again = Watched(tmp_path / "out")
    clean(tmp_path, again)
    assert again.seen[0].rows is None  # nor is it taken for what the next run has read


@pytest.mark.parametrize("content", [b"", b"{", b"{}"])
def test_a_note_that_is_damaged_is_none(tmp_path: Path, content: bytes) -> None:
    class Damaged(Watched):
        def write(self, fd: int, data: bytes | memoryview, path: Path) -> None:
            super().write(fd, content if "so-far" in path.name else data, path)

    files = Damaged(tmp_path / "out")
    clean(tmp_path, files)
    assert {(state.state, state.rows) for state in files.seen} == {("planning", None)}
