"""Which column holds the numbers."""

import shlex
from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.read import NumberColumn, choose_columns
from pipeline.read.columns import looks_like_number, repeated_names, unique_names

NOTHING = pl.DataFrame()


def choose_column(
    columns: Sequence[str],
    sample: pl.DataFrame,
    wanted: str | None,
    repeated: Sequence[str] = (),
) -> str:
    (chosen,) = choose_columns(columns, sample, () if wanted is None else (wanted,), repeated)
    return chosen.name


def sample(columns: Mapping[str, Sequence[str | None]]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def chosen(frame: pl.DataFrame, *wanted: str) -> list[str]:
    return [column.name for column in choose_columns(frame.columns, frame, wanted)]


def candidates(frame: pl.DataFrame) -> str:
    with pytest.raises(InputError) as caught:
        choose_columns(frame.columns, frame)
    return str(caught.value)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["id", "msisdn"], "msisdn"),
        (["name", "Phone Number"], "Phone Number"),
        (["name", "E-164"], "E-164"),
        (["Name", "Téléphone"], "Téléphone"),
        (["nombre", "NÚMERO DE TELÉFONO"], "NÚMERO DE TELÉFONO"),
        (["Name", "Handy-Nr."], "Handy-Nr."),
        (["имя", "Номер телефона"], "Номер телефона"),
        (["姓名", "手机号"], "手机号"),
        (["whatever"], "whatever"),
        (["phone", "mobile"], "mobile"),
        (["mobile", "msisdn", "phone"], "msisdn"),
        (["number", "phone"], "phone"),
    ],
)
def test_a_column_is_known_by_its_name_or_because_it_is_alone(
    columns: list[str], expected: str
) -> None:
    assert choose_column(columns, NOTHING, None) == expected


def test_two_columns_that_fit_alike_are_both_named() -> None:
    with pytest.raises(InputError, match=r"several .*: Phone, Telefon; choose one with --column"):
        choose_column(["id", "Phone", "Telefon"], NOTHING, None)


def test_a_column_is_not_guessed_by_content_but_proposed() -> None:
    sample = pl.DataFrame({"a": ["x", "y"], "b": ["+44 20 7946 0018", None]})

    with pytest.raises(InputError, match=r"numbers seem to be in: b; choose .* from: a, b"):
        choose_column(["a", "b"], sample, None)


def test_a_column_wanted_may_differ_in_case_only() -> None:
    assert choose_column(["A", "Foo"], NOTHING, "foo") == "Foo"
    assert choose_column(["foo", "Foo"], NOTHING, "Foo") == "Foo"
    with pytest.raises(InputError, match="which of foo, Foo"):
        choose_column(["foo", "Foo"], NOTHING, "FOO")
    with pytest.raises(InputError, match="no column 'bar'; choose with --column from: foo, Foo"):
        choose_column(["foo", "Foo"], NOTHING, "bar")


def test_numbers_that_became_names_are_masked_in_messages() -> None:
    with pytest.raises(InputError) as caught:
        choose_column(["442079460018", "x"], NOTHING, "phone")

    assert "442079460018" not in str(caught.value)
    assert "4420******18" in str(caught.value)


def test_names_are_made_unique_without_taking_one_that_is_given() -> None:
    assert unique_names(["a", "a", "", None, " a ", "a_2"]) == (
        "a",
        "a_3",
        "column_3",
        "column_4",
        "a_4",
        "a_2",
    )


@pytest.mark.parametrize("cell", ["020 7946 0018", "4.42079E+11", "tel:+442079460018", "٠٢٠٧٩٤٦"])
def test_what_people_type_for_a_number_looks_like_one(cell: str) -> None:
    assert looks_like_number(cell)


@pytest.mark.parametrize("cell", [None, "", "phone", "1234", "iso-8859-1 file", "column_12345"])
def test_words_do_not_look_like_a_number(cell: str | None) -> None:
    assert not looks_like_number(cell)


def test_of_two_columns_with_one_name_none_is_chosen_unless_it_is_wanted() -> None:
    cells = ["phone", "name", "phone", "phone"]
    columns, repeated = unique_names(cells), repeated_names(cells)
    assert (columns, repeated) == (("phone", "name", "phone_2", "phone_3"), ("phone",))

    with pytest.raises(InputError, match=r"several .*: phone, phone_2, phone_3; choose one"):
        choose_column(columns, NOTHING, None, repeated)
    assert choose_column(columns, NOTHING, "phone", repeated) == "phone"
    assert choose_column(columns, NOTHING, "phone_3", repeated) == "phone_3"


def test_a_second_number_called_so_does_not_stand_in_the_way() -> None:
    columns = ["phone", "phone_2"]
    assert choose_column(columns, NOTHING, None, repeated_names(columns)) == "phone"


def test_zero_bytes_are_no_part_of_a_name() -> None:
    assert unique_names(["\0pho\0ne", "\0", "phone"]) == ("phone", "column_2", "phone_2")


NUMBERS = ["+44 7700 900123", "07700 900124", "07700900125"]


@pytest.mark.parametrize("weak", ["number", "No", "Nr.", "番号", "번호", "SMS", "CEP", "Contact"])
def test_a_column_merely_called_a_number_does_not_win_over_a_telephone(weak: str) -> None:
    frame = sample({weak: ["40040270", "01310100", "40030123"], "연락처": NUMBERS})

    assert chosen(frame) == ["연락처"]


