"""From the text of a setting to its value. Each raises `ValueError` that says what is accepted."""

import codecs
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pipeline.model import LOOKUP_TYPES, PLAN_TYPES

__all__ = (
    "boolean",
    "concurrency",
    "count",
    "deadline",
    "delimiter",
    "encoding",
    "folder",
    "moment",
    "plan_types",
    "positive",
    "prices",
    "proxy",
    "region",
)

_BOOLEANS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off", ""), False
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh])")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def folder(text: str) -> Path:
    """A path; blank is none, since an unset shell variable would mean the current directory."""
    if not text.strip():
        raise ValueError("a directory is needed")
    if _URL.match(text):
        raise ValueError(
            "a run needs locks and safe renames, which object stores lack: give a directory of a"
            " local disk, and copy the finished output"
        )
    return Path(text)


def boolean(text: str) -> bool:
    """`true`, `yes`, `on`, `1` or their opposites; blank is false."""
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError("write true or false") from None


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError("a whole number from 1 is needed")
    return int(text)


def positive(text: str) -> float:
    """A finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError("a number is needed") from None
    if not (math.isfinite(number) and number > 0):
        raise ValueError("a number above 0 is needed")
    return number


def concurrency(text: str) -> int | None:
    """A whole number from 1, or `auto` (None)."""
    if text.strip().lower() == "auto":
        return None
    try:
        return count(text)
    except ValueError:
        raise ValueError("a whole number from 1, or auto, is needed") from None


def region(text: str) -> str:
    """An ISO 3166 alpha-2 code in either case; whether it exists, `normalise` says."""
    if not re.fullmatch(r"[A-Za-z]{2}", text.strip()):
        raise ValueError("a two-letter country code such as GB is needed")
    return text.strip().upper()


def delimiter(text: str) -> str:
    """One character, or `tab` or `\\t`."""
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
    character = named.get(text.lower(), text)
    if len(character) != 1 or character in '"\r\n':
        raise ValueError("one character is needed, or tab")
    return character


def encoding(text: str) -> str:
    """An encoding that Python knows, by its canonical name."""
    try:
        return codecs.lookup(text.strip()).name
    except LookupError:
        raise ValueError("no such encoding; try utf-8, utf-16 or cp1252") from None


def plan_types(text: str) -> tuple[str, ...]:
    """A list of plan types with commas between, or `all`."""
    if text.strip().lower() == "all":
        return PLAN_TYPES
    wanted = {word.strip().lower() for word in text.split(",") if word.strip()}
    unknown = wanted - set(PLAN_TYPES)
    if unknown or not wanted:
        raise ValueError(f"choose from {', '.join(PLAN_TYPES)}, or all")
    return tuple(kind for kind in PLAN_TYPES if kind in wanted)


def prices(text: str) -> Mapping[str, float]:
    """`mnp=0.002,hlr=0.006`."""
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, amount = part.partition("=")
        if name.strip() not in LOOKUP_TYPES:
            raise ValueError("write it as mnp=0.002,hlr=0.006")
        found[name.strip()] = positive(amount)
    return found


def proxy(text: str) -> str:
    """`http://host:port`, with `name:password@` before the host where the proxy asks for them.

    No message repeats any of it. aiohttp would take most of what is refused here otherwise than
    it is meant: without a host it goes past the proxy, and to a SOCKS proxy it speaks HTTP. A
    proxy at https:// it can use, but what fails there cannot be told from the service's failures.
    """
    written, form = text.strip(), "write it http://host:port"
    try:
        parts = urlsplit(written)
        sound = bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", written)
        (parts.hostname or "").encode("idna")  # as it is looked up
    except ValueError:
        raise ValueError(f"{form}; in a password, / is %2F and ? is %3F") from None
    if parts.scheme != "http":
        raise ValueError(f"{form}, also for a service at https://; other proxies are not supported")
    if not sound:
        raise ValueError(form)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{form}: nothing may follow the port")
    _check_login(parts)
    return written


def _check_login(parts: SplitResult) -> None:
    """Name and password must be such as basic authentication can carry."""
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    try:
        (name + password).encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("name and password are limited to Latin-1 characters") from None
    if ":" in name:
        raise ValueError("its name cannot have a colon in it")


def moment(text: str, now: float) -> float:
    """The deadline as seconds since 1970; a time of day is the next one after `now`, local time."""
    if span := _DURATION.fullmatch(text):
        return now + float(span[1]) * _UNIT_SECONDS[span[2]]
    here = datetime.fromtimestamp(now).astimezone()
    if ":" in text[:3]:
        hour, minute = map(int, text.split(":"))
        at = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return (at if at > here else at + timedelta(days=1)).timestamp()
    return datetime.fromisoformat(text).astimezone().timestamp()


def deadline(text: str) -> str:
    """A time of day, a date and time, or a duration; kept as text, since it needs a clock."""
    clock = re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text)
    date = re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", text)
    if not (clock or date or _DURATION.fullmatch(text)):
        raise ValueError("write 06:30, 2026-01-31T06:30, or a duration such as 90m")
    return text
