"""Text from outside is shown and never obeyed."""

import io
import json

import pytest
from rich.console import Console

from pipeline.events import Notice, PartWritten, ReadProgress, RunStarted
from pipeline.report.progress import printer
from pipeline.report.screen import Shown, json_line
from pipeline.shown import fit, fit_json, visible

ODD = (
    *("\x1b[2J", "\x9b31m", "\x1b]0;title\x07", "a\u202eb", "\x00\x08\x7f", "\u2028line\r"),
    *("[/red]", "[bold]x", "[link=http://x]", ":smile:", "{0} %s {task}", "^.*$", "*"),
)
COMMANDS = "\x1b\x9b\x07\u202e\x00\x08\x7f\u2028\r"


@pytest.mark.parametrize("odd", ODD)
def test_a_cell_shows_what_it_is_given(odd: str) -> None:
    out = io.StringIO()
    table = Shown()
    table.add_row(odd, "there")

    Console(file=out, width=100, markup=False, emoji=False, highlight=False).print(table)

    assert visible(odd) in out.getvalue()
    assert not set(COMMANDS) & set(out.getvalue())


@pytest.mark.parametrize("odd", ODD)
def test_json_keeps_the_text_and_holds_no_command(odd: str) -> None:
    line = json_line({"carrier": odd})

    assert json.loads(line) == {"carrier": odd}
    assert not set(COMMANDS) & set(line)


def test_json_of_half_a_character_is_json() -> None:
    assert json.loads(json_line({"out": "b\udce4"})) == {"out": "b\\udce4"}
    assert json.loads(fit_json('"\U000e0041"')) == "\U000e0041"


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("odd", ODD)
def test_what_happens_is_said_with_names_as_they_are(log_format: str, odd: str) -> None:
    out = io.StringIO()
    shown = printer(log_format=log_format, quiet=False, verbose=True, stream=out, clock=lambda: 1.0)
    with shown:
        for event in (
            RunStarted("run", odd, resumed=False),
            ReadProgress(10_000_000, 0, odd),
            PartWritten(odd, 1),
            Notice("warning", odd),
        ):
            shown(event)

    assert not set(COMMANDS) & set(out.getvalue())
    if log_format == "json":
        said = [json.loads(line) for line in out.getvalue().splitlines()]
        assert [said[0]["out"], said[1]["source"], said[3]["text"]] == [odd] * 3
    else:
        assert out.getvalue().count(visible(odd)) == 4
    assert "447700900123" not in out.getvalue()


def test_lines_stay_lines() -> None:
    assert fit("one\n\ttwo\x1b", lines=True) == "one\n\ttwo\\x1b"
    assert fit("one\ntwo 447700900123") == "one\\ntwo 4477******23"
