"""What `msisdn doctor` looks at: one function a check, each gives a finding."""

import asyncio
import importlib.metadata
import os
import platform
import shutil
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from pipeline.cli.machine import open_files
from pipeline.errors import MsisdnError, ServiceError
from pipeline.lookup.account import account_of, default_state_dir
from pipeline.lookup.found_rate import FoundRate
from pipeline.lookup.service import credentials_of, service_of
from pipeline.report.screen import Shown
from pipeline.report.words import about, size
from pipeline.settings import Settings
from pipeline.shown import fit
from pipeline.transports import TRANSPORTS
from pipeline.transports.contract import Unreachable

__all__ = ("Finding", "checked", "checks_table")


_SLOW = 3.0
"""Seconds that an HLR lookup may well take."""


class Finding(NamedTuple):
    """The result of one check."""

    check: str
    level: str
    """`ok`, `warning` or `error`."""
    text: str
    exit_code: int = 0


def checked(settings: Settings) -> list[Finding]:
    """Every check, in the order in which things would go wrong."""
    findings = [check(settings) for check in _CHECKS]
    if any(finding.level == "error" for finding in findings):
        return findings
    return [*findings, *_service(settings)]


def _program(settings: Settings) -> Finding:
    installed = {d.name: d.version for d in importlib.metadata.distributions()}
    versions = (
        f"{name} {installed.get(name, 'not installed')}"
        for name in ("msisdn-pipeline", "polars", "aiohttp", "phonenumbers")
    )
    return Finding("program", "ok", f"Python {platform.python_version()}, {', '.join(versions)}")


def _settings(settings: Settings) -> Finding:
    text = f"{settings.transport}, lookup {settings.lookup}, {settings.rate:g}/s"
    if settings.told:
        return Finding("settings", "warning", settings.told)
    return Finding(
        "settings", "ok", f"{text}, {settings.attempts} attempts of {settings.timeout:g} s"
    )


def _credentials(settings: Settings) -> Finding:
    try:
        credentials = credentials_of(settings)
    except MsisdnError as error:
        return Finding("credentials", "error", str(error), error.exit_code)
    return Finding("credentials", "ok", f"client id {credentials.client_id[:3]}…, secret present")


def _endpoint(settings: Settings) -> Finding:
    try:
        service = service_of(settings)
    except MsisdnError as error:
        return Finding("endpoint", "error", str(error), error.exit_code)
    if settings.transport == "rest":
        return Finding("endpoint", "ok", f"{service.endpoint}, token from {service.token_url}")
    return Finding(
        "endpoint",
        "warning",
        f"{service.endpoint} is plain text by the provider's design: numbers and credentials cross"
        " the network unencrypted",
    )


def _open_files(settings: Settings) -> Finding:
    allowed = open_files()
    if allowed < 1024:
        return Finding("open files", "warning", f"{allowed} allowed; raise it: ulimit -n 4096")
    return Finding("open files", "ok", f"{allowed:,} allowed")


def _receive_buffer(settings: Settings) -> Finding:
    if settings.transport != "udp":
        return Finding("receive buffer", "ok", "matters for udp only")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        # Linux reports twice what it grants.
        granted = probe.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
    if granted < 1 << 20 and settings.rate > 1000:
        return Finding(
            "receive buffer",
            "warning",
            f"{size(granted)}; bursts of answers may be lost at this rate: sysctl -w"
            " net.core.rmem_max=8388608",
        )
    return Finding("receive buffer", "ok", size(granted))


def _cores(settings: Settings) -> Finding:
    return Finding("cores", "ok", f"{os.cpu_count()}")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(".").free
    level = "warning" if free < 1 << 30 else "ok"
    return Finding("disk", level, f"{size(free)} free here")


def _state(settings: Settings) -> Finding:
    try:
        folder = settings.state_dir or default_state_dir(os.environ)
    except MsisdnError as error:
        return Finding("shared rate", "error", str(error), error.exit_code)
    nearest = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), Path())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("shared rate", "ok", f"kept in {folder}")
    return Finding("shared rate", "error", f"{folder} cannot be written; set --state-dir", 16)


def _service_rate(settings: Settings) -> Finding:
    """What earlier runs of the account saw; doctor asks nothing that might be billed."""
    seen = None
    with suppress(MsisdnError):  # told by the checks of the settings and of the state
        client_id = credentials_of(settings).client_id
        seen = FoundRate.of(account_of(settings.state_dir, os.environ, client_id)).last()
    if seen is None:
        return Finding("service's rate", "ok", "no run has seen it let through less than was asked")
    when = datetime.fromtimestamp(seen.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = f"the service lets through {about(seen.rate)}/s, as seen at {when}"
    if settings.rate <= 1.05 * seen.rate:
        return Finding("service's rate", "ok", text)
    return Finding("service's rate", "warning", f"{text}; --rate {settings.rate:g} is more")


_FOUND = {
    "rest": "reachable, gave a token",
    "tcp": "reachable",
    "udp": "the name resolves; only a lookup could tell more. Answers count from the address asked only",
}


def _service(settings: Settings) -> list[Finding]:
    async def connect() -> int:
        transport = TRANSPORTS[settings.transport](service_of(settings), lambda outcomes: None)
        async with asyncio.timeout(settings.timeout + 5), transport:
            return transport.most

    try:
        most = asyncio.run(connect())
    except MsisdnError as error:
        return [Finding("service", "error", str(error), error.exit_code)]
    except (Unreachable, TimeoutError) as error:
        text = str(error) or "no answer in time"
        return [Finding("service", "error", f"{text}; check --endpoint", ServiceError.exit_code)]
    return [Finding("service", "ok", _FOUND[settings.transport]), _at_once(settings, most)]


def _at_once(settings: Settings, most: int) -> Finding:
    """What the limits of this machine come to: the rate is reached while a lookup takes so long."""
    longest = most / settings.rate
    text = f"up to {most:,}: enough for {settings.rate:g}/s while a lookup takes {longest:.3g} s"
    if longest >= _SLOW:
        return Finding("lookups at once", "ok", text)
    mend = {"rest": "ulimit -n, or --workers", "udp": "net.core.rmem_max, or --workers"}
    how = mend.get(settings.transport, "--workers")
    return Finding("lookups at once", "warning", f"{text}; for a slower service raise {how}")


_CHECKS: Sequence[Callable[[Settings], Finding]] = (
    _program,
    _settings,
    _credentials,
    _endpoint,
    _open_files,
    _receive_buffer,
    _cores,
    _disk,
    _state,
    _service_rate,
)

_STYLES = {"ok": "green", "warning": "yellow", "error": "red"}


def checks_table(findings: Sequence[Finding]) -> Shown:
    """The findings as a table."""
    table = Shown()
    for finding in findings:
        level = Text(finding.level, _STYLES[finding.level])
        table.add_row(finding.check, level, fit(finding.text))
    return table
