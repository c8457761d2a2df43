"""`make enrich` runs what is new, changed or not complete, and nothing else.

`msisdn` is played by a script that writes down how it was called, and ends as the list says.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.docs import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

# Called as `run LIST -o OUT --restart-changed …`. A list holds the exit code.
PLAYED = """#!/bin/sh
list=$2 out=$4
shift 4
[ "$1" = --restart-changed ] || exit 2
shift
echo "${list##*/} ${out##*/} $*" >> "$CALLS"
mkdir -p "$out"
code=$(head -n 1 "$list")
[ "$code" -ne 0 ] || : > "$out/_SUCCESS"
exit "$code"
"""
LONG_AGO = 1_000_000_000


class Enriching:
    """A folder of lists, and `make enrich` over it."""

    def __init__(self, folder: Path) -> None:
        self.lists = folder / "the lists"
        self.out = folder / "out"
        self.lists.mkdir()
        self._calls = folder / "calls"
        self._played = folder / "played"
        self._played.write_text(PLAYED)
        self._played.chmod(0o700)
        # Stands for the interpreter, which takes half a second to say which suffixes there are.
        self._suffixes = folder / "suffixes"
        self._suffixes.write_text("#!/bin/sh\necho .csv .csv.gz .parquet\n")
        self._suffixes.chmod(0o700)
        # Newer than what it depends on, or make would install.
        self._stamp = folder / "stamp"
        self._stamp.write_text(f"{ROOT}\n")
        self.said = ""

    def give(self, name: str, content: str = "0", *, moment: int = LONG_AGO) -> None:
        path = self.lists / name
        path.write_text(content + "\n")
        os.utime(path, (moment, moment))

    def make(self, *more: str) -> tuple[int, list[str]]:
        """Exit code, and the calls of msisdn: list, output folder, further options."""
        self._calls.write_text("")
        settings = {
            "STAMP": self._stamp,
            "MSISDN": self._played,
            "PYTHON": self._suffixes,
            "LISTS": self.lists,
            "OUT": self.out,
        }
        ended = subprocess.run(
            ["make", "-s", "enrich", *(f"{key}={value}" for key, value in settings.items()), *more],
            cwd=ROOT,
            env={**_outer(), "CALLS": str(self._calls)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said = ended.stderr
        return ended.returncode, sorted(
            line.rstrip() for line in self._calls.read_text().splitlines()
        )


def _outer() -> dict[str, str]:
    """The environment without what an outer make left in it."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }


@pytest.fixture
def enriching(tmp_path: Path) -> Enriching:
    return Enriching(tmp_path)


def test_each_list_runs_once(enriching: Enriching) -> None:
    enriching.give("a.csv")
    enriching.give("b.parquet")
    enriching.give("c.txt.zst")
    enriching.give("notes.md")
    with_real_suffixes = f"PYTHON={sys.executable}"

    assert enriching.make(with_real_suffixes) == (0, ["a.csv a", "b.parquet b", "c.txt.zst c"])
    assert enriching.make(with_real_suffixes) == (0, [])


def test_options_reach_the_command(enriching: Enriching) -> None:
    enriching.give("a.csv")

    code, calls = enriching.make("RATE=200", "ARGS=--types all --region-column 'the country'")

    assert (code, calls) == (0, ["a.csv a --rate 200 --types all --region-column the country"])


def test_lists_of_one_name_do_not_share_an_output(enriching: Enriching) -> None:
    for name in ("a.csv", "a.csv.gz", "a.parquet"):
        enriching.give(name)

    assert enriching.make() == (0, ["a.csv a", "a.csv.gz a.csv.gz", "a.parquet a.parquet"])


def test_a_newer_list_is_given_to_msisdn_once_more(enriching: Enriching) -> None:
    """Whether it has changed, and is to begin again, `--restart-changed` decides."""
    enriching.give("a.csv")
    enriching.make()
    enriching.give("a.csv", "0\nanother", moment=4_000_000_000)

    assert enriching.make() == (0, ["a.csv a"])


def test_what_belongs_to_another_run_is_an_error_and_not_begun_again(enriching: Enriching) -> None:
    enriching.give("a.csv")
    enriching.make()
    enriching.give("a.csv", "15", moment=4_000_000_000)

    code, calls = enriching.make()

    assert code != 0
    assert calls == ["a.csv a"]
    assert (enriching.out / "a" / "_SUCCESS").exists()


def test_a_list_with_a_new_date_only_is_not_asked_again(enriching: Enriching) -> None:
    enriching.give("a.csv")
    enriching.make()
    success = enriching.out / "a" / "_SUCCESS"
    os.utime(success, (LONG_AGO - 1, LONG_AGO - 1))

    assert enriching.make() == (0, ["a.csv a"])
    assert enriching.make() == (0, [])


def test_an_interrupted_list_goes_on_without_restart(enriching: Enriching) -> None:
    enriching.give("a.csv", "14")
    code, _ = enriching.make()
    assert code != 0
    enriching.give("a.csv", "0")

    assert enriching.make() == (0, ["a.csv a"])


def test_unresolved_rows_do_not_stop_the_others_and_are_named(enriching: Enriching) -> None:
    enriching.give("a.csv", "3")
    enriching.give("b.csv")

    code, calls = enriching.make()

    assert code != 0
    assert calls == ["a.csv a", "b.csv b"]
    assert "unresolved" in enriching.said
    assert f"{enriching.lists}/a.csv" in enriching.said
    assert enriching.make()[1] == ["a.csv a"]


def test_another_failure_stops_unless_make_is_told_to_keep_going(enriching: Enriching) -> None:
    enriching.give("a.csv", "12")
    enriching.give("b.csv")

    assert enriching.make()[1] == ["a.csv a"]
    assert enriching.make("-k")[1] == ["a.csv a", "b.csv b"]


@pytest.mark.parametrize(
    "name", ["a b", "it's", "x=y", "100%", "a:b", "#1", "$d$(x)", "[1]", 'q"?*', "-o"]
)
def test_names_may_hold_most_signs(name: str, enriching: Enriching) -> None:
    enriching.give(f"{name}.csv")

    assert enriching.make() == (0, [f"{name}.csv {name}"])
    assert enriching.make() == (0, [])


@pytest.mark.parametrize("name", ["a;b", "a|b", "a\\b", "a\tb"])
def test_names_that_make_cannot_take_are_refused(name: str, enriching: Enriching) -> None:
    enriching.give(f"{name}.csv")

    code, calls = enriching.make()

    assert code != 0
    assert calls == []
    assert "rename it" in enriching.said


def test_a_folder_that_is_not_there_is_named(enriching: Enriching, tmp_path: Path) -> None:
    code, _ = enriching.make(f"LISTS={tmp_path}/nowhere")

    assert code != 0
    assert "nowhere is no directory" in enriching.said
