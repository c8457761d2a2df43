"""The short form of the state machine; `make soak` is the long one."""

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from pipeline.ledger.replay import State
from tests.faults.machine import RunMachine

EXAMPLES = 20
RULES = {
    *(
        "ask",
        "complete",
        "answer",
        "fail",
        "give_up",
        "flush",
        "commit",
        "finish",
        "kill",
        "power cut",
    ),
    *("torn tail", "resume", "changed settings", "changed input", "grown input"),
}


def test_whatever_happens_to_a_run_nothing_acknowledged_is_lost_or_bought_again() -> None:
    RunMachine.steps.clear()
    # What a seed draws depends on the constants in our sources too, so one may leave a rule out.
    for number in range(1, 5):
        run_state_machine_as_test(
            seed(number)(RunMachine),
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=40,
                deadline=None,  # it waits for the disk
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
        if RunMachine.steps.keys() == RULES:
            break
    assert RunMachine.steps.keys() == RULES


def test_what_may_have_been_billed_is_still_known_when_the_list_has_grown() -> None:
    """A history that the machine found."""
    run = RunMachine()
    try:
        run.begin(count=3)
        (tel, *_) = run.tels
        run._ask([tel])
        run.crash(power=False, seed=0)
        run.resume()
        run._ask([tel])
        run._come_back(tel, "fail")
        run.crash(power=False, seed=0)
        run.grow_list(count=2)
        assert run.states()[tel] is State.FAILED
    finally:
        run.teardown()
