"""The examples in the documents work when they are copied one after another, and give what they show."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.architecture.docs import DOCUMENTS, ROOT
from tests.architecture.markdown import Block, blocks
from tests.flow.conftest import enriched

RUN = {"sh": ("sh", "-eu", "-c"), "python": (sys.executable, "-c")}
"""How the code of a language is run."""


class Checkout:
    """A folder such as a fresh checkout: with `sample_data`, and `msisdn` on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        shutil.copytree(ROOT / "sample_data", self.folder / "sample_data")
        command = folder / "bin" / "msisdn"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipeline "$@"\n')
        command.chmod(0o700)
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MSISDN_")
        } | {
            "PATH": os.pathsep.join([str(command.parent), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder / "state"),
        }

    def run(self, name: str, most: int | None = None) -> None:
        """The first or all examples of a document that can be run, in order; each command ends with 0."""
        for block in examples(name)[:most]:
            ended = subprocess.run(
                [*RUN[block.language], block.code],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 0, f"{name}:{block.line}\n{block.code}\n{ended.stderr}"


def examples(name: str) -> list[Block]:
    found = blocks((ROOT / name).read_text("utf-8"))
    return [block for block in found if block.language in RUN and not block.not_run]


def table(text: str, head: str) -> list[dict[str, str | None]]:
    """The rows of a document's table that begins with this line; a blank cell is None."""
    lines = iter(text[text.index(head) :].splitlines())
    names, _ = cells(next(lines)), next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(names, (cell or None for cell in cells(line)), strict=True)))
    return rows


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_example_gives_the_rows_that_the_readme_shows(checkout: Checkout) -> None:
    checkout.run("README.md", most=1)

    shown = table((ROOT / "README.md").read_text("utf-8"), "| name | msisdn |")
    given = enriched(checkout.folder / "out" / "three").select(list(shown[0])).cast(pl.String)
    assert given.to_dicts() == shown
    assert len(shown) == 3


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name in DOCUMENTS if examples(name)])
def test_every_document_works_as_it_stands(name: str, checkout: Checkout) -> None:
    checkout.run(name)


def test_only_what_changes_the_machine_or_needs_a_service_is_left_out() -> None:
    left_out = {
        command
        for name in DOCUMENTS
        for block in blocks((ROOT / name).read_text("utf-8"))
        if block.language in RUN and block.not_run
        for command in re.findall(r"^(msisdn \w+|\w+)", block.code, re.MULTILINE)
    }

    assert left_out <= {
        *("pip", "uv", "pipx", "make", "eval", "_MSISDN_COMPLETE"),
        *("msisdn doctor", "msisdn simulate", "msisdn run", "export", "curl"),
    }
