"""The documents say what the program does: every table is there, and none is stale; links lead somewhere."""

import re
import shlex
from pathlib import Path

import click
import pytest

from pipeline.cli import COMMANDS, msisdn
from tests.architecture.docs import DOCUMENTS, ROOT, TABLES, broken_links, made_again
from tests.architecture.markdown import anchors, blocks, links

TEXTS = {name: (ROOT / name).read_text("utf-8") for name in DOCUMENTS}
README = TEXTS["README.md"]


def shell(text: str) -> list[str]:
    """The lines of a document's shell examples; what goes on in the next line is one."""
    code = "".join(block.code for block in blocks(text) if block.language == "sh")
    return code.replace("\\\n", " ").splitlines()


def examples(text: str) -> list[list[str]]:
    """Every `msisdn …` line in the shell examples of a document, in words."""
    words = [shlex.split(re.split(r" <<?[ ']| &$", line)[0], comments=True) for line in shell(text)]
    return [line for line in words if line[:1] == ["msisdn"]]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_table_is_stale(name: str) -> None:
    assert made_again(TEXTS[name]) == TEXTS[name], "run make docs"


def test_every_table_stands_in_a_document() -> None:
    written = {
        name for text in TEXTS.values() for name in re.findall(r"<!-- table: (\S+) -->", text)
    }

    assert written == set(TABLES)


def test_every_page_is_checked() -> None:
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}

    assert pages == {name for name in DOCUMENTS if name.startswith("docs/")}


def test_every_page_is_in_the_menu_of_the_site() -> None:
    menu = re.findall(
        r"^  - .+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE
    )

    assert sorted(f"docs/{name}" for name in menu) == sorted(
        name for name in DOCUMENTS if name.startswith("docs/")
    )


def test_the_readme_is_read_in_some_minutes() -> None:
    assert len(README.encode()) <= 8_000


def test_every_command_has_an_example() -> None:
    given = {line[1] for text in TEXTS.values() for line in examples(text)}

    assert given >= set(COMMANDS)


@pytest.mark.parametrize(
    "line", [line for text in TEXTS.values() for line in examples(text)], ids=" ".join
)
def test_examples_are_commands_that_exist_with_options_that_exist(line: list[str]) -> None:
    command = msisdn.get_command(click.Context(msisdn), line[1])

    assert command is not None
    # Parsing is enough: it knows flags, values and arguments, and runs nothing.
    context = command.make_context(line[1], line[2:], resilient_parsing=False)
    assert context.command is command


def test_links_lead_somewhere() -> None:
    assert sum(len(links(text)) for text in TEXTS.values()) > len(DOCUMENTS)
    assert broken_links(ROOT) == []


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("[a](docs/page.md)", ""),
        ("[a](docs/page.md#what-it-says)", ""),
        ("[a](docs/page.md#what-it-says-1)", ""),
        ("[a](#here)", ""),
        ("[a](docs)", ""),
        ("[a](https://example.com/nowhere)", ""),
        ("`[a](nowhere.md)` and <!-- [a](nowhere.md) -->", ""),
        ("```sh\n[a](nowhere.md)\n```", ""),
        ("[a](docs/other.md)", "docs/other.md: there is no such file"),
        ('![a](docs/other.png "title")', "docs/other.png: there is no such file"),
        ("[a]: docs/other.md", "docs/other.md: there is no such file"),
        ("[a](docs/page.md#what-it-said)", "docs/page.md#what-it-said: there is no such heading"),
        ("[a](docs/page.md#a-comment)", "docs/page.md#a-comment: there is no such heading"),
        ("[a](#there)", "#there: there is no such heading"),
    ],
)
def test_a_broken_link_is_found(link: str, wrong: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = "# What `it` says!\n\n## What it says\n\n```sh\n# a comment\n```\n"
    (tmp_path / "docs" / "page.md").write_text(page)
    (tmp_path / "README.md").write_text(f"# Here\n\n{link}\n")

    assert broken_links(tmp_path) == ([f"README.md:3: {wrong}"] if wrong else [])


def test_a_page_of_the_site_does_not_lead_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("# Here\n")
    (tmp_path / "docs" / "page.md").write_text("[up](../README.md) [self](page.md)\n")

    assert broken_links(tmp_path) == [
        "docs/page.md:1: ../README.md: a page of the site cannot lead out of docs/"
    ]


def test_anchors_are_those_that_forges_make() -> None:
    text = "# The *rate*, shared\n## `msisdn.toml`: where?\n### See [there](a.md)\n"

    assert anchors(text) == {"the-rate-shared", "msisdntoml-where", "see-there"}


def test_make_targets_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        word
        for line in shell(README)
        if line.startswith("make ")
        for word in line.split("#")[0].split()[1:]
        if re.fullmatch(r"[a-z][a-z-]*", word)
    }

    assert {"run", "test"} <= named <= targets
