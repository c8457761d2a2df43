"""A limit over several processes, for any schedule of their wants, messages and deaths."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lookup.quota import Allotted, Claim, Ration, Rations


class Crew:
    """Processes that hold rations, and lines to the authority on which messages take their time."""

    def __init__(self, most: int, works: list[int]) -> None:
        self.rations = Rations(most, len(works))
        self.works = list(works)
        self.sent = 0
        self.dead: set[int] = set()
        self.said: list[deque[Claim]] = [deque() for _ in works]
        self.told: list[deque[Allotted]] = [deque() for _ in works]
        self.held = [Ration(said.append) for said in self.said]

    def turn(self, process: int, room: int) -> None:
        """As a turn of the engine: ask for what could leave, send what may, report."""
        if process in self.dead:
            return
        ration, room = self.held[process], min(room, self.works[process])
        with ration.heard_by(self, lambda: None):
            while self.told[process]:
                ration.hear(self.told[process].popleft())
        if room > ration.left:
            ration.want(room - ration.left)
        count = min(room, ration.left)
        ration.spend(count)
        self.works[process] -= count
        self.sent += count
        ration.report(0)

    def call_soon_threadsafe(self, callback: object, /) -> None:
        assert callable(callback)
        callback()

    def deliver(self, process: int) -> None:
        if self.said[process]:
            self._tell(self.rations.claim(process, self.said[process].popleft()))

    def die(self, process: int) -> None:
        if process not in self.dead:
            self.dead.add(process)
            self.works[process] = 0
            self.said[process].clear()  # a killed process may not even have said what it sent
            self._tell(self.rations.lost(process))

    def _tell(self, said: list[tuple[int, Allotted]]) -> None:
        for process, message in said:
            self.told[process].append(message)

    def settle(self) -> None:
        """Until nobody has anything to do or to say."""
        while True:
            before = (self.sent, [len(said) for said in self.said])
            for process in range(len(self.works)):
                self.turn(process, 10**6)
            pending = [process for process, said in enumerate(self.said) if said]
            for process in pending:
                self.deliver(process)
            if not pending and not any(self.told) and before[0] == self.sent:
                return


STEPS = st.lists(
    st.tuples(st.sampled_from(("turn", "turn", "deliver", "deliver")), st.integers(0, 15), st.integers(1, 300)),
    max_size=200,
)  # fmt: skip
WORKS = st.lists(st.integers(0, 400), min_size=1, max_size=16)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2_000), WORKS, STEPS)
def test_exactly_the_limit_is_sent_or_all_there_is(
    most: int, works: list[int], steps: list[tuple[str, int, int]]
) -> None:
    crew = Crew(most, works)
    for act, chosen, room in steps:
        process = chosen % len(works)
        crew.turn(process, room) if act == "turn" else crew.deliver(process)
        assert crew.sent <= most
    crew.settle()
    assert crew.sent == min(most, sum(works))
    for process, left in enumerate(crew.works):
        if left:
            assert crew.held[process].is_exhausted


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2_000), WORKS, STEPS, st.lists(st.integers(0, 15), max_size=4))
def test_whoever_dies_nothing_leaves_over_the_limit_and_the_rest_comes_to_an_end(
    most: int, works: list[int], steps: list[tuple[str, int, int]], deaths: list[int]
) -> None:
    crew = Crew(most, works)
    for turn, (act, chosen, room) in enumerate(steps):
        process = chosen % len(works)
        crew.turn(process, room) if act == "turn" else crew.deliver(process)
        if turn % 40 == 39 and deaths:
            crew.die(deaths.pop() % len(works))
    crew.settle()
    assert crew.sent <= most
    for process, left in enumerate(crew.works):
        if left:
            assert crew.held[process].is_exhausted
