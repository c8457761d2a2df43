"""What was asked, sent back, must never pass for an answer: it names the number, and nothing else."""

import pytest

from pipeline.protocol.codec import DirectRequests, NotAnAnswer, decode_head
from pipeline.protocol.messages import Credentials, Lookup


@pytest.mark.parametrize("lookup", list(Lookup))
def test_our_own_request_is_no_answer(lookup: Lookup) -> None:
    request = DirectRequests(Credentials("me", "secret"), lookup).encode("12125550101")
    with pytest.raises(NotAnAnswer):
        decode_head(request)


@pytest.mark.parametrize(
    "raw",
    [b'{"statuscode":200,"response":null}', b'{"statuscode":200}', b'{"e":""}', b'{"tel":null}'],
)
def test_an_object_that_says_nothing_is_no_answer(raw: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        decode_head(raw)


def test_a_wrapped_echo_is_no_answer() -> None:
    with pytest.raises(NotAnAnswer):
        decode_head(b'{"response":{"clientid":"me","tel":"12125550101","x":1}}')
