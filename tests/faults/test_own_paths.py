"""A path of ours is one file, whatever signs are in it: never a pattern, a URL or a home directory.

Beside each output lies an unfinished one of another list, under a name that the first one would
match as a pattern. It must come to nothing, neither in what is written nor in what is asked.
"""

import gzip
import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from pipeline.cli.state import state_of
from pipeline.errors import CheckpointError, StorageError, UsageError
from pipeline.ledger.files import Files
from pipeline.ledger.manifest import verify
from pipeline.read import find, read
from pipeline.settings import Settings
from tests.faults.faulty import FAULTS, Faulty
from tests.faults.small_run import CONCURRENCY, COUNT, OTHER, ROWS, Finished, SmallRun
from tests.faults.tree import tree
from tests.flow.conftest import Command, Simulated, numbers

NAMES = {
    "customers[1]": "customers1",
    "a*b": "axb",
    "q?": "qq",
    "{x}": "x",
    "[!a]": "b",
    "[0-9]": "7",
    "**": "any",
    "~": "home",
    "%41": "A",
    "x=1": "x",
    "file:": "file",
    "two\nlines": "two",
    " a blank ": "a blank",
    "quo'te\"s": "quotes",
    "back\\slash": "back",
    os.fsdecode(b"caf\xe9"): "cafe",
}
"""Names of an output, and what each would match, or might be taken for."""

PATTERNS = ("customers[1]", "a*b", "q?", "[!a]", os.fsdecode(b"caf\xe9"))


