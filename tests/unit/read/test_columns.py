"""Which column holds the numbers."""

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.read import choose_column
from pipeline.read.columns import looks_like_number, rank, repeated_names, unique_names

NOTHING = pl.DataFrame()


@pytest.mark.parametrize(
    ("columns", "chosen"),
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
    columns: list[str], chosen: str
) -> None:
    assert choose_column(columns, NOTHING, None) == chosen


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


def test_no_name_has_two_ranks() -> None:
    assert rank("msisdn") == 0
    assert rank("phone") == 2
    assert rank("no") == 3
    assert rank("name") is None


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
