"""What goes into the stage and what comes out of it, apart from the numbers."""

import subprocess
import sys

import polars as pl
import pytest

from pipeline.errors import UsageError
from pipeline.normalise import normalise

OURS = ["msisdn", "msisdn_input", "region", "plan_type", "rule", "reject_reason", "reject_detail"]


def test_our_columns_are_appended_as_text_and_the_frame_is_as_it_was() -> None:
    frame = pl.DataFrame({"row_id": [7, 8], "in:phone": ["+447911123456", "x"]})
    out = normalise(frame, "in:phone")
    assert out.columns == [*frame.columns, *OURS]
    assert out.select(frame.columns).equals(frame)
    assert set(out.select(OURS).dtypes) == {pl.String()}


def test_a_frame_without_rows_gets_the_same_columns() -> None:
    out = normalise(pl.DataFrame(schema={"phone": pl.String}), "phone", "GB")
    assert out.schema == dict.fromkeys(["phone", *OURS], pl.String)


def test_a_lazy_frame_stays_lazy_and_gives_the_same() -> None:
    frame = pl.DataFrame({"phone": ["07911123456", None, "+4930123456", "nope"] * 50_000})
    lazy = normalise(frame.lazy(), "phone", "GB")
    assert isinstance(lazy, pl.LazyFrame)
    eager = normalise(frame, "phone", "GB")
    assert lazy.collect_schema() == eager.schema
    assert lazy.collect().equals(eager)
    found = lazy.filter(pl.col("msisdn").is_not_null()).select("msisdn").collect()
    assert found.equals(eager.filter(pl.col("msisdn").is_not_null()).select("msisdn"))


def test_own_columns_called_like_ours_are_renamed() -> None:
    frame = pl.DataFrame({"msisdn": ["+447911123456"], "region": ["North"], "rule": [1]})
    out = normalise(frame, "msisdn")
    assert out.columns == ["msisdn_input_input", "region_input", "rule_input", *OURS]
    assert out.row(0)[:5] == ("+447911123456", "North", 1, "447911123456", "+447911123456")


def test_bad_rows_are_refused_with_their_line() -> None:
    frame = pl.DataFrame(
        {
            "in:phone": [None, "+447911123456"],
            "bad_row": ["3 fields, 2 were expected", None],
            "bad_line": ["a,b,c", None],
        }
    )
    bad, good = normalise(frame, "in:phone").to_dicts()
    assert bad["msisdn"] is None
    assert bad["msisdn_input"] == "a,b,c"
    assert bad["reject_reason"] == "bad_row"
    assert bad["reject_detail"] == "3 fields, 2 were expected"
    assert good["msisdn"] == "447911123456"


def test_bad_rows_are_refused_even_where_the_cell_can_be_read() -> None:
    frame = pl.DataFrame({"c": ["+447911123456"], "bad_row": ["ragged"]})
    row = normalise(frame, "c").row(0, named=True)
    assert (row["msisdn"], row["rule"], row["reject_reason"]) == (None, None, "bad_row")


@pytest.mark.parametrize(
    "word",
    [
        "GB",
        "gb",
        " Gb ",
        "GBR",
        "United Kingdom",
        "united kingdom",
        "UK",
        "44",
        "+44",
        "0044",
        "44.0",
    ],
)
def test_a_region_column_may_say_it_in_many_ways(word: str) -> None:
    frame = pl.DataFrame({"phone": ["07911 123456"], "country": [word]})
    assert normalise(frame, "phone", region_column="country")["msisdn"].item() == "447911123456"


@pytest.mark.parametrize(
    ("word", "cell", "region"),
    [
        ("Côte d'Ivoire", "0123456789", "CI"),
        ("The Netherlands", "0612345678", "NL"),
        ("South Korea", "010 2000 0000", "KR"),
        ("Kosovo", "043 201 234", "XK"),
        ("1", "416 234 5678", "CA"),
    ],
)
def test_regions_are_known_by_name_and_by_shared_calling_code(
    word: str, cell: str, region: str
) -> None:
    frame = pl.DataFrame({"phone": [cell], "country": [word]})
    assert normalise(frame, "phone", region_column="country")["region"].item() == region


def test_a_blank_region_falls_back_but_an_unknown_word_does_not() -> None:
    frame = pl.DataFrame(
        {"phone": ["07911123456"] * 3 + ["+447911123456"], "r": [None, " ", "Narnia", "Narnia"]}
    )
    out = normalise(frame, "phone", "GB", "r")
    assert out["msisdn"].to_list() == ["447911123456", "447911123456", None, "447911123456"]
    assert out["reject_reason"].to_list() == [None, None, "no_region", None]
    assert "region column" in out["reject_detail"][2]


def test_a_region_column_of_numbers_is_read_as_calling_codes() -> None:
    frame = pl.DataFrame({"phone": ["07911123456", "0171 3920001"], "cc": [44, 49]})
    out = normalise(frame, "phone", region_column="cc")
    assert out["msisdn"].to_list() == ["447911123456", "491713920001"]


@pytest.mark.parametrize("kind", [pl.Int64, pl.UInt64, pl.Float64])
def test_columns_of_numbers_are_read_as_their_text(kind: type[pl.DataType]) -> None:
    frame = pl.DataFrame({"phone": [447911123456, None]}, schema={"phone": kind})
    out = normalise(frame, "phone")
    assert out["msisdn"].to_list() == ["447911123456", None]


@pytest.mark.parametrize("kind", [pl.Float32, pl.Date, pl.Boolean, pl.List(pl.String)])
def test_columns_that_cannot_hold_numbers_are_an_error(kind: pl.DataType) -> None:
    with pytest.raises(UsageError, match="'phone'"):
        normalise(pl.DataFrame(schema={"phone": kind}), "phone")


@pytest.mark.parametrize("region", ["XX", "", "Narnia", "800"])
def test_an_unknown_region_is_an_error_that_names_it(region: str) -> None:
    with pytest.raises(UsageError, match=f"{region!r}.*two-letter"):
        normalise(pl.DataFrame({"phone": ["1"]}), "phone", region)


@pytest.mark.parametrize(("column", "region_column"), [("fone", None), ("phone", "fone")])
def test_a_missing_column_is_an_error_that_lists_those_there_are(
    column: str, region_column: str | None
) -> None:
    for frame in (pl.DataFrame({"phone": ["1"]}), pl.LazyFrame({"phone": ["1"]})):
        with pytest.raises(UsageError, match=r"'fone'.*phone"):
            normalise(frame, column, region_column=region_column)


def test_importing_the_stage_imports_neither_polars_nor_the_numbering_plans() -> None:
    code = "import sys, pipeline.normalise; print({'polars', 'phonenumbers', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
