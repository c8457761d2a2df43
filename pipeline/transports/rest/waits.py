"""For how long the service, or the token URL, asks us to wait."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

__all__ = ("LONGEST_WAIT", "retry_after")

LONGEST_WAIT = 1e6
"""Seconds that `Retry-After` is taken for at most; the run has a cap of its own, far below."""
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the service asks us to wait: RFC 9110 section 10.2.3, a number or a date.

    A date counts from the answer's own `Date`, so that no clock of ours matters; without one it
    says nothing. Some write the number with a fraction. None for what is neither.
    """
    told = headers.get("Retry-After", "").strip()
    if (number := _SECONDS.fullmatch(told)) is not None:
        return min(float(number[0]), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(told)
        seconds = (until - parsedate_to_datetime(headers["Date"])).total_seconds()
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_WAIT)
