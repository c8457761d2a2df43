"""Whatever goes wrong, and wherever: one sentence with its place, no number, no secret, exit 1."""

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.simulator.embedded import embedded
from tests.flow.conftest import Command, Simulated, numbers, write_list

SCRIPT = Path(__file__).with_name("raising.py")
NUMBER, OTHER = "447700900123", "12125550142"
SECRET = "s3cr3t/of+the=account"

ARABIC = "".join(chr(0x660 + int(digit)) for digit in NUMBER)
WIDE = "".join(chr(0xFF10 + int(digit)) for digit in NUMBER)
SPELLINGS = (
    *("+44 7700 900123", "07700-900-123", "(0770) 090.0123", f"00{NUMBER}", "7700/900 123"),
    *("44\xa07700\u202f900123", "+44\u20117700\u2011900123", "\u202d+447700900123\u202c"),
    *(ARABIC, WIDE, f"+{ARABIC[:2]} {ARABIC[2:]}", "9,19,87,65,43,210", "447,700,900,123"),
    *(json.dumps("44\xa07700 900123"), json.dumps(ARABIC), repr(NUMBER.encode())),
    *(repr(ARABIC.encode()), repr(WIDE.encode()), repr("07700900123".encode("utf-16"))),
    *(f"?tel={NUMBER}&lookup=mnp", "tel=%2B44%207700%20900123", "4.47700900123E+11"),
    *(f"['{NUMBER}', '{OTHER}']", "['0770', '0900', '123']", f"{NUMBER}.0", f"'{NUMBER[:9]}…"),
    *(f"\x1b[1m{NUMBER[:5]}\x1b[0m{NUMBER[5:]}", f"{NUMBER[:6]}\u200b{NUMBER[6:]}"),
)
SECRETS = (
    SECRET,
    "Authorization: Bearer eyJ0eXAiOi.J9abcdef-1",
    "http://name:passw0rd@proxy:8080/",
    f"client_secret={SECRET}&scope=x",
)
RAISED = " | ".join((*SPELLINGS, *SECRETS))

COUNT = 12
RAISING = (
    *("read", "fingerprint", "normalise", "dedupe", "plan", "shard", "limiter", "engine", "send"),
    *("deliver", "journal", "answers", "write", "report", "table", "announce", "panic"),
    *("callback", "task", "thread", "signal handler"),
)
IN_WORKERS = ("deliver", "answers", "callback")


def digits_of(text: str) -> str:
    """All digits of any script, and those that JSON or bytes escape."""
    text = text.replace("\\x00", "")
    for escape, script in (
        (r"\\u066(\d)", ""),
        (r"\\xd9\\xa(\d)", ""),
        (r"\\xef\\xbc\\x9(\d)", ""),
    ):
        text = re.sub(escape, rf"{script}\1", text)
    return "".join(str(unicodedata.decimal(sign)) for sign in text if sign.isdecimal())


def leaks(text: str) -> list[str]:
    """Six consecutive digits of a number, secrets, and what a terminal would obey."""
    said = digits_of(re.sub(r"\d{1,2}:\d\d", "", text))
    known = {NUMBER, OTHER, "07700900123", "919876543210"}
    found = [n[at : at + 6] for n in known for at in range(len(n) - 5) if n[at : at + 6] in said]
    found += [word for word in (SECRET, "eyJ0eXAi", "passw0rd") if word in text]
    return found + [sign for sign in ("\x1b", "\u202d", "\u009b") if sign in text]


def test_the_search_finds_each_spelling() -> None:
    assert [spelling for spelling in SPELLINGS if not leaks(spelling)] == []


class Faulty:
    def __init__(self, msisdn: Command, simulator: Simulated) -> None:
        self.folder = msisdn.folder
        self._environment = msisdn._environment() | {
            "RAISED": repr(RAISED),
            "SAID": RAISED,
        }
        write_list(self.folder / "list.csv", COUNT)
        command = ("run", "list.csv", "-o", "out", "--rate", "5000", "--shard-rows", "6")
        self._command = (*command, *simulator.options("tcp"))

    def __call__(self, place: str, *more: str) -> "subprocess.CompletedProcess[str]":
        ended = subprocess.run(
            [sys.executable, str(SCRIPT), *self._command, *more],
            cwd=self.folder,
            env=self._environment | {"PLACE": place},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=55,
        )
        said = ended.stdout + ended.stderr
        assert leaks(said) == []
        assert not {number[3:] for number in numbers(COUNT)} & set(re.findall(r"\d+", said))
        return ended


@pytest.fixture(scope="module")
def service() -> Iterator[Simulated]:
    with embedded(seed="flow", arguments=["--client-secret", SECRET]) as endpoints:
        yield Simulated(endpoints)


@pytest.fixture
def faulty(account: Command, simulator: Simulated) -> Faulty:
    return Faulty(account, simulator)


@pytest.mark.parametrize("place", RAISING)
def test_a_defect_is_a_sentence_with_its_place(place: str, faulty: Faulty) -> None:
    ended = faulty(place)

    told = [line for line in ended.stderr.splitlines() if "a defect of the program" in line]
    assert ended.returncode == 1, ended.stderr
    assert len(told) == 1, ended.stderr
    assert re.search(r"(Odd|PanicException) at \w+/\w+\.py:\d+", told[0])
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("place", IN_WORKERS)
def test_a_defect_in_a_worker_is_told_once_by_the_parent(place: str, faulty: Faulty) -> None:
    ended = faulty(place, "--workers", "2")

    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.count("a defect of the program: ") == 1
    assert "Traceback" not in ended.stderr


def test_what_python_libraries_and_native_code_print_is_redacted_and_ends_nothing(
    faulty: Faulty,
) -> None:
    """Warnings, logs, exceptions in `__del__`, bytes on descriptor 2, a child process."""
    ended = faulty("printed")

    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("+44 77** ****23") == 5
    assert "error: aiohttp.client: " in ended.stderr


@pytest.mark.parametrize(("place", "workers"), [("report", "1"), ("deliver", "2")])
def test_the_traceback_is_shown_on_request_and_redacted(
    place: str, workers: str, faulty: Faulty
) -> None:
    ended = faulty(place, "-v", "--workers", workers)

    assert "Traceback (most recent call last)" in ended.stderr
    # Python leaves the module out where it is the one that was started.
    assert re.search(r"^(raising\.|__mp_main__\.)?Odd: ", ended.stderr, re.MULTILINE)
    assert "+44 77** ****23" in ended.stderr


def test_the_last_of_json_lines_is_the_defect(faulty: Faulty) -> None:
    ended = faulty("answers", "--log-format", "json")

    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert ended.returncode == 1
    assert "a defect of the program: " in lines[-1]["text"]


def test_the_same_command_goes_on_after_a_defect(faulty: Faulty, simulator: Simulated) -> None:
    assert faulty("report").returncode == 1
    billed = simulator.meter()["billed"]

    assert faulty("nowhere").returncode == 0
    assert (billed, simulator.meter()["billed"]) == (COUNT, COUNT)
