"""From what the user wrote to files."""

import errno
import hashlib
import io
import os
from pathlib import Path

import pytest

from pipeline.errors import CheckpointError, InputError, StorageError, UsageError
from pipeline.ledger.files import Files
from pipeline.read import find, fingerprint


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "in/b.csv",
        "in/a.CSV.gz",
        "in/deep/c.parquet",
        "in/deep/d.tsv",
        "in/.hidden.csv",
        "in/.git/e.csv",
        "in/notes.md",
        "in/odd[1].csv",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("phone\n")
    return tmp_path


def names(*inputs: str, outside: Path | None = None) -> list[str]:
    return [source.name for source in find(inputs, outside=outside)]


@pytest.mark.usefixtures("lists")
def test_a_directory_stands_for_the_lists_in_and_below_it() -> None:
    assert names("in") == [
        "in/a.CSV.gz",
        "in/b.csv",
        "in/deep/c.parquet",
        "in/deep/d.tsv",
        "in/odd[1].csv",
    ]


@pytest.mark.usefixtures("lists")
def test_a_glob_stands_for_the_files_it_matches_whatever_their_suffix() -> None:
    assert names("in/*.md", "in/**/*.tsv") == ["in/notes.md", "in/deep/d.tsv"]
    assert names("in/odd[1].csv") == ["in/odd[1].csv"]


@pytest.mark.parametrize("text", ["", "  "])
def test_a_blank_name_is_an_error_and_not_this_directory(text: str) -> None:
    with pytest.raises(UsageError, match="an input is blank"):
        find([text])


@pytest.mark.usefixtures("lists")
def test_the_order_is_the_users_and_a_file_named_twice_is_read_once() -> None:
    assert names("in/deep/d.tsv", "in/b.csv", "in/deep", "./in/b.csv") == [
        "in/deep/d.tsv",
        "in/b.csv",
        "in/deep/c.parquet",
    ]


def test_the_output_is_no_input(lists: Path) -> None:
    assert "in/deep/d.tsv" not in names("in", outside=lists / "in" / "deep")
    assert names("in/**/*", outside=lists / "in" / "deep")[-1] == "in/odd[1].csv"


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("none.csv", "none.csv: no such file"),
        ("in/*.xlsx", r"in/\*.xlsx: matches no file"),
        ("empty", "empty: no list in this directory; .*.csv .tsv .*with .gz"),
        ("zero.csv", "zero.csv: is empty"),
        ("pipe", "pipe: not a regular file; pipe it in"),
        ("dangling.csv", "dangling.csv: is a link to a file that does not exist"),
        ("loop.csv", "loop.csv: cannot be read"),
        ("-", "-: standard input cannot be read here"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(text: str, words: str) -> None:
    Path("empty").mkdir()
    Path("zero.csv").touch()
    os.mkfifo("pipe")
    Path("dangling.csv").symlink_to("nowhere")
    Path("loop.csv").symlink_to("loop.csv")

    with pytest.raises((InputError, UsageError), match=words):
        find([text])


def test_no_input_is_an_error() -> None:
    with pytest.raises(InputError, match="no input"):
        find([])


def test_standard_input_is_kept_where_it_can_be_read_again(tmp_path: Path) -> None:
    copy = tmp_path / "input" / "stdin"

    (source,) = find(["-", "-"], stdin_copy=copy, stdin=io.BytesIO(b"phone\n1\n"), files=Files())

    assert (source.name, source.path, source.size) == ("-", copy, 8)
    assert copy.read_bytes() == b"phone\n1\n"
    assert list(copy.parent.iterdir()) == [copy]
    assert copy.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("again", [b"phone\n1\n", b""])
def test_the_kept_standard_input_serves_when_the_same_or_nothing_comes(
    tmp_path: Path, again: bytes
) -> None:
    copy = tmp_path / "stdin"
    copy.write_bytes(b"phone\n1\n")

    (source,) = find(["-"], stdin_copy=copy, stdin=io.BytesIO(again), files=Files())

    assert source.size == 8
    assert copy.read_bytes() == b"phone\n1\n"


def test_another_standard_input_does_not_replace_the_kept_one(tmp_path: Path) -> None:
    copy = tmp_path / "stdin"
    copy.write_bytes(b"phone\n1\n")

    with pytest.raises(CheckpointError, match="not what this run began with"):
        find(["-"], stdin_copy=copy, stdin=io.BytesIO(b"phone\n2\n"), files=Files())

    assert copy.read_bytes() == b"phone\n1\n"
    assert list(tmp_path.iterdir()) == [copy]


def test_nothing_on_standard_input_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="standard input was empty"):
        find(["-"], stdin_copy=tmp_path / "stdin", stdin=io.BytesIO(), files=Files())

    assert not (tmp_path / "stdin").exists()


def test_standard_input_that_cannot_be_kept_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match="cannot mkdir"):
        find(["-"], stdin_copy=tmp_path / "file" / "stdin", stdin=io.BytesIO(b"1\n"), files=Files())


def test_the_fingerprint_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"phone\n" * 100_000)
    (source,) = find([str(tmp_path / "a.csv")])

    assert fingerprint(source) == hashlib.sha256(b"phone\n" * 100_000).hexdigest()
    source.path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        fingerprint(source)


class Broken(io.RawIOBase):
    """Standard input that brings something and then fails, as a directory or a lost mount does."""

    def __init__(self) -> None:
        self.left = [b"phone\n"]

    def read(self, size: int = -1, /) -> bytes:
        if self.left:
            return self.left.pop()
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def test_standard_input_that_breaks_off_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="-: cannot be read: Is a directory"):
        find(["-"], stdin_copy=tmp_path / "stdin", stdin=Broken(), files=Files())  # type: ignore[arg-type]  # raw

    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_is_not_what_came_is_not_kept(tmp_path: Path) -> None:
    class Forgetful(Files):
        def fsync(self, fd: int, path: Path) -> None:
            super().fsync(fd, path)
            path.write_bytes(bytes(path.stat().st_size))

    with pytest.raises(StorageError, match="read back different"):
        find(["-"], stdin_copy=tmp_path / "a", stdin=io.BytesIO(b"1\n"), files=Forgetful())

    assert list(tmp_path.iterdir()) == []
