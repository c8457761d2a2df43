"""The cells that lists really hold: which number each is, how it was read, or why it is none."""

import polars as pl
import pytest

from pipeline.model import REJECT_REASONS
from pipeline.normalise import normalise
from pipeline.normalise.evidence import BARE, Evidence
from tests.unit.normalise.dangerous import DANGEROUS, Dangerous

GOOD = (
    # cell, region, number, rule
    ("+447911123456", None, "447911123456", "international"),
    ("++447911123456", None, "447911123456", "international"),
    ("+ 44 7911 123456", None, "447911123456", "international"),
    ("(+44) 7911 123456", None, "447911123456", "international"),
    ("+44.7911123456", None, "447911123456", "international"),
    ("+44‑7911‑123456", None, "447911123456", "international"),
    ("☎ +44 7911 123456", None, "447911123456", "international"),
    ("\u202a+44\u00a07911\u200b123456\u202c", None, "447911123456", "international"),
    ("＋４４７９１１１２３４５６", None, "447911123456", "international"),
    ("+٤٤٧٩١١١٢٣٤٥٦", None, "447911123456", "international"),
    ("+390669812345", None, "390669812345", "international"),
    ("+39 (0)6 69812345", None, "390669812345", "international"),
    ("+80012345678", None, "80012345678", "international"),
    ("tel:+44-20-7946-0958", None, "442079460958", "international"),
    ("tel:20-7946-0958;phone-context=+44", None, "442079460958", "international"),
    ("00447911123456", None, "447911123456", "idd_prefix"),
    ("00447911123456", "GB", "447911123456", "idd_prefix"),
    ("00447911123456", "US", "447911123456", "idd_prefix"),
    ("011447911123456", "US", "447911123456", "idd_prefix"),
    ("0011447911123456", "AU", "447911123456", "idd_prefix"),
    ("810447911123456", "RU", "447911123456", "idd_prefix"),
    ("00112125550123", "KR", "12125550123", "idd_prefix"),
    ("07911 123456", "GB", "447911123456", "national"),
    ("०७९१११२३४५६", "GB", "447911123456", "national"),
    ("7911123456", "GB", "447911123456", "national"),
    ("07797712345", "GB", "447797712345", "national"),
    ("07911123456;", "GB", "447911123456", "national"),
    ("(212) 555-0123", "US", "12125550123", "national"),
    ("030/123456", "DE", "4930123456", "national"),
    ("0171/3920001", "DE", "491713920001", "national"),
    ("00777012", "JP", "8100777012", "national"),
    ("011 15 2345-6789", "AR", "5491123456789", "national"),
    ("3912345678", "IT", "393912345678", "national"),
    ("447911123456", None, "447911123456", "bare_international"),
    ("447911123456", "GB", "447911123456", "bare_international"),
    ("447797712345", "GB", "447797712345", "bare_international"),
    ("4915112345678", "DE", "4915112345678", "bare_international"),
    ("12125550123", "US", "12125550123", "bare_international"),
    ("447,911,123,456", None, "447911123456", "bare_international"),
    ('"447911123456"', None, "447911123456", "bare_international"),
    ("'07911123456", "GB", "447911123456", "repair:apostrophe"),
    ('="447911123456"', None, "447911123456", "repair:excel_formula"),
    ("=+447911123456", None, "447911123456", "repair:excel_formula"),
    ("+4366412345678.0", None, "4366412345678", "repair:float_tail"),
    ("+491711234567.0", None, "491711234567", "repair:float_tail"),
    ("+358401234567.000000", None, "358401234567", "repair:float_tail"),
    ("447911123456,0", None, "447911123456", "repair:float_tail"),
    ("447,911,123,456.00", None, "447911123456", "repair:float_tail"),
    ("4.47911123456E+11", None, "447911123456", "repair:scientific"),
    ("4,47911123456e11", None, "447911123456", "repair:scientific"),
    ("4.915112345678E12", "DE", "4915112345678", "repair:scientific"),
    ("+5215512345678", None, "525512345678", "repair:mx_521"),
    ("5215512345678", None, "525512345678", "repair:mx_521"),
    ("0445512345678", "MX", "525512345678", "repair:mx_521"),
    ("015512345678", "MX", "525512345678", "repair:mx_521"),
    ("+00447911123456", None, "447911123456", "repair:plus_zero"),
    ("+0447911123456", None, "447911123456", "repair:plus_zero"),
    ("0+447911123456", None, "447911123456", "repair:plus_zero"),
    ("+44 (0)20 7946 0958", None, "442079460958", "repair:trunk_zero"),
    ("+44020 7946 0958", None, "442079460958", "repair:trunk_zero"),
    ("44 (0)20 7946 0958", None, "442079460958", "repair:trunk_zero"),
    ("+34 (0)912 345 678", None, "34912345678", "repair:trunk_zero"),
)

