"""Room and file system of an output directory are told before a run begins."""

from pathlib import Path

import pytest

from pipeline.ledger.place import doubts, file_system, lack, to_ask, to_plan

MOUNTS = r"""22 28 0:21 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:30 / {0}/share rw - nfs4 server:/x rw
31 30 0:31 / {0}/share/my\040bucket rw - fuse.s3fs s3fs rw
32 30 0:32 / {0}/share/local rw - tmpfs tmpfs rw
33 30 0:33 / {0}/share/local rw - xfs /dev/sdb rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS.replace("{0}", str(tmp_path)))
    return path


@pytest.mark.parametrize(
    ("place", "kind", "words"),
    [
        ("", "ext4", None),
        ("share", "nfs4", "network file system"),
        ("share/deep", "nfs4", "network file system"),
        ("share/my bucket", "fuse.s3fs", "object store shown as files"),
        ("share/local", "xfs", None),
        ("shared", "ext4", None),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(
    tmp_path: Path, mounts: Path, place: str, kind: str, words: str | None
) -> None:
    out = tmp_path / place
    out.mkdir(parents=True, exist_ok=True)
    assert file_system(out, mounts) == kind
    told = doubts(out, mounts)
    assert [words in text for text in told if words] == [True] * (words is not None)
    assert len(told) == (words is not None)


def test_a_list_that_needs_more_than_is_free_is_told(tmp_path: Path) -> None:
    assert lack(tmp_path, 1000) == []
    (told,) = lack(tmp_path, 1 << 60)
    assert "are free, and the run may need 1.15e+09 GB" in told


def test_packed_lists_need_more() -> None:
    assert to_plan([("a.csv", 10), ("b.CSV.gz", 10), ("c.parquet", 10)]) == 2 * (10 + 50 + 50)


def test_what_is_asked_needs_room_by_the_number(tmp_path: Path) -> None:
    shard = tmp_path / "shard"
    shard.write_bytes(b"12345")
    assert to_ask(1000, [shard, tmp_path / "missing"]) == 300_020


def test_without_a_table_of_mounts_nothing_is_doubted(tmp_path: Path) -> None:
    assert file_system(tmp_path, tmp_path / "none") == ""
