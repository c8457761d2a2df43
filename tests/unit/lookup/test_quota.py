"""The authority over a limit, message by message."""

from decimal import Decimal

import pytest

from pipeline.lookup.quota import Allotted, Claim, Rations, most_requests


def test_slices_become_single_requests_towards_the_end() -> None:
    rations = Rations(100, 4)
    granted = []
    sent = 0
    while (said := rations.claim(0, Claim(sent, 0, 1))) and said[0][1].granted:
        granted.append(said[0][1].granted)
        sent += granted[-1]
    assert sum(granted) == 100
    assert granted[0] > 1
    assert granted[-10:] == [1] * 10


def test_what_one_holds_is_called_back_for_another() -> None:
    rations = Rations(1, 2)
    assert rations.claim(0, Claim(0, 0, 5)) == [(0, Allotted(1))]
    assert rations.claim(1, Claim(0, 0, 5)) == [(0, Allotted(recalled=True))]
    assert rations.claim(0, Claim(0, 1, 0)) == [(1, Allotted(1))]


def test_the_end_is_told_to_all_when_nobody_holds_anything() -> None:
    rations = Rations(1, 2)
    rations.claim(0, Claim(0, 0, 1))
    said = rations.claim(0, Claim(1, 0, 1))
    assert said == [(0, Allotted(exhausted=True)), (1, Allotted(exhausted=True))]


def test_a_slice_that_is_lost_with_its_process_counts_as_sent() -> None:
    rations = Rations(8, 2)
    rations.claim(0, Claim(0, 0, 1))
    rations.lost(0)
    sent = 0
    while not (said := rations.claim(1, Claim(sent, 0, 1)))[0][1].exhausted:
        sent += said[0][1].granted
    assert sent == 7


@pytest.mark.parametrize(
    ("budget", "price", "most"),
    [
        ("0.3", "0.1", 3),  # in binary fractions it would be 2
        ("0.7", "0.1", 7),
        ("1", "0.000001", 1_000_000),
        ("0.1234567891", "0.0000000001", 1_234_567_891),
        ("0.0059", "0.006", 0),
        ("1e12", "1e-12", 10**24),
    ],
)
def test_money_is_exact(budget: str, price: str, most: int) -> None:
    assert most_requests(None, Decimal(budget), Decimal(price)) == most


def test_the_lesser_limit_holds() -> None:
    assert most_requests(5, Decimal("0.3"), Decimal("0.1")) == 3
    assert most_requests(2, Decimal("0.3"), Decimal("0.1")) == 2
    assert most_requests(None, None, Decimal(1)) is None
