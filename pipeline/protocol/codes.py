"""The service's result codes: one row a code says what it means and what follows from it.

Sources: the provider's document, "Error codes" (01 05 09 1B F0-F3); what an unlisted code means
is taken from the MAP error values of 3GPP TS 29.002 section 17.6.6, which the listed ones follow
(01 unknownSubscriber, 05 unidentifiedSubscriber, 09 illegalSubscriber, 1B absentSubscriber).
"""

from enum import StrEnum
from typing import NamedTuple

__all__ = ("CODES", "Code", "Verdict", "code_of")


class Verdict(StrEnum):
    """What an answer with this code is worth."""

    ANSWERED = "answered"
    REFUSED = "refused"
    TRANSIENT = "transient"


class Code(NamedTuple):
    """One result code."""

    code: str
    meaning: str
    verdict: Verdict
    tel_blank: bool = False
    """The service leaves `tel` out of such an answer, so it does not say whose it is."""


CODES: dict[str, Code] = {
    row.code: row
    for row in (
        Code("", "", Verdict.ANSWERED),
        Code("01", "unknown subscriber", Verdict.ANSWERED),
        Code("05", "unidentified subscriber", Verdict.ANSWERED),
        Code("06", "absent subscriber for short messages", Verdict.ANSWERED),
        Code("08", "roaming not allowed", Verdict.ANSWERED),
        Code("09", "illegal subscriber", Verdict.ANSWERED),
        Code("0B", "teleservice not provisioned", Verdict.ANSWERED),
        Code("0C", "illegal equipment", Verdict.ANSWERED),
        Code("0D", "call barred", Verdict.ANSWERED),
        Code("15", "facility not supported", Verdict.ANSWERED),
        Code("1B", "absent subscriber", Verdict.ANSWERED),
        Code("1F", "subscriber busy for short messages", Verdict.ANSWERED),
        Code("20", "short message delivery failure", Verdict.ANSWERED),
        Code("21", "message waiting list full", Verdict.ANSWERED),
        Code("22", "system failure", Verdict.ANSWERED),
        Code("23", "data missing", Verdict.ANSWERED),
        Code("24", "unexpected data value", Verdict.ANSWERED),
        Code("F0", "lookup type not allowed for this account", Verdict.REFUSED),
        Code("F1", "country not allowed for this account", Verdict.REFUSED),
        Code("F2", "invalid parameters in the request", Verdict.REFUSED, tel_blank=True),
        Code("F3", "unknown error of the service", Verdict.TRANSIENT, tel_blank=True),
    )
}
"""Every code known; the documents' table and the simulator's answers are made from this."""


def code_of(e: str) -> Code:
    """The row of a code as it was sent; `na` is blank. An unknown code is an answer, kept verbatim."""
    code = e.strip().upper()
    known = CODES.get("" if code == "NA" else code)
    return known or Code(e, "unknown code", Verdict.ANSWERED)
