"""What is in a directory and is no list is named, never passed over in silence."""

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.read import find, passed_over, read
from pipeline.settings import Settings

NO_LISTS = {
    "table.xls": ("<html><table><tr><td>1</td></tr></table></html>", "HTML"),
    "people.txt": ("BEGIN:VCARD\nTEL:+447911123456\nEND:VCARD\n", "vCard"),
    "list.csv": ('[{"phone": "+447911123456"}]', "JSON"),
    "scan.csv": ("%PDF-1.7\n", "PDF"),
    "data.txt": ('<?xml version="1.0"?><a/>', "XML"),
}


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


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_only_called_a_list_is_named_and_the_others_are_read(
    tmp_path: Path, name: str
) -> None:
    put(tmp_path, "good.csv")
    put(tmp_path, name, text=NO_LISTS[name][0])
    found = read(find([str(tmp_path)]), Settings())
    assert [source.path.name for source in found.sources] == ["good.csv"]
    (said,) = found.unread()
    assert (name in said, NO_LISTS[name][1] in said) == (True, True)


@pytest.mark.parametrize("name", NO_LISTS)
def test_it_ends_the_run_where_it_was_named_or_is_alone(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, text=NO_LISTS[name][0])
    for text in (tmp_path, tmp_path / name):
        with pytest.raises(InputError, match=NO_LISTS[name][1]):
            read(find([str(text)]), Settings())
