"""REST's token: what to send for one, when to renew it, what a refusal means. Decides only.

Client credentials, RFC 6749 section 4.4, scope `linklookup/lookup`; client id and secret go in
the Authorization header, as in the provider's Python sample. Where they hold signs that RFC 6749
section 2.3.1 has encoded there, and the sample has not, both ways are tried, and the body. Rules: time
is an argument; there is no refresh token in this grant; a token appears in no repr.
"""

import base64
import json
import math
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NoReturn
from urllib.parse import quote_plus

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

from pipeline.protocol.messages import Credentials

__all__ = ("SCOPE", "Refusal", "Token", "TokenKeeper", "TokenRefused", "TokenUnusable")

SCOPE = "linklookup/lookup"
DEFAULT_LIFE = 300.0
"""Seconds, where the answer does not say, or says nonsense."""
LONGEST_LIFE = 1e9
"""Seconds; more than that is nonsense too."""
SPACING = 1.0
"""Seconds from one request for a token to the next, whatever lifetimes and refusals say."""

_FINAL = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)
"""What no repetition mends (RFC 6749 section 5.2). Other words, such as `temporarily_unavailable` and
`slow_down`, and pages of a firewall, pass."""
_PASSING = frozenset({400, 401, 403, 408, 425, 429})
"""Statuses of those, and 500 and more. Others are rather those of a wrong address."""


class TokenRefused(Exception):
    """The token endpoint refuses the account. The text says what it said."""


class TokenUnusable(Exception):
    """The token endpoint did not give a token; it may do so later."""

    def __init__(
        self,
        text: str,
        *,
        passing: bool = False,
        retry_after: float | None = None,
        at_once: bool = False,
    ) -> None:
        super().__init__(text)
        self.at_once = at_once
        """The next request says the same in another way."""
        self.passing = passing
        """It is worth waiting for, rather than a wrong address."""
        self.retry_after = retry_after
        """Seconds that the token endpoint asks us to wait."""


class Refusal(Enum):
    """What to do when the service refuses a token with 401."""

    RENEW = auto()
    """Get a new one, then ask again."""
    REPLAY = auto()
    """A newer one is here already: ask again with it."""
    FATAL = auto()
    """Two fresh tokens in a row were refused: it is not the token."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and how long it is good."""

    value: str = field(repr=False)
    generation: int
    renew_at: float
    expires_at: float


class TokenKeeper:
    """The current token, and the decisions about the next."""

    def __init__(self, credentials: Credentials) -> None:
        self.token: Token | None = None
        self._client = BackendApplicationClient(client_id=credentials.client_id)
        self._credentials = credentials
        plain, encoded = tuple(credentials), tuple(map(quote_plus, credentials))
        # First as the provider's sample sends them.
        self._forms = (
            [_basic(*plain)] if plain == encoded else [_basic(*plain), _basic(*encoded), ""]
        )
        self._generation = 0
        self._refused = 0  # the last generation that was refused
        self._proven = 0  # the last generation that worked
        self._fresh_refused = 0  # fresh tokens refused, none having worked in between
        self._next_request = -math.inf

    def __repr__(self) -> str:
        return f"<TokenKeeper generation {self._generation}>"

    def wait(self, now: float) -> float:
        """Seconds until a token may be asked for; books that request, which is to follow then."""
        at = max(now, self._next_request)
        self._next_request = at + SPACING
        return at - now

    def request(self) -> tuple[dict[str, str], bytes]:
        """Headers and body of the request for a token."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        form = self._forms[0]
        if form:
            body = self._client.prepare_request_body(scope=[SCOPE])
            return {"Authorization": form, **headers}, body.encode()
        secret = self._credentials.client_secret
        body = self._client.prepare_request_body(
            scope=[SCOPE], include_client_id=True, client_secret=secret
        )
        return headers, body.encode()

    def accept(
        self, status: int, body: bytes, now: float, retry_after: float | None = None
    ) -> Token:
        """Take the token endpoint's answer.

        Raises `TokenRefused` when it refuses the account, `TokenUnusable` when there is no token
        in it for another reason.
        """
        if not 200 <= status < 300:
            self._refuse(status, _error_of(body), retry_after)
        fields = self._parse(body)
        del self._forms[1:]  # this one is right
        life = _seconds(fields.get("expires_in"))
        self._generation += 1
        self.token = Token(
            value=fields["access_token"],
            generation=self._generation,
            renew_at=now + max(life - max(60.0, life / 10), life / 2),
            expires_at=now + life,
        )
        return self.token

    def _refuse(self, status: int, error: str, retry_after: float | None) -> NoReturn:
        said = f"{status} {error}".rstrip()
        # 401 without a word is what section 5.2 has for credentials that are not right.
        final = error in _FINAL or (status == 401 and not error)
        if not final or status not in _PASSING:
            passing = status in _PASSING or status >= 500 or retry_after is not None
            raise TokenUnusable(f"it answered {said}", passing=passing, retry_after=retry_after)
        if error in {"", "invalid_client"} and len(self._forms) > 1:
            del self._forms[0]
            raise TokenUnusable(f"it answered {said}", at_once=True)
        raise TokenRefused(said)

    def _parse(self, body: bytes) -> dict[str, Any]:
        try:
            fields = json.loads(body, parse_int=float)
        except (ValueError, RecursionError):
            raise TokenUnusable("what it answered is not JSON") from None
        if not isinstance(fields, dict):
            raise TokenUnusable("what it answered is not a JSON object")
        # Without its times: oauthlib would raise over a text, and read the system's clock.
        told = {key: value for key, value in fields.items() if not key.startswith("expires_")}
        try:
            self._client.parse_request_body_response(json.dumps(told))
        except (OAuth2Error, Warning, ValueError, TypeError, AttributeError):
            raise TokenUnusable("there is no token in what it answered") from None
        value = fields.get("access_token")
        # It goes into a header as it is.
        if not (value and isinstance(value, str) and value.isascii() and value.isprintable()):
            raise TokenUnusable("there is no token in what it answered")
        return fields

    def proven(self, generation: int) -> None:
        """The service accepted this token."""
        self._proven = max(self._proven, generation)
        if generation == self._generation:
            self._fresh_refused = 0

    def refused(self, generation: int) -> Refusal:
        """The service refused this token."""
        if generation < self._generation:
            return Refusal.REPLAY
        if self._refused < generation:
            self._refused = generation
            if self._proven < generation:
                self._fresh_refused += 1
        return Refusal.FATAL if self._fresh_refused >= 2 else Refusal.RENEW


def _basic(client_id: str, client_secret: str) -> str:
    pair = f"{client_id}:{client_secret}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _seconds(value: Any) -> float:
    """`expires_in`, which may be missing, zero, negative, a text, or beyond all bounds."""
    try:
        life = float(value)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIFE
    sound = 0 < life < LONGEST_LIFE and not isinstance(value, bool)
    return life if sound else DEFAULT_LIFE


def _error_of(body: bytes) -> str:
    """RFC 6749's `error`, such as `invalid_client`: the one word of the body that is repeated."""
    try:
        error = json.loads(body, parse_int=float)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    known = isinstance(error, str) and error.isascii() and error.replace("_", "").isalpha()
    return error if known and len(error) <= 40 else ""
