"""Numbers that stand in one of several columns, or are cut in two."""

from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from pipeline.errors import UsageError
from pipeline.normalise import normalise

MOBILE, MOBILE_TOO, LANDLINE = "07400 123456", "07400 123457", "020 7946 0018"


def read(frame: Mapping[str, Sequence[str | None]], *columns: str | Sequence[str]) -> pl.DataFrame:
    texts = pl.DataFrame(frame, schema=dict.fromkeys(frame, pl.String))
    return normalise(texts, list(columns), "GB")


def test_the_first_column_with_a_mobile_counts_before_any_other_number() -> None:
    out = read(
        {
            "work": [LANDLINE, MOBILE, LANDLINE, "", "x"],
            "home": [MOBILE, MOBILE_TOO, "n/a", LANDLINE, None],
        },
        "work",
        "home",
    )

    assert out.select("msisdn", "column").rows() == [
        ("447400123456", "home"),
        ("447400123456", "work"),
        ("442079460018", "work"),
        ("442079460018", "home"),
        (None, "work"),
    ]
    assert out["msisdn_input"].to_list() == [MOBILE, MOBILE, LANDLINE, LANDLINE, "x"]


def test_the_order_is_that_which_was_asked_for() -> None:
    cells = {"a": [MOBILE], "b": [MOBILE_TOO]}

    assert read(cells, "a", "b")["column"].to_list() == ["a"]
    assert read(cells, "b", "a")["column"].to_list() == ["b"]


def test_where_no_column_has_a_number_the_first_that_is_not_blank_says_why() -> None:
    out = read(
        {"a": ["", "", ""], "b": ["12", None, "call me"], "c": ["x", "", "1"]}, "a", "b", "c"
    )

    assert out.select("column", "reject_reason").rows() == [
        ("b", "too_short"),
        ("a", "empty"),
        ("b", "not_a_number"),
    ]


def test_a_number_in_two_columns_is_joined() -> None:
    out = read(
        {"code": ["020", "(0)20", "20"], "rest": ["79460018", "7946 0018", "7946-0018"]},
        ["code", "rest"],
    )

    assert out["msisdn"].to_list() == ["442079460018"] * 3
    assert out["msisdn_input"].to_list() == ["020 79460018", "(0)20 7946 0018", "20 7946-0018"]
    assert "column" not in out.columns


def test_half_a_number_is_none_unless_it_is_whole_by_itself() -> None:
    out = read(
        {"code": ["", None, " ", "020"], "rest": ["79460018", "+442079460018", MOBILE, None]},
        ["code", "rest"],
    )

    assert out["msisdn"].to_list() == [None, "442079460018", "447400123456", None]


def test_several_choices_may_be_joined_ones() -> None:
    out = read(
        {"mobile": ["", MOBILE], "code": ["020", "020"], "rest": ["79460018", "79460018"]},
        "mobile",
        ["code", "rest"],
    )

    assert out.select("msisdn", "column").rows() == [
        ("442079460018", "code+rest"),
        ("447400123456", "mobile"),
    ]


@pytest.mark.parametrize("name", ["^a.*$", "^.*$", "a b", "{x}", "*"])
def test_a_column_is_taken_by_its_name_and_by_no_pattern(name: str) -> None:
    out = read({name: ["020"], "ab": ["0161"], "rest": ["79460018"]}, [name, "rest"])

    assert out["msisdn"].to_list() == ["442079460018"]


def test_lazy_frames_give_the_same() -> None:
    frame = pl.DataFrame({"a": [LANDLINE, ""], "b": [MOBILE, MOBILE]})
    lazy = normalise(frame.lazy(), ["a", "b"], "GB")
    assert isinstance(lazy, pl.LazyFrame)
    eager = normalise(frame, ["a", "b"], "GB")

    assert lazy.collect_schema() == eager.schema
    assert lazy.collect().equals(eager)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="there is no column 'c'; the columns are: a, b"):
        read({"a": [""], "b": [""]}, "a", ["b", "c"])
