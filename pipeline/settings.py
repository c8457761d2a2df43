"""Every setting, once: one field is a flag, an environment variable, a TOML key, a default, a help.

Precedence is flag, then environment (`MSISDN_` + name), then `msisdn.toml`, then default. This
file knows neither click nor TOML: it has the table and the parsing, and `cli` brings the words.
Rule: each value is parsed from text, whatever it came from, so all three sources behave alike.
"""

import dataclasses
import locale
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline import deadlines, parsing
from pipeline.errors import UsageError
from pipeline.model import MOBILE_TYPES
from pipeline.prices import check_budget

__all__ = ("OPTIONS", "Option", "Settings", "from_text")

INPUT = ("run", "clean", "plan")
SERVICE = ("run", "plan", "lookup", "doctor")
ASKING = ("run", "lookup", "doctor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How one setting appears on the command line, in the environment and in TOML."""

    name: str
    flags: tuple[str, ...]
    help: str
    commands: tuple[str, ...]
    parse: Callable[[str], Any]
    metavar: str
    default: Any
    choices: tuple[str, ...]
    identity: bool
    """A change of it makes a checkpoint another run's (exit code 15)."""
    secret: bool
    """Environment only: never a flag, a TOML key, or printed."""
    repeated: bool
    """May be given several times; in the environment one a line."""
    private: bool
    """As `secret` where there is an `@` in it, as in http://name:password@host; never printed."""
    listed: bool
    """Several with commas between, which TOML may write as a list or a table."""

    @property
    def env(self) -> str:
        """Name of the environment variable."""
        return "MSISDN_" + self.name.upper()

    @property
    def is_switch(self) -> bool:
        """A flag without a value."""
        return self.parse is parsing.boolean


_SHOWN = 60
"""Characters of a value that a message repeats."""
_MARKS = dict.fromkeys(("identity", "secret", "private", "listed", "repeated"), False)


def option(
    default: Any,
    help: str,  # noqa: A002  the word that users know
    commands: tuple[str, ...] = INPUT,
    parse: Callable[[str], Any] = parsing.text,
    **more: Any,
) -> Any:
    """Declare a field of `Settings` together with everything that is known of it."""
    usual = {"flags": (), "metavar": "", "choices": ()}
    about = {"help": help, "commands": commands, "parse": parse, **usual, **_MARKS, **more}
    return field(default=default, metadata=about, repr=not (about["secret"] or about["private"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a command needs to know. Built by `from_text`, or directly in Python."""

    inputs: tuple[str, ...] = ()
    """Files, directories, globs, or `-`."""
    told: str = ""
    """What a user should know of where these settings come from, before anything is sent."""

    out: Path | None = option(
        None,
        "Output directory.",
        ("run", "clean"),
        parsing.folder,
        flags=("-o", "--out"),
        metavar="DIR",
    )
    # What is in the lists
    column: Sequence[str] = option(
        (),
        "Column that holds the numbers, or A+B where they are cut in two; several times: the first"
        " that holds a number counts, a mobile before any other. Found by name if left out.",
        parse=parsing.columns,
        metavar="NAME",
        identity=True,
        repeated=True,
    )
    region: str | None = option(
        None,
        "Region of numbers written nationally, such as GB.",
        (*INPUT, "lookup"),
        parsing.region,
        metavar="CC",
        identity=True,
    )
    region_column: str | None = option(
        None,
        "Column with the region of each row: alpha-2, alpha-3, name or calling code.",
        metavar="NAME",
        identity=True,
    )
    bare: str = option(
        "auto",
        "Digits without plus or 00: full numbers, national ones, or as the column shows.",
        (*INPUT, "lookup"),
        choices=("auto", "international", "national"),
        identity=True,
    )
    format: str = option(
        "auto", "Format of the inputs.", choices=("auto", "csv", "parquet", "excel"), identity=True
    )
    sheet: str | None = option(
        None,
        "Sheet of an Excel workbook; the first, and those with the same header, if left out.",
        metavar="NAME",
        identity=True,
    )
    delimiter: str | None = option(
        None,
        "Delimiter of CSV inputs; found out if left out.",
        parse=parsing.delimiter,
        metavar="CHAR",
        identity=True,
    )
    encoding: str | None = option(
        None,
        "Encoding of CSV inputs; found out if left out.",
        parse=parsing.encoding,
        metavar="NAME",
        identity=True,
    )
    header: str = option(
        "auto",
        "Whether CSV inputs begin with a header.",
        choices=("auto", "yes", "no"),
        identity=True,
    )
    skip_lines: int | None = option(
        None,
        "Lines above the header of CSV and Excel inputs, which are passed over; found out if left out.",
        parse=parsing.skipped,
        metavar="N",
        identity=True,
    )
    # What is asked
    types: tuple[str, ...] = option(
        MOBILE_TYPES,
        "Plan types that are looked up; the rest is `skipped`.",
        ("run", "plan"),
        parsing.plan_types,
        metavar="LIST",
        listed=True,
        identity=True,
    )
    lookup: str = option(
        "profile",
        "Type of lookup; `profile` leaves it to the account.",
        SERVICE,
        choices=("mnp", "hlr", "profile"),
        identity=True,
    )
    rows: str = option(
        "unique",
        "One output row per number, or every valid input row with its answer.",
        ("run",),
        choices=("unique", "all"),
        identity=True,
    )
    refused_country: str = option(
        "stop",
        "After the service refused a country (F1): stop asking about it, or ask each number.",
        ("run",),
        choices=("stop", "ask"),
    )
    on_unknown: str = option(
        "ask",
        "Numbers that were sent when an earlier run died, no answer kept: ask again, or hold back.",
        ("run",),
        choices=("ask", "hold"),
    )
    # Where and how
    transport: str = option(
        "rest", "How the service is reached.", SERVICE, choices=("rest", "tcp", "udp")
    )
    endpoint: str | None = option(
        None,
        "Address of the service; the provider's if left out.",
        ASKING,
        parsing.address,
        metavar="URL",
    )
    token_url: str | None = option(
        None,
        "Where REST gets its token; the provider's if left out.",
        ASKING,
        parsing.address,
        metavar="URL",
    )
    proxy: str | None = option(
        None,
        "HTTP proxy for REST, http://host:port; none if left out.",
        ASKING,
        parsing.proxy,
        metavar="URL",
        private=True,
    )
    simulate: bool = option(
        False,
        "Start the embedded simulator and use it; no account needed.",
        ("run", "lookup"),
        parsing.boolean,
        identity=True,
    )
    allow_plaintext: bool = option(
        False, "Accept http:// to another machine.", ASKING, parsing.boolean
    )
    client_id: str | None = option(None, "The account's client id.", ASKING, metavar="ID")
    client_secret: str | None = option(
        None,
        "The account's secret, only ever in the environment.",
        ASKING,
        parsing.secret,
        secret=True,
    )
    client_secret_file: Path | None = option(
        None,
        "File with the account's secret, readable by its owner only.",
        ASKING,
        parsing.file,
        metavar="FILE",
    )
    # How fast, how long, how much
    rate: float = option(
        50.0,
        "Lookups a second, never exceeded in any second.",
        SERVICE,
        parsing.rate,
        metavar="N",
    )
    concurrency: int | None = option(
        None, "Lookups in flight, or `auto`.", ASKING, parsing.concurrency, metavar="N|auto"
    )
    attempts: int = option(
        5, "Requests for one number before it is `unresolved`.", ASKING, parsing.count, metavar="N"
    )
    timeout: float = option(
        10.0, "Seconds to wait for an answer.", ASKING, parsing.seconds, metavar="S"
    )
    workers: int = option(
        1, "Processes that share the rate.", ("run",), parsing.workers, metavar="N"
    )
    max_lookups: int | None = option(
        None,
        "Stop after this many requests in this invocation.",
        ("run",),
        parsing.count,
        metavar="N",
    )
    budget: Decimal | None = option(
        None,
        "Stop before this invocation costs more; needs the --price of what may be asked.",
        ("run", "plan"),
        parsing.amount,
        metavar="AMOUNT",
    )
    price: Mapping[str, Decimal] | None = option(
        None,
        "Price of a lookup by type, as in mnp=0.002,hlr=0.006.",
        ("run", "plan"),
        parsing.prices,
        metavar="LIST",
        listed=True,
    )
    deadline: str | None = option(
        None,
        "Stop at this time: 06:30, 2026-01-31T06:30, or a duration such as 90m.",
        ("run",),
        deadlines.deadline,
        metavar="TIME",
    )
    max_rejected: str = option(
        "50%",
        "More rejected rows than that, a number or a share, end the run before anything is looked"
        " up (exit code 17).",
        ("run",),
        parsing.most_rejected,
        metavar="N|P%",
    )
    restart: bool = option(
        False, "Discard the checkpoint and begin again.", ("run", "clean"), parsing.boolean
    )
    restart_changed: bool = option(
        False,
        "As --restart where the run is complete and its list has changed since, and nothing else.",
        ("run",),
        parsing.boolean,
    )
    grow: bool = option(
        False,
        "Go on although lists have grown, rows appended or files added: only new numbers are asked.",
        ("run",),
        parsing.boolean,
    )
    shard_rows: int = option(
        100_000,
        "Numbers in a shard, and rows in a part file.",
        ("run", "clean"),
        parsing.count,
        metavar="N",
        identity=True,
    )
    state_dir: Path | None = option(
        None,
        "Where jobs of one account share its rate; the user's state directory.",
        ASKING,
        parsing.folder,
        metavar="DIR",
    )
    # What is said
    json: bool = option(
        False,
        "Results as JSON on standard output.",
        (*INPUT, "lookup", "status", "verify", "doctor"),
        parsing.boolean,
    )
    log_format: str = option(
        "console", "Progress and log lines.", (*INPUT, "lookup"), choices=("console", "json")
    )
    quiet: bool = option(
        False,
        "Say nothing but errors.",
        (*INPUT, "lookup"),
        parsing.boolean,
        flags=("-q", "--quiet"),
    )
    verbose: bool = option(
        False, "Say more.", (*INPUT, "lookup"), parsing.boolean, flags=("-v", "--verbose")
    )

    def __post_init__(self) -> None:
        if isinstance(self.column, str):
            object.__setattr__(self, "column", (self.column,))

    def identity(self) -> dict[str, Any]:
        """The settings that make a run what it is: a change of one is a different run."""
        return {name: getattr(self, name) for name, known in OPTIONS.items() if known.identity}


def _options() -> dict[str, Option]:
    found: dict[str, Option] = {}
    for declared in dataclasses.fields(Settings):
        if not declared.metadata:
            continue
        about = dict(declared.metadata)
        about["flags"] = about["flags"] or ("--" + declared.name.replace("_", "-"),)
        found[declared.name] = Option(name=declared.name, default=declared.default, **about)
    return found


OPTIONS: dict[str, Option] = _options()
"""Every setting by name, in the order of declaration."""


def from_text(inputs: tuple[str, ...], values: Mapping[str, tuple[str, str]]) -> Settings:
    """Settings from `name: (text, where it came from)`.

    Raises `UsageError` that names the setting, its source, and what is wrong with its value.
    """
    parsed = {name: _parsed(OPTIONS[name], *given) for name, given in values.items()}
    settings = Settings(inputs=inputs, **parsed)
    check_budget(settings.lookup, settings.price, settings.budget)
    if settings.grow and settings.restart:
        raise UsageError("--grow goes on with what --restart discards: give one of them")
    if settings.grow and settings.restart_changed:
        raise UsageError("--grow goes on with what --restart-changed discards: give one of them")
    if settings.restart_changed and "-" in inputs:
        raise UsageError("--restart-changed reads a list twice: name a file, not standard input")
    if settings.grow and "-" in inputs:
        raise UsageError("--grow cannot tell whether standard input has only grown: name a file")
    if settings.proxy and settings.transport != "rest":
        raise UsageError(
            f"{values['proxy'][1]}: a proxy is for --transport rest, and {settings.transport} would"
            " go past it: leave one of them out"
        )
    return settings


def _parsed(known: Option, text: str, source: str) -> Any:
    if known.private and "@" in text and source != known.env:
        raise UsageError(
            f"{source}: a name or password for it belongs in the environment ({known.env}), not here"
        )
    private = known.private or known.secret or "@" in text  # a password may stand before it
    shown = "its value" if private else _shown(text)
    try:
        value = known.parse(_sound(known, text))
    except ValueError as error:
        raise UsageError(f"{source}: {shown} will not do for {known.name}: {error}") from None
    if known.choices and value not in known.choices:
        listed = ", ".join(known.choices)
        raise UsageError(f"{source}: {shown} will not do for {known.name}: choose from {listed}")
    return value


def _sound(known: Option, text: str) -> str:
    """Text that can be shown, written and looked for. Raises `ValueError`.

    What came as bytes that are not UTF-8 is what they stand for in the locale they were typed in.
    """
    if "\0" in text:
        raise ValueError("there is a NUL in it")
    if known.parse in parsing.PATHS:
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        local = locale.getencoding()
        try:
            return os.fsencode(text).decode("ascii" if local.lower() == "utf-8" else local)
        except (UnicodeError, LookupError):
            raise ValueError("its bytes are not UTF-8") from None
    return text


def _shown(text: str) -> str:
    """A value in quotes, what is not printable escaped, shortened."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
