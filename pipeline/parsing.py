"""From the text of a setting to its value. Each raises `ValueError` that says what is accepted."""

import codecs
import math
import os
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pipeline.model import LOOKUP_TYPES, PLAN_TYPES

__all__ = (
    "BETWEEN",
    "PATHS",
    "address",
    "allowed_rejects",
    "amount",
    "boolean",
    "columns",
    "concurrency",
    "count",
    "delimiter",
    "encoding",
    "file",
    "folder",
    "most_rejected",
    "plan_types",
    "positive",
    "prices",
    "proxy",
    "rate",
    "region",
    "seconds",
    "secret",
    "skipped",
    "text",
    "workers",
)

_BOOLEANS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off", ""), False
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SMALLEST, _LARGEST = Decimal("1e-12"), Decimal("1e12")
_MOST = 10**15


def text(given: str) -> str:
    """Text as it is; blank is refused, since an unset shell variable would mean the default."""
    if not given.strip():
        raise ValueError("it is blank, as from a variable that is not set")
    return given


def secret(given: str) -> str:
    """A secret, without what an editor or a shell has put around it; it is on one line."""
    found = given.strip().removeprefix("\ufeff").strip()
    if not found.isprintable():
        raise ValueError("there are control characters in it: write it again")
    return text(found)


def file(given: str) -> Path:
    """The name of a file, in whatever bytes."""
    return _named(text(given))


def folder(text: str) -> Path:
    """A path; blank is none, since an unset shell variable would mean the current directory."""
    if not text.strip():
        raise ValueError("a directory is needed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("its bytes are not UTF-8: choose another name") from None
    if _URL.match(text):
        raise ValueError(
            "a run needs locks and safe renames, which object stores lack: give a directory of a"
            " local disk, and copy the finished output"
        )
    return _named(text)


def _named(path: str) -> Path:
    found = Path(path)
    if len(os.fsencode(path)) > 4000 or any(len(os.fsencode(part)) > 255 for part in found.parts):
        raise ValueError("it is longer than a file system takes")
    return found


def boolean(text: str) -> bool:
    """`true`, `yes`, `on`, `1` or their opposites; blank is false."""
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError("write true or false") from None


def count(text: str) -> int:
    """A whole number from 1 to 10^15."""
    return _whole(text, _MOST)


def skipped(text: str) -> int:
    """A whole number from 0 to 10^6: each is a line."""
    return 0 if text.strip() == "0" else _whole(text, 1_000_000)


def workers(text: str) -> int:
    """A whole number from 1 to 512: each is a process."""
    return _whole(text, 512)


def _whole(text: str, most: int) -> int:
    written = text.strip()
    if not (written.isdecimal() and written.isascii()):
        raise ValueError("a whole number from 1 is needed")
    # Python reads no more than 4300 digits.
    number = int(written) if len(written) <= 20 else most + 1
    if not 1 <= number <= most:
        raise ValueError(f"a whole number from 1 to {most:,} is needed")
    return number


def positive(text: str) -> float:
    """A finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError("a number is needed") from None
    if not (math.isfinite(number) and number > 0):
        raise ValueError("a number above 0 is needed")
    return number


def rate(text: str) -> float:
    """Lookups a second: from one in a quarter of an hour to more than any line carries."""
    return _within(text, 0.001, 10_000_000)


def seconds(text: str) -> float:
    """A duration from a millisecond to a day."""
    return _within(text, 0.001, 86_400)


def _within(text: str, least: float, most: float) -> float:
    number = positive(text)
    if not least <= number <= most:
        raise ValueError(f"a number from {least:g} to {most:,} is needed")
    return number


def amount(text: str) -> Decimal:
    """An amount of money above 0, exactly as it is written."""
    try:
        money = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("an amount such as 0.002 is needed") from None
    if not (money.is_finite() and money > 0):
        raise ValueError("an amount above 0 is needed")
    if not _SMALLEST <= money <= _LARGEST:
        raise ValueError("an amount from 1e-12 to 1e12 is needed")
    return money


def concurrency(text: str) -> int | None:
    """A whole number from 1, or `auto` (None)."""
    if text.strip().lower() == "auto":
        return None
    try:
        return _whole(text, 1_000_000)
    except ValueError as error:
        raise ValueError(f"{error}, or auto") from None


BETWEEN = "\x1f"
"""Between the values of an option that may be given several times."""


def columns(text: str) -> tuple[str, ...]:
    """One name, or several with `BETWEEN` them."""
    names = tuple(dict.fromkeys(text.split(BETWEEN)))
    if not all(map(str.strip, names)):
        raise ValueError("a name is needed")
    return names


def most_rejected(text: str) -> str:
    """A number of rows, or a share of them such as `50%`; returned as it was written."""
    allowed_rejects(text, 0)
    return text


def allowed_rejects(text: str, rows: int) -> int:
    """Give how many of `rows` may be rejected by `N` or `P%`. Raises `ValueError`."""
    number, percent = text.strip().removesuffix("%").strip(), text.strip().endswith("%")
    if not re.fullmatch(r"\d+(\.\d+)?" if percent else r"\d+", number, re.ASCII):
        raise ValueError("a number of rows, such as 1000, or a share such as 50% is needed")
    if not percent:
        return int(number)
    if Decimal(number) > 100:
        raise ValueError("a share is 100% at most")
    return int(rows * Decimal(number) / 100)


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


def prices(text: str) -> Mapping[str, Decimal]:
    """`mnp=0.002,hlr=0.006`."""
    found: dict[str, Decimal] = {}
    for part in text.split(","):
        written, _, price = part.partition("=")
        name = written.strip().lower()
        if name not in LOOKUP_TYPES:
            raise ValueError("write it as mnp=0.002,hlr=0.006")
        if name in found:
            raise ValueError(f"{name} has two prices")
        try:
            found[name] = amount(price)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found


def address(given: str) -> str:
    """An address without name and password; what else it must have, its transport says."""
    if re.match(r"(?:[^/?#]*//)?[^/?#]*@", given):
        raise ValueError(
            "a name or password has no place in it: those are MSISDN_CLIENT_ID and"
            " MSISDN_CLIENT_SECRET"
        )
    return text(given)


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


PATHS = frozenset({file, folder})
"""What parses the name of a file, which may be of bytes that are no text."""
