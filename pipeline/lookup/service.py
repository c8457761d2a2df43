"""From settings to the service: which endpoint, whose credentials."""

import errno
import os
import select
import stat
import struct
import time
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from pipeline.errors import UsageError
from pipeline.parsing import secret as secret_of
from pipeline.privacy import hide
from pipeline.protocol.messages import Credentials, Lookup
from pipeline.settings import Settings
from pipeline.transports.contract import Service
from pipeline.transports.endpoints import ENDPOINTS, TOKEN_URL, check_endpoint, check_url

__all__ = ("Given", "credentials_of", "service_of")


_LONGEST = 1 << 16
"""Bytes of a secret file that are read."""
_LOOK, _LOOKS = 0.05, 600
"""Seconds between two looks at a pipe, and how many of them."""


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
    hide(secret)
    return Credentials(settings.client_id, secret)


def _read_secret(path: Path) -> str:
    """The first line of a file that only its owner can read. Raises `UsageError`."""
    where = f"--client-secret-file {path}"
    try:
        state = path.stat()
        if os.name == "posix" and _others_read(path, state.st_mode):
            raise UsageError(f"{where}: others can read it; run: chmod 600 {path}")
        # A pipe, as of `<(vault …)`, brings the secret once.
        read = _start if stat.S_ISREG(state.st_mode) else _start_once
        text = read(path).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{where}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: not text in UTF-8: save it as UTF-8") from None
    line = text.partition("\n")[0]
    if not line.strip():
        raise UsageError(f"{where}: its first line is empty")
    try:
        return secret_of(line)
    except ValueError as error:
        raise UsageError(f"{where}: its first line will not do: {error}") from None


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LONGEST)


@cache
def _start_once(path: Path) -> bytes:
    """What comes through a pipe; a signal is heard meanwhile, for nothing here waits without end."""
    told = b""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        for _ in range(_LOOKS):
            readable, _, _ = select.select([pipe], [], [], _LOOK)
            more = pipe.read(_LONGEST) if readable else None
            told += more or b""
            if len(told) >= _LONGEST or (told and more == b""):
                return told[:_LONGEST]
            if more == b"":  # nobody has opened it to write yet
                time.sleep(_LOOK)
    raise OSError(errno.ETIMEDOUT, f"nothing came through it for {_LOOKS * _LOOK:.0f} seconds")


_ACL = "system.posix_acl_access"
_USER, _GROUP_OWNER, _GROUP, _MASK = 0x02, 0x04, 0x08, 0x10
_READ = 4


def _others_read(path: Path, mode: int) -> bool:
    """Whether anybody but the owner, root and this user may read a file.

    What a mode shows for the group is the mask of the access list where there is one: systemd's
    LoadCredential gives root's file to this user by a list, and it looks like 0440.
    """
    if mode & stat.S_IRWXO:
        return True
    if not mode & stat.S_IRWXG:
        return False
    try:
        raw = os.getxattr(path, _ACL)
    except (OSError, AttributeError):  # no list, or not Linux
        return True
    entries = list(struct.iter_unpack("<HHI", raw[4:]))
    mask = next((allowed for tag, allowed, _ in entries if tag == _MASK), ~0)
    may_read = {(tag, who) for tag, allowed, who in entries if allowed & mask & _READ}
    known = {0, os.geteuid()}
    return any(
        tag in {_GROUP_OWNER, _GROUP} or (tag == _USER and who not in known)
        for tag, who in may_read
    )
