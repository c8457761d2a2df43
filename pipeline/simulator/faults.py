"""What can go wrong at the service, one row a fault: its name, its help, what its value means.

Chances are drawn from the seed, the number and how many requests there were for it so far. So a
retry is drawn anew, and the same run against the same simulator sees the same faults, whatever
the order in which its requests arrive.
Rule: no dice, no clock; faults are values here, and service.py and the listeners act on them.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from struct import Struct
from typing import Any, NamedTuple

from pipeline import parsing
from pipeline.errors import UsageError

__all__ = ("FAULTS", "IDLE", "KINDS", "Draws", "Fault", "Kind", "faults_from_text")

ALL = ("rest", "tcp", "udp")
IDLE = 5.0
"""Seconds; the document's Java client reads until the server closes."""


def chance(text: str) -> float:
    """A share: 0.05 or 5%."""
    number = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if not 0 <= number <= 1:
        raise ValueError
    return number


def seconds(text: str) -> float:
    """0 or more seconds: 0.5, or 20ms."""
    number = float(text[:-2]) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))
    if not 0 <= number < 1e6:
        raise ValueError
    return number


def whole(text: str) -> int:
    """A whole number from 0."""
    if not text.isdecimal():
        raise ValueError
    return int(text)


def lifetime(text: str) -> str:
    """`missing`, or any text for `expires_in`."""
    return text


class Kind(NamedTuple):
    """How a value is described, and the value that stands for good behaviour."""

    metavar: str
    wanted: str
    good: Any


KINDS: dict[Callable[[str], Any], Kind] = {
    chance: Kind("CHANCE", "a share such as 0.05 or 5%", 0.0),
    seconds: Kind("SECONDS", "seconds such as 0.5 or 20ms", 0.0),
    whole: Kind("N", "a whole number from 0", 0),
    parsing.boolean: Kind("yes", "yes or no", False),
    lifetime: Kind("TEXT", "`missing`, or the text to send", ""),
}
"""Kinds of value by their parser, which raises `ValueError`."""


class Fault(NamedTuple):
    """One way to misbehave."""

    name: str
    kind: Callable[[str], Any]
    help: str
    transports: tuple[str, ...] = ALL

    @property
    def default(self) -> Any:
        """The value that stands for good behaviour."""
        return KINDS[self.kind].good


FAULTS: dict[str, Fault] = {
    row.name: row
    for row in (
        # When answers come
        Fault("latency", seconds, "every answer takes this long"),
        Fault("jitter", seconds, "and up to this much longer"),
        Fault("late", chance, "answers that take `late_by` longer"),
        Fault("late_by", seconds, "how late the late ones are; 15 if not set"),
        Fault("reorder", chance, "answers held back until others have overtaken", ("tcp", "udp")),
        Fault("duplicate", chance, "answers sent twice", ("tcp", "udp")),
        # What gets lost. Only a lost request is not billed.
        Fault("lost_request", chance, "requests that never arrive; not billed"),
        Fault("loss", chance, "answers that are lost; billed"),
        Fault("hang", chance, "connections that fall silent for good; billed", ("rest", "tcp")),
        Fault("reset", chance, "connections reset in place of an answer; billed", ("rest", "tcp")),
        Fault("truncated", chance, "answers cut off; a connection closes after one; billed"),
        # How a TCP stream is cut
        Fault("split", chance, "answers sent in two pieces, some milliseconds apart", ("tcp",)),
        Fault("merge", seconds, "answers are gathered this long and sent together", ("tcp",)),
        Fault("close", whole, "close after so many answers; 0 keeps connections open", ("tcp",)),
        Fault(
            "idle",
            seconds,
            f"a connection on which nothing is said for so long is closed; {IDLE:g} if not set",
            ("rest", "tcp"),
        ),
        Fault("newline", parsing.boolean, "answers end in a newline", ("tcp", "udp")),
        # What is said in place of an answer; not billed
        Fault("throttle", chance, "429, with Retry-After if `retry_after` is set", ("rest",)),
        Fault("unavailable", chance, "503, likewise", ("rest",)),
        Fault("retry_after", seconds, "Retry-After of 429 and 503; 0 leaves it out", ("rest",)),
        Fault("retry_date", parsing.boolean, "Retry-After is a date, not seconds", ("rest",)),
        Fault("server_error", chance, "500", ("rest",)),
        Fault("not_found", chance, "404, as from a wrong path", ("rest",)),
        Fault("forbidden", chance, "403", ("rest",)),
        Fault("unauthorized", chance, "401 for a sound token", ("rest",)),
        Fault("failed", chance, "the word `failed` for sound credentials", ("tcp", "udp")),
        Fault("f2", chance, "F2, all other fields blank"),
        Fault("f3", chance, "F3, all other fields blank"),
        Fault(
            "stubborn", parsing.boolean, "what strikes a number strikes it each time it is asked"
        ),
        # What is wrong with an answer; billed
        Fault("garbage", chance, "bytes that are not JSON"),
        Fault("wrong_tel", chance, "the answer to another number"),
        Fault("oversized", chance, "answers of a megabyte (60 kB by UDP)"),
        Fault("odd_code", chance, "the code 7F, which no list has"),
        # Ways of writing that the document leaves open
        Fault("alpha3", parsing.boolean, "`cc` has three letters, as in one of its examples"),
        Fault("wrapped", parsing.boolean, 'bodies are {"statuscode":…,"response":{…}}', ("rest",)),
        # Tokens
        Fault("revoke", whole, "a token dies after so many uses; 0 never", ("rest",)),
        Fault("expires_in", lifetime, "`expires_in` as told; `missing` leaves it out", ("rest",)),
        Fault("token_down", whole, "so many token requests get a 503 first", ("rest",)),
    )
}
"""Every fault by name; `--fault` of `msisdn simulate` and its help are made from this."""

