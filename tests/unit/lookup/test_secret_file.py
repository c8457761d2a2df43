"""`--client-secret-file`: what editors, vaults and systemd make of it."""

import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.lookup.service import credentials_of
from pipeline.settings import Settings


def secret(path: Path) -> str:
    return credentials_of(Settings(client_id="me", client_secret_file=path)).client_secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(b"word+/=%1\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    "written",
    [
        b"w\xc3\xb6rd",
        b"w\xc3\xb6rd\n",
        b"w\xc3\xb6rd\r\n",
        b"\xef\xbb\xbfw\xc3\xb6rd\r\n",
        b" w\xc3\xb6rd \n",
        b"w\xc3\xb6rd\nsecond line\n",
        b"w\xc3\xb6rd\n" + b"x" * 100_000,
    ],
)
def test_what_an_editor_puts_around_it_is_left_out(file: Path, written: bytes) -> None:
    file.write_bytes(written)
    assert secret(file) == "wörd"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (b"", "first line is empty"),
        (b"\n", "first line is empty"),
        (b"\xef\xbb\xbf\r\n", "first line is empty"),
        (b"w\xf6rd\n", "not text in UTF-8"),
        ("word\n".encode("utf-16"), "not text in UTF-8"),
        (b"\0" * 100, "control characters"),
        (b"wo\x1brd\n", "control characters"),
        (b"wo\rrd\n", "control characters"),
    ],
)
def test_what_is_no_secret_is_told_without_it(file: Path, written: bytes, why: str) -> None:
    file.write_bytes(written)
    with pytest.raises(UsageError, match=r"^--client-secret-file .*secret: ") as error:
        secret(file)
    assert why in str(error.value)
    assert str(error.value).isprintable()
    assert "wo" not in str(error.value).replace(str(file.parent), "")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o444, 0o440, 0o777])
def test_a_file_that_others_may_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(UsageError, match="others can read it; run: chmod 600"):
        secret(file)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_is_taken(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert secret(file) == "word+/=%1"


def access_list(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


OWNER, USER, GROUP_OWNER, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
NOBODY_ELSE = (OTHER, 0, 0xFFFFFFFF)
ME = os.geteuid()


@pytest.mark.parametrize(
    ("entries", "taken"),
    [
        # systemd's LoadCredential: root's file, this user by name, shown as 0440.
        ([(OWNER, 4, 0), (USER, 4, ME), (GROUP_OWNER, 0, 0), (MASK, 4, 0), NOBODY_ELSE], True),
        ([(OWNER, 4, 0), (USER, 4, ME), (USER, 6, 0), (GROUP_OWNER, 0, 0), (MASK, 6, 0)], True),
        # What the mask takes away counts for nobody.
        ([(OWNER, 4, 0), (USER, 4, 12345), (GROUP_OWNER, 4, 0), (MASK, 2, 0)], True),
        ([(OWNER, 4, 0), (USER, 4, ME), (USER, 2, 12345), (GROUP_OWNER, 0, 0), (MASK, 6, 0)], True),
        # Somebody else, the group, another group.
        ([(OWNER, 4, 0), (USER, 4, 12345), (GROUP_OWNER, 0, 0), (MASK, 4, 0)], False),
        ([(OWNER, 4, 0), (USER, 4, ME), (GROUP_OWNER, 4, 0), (MASK, 4, 0)], False),
        ([(OWNER, 4, 0), (USER, 4, ME), (GROUP_OWNER, 0, 0), (GROUP, 4, 7), (MASK, 4, 0)], False),
        ([(OWNER, 4, 0), (GROUP_OWNER, 4, 0), NOBODY_ELSE], False),
    ],
)
def test_an_access_list_says_who_may_read(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    entries: list[tuple[int, int, int]],
    taken: bool,
) -> None:
    file.chmod(0o440)
    listed = access_list(*entries)
    monkeypatch.setattr(os, "getxattr", lambda path, name: listed)
    if taken:
        assert secret(file) == "word+/=%1"
    else:
        with pytest.raises(UsageError, match="others can read it"):
            secret(file)


@pytest.fixture
def pipes() -> Iterator[list[int]]:
    opened: list[int] = []
    yield opened
    for fd in opened:
        os.close(fd)


@pytest.mark.parametrize("written", [b"word", b"word\n", b"word\r\n", b"\xef\xbb\xbfword\n"])
def test_a_pipe_is_read_once_and_known_from_then_on(pipes: list[int], written: bytes) -> None:
    """As `<(vault read …)` gives it; a run looks at the credentials more than once."""
    read, write = os.pipe()
    pipes.append(read)
    os.write(write, written)
    os.close(write)
    path = Path(f"/dev/fd/{read}")

    assert [secret(path), secret(path)] == ["word", "word"]


def test_a_named_pipe_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    writer = threading.Thread(target=path.write_bytes, args=(b"word\n",))
    writer.start()
    assert [secret(path), secret(path)] == ["word", "word"]
    writer.join()


def test_a_pipe_that_nobody_writes_to_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.lookup.service._LOOKS", 3)
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    with pytest.raises(UsageError, match=r"cannot be read \(nothing came through it for"):
        secret(path)


@pytest.mark.parametrize("kind", ["directory", "missing", "loop", "endless"])
def test_what_is_no_file_is_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    paths = {"directory": tmp_path, "missing": tmp_path / "no", "loop": tmp_path / "loop"}
    tmp_path.chmod(0o700)
    with pytest.raises(UsageError, match=r"^--client-secret-file .*(cannot be read|others)"):
        secret(paths.get(kind, Path("/dev/zero")))
