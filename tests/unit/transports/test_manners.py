"""What the transport learns of a server, and what follows from it."""

from pipeline.transports.tcp.manners import DEEPEST, Manners, Mode


def kept() -> Manners:
    manners = Manners()
    manners.stayed_open()
    return manners


def deepened(depth: int) -> Manners:
    manners = kept()
    while manners.depth < depth:
        manners.answered(manners.depth, 0.001)
        manners.proven(manners.depth)
    return manners


def one_shot(connections: int = 4) -> Manners:
    manners = Manners()
    manners.closed(answered=1, still_open=0, asked_alone=True)
    while manners.connections < connections:
        manners.answered(1, 0.01)
    return manners


def test_nothing_is_known_at_first_and_one_connection_finds_out() -> None:
    manners = Manners()

    assert (manners.mode, manners.depth, manners.connections) == (Mode.PROBING, 1, 1)


def test_a_close_after_the_only_answer_means_one_question_a_connection() -> None:
    manners = Manners()
    manners.closed(answered=1, still_open=0, asked_alone=True)

    assert manners.mode is Mode.ONE_SHOT
    assert manners.connections == 4


def test_a_depth_is_doubled_when_it_is_proven_up_to_the_deepest() -> None:
    assert deepened(2).connections == 1
    manners = deepened(DEEPEST)
    manners.proven(DEEPEST)

    assert manners.depth == DEEPEST
    assert manners.connections == 4


def test_a_depth_that_fails_is_halved_held_and_tried_again_later_and_later() -> None:
    manners = deepened(8)
    for answers in (64, 128):
        manners.unanswered()
        assert manners.depth == 4
        assert manners.connections == 128
        manners.answered(answers - 1, 0.001)
        manners.proven(4)
        assert manners.depth == 4
        manners.answered(1, 0.001)
        manners.proven(4)
        assert manners.depth == 8


def test_a_missing_answer_says_nothing_about_a_depth_that_is_proven() -> None:
    manners = deepened(DEEPEST)
    manners.proven(DEEPEST)
    manners.unanswered()

    assert manners.depth == DEEPEST


def test_a_server_that_works_one_after_another_gets_more_connections_instead() -> None:
    """Answers that take twice as long at twice the depth gain nothing."""
    manners = kept()
    while not manners._held:
        manners.answered(manners.depth, 0.01 * manners.depth)
        manners.proven(manners.depth)

    assert manners.depth == 2
    assert manners.connections == 128


def test_a_slow_service_gets_many_connections_while_the_depth_is_found_out() -> None:
    manners = Manners()
    manners.answered(1, 3.0)
    manners.stayed_open()
    assert manners.depth * manners.connections >= 100
    for _ in range(5):
        manners.proven(manners.depth)
        manners.answered(1, 3.0)
    assert manners.depth * manners.connections >= 3_000


def test_a_close_with_open_questions_is_found_out_again() -> None:
    manners = deepened(64)
    manners.closed(answered=10, still_open=5, asked_alone=False)

    assert (manners.mode, manners.depth) == (Mode.PROBING, 1)
    manners.stayed_open()
    manners.proven(1)
    assert manners.depth == 1


def test_a_close_of_an_idle_connection_says_nothing() -> None:
    manners = deepened(64)
    manners.closed(answered=500, still_open=0, asked_alone=False)

    assert (manners.mode, manners.depth) == (Mode.KEPT, 64)


def test_a_break_halves_the_depth_only_if_several_were_open() -> None:
    manners = deepened(64)
    manners.broken(5, 1)
    assert manners.depth == 64
    manners.broken(6, 60)
    assert manners.depth == 32


def test_the_grace_follows_the_latency_within_bounds() -> None:
    manners = Manners()
    assert manners.grace == 0.05
    manners.answered(1, 0.1)
    assert manners.grace == 0.2
    manners.answered(1, 9.0)
    assert manners.grace == 0.5


def test_three_connections_that_end_after_as_many_answers_show_a_rule() -> None:
    manners = deepened(64)
    manners.broken(100, 20)
    manners.broken(100, 20)
    manners.closed(answered=100, still_open=20, asked_alone=False)

    assert manners.lifetime == 100
    assert manners.mode is Mode.KEPT


