import pytest

from pipeline.lookup.losses import Losses, Verdict


def test_what_is_lost_by_chance_is_usual() -> None:
    losses = Losses()
    assert losses.judge(1.0, 0.0) is Verdict.NOTHING
    assert losses.judge(2.0, Losses.CHANCE) is Verdict.NOTHING


def test_a_cut_is_judged_when_all_that_was_sent_before_has_ended() -> None:
    losses = Losses()
    assert losses.judge(1.0, 0.1) is Verdict.CUT
    losses.cut(1.0, 0.1, wait=3.0)
    assert losses.judge(3.9, 0.1) is Verdict.WAIT
    assert losses.judge(4.0, 0.1) is Verdict.RESTORE


def test_what_a_cut_did_not_lessen_is_usual_from_then_on() -> None:
    losses = Losses()
    losses.cut(1.0, 0.07, wait=3.0)
    assert losses.judge(4.0, 0.07) is Verdict.RESTORE
    assert losses.judge(5.0, 0.12) is Verdict.NOTHING
    assert losses.judge(6.0, 0.16) is Verdict.CUT


def test_what_was_usual_is_forgotten_when_it_has_ended() -> None:
    losses = Losses()
    losses.cut(1.0, 0.1, wait=3.0)
    assert losses.judge(4.0, 0.1) is Verdict.RESTORE
    for look in range(40):
        assert losses.judge(5.0 + look, 0.0) is Verdict.NOTHING
    assert losses.judge(50.0, 0.07) is Verdict.CUT


@pytest.mark.parametrize("lessened", [0.05, 0.06])
def test_a_cut_that_lessens_losses_stands(lessened: float) -> None:
    losses = Losses()
    losses.cut(1.0, 0.18, wait=3.0)
    assert losses.judge(5.0, lessened) is not Verdict.RESTORE


def test_after_a_raise_losses_are_a_reason_for_another_cut() -> None:
    losses = Losses()
    losses.cut(1.0, 0.1, wait=3.0)
    assert losses.judge(5.0, 0.0) is Verdict.NOTHING
    losses.raised()
    assert losses.judge(6.0, 0.1) is Verdict.CUT


def test_no_network_loses_that_much_by_itself() -> None:
    losses = Losses()
    losses.cut(1.0, 0.5, wait=1.0)
    assert losses.judge(1.5, 0.5) is Verdict.CUT
    losses.cut(1.5, 0.5, wait=1.0)
    assert losses.judge(9.0, 0.5) is Verdict.CUT


def test_what_is_lost_is_held_against_the_answers_of_as_long_a_time() -> None:
    losses = Losses()
    for look in range(40):
        losses.look(look * 0.25, 475)
    for _ in range(25):
        losses.lost(1.0)
    assert losses.look(10.25, 1).share < Losses.CHANCE


def test_each_answer_bears_its_share_of_what_was_waited_for_in_vain() -> None:
    losses = Losses()
    for _ in range(10):
        losses.lost(2.0)
    assert losses.look(1.0, 90).burden == pytest.approx(20 / 90)


def test_lookups_that_are_late_are_not_lost() -> None:
    losses = Losses()
    losses.lost(2.0)
    losses.late(1)
    assert losses.look(1.0, 90).share == 0.0
    losses.lost(2.0)
    assert losses.look(2.0, 90).share > 0.0
    losses.late(1)
    assert losses.look(3.0, 90).share == 0.0
