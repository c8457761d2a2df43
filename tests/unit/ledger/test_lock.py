"""One run at a time on an output directory."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import LockedError, StorageError
from pipeline.ledger.files import Files
from pipeline.ledger.lock import hold
from pipeline.ledger.records import InputFile, Owner
from pipeline.ledger.run import identify, open_checkpoint

WHO = identify([InputFile(name="list.csv", size=1, sha256="aa")], {"command": "run"}, "9.0.43")
HOLD = """
import sys
from pathlib import Path
from pipeline.ledger.files import Files
from pipeline.ledger.lock import hold
lock = hold(Path(sys.argv[1]), Files())
print("held", flush=True)
sys.stdin.read()
"""


def sign(out: Path, pid: int, host: str | None = None) -> None:
    open_checkpoint(out, WHO, Files())
    owner = Owner(
        run_id=WHO.run_id, pid=pid, host=host or os.uname().nodename, since="2026-01-31 06:30:00"
    )
    Files().publish_json(out / ".checkpoint" / "owner.json", owner)


def test_a_second_run_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with hold(out, Files()) as lock:
        assert repr(lock) == f"<Lock on {out}, held>"
        with pytest.raises(
            LockedError, match=r"another run holds this output .another process.: wait"
        ):
            hold(out, Files())
    assert repr(lock) == f"<Lock on {out}, released>"
    lock.release()
    hold(out, Files()).release()
    assert not list(out.iterdir())


def test_who_holds_it_is_told(tmp_path: Path) -> None:
    sign(tmp_path, os.getpid())
    with (
        hold(tmp_path, Files()),
        pytest.raises(LockedError, match=rf"process {os.getpid()} on .*since 2026-01-31 06:30:00"),
    ):
        hold(tmp_path, Files())


def test_a_holder_on_another_machine_is_told_without_asking_this_one(tmp_path: Path) -> None:
    sign(tmp_path, 1, "elsewhere.example")
    with hold(tmp_path, Files()), pytest.raises(LockedError, match=r"1 on elsewhere\.example"):
        hold(tmp_path, Files())


def test_the_word_of_a_dead_process_is_not_repeated(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    sign(tmp_path, dead.pid)
    with hold(tmp_path, Files()), pytest.raises(LockedError, match=r"another process.: wait"):
        hold(tmp_path, Files())


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockedError):
            hold(tmp_path, Files())
        process.kill()
        process.wait()
    hold(tmp_path, Files()).release()


def test_a_file_in_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(StorageError, match="out: cannot mkdir: something else is there"):
        hold(tmp_path / "out", Files())


def test_the_word_of_another_run_is_not_repeated(tmp_path: Path) -> None:
    sign(tmp_path, os.getpid())
    other = msgspec.structs.replace(WHO, rules_version="9.0.44")
    (tmp_path / ".checkpoint" / "run.json").unlink()
    open_checkpoint(tmp_path, other, Files())
    with hold(tmp_path, Files()), pytest.raises(LockedError, match=r"another process.: wait"):
        hold(tmp_path, Files())
