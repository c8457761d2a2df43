"""What was passed over or put right in a list's layout is said, and stands in the summary."""

from pathlib import Path
from random import Random

import msgspec
import pytest

from pipeline import flow
from pipeline.events import Event, Notice
from pipeline.job.surroundings import Surroundings
from pipeline.report.summary import Summary
from pipeline.settings import Settings

A, B = "+447911123456", "+447911123457"


def cleaned(folder: Path, *texts: str) -> tuple[Summary, list[str]]:
    """Clean lists, and give the summary as it was written, and what was said."""
    said: list[str] = []

    def announce(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.text)

    (folder / "lists").mkdir()
    for at, text in enumerate(texts, 10):
        (folder / "lists" / f"{at}.csv").write_text(text)
    settings = Settings(inputs=(str(folder / "lists"),), out=folder / "out")
    around = Surroundings(clock=lambda: 0.0, wall=lambda: 0.0, dice=Random(0), announce=announce)
    flow.clean(settings, around)
    written = (folder / "out" / "summary.json").read_bytes()
    return msgspec.json.decode(written, type=Summary), said


def test_lines_above_a_header_are_said_and_counted(tmp_path: Path) -> None:
    summary, said = cleaned(tmp_path, f"Customers\n\nphone,name\n{A},Ann\n", f"phone\n{B}\n")

    name = str(tmp_path / "lists" / "10.csv")
    assert summary.skipped_lines == {name: 2}
    assert f"{name}: 2 lines above the header (lines 1 to 2) were passed over" in said
    assert (summary.rows, summary.cleaned) == (2, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"phone,name\n{A},Ann,\n{B},Bob,\n", "rows end in 1 cell more than the header has"),
        (f"phone,name\n1,{A},Ann\n2,{B},Bob\n", "before its first column"),
        (f"phone,name\n{A},Ann,x\n{B},Bob,y\n", "behind its last column"),
        (f"phone,name,note\n{A},Ann\n{B},Bob\n", "rows have 1 cell less than the header"),
        (f"phone,name,,\n{A},Ann\n{B},Bob\n", "ends in 2 cells more than the rows"),
    ],
)
def test_rows_that_do_not_fit_their_header_are_said(tmp_path: Path, text: str, words: str) -> None:
    summary, said = cleaned(tmp_path, text)

    assert any(words in each for each in said)
    assert (summary.cleaned, summary.rejected) == (2, 0)


def test_of_many_lists_the_first_are_said(tmp_path: Path) -> None:
    texts = [f"Title\nphone,name\n+4479111234{at},Ann\n" for at in range(10, 35)]
    summary, said = cleaned(tmp_path, *texts)

    assert len(summary.skipped_lines) == 25
    assert sum("passed over" in each for each in said) == 10
    assert "and 15 more like these: see `skipped_lines` in summary.json" in said


def test_nothing_is_said_of_an_ordinary_list(tmp_path: Path) -> None:
    summary, said = cleaned(tmp_path, f"phone,name\n{A},Ann\n{B},\n")

    assert (summary.skipped_lines, said) == ({}, [])
