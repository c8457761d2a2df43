"""Frames: the cases that have a rule of their own. That cuts do not matter: see property/."""

import pytest

from pipeline.protocol.framing import FAILED, Frames, frame_of, is_object


@pytest.mark.parametrize("word", [b"failed", b"FAILED\n", b' "failed"', b"'failed'"])
def test_the_word_failed_is_given_at_its_last_letter(word: bytes) -> None:
    assert Frames().feed(word) == [FAILED]


def test_objects_and_junk_are_told_apart() -> None:
    frames = Frames().feed(b'{"a":1}<html>\n{"b":"}{"}{"c":{}}oops\n')

    assert frames == [b'{"a":1}', b"<html>", b'{"b":"}{"}', b'{"c":{}}', b"oops"]
    assert [is_object(frame) for frame in frames] == [True, False, True, True, False]


def test_what_is_left_at_the_end_of_the_stream_is_junk() -> None:
    frames = Frames()

    assert frames.feed(b'{"a":1}{"b":') == [b'{"a":1}']
    assert frames.held == 5
    assert frames.finish() == [b'{"b":']
    assert frames.held == 0


SOUND = b'{"tel":"447700900123","e":"00"}'


@pytest.mark.parametrize(
    "cut_off",
    [
        b'{"tel":"447700900001","cn":"Vodaf',
        b'{"tel":"447700900001","cn":"a } b',
        b'{"tel":"447700900001","cn"',
        b'{"tel":"447700900001","np":true',
        b'{"tel":"447700900001","np":true,',
        b'{"response":{"tel":"447700900001","mcc":234',
        b'{"response":{"tel":"447700900001"}',
        b'{"list":["a"',
        b'{"tel":"447700900001","cn":"' + b"x" * 500,
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" \n\n  ", b"\0\n"])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_an_answer_that_was_cut_off_takes_none_of_the_next_with_it(
    cut_off: bytes, end: bytes, step: int
) -> None:
    frames, stream = Frames(limit=256), cut_off + end + SOUND + b"\n" + SOUND

    found = [f for at in range(0, len(stream), step) for f in frames.feed(stream[at : at + step])]

    assert found == [cut_off if len(cut_off) < 256 else cut_off[:64], SOUND, SOUND]


def test_lines_within_an_object_are_no_beginnings() -> None:
    printed = b'{\n "a":\n {\n "b": [\n {"c": 1},\n {"d": 2}\n ]\n }\n}'

    assert Frames().feed(printed + SOUND) == [printed, SOUND]


@pytest.mark.parametrize("long", [b'{"a":"' + b"x" * 100 + b'"}', b"x" * 100 + b"\n"])
def test_a_frame_that_is_too_long_is_passed_over_and_the_stream_goes_on(long: bytes) -> None:
    frames = Frames(limit=64)

    assert frames.feed(b'{"a":1}' + long + b'{"b":2}') == [b'{"a":1}', long[:64], b'{"b":2}']
    assert not frames.broken


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b'{"a":"' + b"x" * 20_000, "more than 16384 bytes"),
        (b"x" * 20_000, "more than 16384 bytes"),
        (b'{"a":[[[[[[[[', "deeper than 4"),
    ],
)
def test_a_stream_beyond_the_limits_is_broken_and_what_came_before_is_given(
    stream: bytes, why: str
) -> None:
    frames = Frames(limit=64, depth=4)

    assert frames.feed(b'{"a":1}' + stream) == [b'{"a":1}']
    assert why in frames.broken
    assert frames.feed(b'{"a":1}') == []
    assert frames.held == 0
    assert why in repr(frames)


@pytest.mark.parametrize(
    ("datagram", "frame"),
    [(b'{"a":1}\n', b'{"a":1}'), (b"failed\0", FAILED), (b'"Failed"', FAILED), (b" x ", b"x")],
)
def test_a_datagram_is_one_frame(datagram: bytes, frame: bytes) -> None:
    assert frame_of(datagram) == frame


def test_no_content_shows_in_a_repr() -> None:
    frames = Frames()
    frames.feed(b'{"tel":"12125550100"')

    assert repr(frames) == "<Frames 20 bytes held>"
