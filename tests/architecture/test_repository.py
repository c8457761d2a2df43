"""What may lie in the repository, and what may not stand in it."""

import re
import subprocess
from pathlib import Path

import pytest

from sample_data.ranges import RANGES
from tests.architecture.docs import ROOT

TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "docs",
    "findings",
    "mkdocs.yml",
    "pipeline",
    "pyproject.toml",
    "requirements.lock",
    "sample_data",
    "tests",
}
TESTS = {
    "README.md",
    "architecture",
    "benchmarks",
    "conformance",
    "conftest.py",
    "data",
    "faults",
    "flow",
    "fuzz",
    "parity",
    "property",
    "unit",
}
# Written in two parts, so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.)])/(?:root|work|home/\w+|Users/\w+|opt/pypi)/"),
    "a package registry": re.compile(
        r"pypi\.(?:org|python)|python" + r"hosted\.org|index-" + "url [^-]"
    ),
    "a private key or a token": re.compile(r"-----BEGIN [A-Z ]*PRIVATE|eyJhbGciOi"),
}
BINARY = {".parquet", ".gz", ".zst", ".png"}


def tracked() -> list[Path]:
    """Files that git has, or would take: what is ignored is nobody's business."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = listed.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def test_top_level_holds_only_what_the_design_names() -> None:
    entries = {path.relative_to(ROOT).parts[0] for path in tracked()}

    assert {entry for entry in entries if not entry.startswith(".")} == TOP_LEVEL


def test_tests_are_sorted_by_what_a_failure_means() -> None:
    entries = {path.relative_to(ROOT).parts[1] for path in tracked() if "tests" in path.parts[:-1]}

    assert {entry for entry in entries if (ROOT / "tests" / entry).exists()} <= TESTS


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    here = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}:{at}: {line[:80]}"
        for path in tracked()
        if path.suffix not in BINARY and path != here
        for at, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]

    assert found == []


def test_numbers_in_the_documents_are_kept_for_fiction() -> None:
    folders = {ROOT, *(ROOT / name for name in ("docs", "sample_data", "pipeline"))}
    fictitious = {number.msisdn for known in RANGES for number in known.numbers()}
    found = {
        re.sub(r"\D", "", number)
        for path in tracked()
        if path.suffix == ".md" and path.parent in folders
        for number in re.findall(r"\+\d[\d ()-]{8,}\d", path.read_text("utf-8"))
    }

    assert found
    assert found <= fictitious


def test_the_lock_file_pins_every_dependency_with_hashes() -> None:
    pinned = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text("utf-8").strip())
    names = {re.split(r"==", block)[0] for block in pinned}
    wanted = {
        re.split(r"[^\w-]", name, maxsplit=1)[0]
        for name in re.findall(r'^    "([\w-]+[^"]*)",$', declared(), re.MULTILINE)
    }

    assert all(re.match(r"[\w-]+==\S+.*\\\n    --hash=sha256:", block) for block in pinned)
    assert wanted <= names


def declared() -> str:
    """The lines of pyproject.toml that name dependencies."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lists = re.findall(r"^(?:dependencies|dev) = \[\n(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    return "".join(lists)


def test_every_finding_is_in_the_index_and_can_be_run() -> None:
    folder = ROOT / "findings"
    index = (folder / "README.md").read_text()
    scripts = sorted(path.name for path in folder.iterdir() if path.name != "README.md")
    assert scripts
    assert sorted(set(re.findall(r"\((\S+\.sh)\)", index))) == scripts
    for name in scripts:
        assert (folder / name).stat().st_mode & 0o111, name
        text = (folder / name).read_text()
        assert text.startswith("#!/usr/bin/env bash\n# "), name
        assert "\n# Guess: " in text, name
        assert "\n# Seen: " in text, name
        assert "pipeline" not in text, name