@pytest.mark.parametrize("weak", ["number", "No", "番号", "SMS", "destination"])
def test_a_column_merely_called_a_number_will_do_where_it_holds_numbers(weak: str) -> None:
    assert chosen(sample({weak: NUMBERS, "name": ["a", "b", "c"]})) == [weak]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("No", ["1", "2", "3"]),
        ("number", ["1000001", "1000002", "1000003"]),
        ("CEP", ["40040-270", "01310-100", "40030-123"]),
        ("Nr.", ["10115", "20095", "80331"]),
        ("number", ["2024-03-01", "2024-03-02", "2024-03-05"]),
        ("num", ["51.507221", "48.856613", "52.520008"]),
    ],
)
def test_what_is_called_a_number_and_is_another_kind_is_not_taken(
    name: str, cells: list[str]
) -> None:
    said = candidates(sample({name: cells, "name": ["a", "b", "c"]}))

    assert "no column is called like a number's; choose with --column" in said


@pytest.mark.parametrize("named", ["Phone", "Telefon", "Mobile", "Тел.", "电话"])
def test_a_telephone_that_holds_no_numbers_is_not_taken(named: str) -> None:
    frame = sample({named: ["iPhone", "Nokia", "Pixel"], "Number": NUMBERS})

    assert chosen(frame) == ["Number"]


def test_ids_post_codes_and_dates_are_never_proposed() -> None:
    frame = sample(
        {
            "customer_id": ["1000001", "1000002", "1000003"],
            "zip": ["10115", "20095", "80331"],
            "created": ["2024-03-01", "2024-03-02", "2024-03-05"],
            "a": ["12345601", "12345602", "12345603"],
            "b": NUMBERS,
        }
    )

    assert "; numbers seem to be in: b; choose" in candidates(frame)


def test_of_several_telephones_the_fuller_one_is_named_first() -> None:
    frame = sample(
        {
            "Home Phone": [None, None, "07700 900126"],
            "Business Phone": NUMBERS,
            "Fax": NUMBERS,
        }
    )

    said = candidates(frame)
    assert "may hold the numbers: Business Phone, Home Phone; choose one with --column" in said
    assert "--column 'Business Phone' --column 'Home Phone'" in said


def test_a_mobile_column_that_is_mostly_blank_beside_others_is_not_taken_in_silence() -> None:
    frame = sample(
        {
            "Business Phone": ["", "07700 900126", ""],
            "Home Phone": ["020 7946 0018", "", "07700 900127"],
            "Mobile Phone": ["07700 900123", "", ""],
        }
    )

    said = candidates(frame)
    assert "column Mobile Phone is blank in many rows whose number stands in" in said
    assert "--column 'Mobile Phone' --column" in said


def test_a_mobile_column_wins_over_other_telephones_where_it_is_mostly_filled() -> None:
    frame = sample({"phone": ["020 7946 0018", None, None], "mobile": NUMBERS})

    assert chosen(frame) == ["mobile"]


@pytest.mark.parametrize(
    ("code", "rest"),
    [
        ("Telefonvorwahl", "Telefon"),
        ("Tel. Vorwahl", "Tel."),
        ("phone_area_code", "phone"),
        ("Phone Prefix", "Phone"),
        ("電話市外局番", "電話番号"),
    ],
)
def test_a_number_cut_in_two_is_put_together(code: str, rest: str) -> None:
    frame = sample({code: ["0221", "0231", "0211"], rest: ["4710123", "5012345", "8991234"]})

    (found,) = choose_columns(frame.columns, frame)
    assert found == NumberColumn((code, rest))


@pytest.mark.parametrize("code", ["DDD", "Vorwahl", "area code", "STD", "indicatif"])
def test_where_it_is_not_sure_that_a_number_is_cut_both_readings_are_offered(code: str) -> None:
    frame = sample({code: ["71", "11", "71"], "Telefone": ["32345678", "31234567", "33456789"]})

    said = candidates(frame)
    assert f"--column {shlex.quote(code + '+Telefone')}, or the second alone" in said


def test_an_area_code_beside_whole_numbers_is_left_alone() -> None:
    frame = sample({"Telefonvorwahl": ["0221", "0231", "0211"], "Telefon": NUMBERS})

    assert chosen(frame) == ["Telefon"]


def test_columns_are_joined_where_it_is_asked_for() -> None:
    columns = ["area", "phone", "a+b", "c"]
    found = choose_columns(columns, NOTHING, ["area+phone", "a+b", "A+B+C", "AREA + Phone"])

    assert found == (
        NumberColumn(("area", "phone")),
        NumberColumn(("a+b",)),
        NumberColumn(("a+b", "c")),
    )
    with pytest.raises(InputError, match=r"no column 'area\+fax'"):
        choose_columns(columns, NOTHING, ["area+fax"])


def test_several_columns_are_taken_in_the_order_that_was_asked_for() -> None:
    frame = sample({"Home Phone": NUMBERS, "Mobile Phone": NUMBERS})

    assert chosen(frame, "mobile phone", "Home Phone", "Mobile Phone") == [
        "Mobile Phone",
        "Home Phone",
    ]


def test_the_only_telephone_is_taken_where_nothing_holds_numbers() -> None:
    frame = sample({"Phone": ["unknown", "x", None], "name": ["a", "b", "c"]})

    assert chosen(frame) == ["Phone"]
