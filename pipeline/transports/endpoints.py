"""Where the service is: the provider's addresses, and what an address must look like.

Rules: TLS wherever there is TLS to be had, so `http://` is for this machine only unless the user
insists; no credentials in an address, where logs and process lists would show them. The provider's
TCP and UDP are plain text by its own design.
"""

import ipaddress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from pipeline.errors import UsageError

__all__ = ("ENDPOINTS", "TOKEN_URL", "Address", "address_of", "check_endpoint", "check_url")

ENDPOINTS: dict[str, str] = {
    "rest": "https://lookup.linkmobility.co.uk/enumlookup",
    "tcp": "tcp://dnsenum.linkmobility.co.uk:10054",
    "udp": "udp://dnsenum.linkmobility.co.uk:10055",
}
"""The provider's, by transport."""

TOKEN_URL = "https://lookupauth.linkmobility.co.uk/oauth2/token"  # noqa: S105  an address

_SCHEMES = {"rest": ("https", "http"), "tcp": ("tcp",), "udp": ("udp",)}
_EXAMPLES = {"rest": "https://host/enumlookup", "tcp": "tcp://host:port", "udp": "udp://host:port"}


class Address(NamedTuple):
    """A host, by name or number, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def check_endpoint(
    transport: str, url: str, *, allow_plaintext: bool = False, proxy: str | None = None
) -> None:
    """Raises `UsageError` that says what to do when `url` will not do for this transport."""
    wanted = f"--endpoint for --transport {transport} is written {_EXAMPLES[transport]}"
    parts = _split(url, wanted)
    if parts.scheme not in _SCHEMES[transport]:
        raise UsageError(f"{wanted}, not {parts.scheme or 'without a scheme'}://")
    if transport == "rest":
        check_url("--endpoint", url, allow_plaintext=allow_plaintext, proxy=proxy)
    elif parts.port is None:
        raise UsageError(f"{wanted}: the port is missing")
    elif parts.path not in ("", "/") or parts.query:
        raise UsageError(f"{wanted}: nothing may follow the port")


def check_url(
    setting: str, url: str, *, allow_plaintext: bool = False, proxy: str | None = None
) -> None:
    """The same for the address of something that speaks HTTP, such as the token URL.

    A `proxy` reads what is not TLS: `http://` is on this machine only if both are.
    """
    parts = _split(url, f"{setting} is written https://host/path")
    if parts.scheme not in _SCHEMES["rest"]:
        raise UsageError(f"{setting} is written https://host/path")
    if parts.scheme == "https" or allow_plaintext:
        return
    hosts = [urlsplit(address).hostname or "" for address in (url, proxy) if address]
    if elsewhere := [host for host in hosts if not _is_here(host)]:
        raise UsageError(
            f"{setting} would send the account's secret and the numbers in plain text to"
            f" {elsewhere[0]}: use https://, or add --allow-plaintext"
        )


def address_of(url: str) -> Address:
    """Host and port of an endpoint that `check_endpoint` accepts, for TCP and UDP."""
    parts = _split(url, "an endpoint is written scheme://host:port")
    if parts.hostname is None or parts.port is None:
        raise UsageError("an endpoint is written scheme://host:port")
    return Address(parts.hostname, parts.port)


def _split(url: str, wanted: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")  # as it is looked up
    except ValueError:
        raise UsageError(f"{wanted}: that is no address") from None
    if not parts.hostname or port == 0 or any(character.isspace() for character in url):
        raise UsageError(wanted)
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"{wanted}, without a name or secret: those are MSISDN_CLIENT_ID and"
            " MSISDN_CLIENT_SECRET"
        )
    if parts.fragment:
        raise UsageError(f"{wanted}, without a #")
    return parts


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
