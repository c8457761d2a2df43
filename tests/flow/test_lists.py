"""Lists as people have them: which column is read, and what an output has whatever came of it."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.flow.conftest import Command, numbers

FOLDERS = ("enriched", "rejected", "duplicates")


def parts(out: Path, folder: str) -> pl.DataFrame:
    return pl.read_parquet(out / folder / "*.parquet")


@pytest.fixture
def contacts(msisdn: Command) -> Path:
    one, two, three = numbers(3)
    path = msisdn.folder / "contacts.csv"
    path.write_text(
        f"Name,Home Phone,Mobile Phone\nAnn,{one},{two}\nBob,{three},\nCy,,\nDi,x,{one}\n"
    )
    return path


@pytest.mark.parametrize("by", ["flag", "environment", "file"])
@pytest.mark.parametrize("rows", ["unique", "all"])
def test_several_columns_are_read_in_order(
    msisdn: Command, contacts: Path, by: str, rows: str
) -> None:
    names = ("Mobile Phone", "Home Phone")
    flags: list[str] = []
    if by == "flag":
        flags = [word for name in names for word in ("--column", name)]
    elif by == "environment":
        msisdn.environment["MSISDN_COLUMN"] = "\n".join(names)
    else:
        (msisdn.folder / "msisdn.toml").write_text(f"column = {json.dumps(names)}\n")

    ended = msisdn(
        "run", contacts, "-o", "out", "--simulate", "--rate", 500, "--rows", rows, *flags
    )

    assert ended.returncode == 0, ended.stderr
    found = parts(msisdn.folder / "out", "enriched")
    one, two, three = (number.removeprefix("+") for number in numbers(3))
    assert found.select("msisdn", "column", "line_number").rows() == [
        (two, "Mobile Phone", 2),
        (three, "Home Phone", 3),
        (one, "Mobile Phone", 5),
    ]
    assert found["source_file"].unique().to_list() == [str(contacts)]
    assert parts(msisdn.folder / "out", "rejected")["reject_reason"].to_list() == ["empty"]


def test_one_column_with_a_blank_in_its_name_is_one_in_the_environment(
    msisdn: Command, contacts: Path
) -> None:
    msisdn.environment["MSISDN_COLUMN"] = "Home Phone"

    ended = msisdn("clean", contacts, "-o", "out")

    assert ended.returncode == 0, ended.stderr
    assert parts(msisdn.folder / "out", "cleaned")["column"].unique().to_list() == ["Home Phone"]


def test_every_folder_of_an_output_can_be_read_whatever_came_of_it(msisdn: Command) -> None:
    (msisdn.folder / "list.csv").write_text("phone,name\n")
    for rows in ("unique", "all"):
        out = msisdn.folder / f"out-{rows}"
        assert msisdn("run", "list.csv", "-o", out, "--simulate", "--rows", rows).returncode == 0
        for folder in FOLDERS:
            assert parts(out, folder).height == 0
            assert "name" in parts(out, folder).columns
        assert msisdn("verify", out).returncode == 0


BAD = "phone\n" + "".join(f"{number}\n" for number in numbers(4)) + "x\n" * 6


@pytest.mark.parametrize(
    ("allowed", "code"),
    [(None, 17), ("59%", 17), ("60%", 0), ("5", 17), ("6", 0), ("0", 17), ("100%", 0)],
)
def test_a_list_that_is_mostly_rejected_is_not_looked_up(
    msisdn: Command, allowed: str | None, code: int
) -> None:
    (msisdn.folder / "list.csv").write_text(BAD)
    flags = () if allowed is None else ("--max-rejected", allowed)

    ended = msisdn("run", "list.csv", "-o", "out", "--simulate", *flags)

    assert ended.returncode == code, ended.stderr
    out = msisdn.folder / "out"
    assert parts(out, "rejected").height == 6
    assert (out / "_SUCCESS").exists() is (code == 0)
    if code:
        assert (
            f"6 of 10 rows were rejected, more than --max-rejected {allowed or '50%'}"
            in ended.stderr
        )
        assert "nothing was looked up" in ended.stderr
        again = msisdn("run", "list.csv", "-o", "out", "--simulate", "--max-rejected", "60%")
        assert again.returncode == 0, again.stderr
        assert parts(out, "enriched").height == 4


@pytest.mark.parametrize("value", ["many", "-1", "101%", "1.5", "%", "", "nan%"])
def test_what_is_no_number_of_rows_is_refused(msisdn: Command, value: str) -> None:
    ended = msisdn("run", "list.csv", "-o", "out", "--simulate", "--max-rejected", value)

    assert ended.returncode == 2
    assert "--max-rejected" in ended.stderr