BAD = (
    # cell, region, reason
    (None, "GB", "empty"),
    ("", "GB", "empty"),
    ("  ", "GB", "empty"),
    ("NULL", "GB", "empty"),
    ("n/a", "GB", "empty"),
    ("NaN", "GB", "empty"),
    ("-", "GB", "empty"),
    ("0", "GB", "empty"),
    ("0.0", "GB", "empty"),
    ("#N/A", "GB", "empty"),
    ("CALL 2125550123", "US", "not_a_number"),
    ("2125550123 home", "US", "not_a_number"),
    ("1-800-FLOWERS", "US", "not_a_number"),
    ("*123#", "GB", "not_a_number"),
    ("+44 7911 12****", "GB", "not_a_number"),
    ("44+7911123456", "GB", "not_a_number"),
    ("+44", None, "too_short"),
    ("+44791112", None, "too_short"),
    ("0791", "GB", "too_short"),
    ("12345", None, "too_short"),
    ("+4479111234567", None, "too_long"),
    ("079111234567", "GB", "too_long"),
    ("+1234567890123456", None, "too_long"),
    ("+999123456", None, "unknown_calling_code"),
    ("00999123456", "GB", "unknown_calling_code"),
    ("+06641234567", "AT", "unknown_calling_code"),
    ("07911123456", None, "no_region"),
    ("011447911123456", None, "no_region"),
    ("00000000000", "GB", "invalid"),
    ("00000000000", None, "invalid"),
    ("+449999999999", None, "invalid"),
    ("+396698123456", None, "invalid"),
    ("3906698123", "IT", "ambiguous"),
    ("447911123456", "DE", "ambiguous"),
    ("491511234567", "DE", "ambiguous"),
    ("49151123456", "DE", "ambiguous"),
    ("07911123456;07911123457", "GB", "multiple_numbers"),
    ("07911123456 / 07911123457", "GB", "multiple_numbers"),
    ("07911123456/07911123457", "GB", "multiple_numbers"),
    ("07911123456, 07911123457", "GB", "multiple_numbers"),
    ("07911123456|07911123457", "GB", "multiple_numbers"),
    ("07911123456\n07911123457", "GB", "multiple_numbers"),
    ("07911123456 or 07911123457", "GB", "multiple_numbers"),
    ("07911123456 07911123457", "GB", "multiple_numbers"),
    ("+447911123456+447911123457", "GB", "multiple_numbers"),
    ("030/1234567 / 030/1234568", "DE", "multiple_numbers"),
    ("030/1234567/8", "DE", "multiple_numbers"),
    ("020 7946 0958 ext 12", "GB", "extension"),
    ("020 7946 0958 extn. 12", "GB", "extension"),
    ("020 7946 0958 x12", "GB", "extension"),
    ("020 7946 0958 #12", "GB", "extension"),
    ("+1 212 555 0123,,12", None, "extension"),
    ("tel:+44-20-7946-0958;ext=3", None, "extension"),
    ("4.47911E+11", "GB", "spreadsheet_damage"),
    ("4,47911E+11", "GB", "spreadsheet_damage"),
    ("4.4791112345678e+17", None, "spreadsheet_damage"),
    ("4.47911123456E-3", None, "spreadsheet_damage"),
    ("447911123456.5", None, "spreadsheet_damage"),
    ("########", None, "spreadsheet_damage"),
    ("https://wa.me/(00)43895112610552", "AT", "not_a_number"),  # its slashes part no digits
)