def test_a_rule_is_found_out_again_now_and_then() -> None:
    manners = deepened(64)
    for _ in range(3):
        manners.broken(100, 20)
    for _ in range(1000):
        manners.spent()

    assert manners.lifetime is None


def test_connections_that_end_anyhow_show_no_rule() -> None:
    manners = deepened(64)
    for answered in (100, 50, 100, 50, 1, 1, 1, 1):
        manners.broken(answered, 20)

    assert manners.lifetime is None


def test_connections_are_doubled_after_as_many_answers_in_a_row() -> None:
    manners = one_shot()
    seen = []
    for _ in range(252):
        manners.answered(1, 0.01)
        seen.append(manners.connections)

    assert [seen.index(n) + 1 for n in (8, 16, 32, 64, 128)] == [4, 12, 28, 60, 124]
    assert max(seen) == 128


def test_connections_turned_away_leave_as_many_as_the_server_had_room_for() -> None:
    manners = one_shot()
    for others in (3, 2, 1):
        manners.unserved(others, turned_away=True)

    assert manners.connections == 1
    assert not manners.pause


def test_one_more_is_tried_after_a_while_and_later_each_time_that_it_fails() -> None:
    manners = one_shot()
    for others in (3, 2, 1):
        manners.unserved(others, turned_away=True)
    for answers in (64, 128, 256, 512):
        for _ in range(answers - 1):
            manners.answered(1, 0.01)
        assert manners.connections == 1
        manners.answered(1, 0.01)
        assert manners.connections == 2
        for _ in range(2):
            manners.unserved(1, turned_away=True)
        assert manners.connections == 1


def test_a_lone_mishap_narrows_nothing_and_several_do() -> None:
    manners = one_shot(64)
    for others in (20, 19, 18):
        for _ in range(30):
            manners.answered(1, 0.01)
        manners.unserved(others, turned_away=False)
    assert manners.connections >= 64
    for others in (17, 16, 15, 14):
        manners.unserved(others, turned_away=False)
    assert manners.connections == 14


def test_a_server_that_lets_connections_queue_gets_no_more_of_them() -> None:
    manners = one_shot()
    for _ in range(4):
        manners.answered(1, 0.03)
    for _ in range(8):
        manners.answered(1, 0.12)
    assert manners.connections == 8
    for _ in range(8):
        manners.answered(1, 0.12)
    assert manners.connections == 4


def test_a_moment_in_which_all_answers_are_late_ends_nothing() -> None:
    manners = one_shot(8)
    for _ in range(8):
        manners.answered(1, 0.12)
    for _ in range(8):
        manners.answered(1, 0.01)

    assert manners.connections == 16


def test_a_server_that_turns_the_only_connection_away_is_left_alone_longer_and_longer() -> None:
    manners = one_shot()
    for others in (3, 2, 1):
        manners.unserved(others, turned_away=True)
    pauses = []
    for _ in range(7):
        manners.unserved(0, turned_away=True)
        pauses.append(manners.pause)

    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    manners.answered(1, 0.01)
    assert manners.pause < 0.05


def test_a_server_that_keeps_connections_is_dialled_without_a_pause() -> None:
    manners = deepened(DEEPEST)
    manners.unserved(0, turned_away=True)

    assert (manners.connections, manners.pause) == (4, 0.0)


def test_a_server_that_keeps_few_connections_is_not_dialled_again_and_again() -> None:
    manners = Manners()
    manners.stayed_open()
    while manners.depth < DEEPEST:
        manners.proven(manners.depth)
    before = manners.connections
    manners.unserved(1, turned_away=True)
    assert manners.connections == before > 1  # once may be chance
    manners.unserved(1, turned_away=True)
    assert manners.connections == 1
    manners.answered(1000, 0.001)
    assert manners.connections == 2  # one more is tried
    manners.unserved(1, turned_away=True)
    manners.answered(100, 0.001)
    assert manners.connections == 1  # and later each time that it fails
    manners.answered(1000, 0.001)
    manners.served()
    manners.answered(1000, 0.001)
    assert manners.connections == 3  # and again soon where it did not