_CHANCES = tuple(name for name, fault in FAULTS.items() if fault.kind is chance)
_WORDS = Struct("<16I").unpack
_PER_DIGEST = 15
"""Chances drawn from one digest of 64 bytes; its last four bytes are the amount."""


def faults_from_text(pairs: Iterable[str]) -> dict[str, Any]:
    """`name=value` texts as values; what is not named behaves well.

    Raises `UsageError` that names the fault and what it takes.
    """
    values = {name: fault.default for name, fault in FAULTS.items()}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        fault = FAULTS.get(name.strip())
        if fault is None or not equals:
            raise UsageError(f"--fault {pair!r}: write name=value; names: {', '.join(FAULTS)}")
        try:
            values[fault.name] = fault.kind(text.strip())
        except ValueError:
            raise UsageError(f"--fault {pair!r}: write {KINDS[fault.kind].wanted}") from None
    return values


class Draws:
    """Which of the chances strike one request, and how hard."""

    def __init__(self, seed: str, values: Mapping[str, Any]) -> None:
        self._key = blake2b(b"faults" + seed.encode(), digest_size=32).digest()
        self._set = tuple(
            (name, *divmod(place, _PER_DIGEST), values[name] * 2**32)
            for place, name in enumerate(_CHANCES)
            if values[name]
        )
        """Name, which digest, which four bytes of it, and below what the fault strikes."""
        self._digests = {digest for _, digest, _, _ in self._set} | {0}
        self._any = bool(self._set or values["jitter"])
        self._stubborn = values["stubborn"]
        self._counts: dict[str, int] = {}

    def __bool__(self) -> bool:
        return self._any

    def __repr__(self) -> str:
        return f"<Draws of {', '.join(name for name, *_ in self._set) or 'nothing'}>"

    def draw(self, tel: str) -> tuple[frozenset[str], float]:
        """Faults that strike the next request for a number, and a share from 0 to 1 for amounts."""
        count = self._counts[tel] = self._counts.get(tel, 0) + 1
        text = f"{tel}/{1 if self._stubborn else count}/".encode()
        words = {
            which: _WORDS(blake2b(text + b"%d" % which, key=self._key).digest())
            for which in self._digests
        }
        struck = frozenset(
            name for name, which, word, limit in self._set if words[which][word] < limit
        )
        return struck, words[0][_PER_DIGEST] / 2**32
