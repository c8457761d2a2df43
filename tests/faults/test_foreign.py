"""Nothing is removed or written over that is not ours, and nothing before the new inputs are sound."""

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipeline import flow
from pipeline.errors import CheckpointError, InputError, MsisdnError, UsageError
from pipeline.ledger.manifest import verify
from tests.faults.small_run import ROWS, Finished, SmallRun, around_of
from tests.faults.tree import tree


def given(whole: Path, folder: Path) -> Path:
    """A copy, with a file of the user beside it."""
    shutil.copytree(whole, folder / "out")
    (folder / "out" / "notes.txt").write_text("mine")
    return folder / "out"


def put(name: str, content: bytes = b"mine") -> Callable[[Path], None]:
    def put_there(out: Path) -> None:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return put_there


STRANGERS = [
    "cleaned/part-00000.parquet",
    "cleaned/mine.txt",
    "rejected/letters.txt",
    "enriched/part-00000.parquet",
    "duplicates/a/b",
    "report.html",
    "summary.json",
    "manifest.json",
    "_SUCCESS",
    ".checkpoint/model.safetensors",
    ".checkpoint/run.json",
    ".checkpoint/epoch-1/weights",
    ".checkpoint",
    ".checkpoint.new/weights",
    ".checkpoint.next/run.json",
    ".checkpoint.removed/weights",
]


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", STRANGERS)
def test_what_a_stranger_has_where_an_output_is_to_be_survives(
    run: SmallRun, tmp_path: Path, name: str, restart: bool
) -> None:
    out = tmp_path / "out"
    put(name)(out)
    before = tree(tmp_path)
    with pytest.raises(UsageError, match=name.split("/", maxsplit=1)[0].replace(".", r"\.")):
        replace(run, restart=restart)(out)
    assert tree(tmp_path) == before


def edit(out: Path) -> None:
    """As somebody does who reads it, and writes it again under its own metadata."""
    path = out / "enriched" / "part-00000.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)


def shorten(out: Path) -> None:
    path = out / "rejected" / "part-00000.parquet"
    path.write_bytes(path.read_bytes()[:-1])


BESIDE = {
    "another folder of ours": put("cleaned/mine.txt"),
    "a report": put("report.html"),
    "a note among the parts": put("enriched/notes.txt"),
    "a hidden file": put("enriched/.hidden"),
    "a folder among the parts": put("rejected/old/mine"),
    "one part more": put("enriched/part-00099.parquet"),
    "an edited part": edit,
    "a part cut short": shorten,
    "a note in the summary": put("summary.json"),
}


@pytest.mark.parametrize("way", BESIDE)
@pytest.mark.parametrize("state", ["finished", "stopped"])
def test_what_a_stranger_put_among_ours_survives_a_restart(
    request: pytest.FixtureRequest, run: SmallRun, tmp_path: Path, way: str, state: str
) -> None:
    out = given(request.getfixturevalue(state), tmp_path)
    BESIDE[way](out)
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="move that away"):
        replace(run, restart=True)(out)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "name",
    [
        "keep.me",
        "done/shard-00000.json.bak",
        "journal/notes.txt",
        "models/weights",
        "shards/part-00000.parquet",
    ],
)
def test_what_somebody_keeps_in_a_checkpoint_survives(
    run: SmallRun, stopped: Path, tmp_path: Path, name: str
) -> None:
    """A restart is refused; a run that goes on leaves it where it put what is over."""
    out = given(stopped, tmp_path)
    put(f".checkpoint/{name}")(out)
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="move it away"):
        replace(run, restart=True)(out)
    assert tree(tmp_path) == before
    run(out)
    assert (out / ".checkpoint.removed" / name).read_bytes() == b"mine"
    run(out)  # nothing to do, and nothing in the way
    with pytest.raises(UsageError, match="move it away"):
        replace(run, restart=True)(out)
    shutil.move(out / ".checkpoint.removed" / name.partition("/")[0], tmp_path / "kept")
    (out / "notes.txt").unlink()
    replace(run, restart=True)(out)
    assert verify(out) == []


def test_a_strange_part_is_not_written_over_by_a_run_that_goes_on(
    run: SmallRun, stopped: Path, tmp_path: Path
) -> None:
    out = given(stopped, tmp_path)
    put("enriched/part-00007.parquet")(out)
    before = tree(tmp_path)
    with pytest.raises(UsageError, match=r"enriched/part-00007\.parquet"):
        run(out)
    assert tree(tmp_path) == before


