"""The service without its sockets: a request goes in, what is to be said comes out.

All three listeners ask here, so that the account, the faults and the meter are the same for all.
Where the provider's document is silent: an unknown lookup type (one of its samples asks for
`mnnp`) is F2, as is a `tel` that is not 5 to 17 digits; what is no request at all is `failed`,
since it brings no credentials; a number of no numbering plan is an unknown subscriber, 01.
Rule: no sockets, no clock; `now` is an argument.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pipeline.protocol.codec import (
    NotARequest,
    Request,
    decode_request,
    encode_answer,
    encode_message,
)
from pipeline.simulator.account import Account, Gate, Tokens
from pipeline.simulator.faults import Draws
from pipeline.simulator.meter import Meter
from pipeline.simulator.population import Population

__all__ = ("FAILED", "Reply", "Service")

FAILED = b"failed"
LENGTHS = range(5, 18)
"""Digits of `tel`; from Ascension's 247 and five more to the longest that libphonenumber takes."""

LATE_BY = 15.0
"""Seconds that a late answer takes if nothing else is set: longer than any sane time-out."""

OVERSIZE = 1 << 20
"""Bytes by which an oversized answer is too long; UDP cuts it at 60 000."""

_NOTHING: frozenset[str] = frozenset()
_BLANK = {code: encode_answer({"error_code": code}) for code in ("F2", "F3")}
_CODE = re.compile(rb'"e":"[^"]*"')
_INSTEAD = {
    "unauthorized": (401, "Unauthorized"),
    "forbidden": (403, "Forbidden"),
    "not_found": (404, "Not Found"),
    "throttle": (429, "Too Many Requests"),
    "server_error": (500, "Internal Server Error"),
    "unavailable": (503, "Service Unavailable"),
}
"""What REST says in place of an answer when one of these faults strikes, in this order."""

_GARBAGE = b"\xff\x00 this is no answer \xfe\n"


class Reply(NamedTuple):
    """What is to be said, and what happens to it on the way."""

    body: bytes | None
    """None: nothing is said at all."""
    status: int = 200
    """Of HTTP; the others have none."""
    delay: float = 0.0
    """Seconds."""
    struck: frozenset[str] = _NOTHING
    """Faults of delivery for the listener to carry out."""
    amount: float = 0.0
    """From 0 to 1: where an answer is cut."""


_SILENCE = Reply(None)


