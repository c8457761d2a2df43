"""Until when a run goes on: a time of day, a date and time, or a duration."""

import re
from datetime import datetime, time, timedelta

__all__ = ("deadline", "moment", "timed")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh])", re.ASCII)
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_LONGEST = 10 * 366 * 86_400.0
"""Seconds that a duration may last, and a deadline may lie ahead or behind."""


def moment(text: str, now: float) -> float:
    """The deadline as seconds since 1970; a time of day is the next one after `now`, local time."""
    if (span := timed(text)) is not None:
        return now + span
    if clock := _TIME_OF_DAY.fullmatch(text):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return _next(time(hour, minute, second), now)
    return datetime.fromisoformat(text).astimezone().timestamp()


def timed(text: str) -> float | None:
    """Seconds of a deadline that is a duration; None for one that a clock shows."""
    span = _DURATION.fullmatch(text)
    return float(span[1]) * _UNIT_SECONDS[span[2]] if span else None


def _next(at: time, now: float) -> float:
    """When local clocks show this time next.

    In a night that has it twice, the first that is still to come; in one that leaves it out, as
    long after midnight as in any other.
    """
    today = _local(now).date()
    for day in range(3):  # a day may be short enough for its time to be over on both first ones
        shown = datetime.combine(today + timedelta(days=day), at)
        meant = [shown.timestamp(), shown.replace(fold=1).timestamp()]
        real = [moment for moment in meant if _local(moment) == shown] or meant[:1]
        if coming := [moment for moment in real if moment > now]:
            return min(coming)
    raise ValueError("no clock shows this time")


def _local(moment: float) -> datetime:
    """What local clocks show then."""
    return datetime.fromtimestamp(moment).astimezone().replace(tzinfo=None)


def deadline(text: str) -> str:
    """A time of day, a date and time, or a duration; kept as text, since it needs a clock."""
    written = text.strip()
    date = re.fullmatch(
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", written, re.ASCII
    )
    span = timed(written)
    if not (date or span is not None or _TIME_OF_DAY.fullmatch(written)):
        raise ValueError("write 06:30, 2026-01-31T06:30, or a duration such as 90m")
    if span is not None and not 0 < span <= _LONGEST:
        raise ValueError("a duration of at most ten years is needed")
    if date and not _exists(written):
        raise ValueError("no calendar has this time, or it is not of this century")
    return written


def _exists(written: str) -> bool:
    try:
        return 2000 <= datetime.fromisoformat(written).year < 2100
    except ValueError:
        return False