@pytest.fixture(scope="module")
def run(service: Simulated, tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """It reads every kind of file of ours, those of `--rows all` too."""
    folder = tmp_path_factory.mktemp("lists")
    listed = folder / "list.csv"
    listed.write_text(ROWS)
    return SmallRun(listed, service, "all", folder / "state")


@pytest.fixture(scope="module")
def wanted(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finished]:
    """What comes of the list in a folder with an everyday name, by `--rows`."""
    found = {}
    for rows in ("unique", "all"):
        out = tmp_path_factory.mktemp("plain") / "out"
        replace(run, rows=rows)(out)
        found[rows] = Finished.of(out)
    return found


@pytest.fixture(scope="module")
def unfinished(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output of the other list, ended when most was asked."""
    folder = tmp_path_factory.mktemp("unfinished")
    (folder / "list.csv").write_text(OTHER)
    with pytest.raises(StorageError):
        replace(run, listed=folder / "list.csv")(folder / "out", Faulty(150, FAULTS["kill"]))
    assert list((folder / "out/.checkpoint/journal").glob("*.journal"))
    return folder / "out"


@pytest.fixture
def beside(tmp_path: Path, unfinished: Path, service: Simulated) -> Callable[[str], Path]:
    """A place for an output of that name, beside what it would match."""

    def made(name: str) -> Path:
        shutil.copytree(unfinished, tmp_path / NAMES[name])
        service.reset()
        return tmp_path / name

    return made


def others(out: Path, *without: str) -> dict[str, tuple[int, bytes]]:
    """Everything beside an output."""
    found = tree(out.parent)
    left = {out.name, *without}
    return {path: what for path, what in found.items() if path.split("/")[0] not in left}


@pytest.mark.parametrize(
    ("name", "rows"), [*((name, "all") for name in NAMES), ("customers[1]", "unique")]
)
def test_an_output_is_its_own_folder(
    run: SmallRun,
    wanted: dict[str, Finished],
    beside: Callable[[str], Path],
    name: str,
    rows: str,
) -> None:
    out = beside(name)
    before = others(out)
    replace(run, rows=rows)(out)
    assert Finished.of(out) == wanted[rows]
    assert run.service.meter()["billed"] == COUNT
    assert state_of(out).state == "complete"
    assert others(out) == before


@pytest.mark.parametrize("name", PATTERNS)
def test_a_run_goes_on_in_its_own_folder(
    run: SmallRun, wanted: dict[str, Finished], beside: Callable[[str], Path], name: str
) -> None:
    out = beside(name)
    before = others(out)
    with pytest.raises(StorageError):
        run(out, Faulty(150, FAULTS["kill"]))
    assert verify(out) == []
    assert state_of(out).shards_done < 3
    run(out)
    assert Finished.of(out) == wanted["all"]
    assert run.service.meter()["billed"] <= COUNT + CONCURRENCY
    assert others(out) == before


@pytest.mark.parametrize(
    ("name", "at"), [("customers[1]", 0), ("a*b", 150), ("q?", 0), ("[!a]", 150), ("x=1", 0)]
)
def test_a_list_grows_in_its_own_folder(
    run: SmallRun, beside: Callable[[str], Path], tmp_path: Path, name: str, at: int
) -> None:
    out = beside(name)
    listed = tmp_path / "grows.csv"
    listed.write_text(ROWS)
    grows = replace(run, listed=listed, grow=True)
    before = others(out, "grows.csv")
    if at:
        with pytest.raises(StorageError):
            grows(out, Faulty(at, FAULTS["kill"]))
    else:
        grows(out)
    more = numbers(2 * COUNT)[-3:]
    listed.write_text(ROWS + "".join(f"x,{number}\n" for number in more))
    grows(out)
    assert run.service.meter()["billed"] <= COUNT + len(more) + (CONCURRENCY if at else 0)
    assert others(out, "grows.csv") == before
    replace(grows, grow=False)(tmp_path / "whole")
    assert Finished.of(out) == Finished.of(tmp_path / "whole")


@pytest.mark.parametrize("name", ["customers[1]", "~", "file:"])
def test_the_command_works_in_its_own_folder_and_not_at_home(
    service: Simulated, tmp_path: Path, unfinished: Path, name: str
) -> None:
    """A relative path with two workers, and every row."""
    shutil.copytree(unfinished, tmp_path / NAMES[name])
    home = tmp_path / "at home"
    home.mkdir()
    account = service.account | {"HOME": str(home)}
    msisdn = Command(tmp_path, account)
    (tmp_path / "list.csv").write_text(ROWS)
    before = others(tmp_path / name)
    service.reset()
    ended = msisdn(
        "run", "list.csv", "-o", name, *service.options("tcp"),
        "--workers", "2", "--shard-rows", "10", "--rows", "all", "--rate", "2000",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert service.meter()["billed"] == COUNT
    assert msisdn("verify", name).returncode == 0
    assert json.loads(msisdn("status", name, "--json").stdout)["state"] == "complete"
    assert others(tmp_path / name, "state") == before


@pytest.mark.parametrize("name", ["t[1]", "a*b"])
def test_a_few_numbers_are_looked_up_whatever_the_temporary_folder_is_called(
    service: Simulated, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    msisdn = Command(tmp_path, service.account | {"TMPDIR": str(tmp_path / name)})
    ended = msisdn("lookup", numbers(1)[0], *service.options("tcp"), "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["status"] == "answered"
    assert list((tmp_path / name).iterdir()) == []


def as_parquet(frame: pl.DataFrame) -> bytes:
    held = io.BytesIO()
    frame.write_parquet(held)
    return held.getvalue()


TABLES: dict[str, Callable[[pl.DataFrame], bytes]] = {
    "csv": lambda frame: frame.write_csv().encode(),
    "csv.gz": lambda frame: gzip.compress(frame.write_csv().encode()),
    "csv.zst": lambda frame: pa.compress(frame.write_csv().encode(), "zstd", asbytes=True),
    "parquet": as_parquet,
}
INPUTS = {
    "customers[1]": "customers1",
    "a*": "abc",
    "q?": "qq",
    "[!x]": "y",
    "{x}": "x",
    "x=1": "x",
    "%41": "A",
}


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("suffix", TABLES)
def test_an_input_that_is_there_under_that_very_name_is_that_file(
    tmp_path: Path, name: str, suffix: str
) -> None:
    for stem, cell in ((name, "+12015550100"), (INPUTS[name], "+12015550199")):
        made = TABLES[suffix](pl.DataFrame({"phone": [cell]}))
        (tmp_path / f"{stem}.{suffix}").write_bytes(made)
    sources = find([str(tmp_path / f"{name}.{suffix}")])
    assert [source.path.name for source in sources] == [f"{name}.{suffix}"]
    rows = pl.concat(read(sources, Settings()))
    assert rows["in:phone"].to_list() == ["+12015550100"]


@pytest.mark.parametrize("name", [name for name in INPUTS if set(name) & set("[*?")])
def test_a_folder_that_is_there_under_that_very_name_is_that_folder(
    tmp_path: Path, name: str
) -> None:
    for folder, cell in ((name, "+12015550100"), (INPUTS[name], "+12015550199")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "list.csv").write_text(f"phone\n{cell}\n")
    for given in (tmp_path / name, tmp_path / name / "*.csv", tmp_path / name / "**" / "l?st.csv"):
        assert [source.path for source in find([str(given)])] == [tmp_path / name / "list.csv"]


def test_what_is_no_file_under_a_name_of_ours_is_not_opened(
    run: SmallRun, tmp_path: Path, unfinished: Path
) -> None:
    """A pipe would be waited for without end, and a link leads elsewhere."""
    listed = unfinished.parent / "list.csv"
    for make in (Path.mkdir, os.mkfifo, lambda path: path.symlink_to(listed)):
        for name in ("plan.json", "run.json", "shards/shard-00002.parquet"):
            out = unfinished.with_name("again")
            shutil.copytree(unfinished, out)
            path = out / ".checkpoint" / name
            path.unlink()
            make(path)
            with pytest.raises((CheckpointError, UsageError), match=f"^{path}: "):
                replace(run, listed=listed)(out, Files())
            assert any(str(path) in problem for problem in verify(out))
            shutil.rmtree(out)
