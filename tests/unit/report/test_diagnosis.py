"""What the report says about a list as a whole."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.ledger.files import Files
from pipeline.ledger.planned import Counts, Plan
from pipeline.model import REJECT_REASONS, RULES
from pipeline.report import Summary, plan_table, report, stored_report, summary_table
from pipeline.report.diagnosis import FINDINGS, diagnosis


def shown(what: object) -> str:
    out = io.StringIO()
    Console(file=out, width=400).print(what)
    return out.getvalue()


def test_damage_by_a_spreadsheet_is_said_with_its_share_whether_mended_or_not() -> None:
    rules = {"national": 96_988, "repair:float_tail": 1_000, "repair:scientific": 500}
    reasons = {"spreadsheet_damage": 1_500, "no_region": 0}
    rules["repair:leading_zero"] = 12
    assert diagnosis(100_000, rules, reasons) == [
        "3 % of the cells (3,012) look like spreadsheet damage; export the column as text."
    ]


def test_a_column_of_decimal_numbers_is_said_once() -> None:
    assert diagnosis(1_000, {"repair:float_tail": 1_000}, {}) == [
        "All cells (1,000) end in .0: the column was read as decimal numbers on its way here;"
        " export it as text."
    ]


def test_the_most_cells_come_first() -> None:
    said = diagnosis(100, {}, {"multiple_numbers": 8, "no_region": 12, "ambiguous": 9})
    assert [line.partition(" of")[0] for line in said] == ["12 %", "9 %", "8 %"]
    assert "--region or --region-column" in said[0]


@pytest.mark.parametrize(
    ("cells", "rows", "begins"),
    [
        (10, 10, "All cells (10)"),
        (99_999, 100_000, "Over 99 % of the cells (99,999)"),
        (99, 100, "99 % of the cells (99)"),
        (1, 100, "1 % of the cells (1)"),
        (999, 100_000, "Under 1 % of the cells (999)"),
        (5, 10_000_000, "Under 1 % of the cells (5)"),
        (1, 1_000, "Under 1 % of the cells (1)"),
    ],
)
def test_a_share_is_never_rounded_to_what_is_not_so(cells: int, rows: int, begins: str) -> None:
    (line,) = diagnosis(rows, {}, {"ambiguous": cells})
    assert line.startswith(begins + " are ambiguous")


@pytest.mark.parametrize(("cells", "rows"), [(0, 10), (4, 4_001), (1, 1_001), (0, 0)])
def test_a_few_cells_among_many_say_nothing_about_a_list(cells: int, rows: int) -> None:
    assert diagnosis(rows, {}, {"ambiguous": cells, "multiple_numbers": cells}) == []


@pytest.mark.parametrize("reason", ["not_a_number", "invalid"])
def test_what_every_list_has_some_of_is_said_only_of_many_cells(reason: str) -> None:
    assert diagnosis(100, {}, {reason: 19}) == []
    assert len(diagnosis(100, {}, {reason: 20})) == 1


def test_a_sound_list_has_no_diagnosis() -> None:
    sound = ("international", "national", "idd_prefix", "bare_international", "repair:trunk_zero")
    assert diagnosis(500, dict.fromkeys(sound, 100), {}) == []


def test_findings_speak_only_of_rules_and_reasons_that_there_are() -> None:
    assert {rule for finding in FINDINGS for rule in finding.rules} <= {*RULES}
    assert {reason for finding in FINDINGS for reason in finding.reasons} == {*REJECT_REASONS}
    names = [finding.name for finding in FINDINGS]
    assert len(names) == len({*names})
    assert {finding.unless for finding in FINDINGS} <= {"", *names}


def test_the_diagnosis_is_in_the_summary_and_in_the_closing_table(tmp_path: Path) -> None:
    known = {
        "run_id": "r",
        "command": "clean",
        "complete": True,
        "rows": 100,
        "reasons": {"multiple_numbers": 8},
        "rules": {"national": 92},
    }
    summary, _ = report(tmp_path, known, [], Files())
    (line,) = summary.diagnosis
    assert line == (
        "8 % of the cells (8) hold more than one number; give each number a row of its own."
    )
    assert stored_report(tmp_path) == summary
    assert line in shown(summary_table(summary, tmp_path))


def test_a_plan_says_it_before_anything_is_paid() -> None:
    plan = Plan(
        counts=Counts(rows=10, rejected=4, reasons={"no_region": 4}, rules={"international": 6}),
        unique=6,
        known=0,
        to_ask=6,
        skipped=0,
        lookup="mnp",
        countries={"GB": 6},
        plan_types={"mobile": 6},
        cost_least=None,
        cost_most=None,
        rate=50,
        seconds=1,
        shards=[],
    )
    assert "40 % of the cells (4) are written nationally" in shown(plan_table(plan))


def test_a_summary_without_a_diagnosis_shows_none() -> None:
    summary = Summary(run_id="r", command="clean", complete=True, rows=2, cleaned=2)
    assert "cells" not in shown(summary_table(summary, Path("out")))
