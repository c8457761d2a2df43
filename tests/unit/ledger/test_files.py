"""Files that appear complete or not at all, whatever operation fails."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import pytest

from pipeline.errors import CheckpointError, StorageError
from pipeline.ledger.files import Files, read_json, sha256_of, to_json

T = TypeVar("T")


class FailingFiles(Files):
    """Fails the n-th operation, and says how many there were."""

    def __init__(self, fails: int, code: int = errno.EIO) -> None:
        self.fails = fails
        self.code = code
        self.seen: list[str] = []

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        self.seen.append(operation)
        if len(self.seen) == self.fails:
            return super().perform(operation, path, self._fail)
        return super().perform(operation, path, call)

    def _fail(self) -> T:  # type: ignore[type-var]
        raise OSError(self.code, os.strerror(self.code))


class ShortFiles(Files):
    """The kernel takes three bytes at a time."""

    def write(self, fd: int, data: bytes | memoryview, path: Path) -> None:
        for begin in range(0, len(data), 3):
            super().write(fd, data[begin : begin + 3], path)


def test_a_published_file_has_its_content_and_is_its_owners_alone(tmp_path: Path) -> None:
    target = tmp_path / "run.json"
    written = Files().publish_bytes(target, b"content")
    assert target.read_bytes() == b"content"
    assert (written.size, written.sha256) == (7, sha256_of(target))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_made_directory_is_its_owners_alone(tmp_path: Path) -> None:
    Files().make_directory(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_every_step_is_in_the_order_that_survives_a_crash(tmp_path: Path) -> None:
    files = FailingFiles(fails=0)
    files.publish_bytes(tmp_path / "f", b"x")
    assert files.seen == ["create", "write", "fsync", "close", "stat", "rename", "fsync_directory"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_whichever_operation_fails_the_old_file_or_the_new_one_is_there(
    tmp_path: Path, code: int
) -> None:
    target = tmp_path / "f"
    for fails in range(1, 50):
        Files().publish_bytes(target, b"old")
        files = FailingFiles(fails, code)
        try:
            files.publish_bytes(target, b"new and longer")
        except StorageError:
            pass
        else:
            break
        assert target.read_bytes() in {b"old", b"new and longer"}
        assert list(tmp_path.iterdir()) == [target]
    else:
        pytest.fail("it never came to an end")
    assert fails == 8


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"f\.tmp: cannot write: the disk is full: free some"):
        FailingFiles(2, errno.ENOSPC).publish_bytes(tmp_path / "f", b"x")


def test_what_fails_its_check_never_takes_its_name(tmp_path: Path) -> None:
    def refuse(temporary: Path) -> None:
        assert temporary.read_bytes() == b"x"
        raise StorageError("not what was meant")

    def fill(sink: BinaryIO) -> None:
        sink.write(b"x")

    with pytest.raises(StorageError, match="not what was meant"):
        Files().publish(tmp_path / "f", fill, refuse)
    assert not list(tmp_path.iterdir())


def test_a_short_write_is_gone_on_with(tmp_path: Path) -> None:
    ShortFiles().publish_bytes(tmp_path / "f", b"0123456789")
    assert (tmp_path / "f").read_bytes() == b"0123456789"


def test_sweep_removes_what_a_dead_process_left_and_nothing_else(tmp_path: Path) -> None:
    for name in (".part.parquet.tmp", "part.parquet", "notes.tmp", ".hidden"):
        (tmp_path / name).touch()
    assert Files().sweep(tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [".hidden", "notes.tmp", "part.parquet"]
    assert Files().sweep(tmp_path / "missing") == 0


def test_remove_tree_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "gone" / "deep").mkdir(parents=True)
    (tmp_path / "gone" / "link").symlink_to(tmp_path / "kept")
    Files().remove_tree(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "kept" / "file").exists()


def test_json_is_the_same_bytes_for_equal_values() -> None:
    assert to_json({"b": 1, "a": (2,)}) == to_json({"a": [2], "b": 1})


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_damaged_json_is_told_by_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"run\.json: damaged"):
        read_json(path, dict)


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        read_json(tmp_path / "run.json", dict)
    with pytest.raises(StorageError, match="cannot read"):
        sha256_of(tmp_path / "run.json")
