"""Each file in `tests/data` is named after what is wrong with it; here is what comes of it."""

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.read import find, read
from pipeline.settings import Settings

DATA = Path(__file__).parents[2] / "data"


def table(name: str, **chosen: str) -> pl.DataFrame:
    return pl.concat(list(read(find([str(DATA / name)]), Settings(**chosen))))  # type: ignore[arg-type]  # text options only


def lines(name: str, **chosen: str) -> list[tuple[object, ...]]:
    """`line_number`, `bad_row`, and the cells or the bad line."""
    return [
        (line, bad, text) if bad else (line, None, *own)
        for line, bad, text, *own in table(name, **chosen).drop("row_id", "source_file").rows()
    ]


def test_a_line_with_too_few_or_too_many_fields_is_a_bad_row_among_its_neighbours() -> None:
    assert lines("ragged-lines.csv") == [
        (2, None, "+442079460018", "Ann"),
        (3, "1 field where 2 are expected", "+442079460019"),
        (4, "3 fields where 2 are expected", "+442079460020,Bob,extra"),
        (5, None, "+442079460021", "Cy"),
    ]


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    assert lines("quote-never-closed.csv") == [
        (2, "text follows a closing quote", '+442079460018,"Ann'),
        (3, None, "+442079460019", "Bob"),
        (4, None, "+442079460020", "Cy"),
    ]


def test_text_after_a_closing_quote_is_a_bad_row() -> None:
    assert lines("text-after-closing-quote.csv") == [
        (2, "text follows a closing quote", '+442079460018,"Ann"s'),
        (3, None, "+442079460019", 'O"Neil'),
    ]


def test_a_name_that_cannot_be_decoded_does_not_cost_the_row() -> None:
    assert lines("one-line-not-utf-8.csv")[1:] == [
        (3, None, "+442079460019", "Renée"),
        (4, None, "+442079460020", "Jos\ufffd"),
        (5, None, "+442079460021", "Anaïs"),
    ]


def test_a_byte_that_cp1252_does_not_define_is_a_mark_beside_the_number() -> None:
    assert lines("undefined-in-cp1252.csv") == [
        (2, None, "+442079460018", "Renée"),
        (3, None, "+442079460019", "x\ufffdy"),
    ]


def test_blank_lines_are_no_rows_but_are_counted_as_lines() -> None:
    assert lines("blank-lines-between.csv") == [
        (4, None, "+442079460018", "Ann"),
        (7, None, "+442079460019", "Bob"),
    ]


def test_line_ends_may_be_mixed() -> None:
    assert lines("mixed-line-ends.csv") == [
        (2, None, "+442079460018", "Ann"),
        (3, None, "+442079460019", "B\rob"),
        (5, None, "+442079460020", "Cy"),
    ]


def test_names_are_made_unique() -> None:
    assert table("header-repeats-and-blanks.csv").columns[5:] == [
        "in:phone",
        "in:name",
        "in:column_3",
        "in:name_2",
        "in:column_5",
    ]


def test_without_header_columns_are_counted() -> None:
    assert lines("no-header.csv", column="column_2") == [
        (1, None, "Ann", "+442079460018"),
        (2, None, "Bob", "+442079460019"),
    ]
    with pytest.raises(InputError, match=r"no-header\.csv: .* seem to be in: column_2; choose"):
        table("no-header.csv")


def test_a_delimiter_at_the_end_of_each_line_makes_a_column_without_cells() -> None:
    assert lines("delimiter-at-line-ends.csv")[0] == (2, None, "+442079460018", "Ann", None)


def test_the_hint_that_excel_writes_is_no_row() -> None:
    assert lines("excel-hint-line.csv") == [(3, None, "+442079460018", "a,b")]


def test_an_apostrophe_before_a_number_is_part_of_the_cell() -> None:
    assert lines("apostrophe-before-number.csv") == [
        (2, None, "'02079460018"),
        (3, None, "'02079460019"),
    ]


def test_two_numbers_in_a_line_of_a_plain_list_stay_one_cell() -> None:
    assert lines("two-numbers-in-a-line.txt")[1:] == [
        (2, None, "+442079460019, +442079460020"),
        (3, None, "+442079460021; +442079460022"),
    ]


@pytest.mark.parametrize(
    ("name", "words", "chosen"),
    [
        ("workbook-called.csv", "not a sound workbook", {}),
        ("text-called.parquet", "is called parquet, but does not begin as such", {}),
        ("ragged-lines.csv", "this is csv, not parquet; leave out --format", {"format": "parquet"}),
        (
            "ragged-lines.csv",
            "no column 'x'; choose with --column from: phone, name",
            {"column": "x"},
        ),
        ("ragged-lines.csv", "base64, which is no encoding of text", {"encoding": "base64"}),
    ],
)
def test_an_error_names_the_file_and_what_to_do(
    name: str, words: str, chosen: dict[str, str]
) -> None:
    with pytest.raises(InputError) as caught:
        table(name, **chosen)

    assert name in str(caught.value)
    assert words in str(caught.value)


def test_every_odd_file_is_read_here() -> None:
    source = Path(__file__).read_text()

    files = [path.name for path in DATA.iterdir() if path.is_file()]
    assert [name for name in files if name not in source] == []
