"""The documents say what the program does: every table is there, and none is stale."""

import re
import shlex

import click
import pytest

from pipeline.cli import COMMANDS, msisdn
from tests.architecture.docs import DOCUMENTS, ROOT, TABLES, made_again

TEXTS = {name: (ROOT / name).read_text("utf-8") for name in DOCUMENTS}
README = TEXTS["README.md"]


def examples(text: str) -> list[list[str]]:
    """Every `msisdn …` line in the code blocks of a document, in words."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line for line in words if line[:1] == ["msisdn"]]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_table_is_stale(name: str) -> None:
    assert made_again(TEXTS[name]) == TEXTS[name], "run make docs"


def test_every_table_stands_in_a_document() -> None:
    written = {
        name for text in TEXTS.values() for name in re.findall(r"<!-- table: (\S+) -->", text)
    }

    assert written == set(TABLES)


def test_every_command_has_an_example() -> None:
    assert {line[1] for line in examples(README)} >= set(COMMANDS)


@pytest.mark.parametrize(
    "line", [line for text in TEXTS.values() for line in examples(text)], ids=" ".join
)
def test_examples_are_commands_that_exist_with_options_that_exist(line: list[str]) -> None:
    command = msisdn.get_command(click.Context(msisdn), line[1])

    assert command is not None
    # Parsing is enough: it knows flags, values and arguments, and runs nothing.
    context = command.make_context(line[1], line[2:], resilient_parsing=False)
    assert context.command is command


def test_links_within_the_repository_lead_somewhere() -> None:
    links = [
        (name, link)
        for name, text in TEXTS.items()
        for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    ]

    assert links
    assert [link for name, link in links if not (ROOT / name).parent.joinpath(link).exists()] == []


def test_make_targets_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    blocks = "\n".join(
        re.findall(r"^```(?:sh|console)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    )
    named = {
        word
        for line in re.findall(r"^make (.*)$", blocks, re.MULTILINE)
        for word in line.split("#")[0].split()
        if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")
    }

    assert {"run", "test"} <= named <= targets
