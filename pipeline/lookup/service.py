"""From settings to the service: which endpoint, whose credentials."""

import os
import stat
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from pipeline.errors import UsageError
from pipeline.protocol.messages import Credentials, Lookup
from pipeline.settings import Settings
from pipeline.transports.contract import Service
from pipeline.transports.endpoints import ENDPOINTS, TOKEN_URL, check_endpoint, check_url

__all__ = ("Given", "credentials_of", "service_of")


class Given(Protocol):
    """Endpoints and credentials of a simulator."""

    @property
    def token_url(self) -> str:
        """Where REST gets its token."""
        ...

    @property
    def client_id(self) -> str:
        """Also `clientid` of direct connections."""
        ...

    @property
    def client_secret(self) -> str:
        """Also `password` of direct connections."""
        ...


def service_of(settings: Settings, simulator: Given | None = None) -> Service:
    """The service to ask: the simulator's where there is one, else what the settings say.

    Raises `UsageError` for missing credentials, a secret file that others can read, and endpoints
    that do not fit the transport or would send credentials in the clear.
    """
    if simulator is not None:
        endpoint: str = getattr(simulator, settings.transport)
        token_url, proxy = simulator.token_url, None  # it is on this machine, unlike a proxy
        credentials = Credentials(simulator.client_id, simulator.client_secret)
    else:
        endpoint = settings.endpoint or ENDPOINTS[settings.transport]
        token_url, proxy = settings.token_url or _token_url(settings), settings.proxy
        credentials = credentials_of(settings)
    allowed = settings.allow_plaintext
    check_endpoint(settings.transport, endpoint, allow_plaintext=allowed, proxy=proxy)
    if settings.transport == "rest":
        check_url("--token-url", token_url, allow_plaintext=allowed, proxy=proxy)
    return Service(
        endpoint=endpoint,
        credentials=credentials,
        lookup=Lookup(settings.lookup),
        timeout=settings.timeout,
        token_url=token_url,
        proxy=proxy,
        concurrency=settings.concurrency,
    )


def _token_url(settings: Settings) -> str:
    """The provider's, unless the endpoint is somebody else's: credentials must not cross over."""
    if settings.transport == "rest" and settings.endpoint:
        host = urlsplit(settings.endpoint).hostname or ""
        if host != urlsplit(ENDPOINTS["rest"]).hostname:
            raise UsageError(
                f"--endpoint {settings.endpoint} needs its own --token-url; the provider's would"
                " send the account's secret elsewhere"
            )
    return TOKEN_URL


def credentials_of(settings: Settings) -> Credentials:
    """The account's credentials. Raises `UsageError` that says which variables to set."""
    secret = settings.client_secret
    if settings.client_secret_file is not None:
        secret = _read_secret(settings.client_secret_file)
    missing = [
        name
        for name, value in (
            ("MSISDN_CLIENT_ID", settings.client_id),
            ("MSISDN_CLIENT_SECRET (or --client-secret-file)", secret),
        )
        if not value
    ]
    if missing or not settings.client_id or not secret:
        raise UsageError(
            f"no credentials: set {' and '.join(missing)}; without an account, try --simulate"
        )
    return Credentials(settings.client_id, secret)


def _read_secret(path: Path) -> str:
    """The first line of a file that only its owner can read. Raises `UsageError`."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise UsageError(f"--client-secret-file {path}: cannot be read ({why})") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"--client-secret-file {path}: others can read it; run: chmod 600 {path}")
    secret = text.partition("\n")[0].strip()
    if not secret:
        raise UsageError(f"--client-secret-file {path}: its first line is empty")
    return secret
