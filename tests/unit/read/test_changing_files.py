"""A list that changes while it is read: what was read is what was hashed, or the run ends."""

import gzip
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from pipeline.errors import InputError
from pipeline.read import Source, find, fingerprint, read
from pipeline.settings import Settings

ROWS = 280_000
"""More than the reader of CSV takes at once."""
SMALL = 20_000
"""Rows in a frame."""


@cache
def lines() -> bytes:
    return b"".join(b"+1212555%04d,name %d\n" % (at % 200, at) for at in range(ROWS))


def as_csv(path: Path) -> None:
    path.write_bytes(b"phone,name\n" + lines())


def as_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(b"phone,name\n" + lines(), 1))


def as_zstd(path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(b"phone,name\n" + lines())


def as_parquet(path: Path) -> None:
    cells = pl.Series([f"+1212555{at:04}" for at in range(SMALL)])
    frame = pl.DataFrame({"phone": cells, "name": cells.reverse()})
    pl.concat([frame] * 12).write_parquet(path, row_group_size=SMALL, compression="uncompressed")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"+12125550199,late\n")


def write_over(path: Path) -> None:
    """Other bytes in the same place, and the time put back."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size - 200)
        tail = file.read()
        file.seek(before.st_size - 200)
        file.write(bytes(byte ^ 1 for byte in tail))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_before(path: Path) -> None:
    """Another list under the same name, by rename, as careful programs write."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[:-40] + b"x" * 40)
    other.replace(path)


def empty(path: Path) -> None:
    path.write_bytes(b"")


WRITERS = {"list.csv": as_csv, "list.csv.gz": as_gzip, "list.csv.zst": as_zstd}
WRITERS |= {"list.parquet": as_parquet}
CHANGES = (cut, append, write_over, replace_before, empty)


def made(folder: Path, name: str) -> Source:
    path = folder / name
    WRITERS[name](path)
    [source] = find([str(path)])
    return source


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_list_that_changes_between_hash_and_reading_is_refused(
    tmp_path: Path, name: str, change: Callable[[Path], None]
) -> None:
    source = made(tmp_path, name)
    listing = read([source], Settings(), batch_rows=SMALL)
    fingerprint(source)
    change(source.path)

    with pytest.raises(InputError, match="list"):
        list(listing)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("change", [cut, append, write_over])
def test_a_list_that_changes_between_two_frames_is_refused(
    tmp_path: Path, name: str, change: Callable[[Path], None]
) -> None:
    source = made(tmp_path, name)
    listing = read([source], Settings(), batch_rows=SMALL)
    fingerprint(source)
    frames = iter(listing)
    next(frames)
    change(source.path)

    with pytest.raises(InputError, match="list"):
        list(frames)


@pytest.mark.parametrize("change", CHANGES)
def test_a_list_that_changes_before_it_is_hashed_is_refused(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    source = made(tmp_path, "list.csv")
    read([source], Settings())
    change(source.path)

    with pytest.raises(InputError, match="changed while it was read"):
        fingerprint(source)


@pytest.mark.parametrize("name", WRITERS)
def test_a_list_that_is_only_touched_is_read(tmp_path: Path, name: str) -> None:
    source = made(tmp_path, name)
    listing = read([source], Settings(), batch_rows=SMALL)
    fingerprint(source)
    frames = iter(listing)
    first = next(frames)
    os.utime(source.path, ns=(1, 1))
    source.path.chmod(0o600)
    os.link(source.path, tmp_path / "backup")

    rows = first.height + sum(frame.height for frame in frames)

    assert rows == sum(frame.height for frame in listing)


@pytest.mark.parametrize("name", WRITERS)
def test_a_list_that_is_replaced_while_it_is_open_is_read_as_it_was(
    tmp_path: Path, name: str
) -> None:
    source = made(tmp_path, name)
    listing = read([source], Settings(), batch_rows=SMALL)
    fingerprint(source)
    whole = sum(frame.height for frame in listing)
    frames = iter(listing)
    first = next(frames)
    replace_before(source.path)

    assert first.height + sum(frame.height for frame in frames) == whole


def test_a_list_that_grows_for_ever_is_read_to_its_first_end(tmp_path: Path) -> None:
    source = made(tmp_path, "list.csv")
    listing = read([source], Settings(), batch_rows=SMALL)
    fingerprint(source)

    def follow() -> None:
        for _ in listing:
            append(source.path)

    with pytest.raises(InputError, match="changed while it was read"):
        follow()


def test_what_a_shell_calls_a_file_and_is_a_pipe_is_told_as_one() -> None:
    reader, writer = os.pipe()
    try:
        with pytest.raises(InputError, match="not a regular file; pipe it in, and write -"):
            find([f"/dev/fd/{reader}"])
    finally:
        os.close(reader)
        os.close(writer)
