"""The account: who may ask what, from where, how often, and with which token.

What the provider's document leaves open is decided here: above the rate limit REST gets 429 with
Retry-After, while TCP and UDP get no answer at all, as from an overloaded server. A refused
source address gets 403 by REST and `failed` by TCP and UDP.
Rule: the time is an argument, in seconds of any steady clock.
"""

from base64 import b64decode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from pipeline.simulator.networks import markets
from pipeline.simulator.population import CASCADE

__all__ = (
    "SCOPE",
    "Account",
    "Gate",
    "Refusal",
    "Tokens",
    "addresses_from_text",
    "countries_from_text",
    "lookup_types_from_text",
)

SCOPE = "linklookup/lookup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Permissions of the one account."""

    client_id: str = "simulator"
    client_secret: str = field(default="not-a-secret", repr=False)
    lookup_types: tuple[str, ...] = CASCADE
    """What may be asked; the rest is F0."""
    allow_countries: frozenset[str] = frozenset()
    """Regions that may be asked; empty allows all. The rest is F1."""
    refuse_countries: frozenset[str] = frozenset()
    allow_addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where requests may come from; empty allows all."""
    profile: tuple[str, ...] = CASCADE
    """What a request without a lookup type gets: in this order, until one finds something."""
    rate_limit: float = 0.0
    """Requests in any second; 0 is no limit."""
    token_lifetime: float = 3600.0

    @property
    def restricted(self) -> bool:
        """Not every country may be asked."""
        return bool(self.allow_countries or self.refuse_countries)

    def cascade(self, lookup: str) -> tuple[str, ...]:
        """Lookup types for a request, in this order until one finds something; empty is F0.

        A profile passes over the types that are not allowed.
        """
        wanted = (lookup,) if lookup else self.profile
        return tuple(each for each in wanted if each in self.lookup_types)

    def allows_country(self, region: str) -> bool:
        """F1 otherwise."""
        allowed = not self.allow_countries or region in self.allow_countries
        return allowed and region not in self.refuse_countries

    def allows_address(self, address: str) -> bool:
        """Whether requests from an IP address are served."""
        if not self.allow_addresses:
            return True
        source = ip_address(address.partition("%")[0])
        return any(source in network for network in self.allow_addresses)

    def knows(self, client_id: str, secret: str) -> bool:
        """Whether the credentials are right."""
        return client_id == self.client_id and secret == self.client_secret


def addresses_from_text(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """`127.0.0.1, 10.0.0.0/8`. Raises `ValueError`, as do the next two."""
    try:
        return tuple(ip_network(part) for part in _parts(text))
    except ValueError as error:
        raise ValueError(f"{error}; write 127.0.0.1 or 10.0.0.0/8") from None


def lookup_types_from_text(text: str) -> tuple[str, ...]:
    """`mnp`, `hlr`, or `mnp,hlr`, in the order written."""
    types = tuple(part.lower() for part in _parts(text))
    if not types or not set(types) <= set(CASCADE) or len(set(types)) < len(types):
        raise ValueError("write mnp, hlr, or both with a comma between")
    return types


def countries_from_text(text: str) -> frozenset[str]:
    """`GB,IE`: regions that the simulator knows."""
    regions = frozenset(part.upper() for part in _parts(text))
    unknown = regions - markets().keys()
    if unknown:
        raise ValueError(f"no such region: {', '.join(sorted(unknown))}; write codes such as GB,IE")
    return regions


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


class Gate:
    """The rate limit: a log of the last second. A refused request does not count."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._passed: deque[float] = deque()

    def __repr__(self) -> str:
        return f"<Gate, {len(self._passed)} of {self._limit or 'any'} in the last second>"

    def passes(self, now: float) -> bool:
        """Whether one request more is within the limit; if so it is counted."""
        if not self._limit:
            return True
        while self._passed and self._passed[0] <= now - 1.0:
            self._passed.popleft()
        if len(self._passed) >= self._limit:
            return False
        self._passed.append(now)
        return True


class Refusal(Exception):
    """A token request that is refused, in the words of RFC 6749 section 5.2."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class Tokens:
    """Bearer tokens of OAuth2 client credentials (RFC 6749 section 4.4)."""

    def __init__(self, account: Account, seed: str = "", revoke_after: int = 0) -> None:
        self._account = account
        self._key = blake2b(b"tokens" + seed.encode(), digest_size=32).digest()
        self._revoke_after = revoke_after
        self._live: dict[str, tuple[float, int]] = {}
        self.issued = 0

    def __repr__(self) -> str:
        return f"<Tokens, {self.issued} issued, {len(self._live)} kept>"

    def issue(
        self, form: Mapping[str, str], authorization: str | None, now: float
    ) -> dict[str, Any]:
        """The answer to a token request; credentials are taken from header or body.

        Raises `Refusal`.
        """
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization is not None:
            client_id, secret = _basic(authorization)
        if not self._account.knows(client_id, secret):
            raise Refusal(401, "invalid_client")
        if form.get("grant_type") != "client_credentials":
            raise Refusal(400, "unsupported_grant_type")
        if not set(form.get("scope", SCOPE).split()) <= {SCOPE}:
            raise Refusal(400, "invalid_scope")
        self.issued += 1
        token = blake2b(str(self.issued).encode(), digest_size=24, key=self._key).hexdigest()
        self._live[token] = (now + self._account.token_lifetime, 0)
        lifetime = self._account.token_lifetime
        return {"access_token": token, "expires_in": int(lifetime), "token_type": "Bearer"}

    def accepts(self, token: str, now: float) -> bool:
        """Whether a token is good for one more lookup; that use is counted."""
        expires, uses = self._live.get(token, (now, 0))
        spent = bool(self._revoke_after) and uses >= self._revoke_after
        if now >= expires or spent:
            self._live.pop(token, None)
            return False
        self._live[token] = (expires, uses + 1)
        return True

    def revoke(self) -> None:
        """All tokens die."""
        self._live.clear()


def _basic(authorization: str) -> tuple[str, str]:
    """Credentials of an `Authorization: Basic` header, blank where it is something else."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return client_id, secret
