"""Frames do not depend on how the stream is cut, and no bytes can crash the scanner."""

import json
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.protocol.framing import FAILED, Frames, is_object

text = st.text(st.sampled_from('ab"\\{}[]\n é'), max_size=6)
values = st.recursive(
    text | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
objects = st.builds(
    lambda value, indent: json.dumps(value, ensure_ascii=False, indent=indent).encode(),
    st.dictionaries(text, values, max_size=4),
    st.none() | st.integers(0, 70),
)
flat = st.dictionaries(st.sampled_from("abc"), st.text("xyz0", max_size=4)).map(
    lambda value: json.dumps(value).encode()
)
gaps = st.sampled_from([b"", b"\n", b"\r\n", b" \t ", b"\0"])
pieces = st.lists(st.tuples(objects | flat, gaps), max_size=12)
noise = st.lists(st.sampled_from([*b'{}[]"\\ \nfailed', 0xFF]), max_size=60).map(bytes)


def cut(stream: bytes, where: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(at % (len(stream) + 1) for at in where)})
    return [stream[a:b] for a, b in pairwise(edges)]


def read(parts: list[bytes], limit: int = 65536, depth: int = 32) -> tuple[list[bytes], str]:
    frames = Frames(limit, depth)
    found = [frame for part in parts for frame in frames.feed(part)]
    return found + frames.finish(), frames.broken


@given(pieces, st.lists(st.integers(0, 5000), max_size=20))
def test_objects_come_out_as_they_went_in_however_the_stream_is_cut(
    sent: list[tuple[bytes, bytes]], where: list[int]
) -> None:
    stream = b"".join(frame + gap for frame, gap in sent)

    assert read(cut(stream, where)) == ([frame for frame, _ in sent], "")


@given(noise, st.lists(st.integers(0, 100), max_size=10), st.sampled_from([8, 24, 65536]))
@example(b'failed{"a', [3], 65536)
@example(b"\\{[}{", [1], 8)
@example(b'"failed"{}', [4], 65536)
def test_any_bytes_give_the_same_frames_however_they_are_cut(
    stream: bytes, where: list[int], limit: int
) -> None:
    whole = read([stream], limit, 3)

    assert read(cut(stream, where), limit, 3) == whole
    assert read([bytes([byte]) for byte in stream], limit, 3) == whole


@given(st.binary(max_size=200), st.integers(16, 64))
def test_memory_and_frames_stay_within_the_limit(stream: bytes, limit: int) -> None:
    frames = Frames(limit)
    for byte in stream:
        found = frames.feed(bytes([byte]))
        assert all(len(frame) <= max(limit, 64) for frame in found)
        assert frames.held <= limit


@given(noise)
def test_a_frame_is_an_object_or_the_word_or_junk(stream: bytes) -> None:
    found, _ = read([stream])

    for frame in found:
        assert is_object(frame) or frame == FAILED or b"{" not in frame
        assert frame.strip()
