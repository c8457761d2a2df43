"""What a budget needs, and what settings of money are refused."""

from decimal import Decimal

import pytest

from pipeline.errors import UsageError
from pipeline.prices import affordable, price_of
from pipeline.settings import Settings, from_text


def settings(**given: str) -> Settings:
    return from_text(("list.csv",), {name: (text, f"--{name}") for name, text in given.items()})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "mnp=…,hlr=…"),
        ({"price": "mnp=0.002"}, "hlr=…"),
        ({"price": "hlr=0.002"}, "mnp=…"),
        ({"lookup": "profile", "price": "mnp=0.002"}, "hlr=…"),
        ({"lookup": "hlr", "price": "mnp=0.002"}, "hlr=…"),
        ({"lookup": "mnp", "price": "hlr=0.002"}, "mnp=…"),
    ],
)
def test_a_budget_needs_the_price_of_all_that_may_be_asked(
    given: dict[str, str], missing: str
) -> None:
    with pytest.raises(UsageError, match="--price") as refused:
        settings(budget="5", **given)
    assert f"add {missing} to" in str(refused.value)


@pytest.mark.parametrize(
    ("lookup", "price", "reaches"),
    [
        ("mnp", "mnp=0.1", 3),
        ("hlr", "hlr=0.1,mnp=5", 3),
        ("profile", "mnp=0.01,hlr=0.1", 3),  # the dearest counts
        ("profile", "mnp=0.1,hlr=0.01", 3),
        ("mnp", "mnp=0.000003", 100_000),
        ("mnp", "mnp=0.30000000000000001", 0),
    ],
)
def test_a_budget_pays_for_the_dearest_that_may_come(lookup: str, price: str, reaches: int) -> None:
    given = settings(lookup=lookup, price=price, budget="0.3")
    assert affordable(given.lookup, given.price, given.budget) == reaches


@pytest.mark.parametrize("amount", ["0", "-1", "nan", "inf", "-inf", "1e400", "1e-300", "much", ""])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(UsageError, match="budget"):
        settings(budget=amount, price="mnp=1,hlr=1")
    with pytest.raises(UsageError, match="price"):
        settings(price=f"mnp={amount}")


@pytest.mark.parametrize("price", ["sms=1", "mnp", "mnp=1;hlr=2", "mnp=1,mnp=2", "profile=1", ","])
def test_what_is_no_table_of_prices_is_refused(price: str) -> None:
    with pytest.raises(UsageError, match="price"):
        settings(price=price)


def test_a_price_is_as_it_is_written() -> None:
    given = settings(price=" MNP = 0.1000000000000000055 , hlr=0.30")
    assert given.price == {"mnp": Decimal("0.1000000000000000055"), "hlr": Decimal("0.30")}


def test_no_cost_is_told_where_a_price_is_missing() -> None:
    assert price_of("profile", {"mnp": Decimal(1)}) == (None, None)
    assert price_of("profile", {"mnp": Decimal(1), "hlr": Decimal(2)}) == (
        Decimal(1),
        Decimal(2),
    )
    assert price_of("hlr", {"mnp": Decimal(1)}) == (None, None)


def test_a_state_directory_without_a_name_is_refused() -> None:
    with pytest.raises(UsageError, match="a directory is needed"):
        settings(state_dir="")
