"""Work ahead: in order, bounded, and with no thread left behind."""

import threading
from collections.abc import Iterator

import pytest

from pipeline.ahead import InOrder, ahead, in_order


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_the_items_are_the_same_in_the_same_order() -> None:
    assert list(ahead(range(100))) == list(range(100))
    assert list(ahead([])) == []
    assert list(ahead([None, 0, ""])) == [None, 0, ""]


def test_items_are_made_before_they_are_asked_for_but_not_many() -> None:
    made: list[int] = []
    third = threading.Event()

    def source() -> Iterator[int]:
        for item in range(50):
            made.append(item)
            if item == 2:
                third.set()
            yield item

    items = ahead(source(), depth=2)
    assert next(items) == 0
    assert third.wait(10)
    assert len(made) == 3
    items.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(made) == 3


def test_what_makes_the_items_is_closed_when_the_consumer_stops() -> None:
    closed: list[bool] = []

    def source() -> Iterator[int]:
        try:
            yield from range(50)
        finally:
            closed.append(True)

    items = ahead(source())
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def source() -> Iterator[int]:
        yield from range(5)
        raise LookupError("gone")

    seen: list[int] = []
    with pytest.raises(LookupError, match="gone"):
        seen.extend(ahead(source()))
    items = ahead(source())
    assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(LookupError, match="gone"):
        next(items)


def test_results_are_in_order_whatever_is_done_first() -> None:
    second = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second.wait(10)
        if item == 1:
            second.set()
        return item * item

    assert list(in_order(work, range(20))) == [item * item for item in range(20)]


def test_no_more_than_twice_the_threads_is_taken_in() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(50):
            taken.append(item)
            yield item

    results = in_order(abs, items(), workers=2)
    for _ in range(10):
        next(results)
        assert len(taken) <= 10 + 2 * 2
    results.close()  # type: ignore[attr-defined]


def test_an_error_of_the_work_comes_in_its_place() -> None:
    results = in_order(lambda item: 1 // (3 - item), range(50))
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_error_of_whoever_asks_ends_the_work() -> None:
    def stopped() -> None:
        with InOrder[int](workers=1) as under_way:
            for item in range(3):
                under_way.begin(abs, item)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()


def test_what_is_under_way_can_be_seen() -> None:
    with InOrder[int](workers=2) as under_way:
        for item in range(3):
            under_way.begin(abs, item)
        assert repr(under_way) == "<InOrder: 3 of at most 4 under way>"
        assert list(under_way.surplus()) == []
        under_way.begin(abs, 3)
        assert list(under_way.surplus()) == [0]
        assert list(under_way.rest()) == [1, 2, 3]
