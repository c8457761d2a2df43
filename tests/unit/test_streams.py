"""Standard streams whose other end is gone, full, or does not listen."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from pipeline.streams import Lasting, standard_streams


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    ends = list(os.pipe())
    yield ends
    for fd in ends:
        if fd >= 0:
            os.close(fd)


def close(ends: list[int], which: int) -> None:
    os.close(ends[which])
    ends[which] = -1


def filled(fd: int) -> int:
    """Fill a pipe to the brim; how many bytes it took."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    size = 0
    try:
        while True:
            size += os.write(fd, b"." * 4096)
    except BlockingIOError:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags)
    return size


@pytest.mark.parametrize("patience", [None, 0.0, 1.0])
def test_a_reader_that_has_gone_ends_nothing(pipe: list[int], patience: float | None) -> None:
    stream = Lasting(pipe[1], patience)
    close(pipe, 0)

    assert [stream.write(b"line\n") for _ in range(3)] == [5, 5, 5]
    assert stream.lost
    assert stream.lost.errno == errno.EPIPE


@pytest.mark.parametrize("patience", [None, 0.0])
def test_a_full_disk_ends_nothing_and_is_remembered(patience: float | None) -> None:
    fd = os.open("/dev/full", os.O_WRONLY)
    stream = Lasting(fd, patience)

    assert stream.write(b"line\n") == 5
    os.close(fd)
    assert stream.lost
    assert stream.lost.errno == errno.ENOSPC


@pytest.mark.parametrize("patience", [None, 0.0])
def test_a_descriptor_that_was_closed_ends_nothing(pipe: list[int], patience: float | None) -> None:
    stream = Lasting(pipe[1], patience)
    close(pipe, 1)

    assert stream.write(b"line\n") == 5
    assert stream.lost
    assert stream.lost.errno == errno.EBADF


def test_after_half_a_result_nothing_follows(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("streams") / "result"
    full = os.open("/dev/full", os.O_WRONLY)
    stream = Lasting(full, None)
    stream.write(b"first\n")
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(file, full)  # there is room again

    stream.write(b"second\n")

    assert path.read_bytes() == b""
    os.close(full)
    os.close(file)


def test_a_log_goes_on_when_there_is_room_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("streams") / "log"
    full = os.open("/dev/full", os.O_WRONLY)
    stream = Lasting(full, 0.0)
    stream.write(b"first\n")
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(file, full)

    stream.write(b"second\n")

    assert path.read_bytes() == b"second\n"
    os.close(full)
    os.close(file)


def test_a_log_that_nobody_reads_holds_nothing_up_and_goes_on_when_somebody_does(
    pipe: list[int],
) -> None:
    size = filled(pipe[1])
    stream = Lasting(pipe[1], 0.001)

    assert stream.write(b"dropped\n") == 8
    assert stream.write(b"dropped too\n") == 12
    assert os.read(pipe[0], size) == b"." * size
    stream.write(b"heard\n")
    assert os.read(pipe[0], 100) == b"heard\n"


@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize("patience", [None, 30.0])
def test_what_is_longer_than_a_pipe_arrives_whole(
    pipe: list[int], blocking: bool, patience: float | None
) -> None:
    os.set_blocking(pipe[1], blocking)  # as a terminal multiplexer or another program may do
    data = b"".join(b"%07d\n" % row for row in range(50_000))
    arrived: list[bytes] = []

    def read() -> None:
        while chunk := os.read(pipe[0], 5000):
            arrived.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    stream = Lasting(pipe[1], patience)
    assert stream.write(data) == len(data)
    close(pipe, 1)
    reader.join()
    assert b"".join(arrived) == data
    assert stream.lost is None


def test_text_that_the_encoding_lacks_is_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    with standard_streams() as streams:
        sys.stdout.write("l\udce4st … 12\n")
        sys.stderr.write("l\udce4st\n")
        assert streams.lost() is None
    said = capfd.readouterr()
    assert said.out.startswith("l\\udce4st ")
    assert said.err == "l\\udce4st\n"


LOOK = """
import os, sys
from pipeline.streams import standard_streams
with standard_streams():
    opened = os.open("kept", os.O_RDWR | os.O_CREAT)
    print("result")
    print("told", file=sys.stderr)
    os.write(2, b"by a library")
    read = sys.stdin.buffer.read()
    sys.exit(0 if opened > 2 and read == b"" and not os.fstat(opened).st_size else 9)
"""


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)])
def test_no_file_gets_the_number_of_a_stream_that_is_closed(
    tmp_path_factory: pytest.TempPathFactory, closed: tuple[int, ...]
) -> None:
    """What a library prints would go into a journal."""

    def close_them() -> None:
        for fd in closed:
            os.close(fd)

    ended = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path_factory.mktemp("streams"),
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=close_them,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == (b"" if 1 in closed else b"result\n")
    assert ended.stderr == (b"" if 2 in closed else b"told\nby a library")
