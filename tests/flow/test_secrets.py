"""No secret and no whole number in anything that is said or written beside the data itself."""

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.flow.conftest import Command, Simulated, children_of, numbers, write_list

COUNT = 60
NUMBERS = [number.removeprefix("+") for number in numbers(COUNT)]
_DIGITS = re.compile(r"\d{10,}")


def says_too_much(text: str, secret: str) -> list[str]:
    """Secrets and whole numbers in a text."""
    known = set(NUMBERS) | {number[1:] for number in NUMBERS}
    found = [run for run in _DIGITS.findall(text) if run in known]
    return found + [secret] * (secret in text)


@pytest.fixture
def secret(account: Command) -> str:
    return account.environment["MSISDN_CLIENT_SECRET"]


@pytest.mark.parametrize("transport", ["rest", "tcp", "udp"])
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_what_a_run_says_names_nobody(
    account: Command, simulator: Simulated, secret: str, transport: str, log_format: str
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    spoken = ("--log-format", log_format, "-v")
    way = ("--rate", "5000", "--shard-rows", "25", *simulator.options(transport))
    stopped = account("run", listed, "-o", "out", *way, *spoken, "--max-lookups", "20")
    assert stopped.returncode == 14
    told = [stopped.stdout, stopped.stderr]
    checkpoint = account.folder / "out" / ".checkpoint"
    told += [path.read_text() for path in checkpoint.rglob("*.json")]
    account.environment["MSISDN_TRACEBACK"] = "1"
    for command in (
        ("status", "out"),
        ("verify", "out"),
        ("run", listed, "-o", "out", *way, *spoken),
        ("run", listed, "-o", "out", *way, "--region", "GB"),
        ("verify", "out"),
        ("status", "out", "--json"),
        ("doctor", *simulator.options(transport)),
    ):
        ended = account(*command)
        told += [ended.stdout, ended.stderr]
    told += [
        (account.folder / "out" / name).read_text() for name in ("summary.json", "manifest.json")
    ]
    assert [found for text in told if (found := says_too_much(text, secret))] == []
    assert sum(map(len, told)) > 4000
    assert len(says_too_much(f"{told[0]} +{NUMBERS[7]} {secret}", secret)) == 2  # it would be seen


def started_by(parent: int) -> Iterator[tuple[int, str]]:
    """The command lines of all processes that a process has started, and that those have."""
    for child, line in children_of(parent):
        yield child, line
        yield from started_by(child)


@pytest.mark.parametrize("where", ["embedded", "elsewhere"])
def test_no_command_line_names_a_secret_or_a_number(
    account: Command, simulator: Simulated, secret: str, where: str
) -> None:
    """Everyone on the machine can read them, those of workers and of the simulator too."""
    listed = write_list(account.folder / "list.csv", COUNT)
    way = {"embedded": ["--simulate"], "elsewhere": simulator.options("rest")}[where]
    common = ("--workers", "2", "--shard-rows", "30", "-v")
    with account.start("run", listed, "-o", "out", *common, *way) as run:
        lines: dict[int, str] = {}
        while run.poll() is None:
            lines.update(started_by(run.pid))
            with suppress(subprocess.TimeoutExpired):
                run.wait(0.01)
        said = run.communicate()
    assert run.returncode == 0, said
    assert sum("spawn_main" in line for line in lines.values()) == 2
    assert sum(" simulate " in line for line in lines.values()) == (where == "embedded")
    told = (*lines.values(), *said)
    assert [found for text in told if (found := says_too_much(text, secret))] == []


@pytest.mark.parametrize("kind", ["journal", "shard", "run.json", "part"])
def test_damage_is_told_without_what_it_damaged(
    account: Command, simulator: Simulated, secret: str, kind: str
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    command = ("run", listed, "-o", "out", "--shard-rows", "25", *simulator.options("tcp"))
    account(*command, "--rate", "5000", "--max-lookups", "40")
    out = account.folder / "out"
    names = {
        "journal": ".checkpoint/journal/shard-00001.journal",
        "shard": ".checkpoint/shards/shard-00001.parquet",
        "run.json": ".checkpoint/run.json",
        "part": "enriched/part-00000.parquet",
    }
    damaged = out / names[kind]
    content = bytearray(damaged.read_bytes())
    content[40] ^= 1
    damaged.write_bytes(content)
    account.environment["MSISDN_TRACEBACK"] = "1"
    ended = account(*command)
    checked = account("verify", "out")
    assert (ended.returncode, checked.returncode) == (15, 15)
    assert names[kind] in ended.stderr
    assert names[kind] in checked.stdout
    for text in (ended.stdout, ended.stderr, checked.stdout, checked.stderr):
        assert says_too_much(text, secret) == []


def test_whatever_is_written_belongs_to_its_owner_alone(
    account: Command, simulator: Simulated
) -> None:
    """Also of a run that was stopped, and whatever the user's mask is."""
    listed = write_list(account.folder / "list.csv", COUNT)
    before = os.umask(0)
    try:
        account(
            *("run", listed, "-o", "out", "--rate", "5000", "--shard-rows", "25"),
            *("--max-lookups", "40", "--rows", "all", *simulator.options("tcp")),
        )
    finally:
        os.umask(before)
    written = [path for path in (account.folder / "out").rglob("*") if path.is_file()]
    assert len(written) > 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    state = [path for path in (account.folder / "state").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in state} == {0o600}
    assert stat.S_IMODE(Path(account.folder / "out").stat().st_mode) == 0o700
