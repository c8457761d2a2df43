"""Requests and answers as they are on the wire: the only place that knows the wire's field names.

Sources: the provider's document, sections "Direct connection" (the request, the answer of 21
fields) and "Response" (the answer wrapped in `statuscode` and `response`). Rules:

- An answer is read twice. `decode_head` looks at once, at what decides whose it is and what
  follows from it; `decode_columns` reads all of it later, in bulk, for the table.
- Whatever `decode_head` accepts, `decode_columns` can read: an answer that was paid for is not
  lost over an odd byte in a carrier's name.
- A field may be missing, blank, `na`, null, or a number where text was promised.
"""

from pipeline.protocol.codec.columns import BLANKS, READ, decode_columns
from pipeline.protocol.codec.heads import Head, NotAnAnswer, decode_head
from pipeline.protocol.codec.making import encode_answer, encode_message, encode_wrapped
from pipeline.protocol.codec.requests import (
    DirectRequests,
    NotARequest,
    Request,
    decode_query,
    decode_request,
    rest_query,
)

__all__ = (
    "BLANKS",
    "READ",
    "DirectRequests",
    "Head",
    "NotARequest",
    "NotAnAnswer",
    "Request",
    "decode_columns",
    "decode_head",
    "decode_query",
    "decode_request",
    "encode_answer",
    "encode_message",
    "encode_wrapped",
    "rest_query",
)