class Broken(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


UNSOUND: dict[str, tuple[Callable[[SmallRun, Path], None], type[MsisdnError]]] = {}


def unsound(kind: type[MsisdnError]) -> Callable[[Callable[[SmallRun, Path], None]], None]:
    def noted(begin: Callable[[SmallRun, Path], None]) -> None:
        UNSOUND[begin.__name__] = begin, kind

    return noted


def _piped(run: SmallRun, out: Path, stdin: io.BytesIO, **given: object) -> None:
    settings = replace(run.settings(out), inputs=("-",), restart=True, **given)  # type: ignore[arg-type]
    flow.run(settings, replace(around_of(), stdin=stdin))


def _of_file(run: SmallRun, out: Path, content: bytes, **given: object) -> None:
    listed = out.parent / "other.csv"
    listed.write_bytes(content)
    settings = replace(run.settings(out), inputs=(str(listed),), restart=True, **given)  # type: ignore[arg-type]
    flow.run(settings, around_of())


@unsound(InputError)
def empty_standard_input(run: SmallRun, out: Path) -> None:
    _piped(run, out, io.BytesIO())


@unsound(InputError)
def unreadable_standard_input(run: SmallRun, out: Path) -> None:
    _piped(run, out, Broken(b"phone\n"))


@unsound(InputError)
def no_numbers_on_standard_input(run: SmallRun, out: Path) -> None:
    _piped(run, out, io.BytesIO(b"name,town\nAnn,Leeds\n"))


@unsound(UsageError)
def a_wrong_region_column_for_standard_input(run: SmallRun, out: Path) -> None:
    _piped(run, out, io.BytesIO(ROWS.encode()), region_column="nowhere")


@unsound(InputError)
def an_empty_list(run: SmallRun, out: Path) -> None:
    _of_file(run, out, b"")


@unsound(InputError)
def a_list_without_numbers(run: SmallRun, out: Path) -> None:
    _of_file(run, out, b"name,town\nAnn,Leeds\n")


@unsound(UsageError)
def a_wrong_region(run: SmallRun, out: Path) -> None:
    _of_file(run, out, ROWS.encode(), region="ZZ")


@unsound(InputError)
def a_missing_list(run: SmallRun, out: Path) -> None:
    settings = replace(run.settings(out), inputs=(str(out.parent / "none.csv"),), restart=True)
    flow.run(settings, around_of())


@pytest.mark.parametrize("name", UNSOUND)
@pytest.mark.parametrize("state", ["finished", "stopped"])
def test_unsound_inputs_leave_what_was_there(
    request: pytest.FixtureRequest, run: SmallRun, tmp_path: Path, name: str, state: str
) -> None:
    out = given(request.getfixturevalue(state), tmp_path)
    before = tree(out)
    begin, kind = UNSOUND[name]
    with pytest.raises(kind):
        begin(run, out)
    assert tree(out) == before


def _copied(out: Path, target: str) -> Path:
    link = out.parent / "list.parquet"
    link.symlink_to(out / target)
    return link


INSIDE: dict[str, Callable[[Path], Path]] = {
    "a part": lambda out: out / "enriched" / "part-00000.parquet",
    "a folder of parts": lambda out: out / "enriched",
    "rejected rows": lambda out: out / "rejected" / "part-00000.parquet",
    "a way round": lambda out: out / "rejected" / ".." / "enriched" / "part-00001.parquet",
    "the summary": lambda out: out / "summary.json",
    "a link to a part": lambda out: _copied(out, "enriched/part-00000.parquet"),
}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", INSIDE)
def test_an_input_that_would_be_replaced_is_refused(
    run: SmallRun, finished: Path, tmp_path: Path, name: str, restart: bool
) -> None:
    out = given(finished, tmp_path)
    given_input = str(INSIDE[name](out))
    before = tree(tmp_path)
    settings = replace(
        run.settings(out), inputs=(given_input,), column="msisdn", format="parquet", restart=restart
    )
    with pytest.raises((UsageError, InputError)) as refused:
        flow.run(settings, around_of())
    assert "copy it elsewhere" in str(refused.value)
    assert tree(tmp_path) == before


def test_a_hard_link_to_a_part_is_read_and_stays(
    run: SmallRun, finished: Path, tmp_path: Path
) -> None:
    out = given(finished, tmp_path)
    (out / "list.parquet").hardlink_to(out / "enriched" / "part-00000.parquet")
    content = (out / "list.parquet").read_bytes()
    settings = replace(
        run.settings(out), inputs=(str(out / "list.parquet"),), column="msisdn", restart=True
    )
    assert flow.run(settings, around_of()).rows == pl.read_parquet(out / "list.parquet").height
    assert (out / "list.parquet").read_bytes() == content
    assert verify(out) == []


def test_a_list_of_the_user_in_the_output_is_read_and_stays(
    run: SmallRun, finished: Path, tmp_path: Path
) -> None:
    out = given(finished, tmp_path)
    (out / "list.csv").write_text(ROWS.replace("12", "13"))
    settings = replace(run.settings(out), inputs=(str(out / "list.csv"),), restart=True)
    assert flow.run(settings, around_of()).complete
    assert (out / "list.csv").read_text() == ROWS.replace("12", "13")
    assert (out / "notes.txt").read_text() == "mine"
    assert verify(out) == []


def test_standard_input_may_replace_what_it_made(run: SmallRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    piped = replace(run, piped=True, restart=True)
    piped(out)
    was = Finished.of(out)
    piped(out)
    assert Finished.of(out) == was
    settings = replace(piped.settings(out), restart=False)
    with pytest.raises(CheckpointError, match="input - changed"):
        flow.run(settings, replace(around_of(), stdin=io.BytesIO(b"phone\n+12015550101\n")))
    assert Finished.of(out) == was
