"""What an answer is worth: a final answer, or why it is none. The same on every transport."""

from pipeline.protocol.codec import Head
from pipeline.protocol.codes import Verdict, code_of
from pipeline.protocol.messages import Answer, Fault, FaultKind

__all__ = (
    "CLOSED_EARLY",
    "LOST",
    "NO_ANSWER",
    "NO_NUMBER",
    "REFUSED",
    "SILENT",
    "UNKNOWN_ERROR",
    "WORD_FAILED",
    "kind_of_status",
    "result_of",
)

NO_ANSWER = "no answer in time"
NO_NUMBER = "answer without a number"
REFUSED = "the service refused the account"
UNKNOWN_ERROR = "service reported an unknown error (F3)"
WORD_FAILED = "the service answered `failed`: client id, password or address not accepted"

LOST = "connection lost"
CLOSED_EARLY = "connection closed before the answer"
SILENT = "connection went silent"

_KINDS = {
    401: FaultKind.ACCOUNT,
    403: FaultKind.ACCOUNT,
    408: FaultKind.TRANSIENT,
    429: FaultKind.THROTTLE,
    502: FaultKind.THROTTLE,
    503: FaultKind.THROTTLE,
    504: FaultKind.THROTTLE,
}


def kind_of_status(status: int) -> FaultKind:
    """What a status other than success means, of HTTP or in a wrapped answer."""
    otherwise = FaultKind.TRANSIENT if status >= 500 else FaultKind.REJECTED
    return _KINDS.get(status, otherwise)


def result_of(head: Head, raw: bytes) -> Answer | Fault:
    """What one answer is worth. `raw` is the answer as it came."""
    if head.statuscode is not None and not 200 <= head.statuscode < 300:
        return Fault(kind_of_status(head.statuscode), f"the service reported {head.statuscode}")
    if not head.code:
        if head.message is not None and not head.tel:
            return Fault(FaultKind.TRANSIENT, "a message instead of an answer")
        return Answer(raw, "")
    if code_of(head.code).verdict is Verdict.TRANSIENT:
        return Fault(FaultKind.UNTOLD, UNKNOWN_ERROR, code=head.code)
    return Answer(raw, head.code)
