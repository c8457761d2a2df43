"""What is in a directory and is no list is named, never passed over in silence."""

from pathlib import Path

import pytest

from pipeline.read import find, passed_over


def put(folder: Path, *names: str, text: str = "phone\n+447911123456\n") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    "name",
    ["more.json", "people.vcf", "scan.pdf", "letter.docx", "list.csv.bz2", "LIST", "a/b.jsonl"],
)
def test_each_file_that_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    put(tmp_path, "a.csv", name)
    assert [source.path for source in find([str(tmp_path)])] == [tmp_path / "a.csv"]
    assert passed_over([str(tmp_path)]) == [str(tmp_path / name)]


def test_hidden_and_empty_files_and_our_own_output_are_not_meant(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", ".hidden.json", ".git/config", "out/summary.json")
    put(tmp_path, "_SUCCESS", text="")
    assert passed_over([str(tmp_path)], outside=tmp_path / "out") == []


def test_what_is_named_outright_or_by_a_glob_passes_nothing_over(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "b.json")
    assert passed_over([str(tmp_path / "a.csv"), str(tmp_path / "*.csv"), "-"]) == []


def test_a_file_below_two_inputs_is_named_once(tmp_path: Path) -> None:
    put(tmp_path, "in/a.csv", "in/deep/b.json")
    inputs = [str(tmp_path / "in"), str(tmp_path / "in")]
    assert passed_over(inputs) == [str(tmp_path / "in/deep/b.json")]
