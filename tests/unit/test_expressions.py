"""`.msisdn` on Polars' expressions: the verdicts of `pipeline.normalise`, eagerly and streamed."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import pipeline
import pipeline.expressions
from pipeline.errors import UsageError

FRAME = pl.DataFrame(
    {
        "phone": ["+44 20 7946 0018", "020 7946 0018", "0176 040690 12", "+1 212-555-0123", "x", None],
        "country": ["GB", "United Kingdom", "DE", "", None, "DE"],
    }
)  # fmt: skip
FIELDS = [
    "msisdn", "msisdn_input", "region", "plan_type", "rule", "reject_reason", "reject_detail",
]  # fmt: skip


def read(region: str | None = None, region_of: pl.Expr | str | None = None) -> pl.Expr:
    expression: pl.Expr = pl.col("phone").msisdn.normalise(region, region_of)  # type: ignore[attr-defined]
    return expression


def test_the_struct_holds_what_normalise_finds() -> None:
    expected = pipeline.normalise(FRAME, "phone", "GB", "country").select(FIELDS)
    found = FRAME.select(read("GB", "country")).unnest("phone")
    assert_frame_equal(found, expected)


def test_a_region_may_be_an_expression() -> None:
    by_name = FRAME.select(read(region_of="country"))
    by_expression = FRAME.select(read(region_of=pl.col("country").str.to_uppercase()))
    assert_frame_equal(by_name, by_expression)


def test_a_lazy_frame_streams_it() -> None:
    eager = FRAME.select(read("GB"))
    assert_frame_equal(FRAME.lazy().select(read("GB")).collect(engine="streaming"), eager)


def test_the_shorter_ones_keep_the_name() -> None:
    phone = pl.col("phone").msisdn  # type: ignore[attr-defined]
    assert FRAME.select(phone.e164("GB"))["phone"].to_list() == [
        "+442079460018", "+442079460018", None, "+12125550123", None, None,
    ]  # fmt: skip
    assert FRAME.select(phone.is_valid("GB"))["phone"].sum() == 3
    assert (
        FRAME.select(phone.is_mobile("GB"))["phone"].to_list() == [False] * 3 + [True] + [False] * 2
    )


def test_a_cell_is_read_alone() -> None:
    cells = pl.DataFrame({"phone": [f"7{number:08}" for number in range(12345600, 12345640)]})
    assert (
        pipeline.normalise(cells, "phone", "CI")["rule"].to_list() == ["repair:leading_zero"] * 40
    )
    assert cells.select(read("CI")).unnest("phone")["msisdn"].null_count() == 40


def test_an_unknown_region_is_told_before_the_query_runs() -> None:
    with pytest.raises(UsageError, match="Nowhere"):
        read("Nowhere")
