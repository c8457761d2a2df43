"""Repairing only the cells that a step can matter to, against every step for every cell."""

import re
from random import Random
from typing import NamedTuple

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.normalise import writing
from pipeline.normalise.repair import mended
from pipeline.normalise.steps import REFUSALS, REPAIRS, STEPS
from pipeline.normalise.verdict import FORMS
from tests.unit.normalise.dangerous import DANGEROUS

PIECES = (
    "0", "1", "4", "7", "44", "0044", "07911", "123456", "7911123456", "447911123456", "+447911123456", "2024", "01",
    "+", "++", " ", "  ", "-", "(", ")", "(0)", "( 0 )", "[", "]", ".", ",", "/", "\\", ".0", ",00", ".5", "E+11", "e9",
    "'", '"', "=", "`", "#", "*", ";", "|", "&", ":", "%2B", "%20", "&nbsp;", "&#43;", "&amp;", "<br>", "@c.us", "wa.me/",
    "tel:", "Tel. ", "T: ", "Mob:", "phone ", " (home)", " ext 12", "x12", ";ext=3", ";isub=1", ";phone-context=+44", " or ",
    "n/a", "null", "#REF!", "####", "home", "é", "O", "\n", "\r\n", "\t", "\x00", "\u00a0", "\u200b", "\u202a", "\u2011",
    "\uff0b", "\uff14", "\u0664", "☎", "\ufffd", "Â\u00a0", "â€ª", "½", "12:30",
)  # fmt: skip
CELLS = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.text("0123456789+-() ./,'\"=eE", max_size=24),
    st.sampled_from([row.cell for row in DANGEROUS]),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.builds(
        lambda row, piece, at: (
            row.cell[: at % (len(row.cell) + 1)] + piece + row.cell[at % (len(row.cell) + 1) :]
        ),
        st.sampled_from(DANGEROUS),
        st.sampled_from(PIECES),
        st.integers(0, 40),
    ),
)


class Plain(NamedTuple):
    digits: str | None
    spare: str | None
    head: str | None
    form: str | None
    rule: str | None
    refusal: str | None


def plainly(cell: str | None) -> Plain:
    """What `mended` gives for one cell: every step in turn, whatever signs the cell holds."""
    text, rule, form = cell or "", len(REPAIRS), "bare"
    for step in STEPS:
        frame = pl.DataFrame({"text": [text]})
        if step.suspects and not frame.select(pl.col("text").str.contains(step.suspects)).item():
            continue
        found = frame.select(step.does(pl.col("text"))).row(0, named=True)
        text = found.pop("text", text)
        said = [name for name, true in found.items() if true]
        for refusal in said:
            if refusal in REFUSALS:
                return Plain(None, None, None, None, None, refusal)
        rule = min([rule, *(REPAIRS.index(name) for name in said if name in REPAIRS)])
        form = next((name for name in said if name in FORMS), form)
    digits = re.sub("[^0-9]", "", text)
    if not digits:
        return Plain(None, None, None, None, None, "letters")
    if "+" in text and form == "bare":
        form = "plus"
    spared = re.search(writing.SPARE, text)
    spare = re.sub("[^0-9]", "", re.sub(writing.BRACKETED_ZERO, "", text, count=1))
    named = REPAIRS[rule] if rule < len(REPAIRS) else None
    return Plain(digits, spare if spared else None, head_of(text), form, named, None)


def head_of(text: str) -> str | None:
    found = re.search(writing.NEXT_FIELD, text)
    if found is None:
        found = re.search(writing.SECOND_VALUE.replace(".", "[^\n]"), text)
    head = found and next(group for group in found.groups() if group is not None)
    return None if head is None else re.sub("[^0-9]", "", head)


@settings(max_examples=30, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8))
def test_steps_for_some_cells_give_what_every_step_for_every_cell_gives(
    cells: list[str | None],
) -> None:
    found = mended(pl.Series("c", cells, pl.String))
    assert [Plain(*row) for row in found.iter_rows()] == [plainly(cell) for cell in cells]


@settings(max_examples=200, deadline=None)
@given(st.lists(CELLS, min_size=1))
def test_every_cell_has_digits_or_a_refusal(cells: list[str | None]) -> None:
    found = mended(pl.Series("c", cells, pl.String))
    assert found.height == len(cells)
    for row in found.iter_rows(named=True):
        if row["refusal"] is not None:
            assert all(row[name] is None for name in ("digits", "spare", "head", "form", "rule"))
        else:
            assert re.fullmatch("[0-9]+", row["digits"])
            assert row["form"] in FORMS
            assert row["spare"] is None or len(row["spare"]) < len(row["digits"])
            assert row["head"] is None or len(row["head"]) < len(row["digits"])
            # What is left of the digits behind a plus sign is never nothing.
            assert row["form"] in {"bare", "plus_behind"} or row["digits"].strip("0")


@settings(max_examples=100, deadline=None)
@given(st.lists(CELLS, min_size=2), st.randoms(use_true_random=False))
def test_a_cell_is_read_the_same_wherever_it_stands(cells: list[str | None], dice: Random) -> None:
    order = list(range(len(cells)))
    dice.shuffle(order)
    before = mended(pl.Series("c", cells, pl.String))
    after = mended(pl.Series("c", [cells[at] for at in order], pl.String))
    assert before[order].equals(after)


@settings(max_examples=100, deadline=None)
@given(st.text("0123456789", min_size=4, max_size=15), st.sampled_from(["", "+"]))
def test_digits_alone_are_only_read(digits: str, plus: str) -> None:
    row = mended(pl.Series("c", [plus + digits])).row(0, named=True)
    if plus and digits.startswith("0"):
        assert row["digits"] in {digits, digits.lstrip("0"), None}
    else:
        assert (row["digits"], row["rule"], row["spare"]) == (digits, None, None)
