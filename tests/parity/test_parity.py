"""The short form of `python -m tests.parity`, and the list of differences itself."""

import os
import subprocess
import sys
from pathlib import Path

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat

from pipeline.model import PLAN_TYPES, REJECT_REASONS, RULES
from tests.parity.__main__ import main
from tests.parity.case import Case, Difference
from tests.parity.cells import Cell, chunk
from tests.parity.compare import Outcome, judged, ours
from tests.parity.differences import DIFFERENCES, differences_table, explained
from tests.parity.oracle import plain
from tests.parity.plans import NON_GEOGRAPHIC, REGIONS
from tests.parity.published import published
from tests.parity.reference import expected, held

ROOT = Path(__file__).parents[2]
SEED = 1
SIZE = 24_000
FORMATS = (
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
)


ALONE = 17
"""Regions that are asked alone as well: Italy is among them, whose numbers begin with zero."""


@pytest.fixture(scope="module")
def generated() -> Outcome:
    return judged(chunk(SEED, 0, SIZE), alone=ALONE)


@pytest.fixture(scope="module")
def examples() -> list[Cell]:
    """libphonenumber's example numbers of all regions and types, in all its formats."""
    numbers = [
        phonenumbers.example_number_for_type(region, kind)
        for region in REGIONS
        for kind in range(len(PLAN_TYPES))
    ]
    numbers += [phonenumbers.example_number_for_non_geo_entity(code) for code in NON_GEOGRAPHIC]
    numbers += [phonenumbers.invalid_example_number(region) for region in REGIONS]
    found = [
        Cell(phonenumbers.format_number(number, form), region)
        for number in numbers
        if number is not None
        for form in FORMATS
        for region in (phonenumbers.region_code_for_number(number), None)
        if region in {None, *REGIONS}
    ]
    return list(dict.fromkeys(found))


def test_generated_cells_are_what_libphonenumber_says_but_for_the_listed_differences(
    generated: Outcome,
) -> None:
    assert not generated.disagreements
    assert generated.cells == SIZE


def test_generated_cells_meet_every_type_rule_and_nearly_every_reason(generated: Outcome) -> None:
    assert {kind for _, kind, _ in generated.met} == {*PLAN_TYPES}
    assert {*generated.rules} == {*RULES}
    assert {*generated.reasons} == {*REJECT_REASONS} - {"bad_row"}


def test_example_numbers_of_all_regions_are_what_libphonenumber_says(examples: list[Cell]) -> None:
    outcome = judged(examples)
    assert not outcome.disagreements
    named = {plain(*cell).region for cell in examples} - {None}
    assert {region for region, _, _ in outcome.met} == named
    # Whose examples libphonenumber gives to regions with the same plan: Morocco and Guadeloupe.
    assert {*REGIONS} - named <= {"EH", "MF"}


def test_numbers_of_the_tests_of_libphonenumber_are_what_it_says() -> None:
    outcome = judged(published())
    assert not outcome.disagreements
    assert outcome.cells > 3000


def test_the_same_seed_gives_the_same_cells_in_every_process_and_another_one_others() -> None:
    command = [sys.executable, "-c", "from tests.parity.cells import *; print(chunk(5, 3, 3000))"]
    printed = {
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": order, "PYTHONIOENCODING": "utf-8"},
            cwd=ROOT,
            capture_output=True,
            check=True,
            encoding="utf-8",
        ).stdout
        for order in ("1", "2")
    }
    assert printed == {f"{chunk(5, 3, 3000)}\n"}
    assert chunk(5, 3, 3000) != chunk(6, 3, 3000)


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.name)
def test_the_example_of_a_difference_shows_it(row: Difference) -> None:
    (found,) = held([row.example.text])
    reading = expected(row.example, found, row.column)
    word = plain(*row.example)
    assert explained(Case(row.example, found, reading, word, row.column)) == (row.name,)
    assert ours([row.example], row.column) == [reading]
    assert row.shown in {reading.rule, reading.reject_reason}
    assert reading[:3] != word[:3] or reading.reject_reason != word.reason


def test_no_difference_explains_a_cell_that_is_misread() -> None:
    """A wrong reading, put in the place of the right one, is no listed difference."""
    cells = [Cell("+4915112345678", None), Cell("07400 123456", "GB"), Cell("4915112345678", "DE")]
    for cell, found in zip(cells, held([cell.text for cell in cells]), strict=True):
        reading = expected(cell, found)
        assert reading.msisdn is not None
        wrong = reading._replace(msisdn=reading.msisdn[:-1] + "0")
        assert explained(Case(cell, found, wrong, plain(*cell))) is None


def test_the_table_of_differences_has_a_line_for_each() -> None:
    lines = differences_table().splitlines()
    assert len(lines) == len(DIFFERENCES) + 2
    assert len({row.name for row in DIFFERENCES}) == len(DIFFERENCES)
    assert all(line.count(" | ") == 4 for line in lines)


def test_the_command_prints_what_was_met_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cells", "600", "--seed", "2", "--processes", "1"]) == 0
    printed = capsys.readouterr().out
    assert "600 cells" in printed
    assert "disagreements: 0" in printed
    for name in (*RULES, *REJECT_REASONS, *(row.name for row in DIFFERENCES)):
        assert f"  {name} " in printed