@pytest.mark.parametrize(("cell", "region", "msisdn", "rule"), GOOD)
def test_a_cell_is_read_as_the_number_that_was_meant(
    cell: str, region: str | None, msisdn: str, rule: str
) -> None:
    row = normalise(pl.DataFrame({"cell": [cell]}), "cell", region).row(0, named=True)
    assert (row["msisdn"], row["rule"]) == (msisdn, rule)
    assert row["msisdn_input"] == cell


@pytest.mark.parametrize(("cell", "region", "reason"), BAD)
def test_a_cell_that_is_no_number_is_refused_for_the_right_reason(
    cell: str | None, region: str | None, reason: str
) -> None:
    frame = pl.DataFrame({"cell": [cell]}, schema={"cell": pl.String})
    row = normalise(frame, "cell", region).row(0, named=True)
    assert row["reject_reason"] == reason
    assert row["reject_detail"].endswith(".")
    assert row["msisdn"] is None


@pytest.mark.parametrize("row", DANGEROUS, ids=lambda row: ascii(row.cell))
def test_a_dangerous_cell_is_read_or_refused_as_its_table_says(row: Dangerous) -> None:
    out = normalise(pl.DataFrame({"cell": [row.cell]}), "cell", row.region).row(0, named=True)
    refused = row.read in REJECT_REASONS
    assert out["msisdn"] == row.msisdn
    assert out["reject_reason" if refused else "rule"] == row.read
    assert refused == (row.msisdn is None)


@pytest.mark.parametrize("bare", BARE)
def test_a_cell_is_read_the_same_in_columns_that_show_the_same(bare: str) -> None:
    cells, shown = [row.cell for row in DANGEROUS], Evidence(bare=bare)
    alone = [
        normalise(pl.DataFrame({"c": [cell]}), "c", "GB", evidence=shown).row(0) for cell in cells
    ]
    assert normalise(pl.DataFrame({"c": cells}), "c", "GB", evidence=shown).rows() == alone


def test_many_cells_together_are_read_as_each_alone() -> None:
    cells = [*(cell for cell, *_ in GOOD), *(cell for cell, *_ in BAD)]
    regions = [*(region for _, region, *_ in GOOD), *(region for _, region, *_ in BAD)]
    together = normalise(pl.DataFrame({"c": cells, "r": regions}), "c", region_column="r")
    assert together["msisdn"].to_list() == [*(row[2] for row in GOOD), *(None for _ in BAD)]
    assert together["rule"].to_list() == [*(row[3] for row in GOOD), *(None for _ in BAD)]
    assert together["reject_reason"].to_list() == [*(None for _ in GOOD), *(row[2] for row in BAD)]


def test_no_digit_of_a_cell_appears_in_what_is_said_about_it() -> None:
    cells = [cell for cell, _, reason in BAD if reason != "empty"]
    said = normalise(pl.DataFrame({"c": cells}), "c", "GB")["reject_detail"].drop_nulls()
    # Calling codes are named; nothing of five digits is, E.164's 15 aside.
    assert not said.str.contains("[0-9]{4,}").any()


@pytest.mark.parametrize(
    ("cell", "region", "plan_type"),
    [
        ("+447911123456", "GG", "mobile"),
        ("+447797712345", "JE", "mobile"),
        ("+77710009998", "KZ", "mobile"),
        ("+18092345678", "DO", "fixed_line_or_mobile"),
        ("+12125550123", "US", "fixed_line_or_mobile"),
        ("+442079460958", "GB", "fixed_line"),
        ("+80012345678", "001", "toll_free"),
    ],
)
def test_region_and_plan_type_are_the_numbering_plans(
    cell: str, region: str, plan_type: str
) -> None:
    row = normalise(pl.DataFrame({"c": [cell]}), "c").row(0, named=True)
    assert (row["region"], row["plan_type"]) == (region, plan_type)
