"""What the input's columns may be called: every output has them under the same names, and says so."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import polars as pl
import pytest

from pipeline import flow
from pipeline.events import Event, Notice
from pipeline.flow import Surroundings
from pipeline.model import EVERY
from pipeline.settings import Settings

KINDS = ("cleaned", "duplicates", "rejected")


def clean(
    folder: Path, header: Sequence[str], column: str
) -> tuple[dict[str, list[str]], list[str]]:
    """A list with a sound row, a duplicate and a bad number: the columns of each output, what was said."""
    numbers = ("+12125550123", "+12125550123", "none")
    quoted = ",".join(f'"{name}"' for name in header)
    rows = [
        ",".join(
            number if name == column else f"{name.strip()[:9]}!".replace("\n", " ")
            for name in header
        )
        for number in numbers
    ]
    (folder / "list.csv").write_text("\n".join([quoted, *rows]) + "\n")
    said: list[str] = []

    def announce(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.text)

    settings = Settings(
        inputs=(str(folder / "list.csv"),), out=folder / "out", column=column, header="yes"
    )
    around = Surroundings(clock=lambda: 0.0, wall=lambda: 0.0, dice=Random(0), announce=announce)
    summary = flow.clean(settings, around)
    assert (summary.cleaned, summary.duplicates, summary.rejected) == (1, 1, 1)
    found = {}
    for kind in KINDS:
        names = pl.read_parquet(folder / "out" / kind / "part-00000.parquet").columns
        lowered = [name.lower() for name in names]
        assert len(set(lowered)) == len(names), "a reader that minds no case cannot tell them apart"
        found[kind] = names
    assert all(
        any(f"column {old} is called {new}" in text for text in said)
        for old, new in summary.renamed.items()
    )
    return found, list(summary.renamed.values())


CHAINS = [
    (["id", "ID", "phone"], "phone", ["ID_2"]),
    (["id", "ID", "Id", "iD", "phone"], "phone", ["ID_2", "Id_3", "iD_4"]),
    (["id", "ID_2", "ID", "phone"], "phone", ["ID_3"]),
    (["phone", "ROW_ID", "row_id"], "phone", ["ROW_ID_input", "row_id_input_input"]),
    (["phone", "row_id", "row_id_input"], "phone", ["row_id_input_input"]),
    (
        ["msisdn", "msisdn_input", "msisdn_input_input"],
        "msisdn",
        ["msisdn_input", "msisdn_input_input_input"],
    ),
    (
        ["MSISDN_input_input", "msisdn", "MSISDN", "MSISDN_input"],
        "MSISDN",
        ["msisdn_input_input_input", "msisdn_input", "MSISDN_input_input_input_input"],
    ),
    (["Msisdn_Input"], "Msisdn_Input", ["msisdn_input"]),
    (
        ["phone", "source_file", "First_Row_Id"],
        "phone",
        ["source_file_input", "First_Row_Id_input"],
    ),
    (
        ["phone", "Carrier", "status", "reject_reason"],
        "phone",
        ["Carrier_input", "status_input", "reject_reason_input"],
    ),
]


@pytest.mark.parametrize(("header", "column", "renamed"), CHAINS)
def test_names_that_meet_are_told_apart_in_every_output_alike(
    tmp_path: Path, header: list[str], column: str, renamed: list[str]
) -> None:
    found, told = clean(tmp_path, header, column)

    assert told == renamed
    ours = {each.name for each in EVERY}
    own = {kind: [name for name in names if name not in ours] for kind, names in found.items()}
    assert own["cleaned"] == own["duplicates"] == own["rejected"]
    assert {*renamed} - ours <= {*own["cleaned"]}


@pytest.mark.parametrize(
    "header",
    [
        ["phone", "Two\nlines", "x"],
        ["phone", "in:phone", "in:in:x"],
        ["phone", "^.*$", "*", "a.b", "{}", "%s"],
        ["phone", "n" * 20_000],
        ["phone", *(f"column {at}" for at in range(2_000))],
        ["phone", "Straße", "Strasse", "MÜLLER", "größe"],
    ],
)
def test_odd_names_stay_as_they_are(tmp_path: Path, header: list[str]) -> None:
    found, renamed = clean(tmp_path, header, "phone")

    assert renamed == []
    for names in found.values():
        assert [name for name in names if name in header] == header


def test_blank_names_are_counted(tmp_path: Path) -> None:
    found, _ = clean(tmp_path, ["phone", "", "  ", "column_2"], "phone")

    assert found["cleaned"][:4] == ["phone", "column_2", "column_3", "column_2_2"]