class Service:
    """One account at one service."""

    def __init__(
        self,
        account: Account,
        population: Population,
        faults: Mapping[str, Any],
        seed: str = "",
        *,
        remember: int = 0,
    ) -> None:
        self.account = account
        self.population = population
        self.meter = Meter()
        self.tokens = Tokens(account, seed, faults["revoke"])
        self._seed = seed
        self._cascades = {each: account.cascade(each) for each in ("", "mnp", "hlr")}
        self._gate = Gate(account.rate_limit)
        self._remember = remember
        self._known: dict[tuple[str, str], tuple[bytes, str, str]] = {}
        self.misbehave(faults)

    def __repr__(self) -> str:
        return f"<Service: {self.meter!r}>"

    def misbehave(self, faults: Mapping[str, Any]) -> None:
        """Have these faults from now on, in place of those before.

        Those of tokens, and of how a TCP stream is cut and closed, hold for what begins from now.
        """
        self.faults = faults
        self._draws = Draws(self._seed, faults)
        self._late_by = faults["late_by"] or LATE_BY
        self.end = b"\n" if faults["newline"] else b""
        """What follows each answer over TCP and UDP."""
        self.plain = not (self._draws or faults["latency"] or faults["merge"] or faults["close"])
        """No fault of delivery is set: `direct_plain` says all there is to say."""

    # TCP and UDP

    def direct_plain(self, raw: bytes, now: float) -> bytes | None:
        """The answer to one request over TCP or UDP, when no fault of delivery is set."""
        request = self._admitted(raw)
        if request is None:
            return FAILED
        if not self._gate.passes(now):
            self.meter.answered("dropped")
            return None
        return self._answer(request.tel, request.lookup)

    def direct(self, raw: bytes, now: float) -> Reply:
        """The same with faults."""
        request = self._admitted(raw)
        if request is None:
            return Reply(FAILED)
        if not self._gate.passes(now):
            self.meter.answered("dropped")
            return _SILENCE
        struck, amount = self._strike(request.tel)
        if "failed" in struck:
            self.meter.answered("failed")
            return Reply(FAILED)
        return self._reply(request.tel, request.lookup, struck, amount)

    def refuse(self) -> bytes:
        """What a client hears whose address is not on the list."""
        self.meter.answered("failed")
        return FAILED

    def _admitted(self, raw: bytes) -> Request | None:
        try:
            request = decode_request(raw)
        except NotARequest:
            request = None
        if request is None or not self.account.knows(request.clientid, request.password):
            self.meter.answered("failed")
            return None
        return request

    # REST

    def rest(self, tel: str, lookup: str, token: str, address: str, now: float) -> Reply:
        """The answer to one request of the API gateway. `token` is blank where there is none."""
        if not self.tokens.accepts(token, now):
            return self._instead("unauthorized")
        if not self.account.allows_address(address):
            return self._instead("forbidden")
        if not self._gate.passes(now):
            return self._instead("throttle")
        struck, amount = self._strike(tel)
        for name in _INSTEAD:
            if name in struck:
                return self._instead(name)
        reply = self._reply(tel, lookup, struck, amount)
        if self.faults["wrapped"] and reply.body is not None and "garbage" not in struck:
            reply = reply._replace(body=b'{"statuscode":200,"response":' + reply.body + b"}")
        return reply

    def _instead(self, name: str) -> Reply:
        status, words = _INSTEAD[name]
        self.meter.answered(str(status))
        return Reply(encode_message(status, words), status, self.faults["latency"])

    # All of them

    def _strike(self, tel: str) -> tuple[frozenset[str], float]:
        return self._draws.draw(tel) if self._draws else (_NOTHING, 0.0)

    def _answer(self, tel: str, lookup: str) -> bytes:
        """The answer to an admitted request, billed if a lookup was carried out."""
        known = self._known.get((tel, lookup))
        if known is not None:
            return self._billed(tel, *known)
        account, meter = self.account, self.meter
        sound = tel.isascii() and tel.isdigit() and len(tel) in LENGTHS and tel[0] != "0"
        cascade = self._cascades.get(lookup)
        if not sound or cascade is None:
            meter.answered("F2")
            return _BLANK["F2"]
        if not cascade:
            meter.answered("F0")
            return encode_answer({"msisdn": tel, "error_code": "F0"})
        if account.restricted and not account.allows_country(self.population.facts(tel).region):
            meter.answered("F1")
            return encode_answer({"msisdn": tel, "error_code": "F1"})
        found = self.population.answer(tel, cascade)
        if len(self._known) < self._remember:
            self._known[tel, lookup] = found
        return self._billed(tel, *found)

    def _billed(self, tel: str, raw: bytes, carried_out: str, code: str) -> bytes:
        self.meter.answered(code)
        self.meter.bill(tel, carried_out)
        return raw

    def _reply(self, tel: str, lookup: str, struck: frozenset[str], amount: float) -> Reply:
        """The answer as the faults leave it."""
        if "lost_request" in struck:
            self.meter.answered("lost request")
            return _SILENCE
        delay = self.faults["latency"] + self.faults["jitter"] * amount
        if "late" in struck:
            delay += self._late_by
        for code in ("F2", "F3"):
            if code.lower() in struck:
                self.meter.answered(code)
                return Reply(_BLANK[code], delay=delay)
        body = self._answer(tel, lookup)
        if struck:
            body = self._spoilt(body, tel, struck)
        return Reply(None if "loss" in struck else body, 200, delay, struck, amount)

    def _spoilt(self, body: bytes, tel: str, struck: frozenset[str]) -> bytes:
        """What is wrong with the bytes themselves."""
        if "garbage" in struck:
            return _GARBAGE
        if "wrong_tel" in struck and tel[-1:].isdigit():
            return self.population.answer(tel[:-1] + str((int(tel[-1]) + 1) % 10))[0]
        if "odd_code" in struck:
            return _CODE.sub(b'"e":"7F"', body)
        if "oversized" in struck:
            return body[:-1] + b',"padding":"' + b"x" * OVERSIZE + b'"}'
        return body
