import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.simulator.meter import Meter, worst_window


def test_meter_counts_what_was_billed_for_each_number() -> None:
    meter = Meter()
    for tel in ("447400000001", "447400000002", "447400000001"):
        meter.bill(tel, "mnp")

    assert meter.billed("447400000001") == 2
    assert meter.billed("447400000003") == 0
    assert meter.summary()["billed"] == 3
    assert meter.summary()["billed_numbers"] == 2
    assert meter.summary()["billed_more_than_once"] == 1
    assert "numbers" not in meter.summary()
    assert meter.summary("1")["numbers"] == {"447400000001": 2}
    assert meter.summary("all")["numbers"] == {"447400000001": 2, "447400000002": 1}


def test_token_requests_are_counted_apart_and_are_no_lookups() -> None:
    meter = Meter()
    meter.requests("token", 0.0)
    meter.requests("rest", 0.5)
    meter.requests("tcp", 0.6, 3)

    summary = meter.summary()

    assert summary["requests"] == {"rest": 1, "tcp": 3, "udp": 0, "token": 1}
    assert summary["worst_second"] == 4


def test_requests_that_waited_count_from_when_they_came() -> None:
    meter = Meter()
    meter.requests("tcp", 1.0)
    meter.requests_between("udp", 0.0, 0.5, 5)
    meter.requests("tcp", 1.35)

    summary = meter.summary()

    assert summary["requests"]["udp"] == 5
    assert summary["worst_second"] == 6  # from 0.1 on
    assert summary["seconds"] == pytest.approx(1.25)


def test_reset_meter_is_as_new() -> None:
    meter = Meter()
    meter.bill("447400000001", "hlr")
    meter.requests("udp", 1.0)
    meter.answered("01")

    meter.reset()

    assert meter.summary("all") == Meter().summary("all")


def test_requests_a_second_apart_are_not_in_one_second() -> None:
    assert worst_window(np.array([0.0, 0.5, 1.0, 1.5])) == 2


@given(st.lists(st.floats(0, 20), max_size=40).map(sorted))
def test_worst_second_is_the_fullest_of_all(times: list[float]) -> None:
    counted = [sum(start <= each < start + 1.0 for each in times) for start in times]

    assert worst_window(np.array(times)) == max(counted, default=0)
