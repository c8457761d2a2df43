"""REST's token over aiohttp: one for all, renewed ahead, and once for all that were refused.

What to decide, `protocol/token.py` knows; here are the request for a token, the timer, and the
gate at which requests wait while no token is good.
"""

import asyncio
import socket

import aiohttp
from multidict import CIMultiDict

from pipeline.errors import AccountError
from pipeline.privacy import hide
from pipeline.protocol.token import Refusal, Token, TokenKeeper, TokenRefused, TokenUnusable
from pipeline.transports.contract import Service, Unreachable
from pipeline.transports.rest.heads import UNREADABLE
from pipeline.transports.rest.redirects import is_redirect, redirected
from pipeline.transports.rest.waits import retry_after

__all__ = ("NO_PROXY", "PROXY_REFUSES", "Bearer", "proxy_refusal")

PROXY_REFUSES = 407
"""The one status that is a proxy's and never the service's."""
NO_PROXY = "cannot connect to the proxy"
LONGEST = 64 * 1024
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds between attempts to get a token while the token URL gives none."""
LONGEST_WAIT = 120.0
"""Seconds that it may ask for in their place."""


class Bearer:
    """The token of one session."""

    def __init__(
        self, service: Service, session: aiohttp.ClientSession, keeper: TokenKeeper
    ) -> None:
        self._service = service
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._keeper = keeper
        self._good = asyncio.Event()
        self.ready: tuple[int, CIMultiDict[str]] | None = None
        """What `headers` would return at once; None while it has to wait."""
        self._renewal: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.refusal = ""
        """Why no token will come any more; blank while one may."""

    async def start(self) -> None:
        """Get the first token.

        Raises `AccountError` when the account is refused, `Unreachable` when nobody gives one.
        """
        try:
            self._take(await self._fetched())
        except TokenRefused as error:
            raise AccountError(
                f"the token URL refused the account ({error}): check MSISDN_CLIENT_ID and"
                " MSISDN_CLIENT_SECRET"
            ) from None
        except TokenUnusable as error:
            raise Unreachable(
                f"no token from {self._service.token_url}: {error}",
                passing=error.passing,
                retry_after=error.retry_after,
            ) from None

    async def stop(self) -> None:
        """End the renewal, if one is under way."""
        if self._timer is not None:
            self._timer.cancel()
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait([self._renewal])

    async def headers(self) -> tuple[int, CIMultiDict[str]]:
        """The token's generation, and a request's headers with it, as soon as one is good.

        The wait ends without a good token only when `refusal` says why.
        """
        await self._good.wait()
        return self.ready or (0, CIMultiDict())

    def proven(self, generation: int) -> None:
        """The service accepted it."""
        self._keeper.proven(generation)

    async def refused(self, generation: int) -> None:
        """The service refused it; when this returns, a newer one is here or `refusal` says why."""
        match self._keeper.refused(generation):
            case Refusal.FATAL:
                self._give_up("the service refused two fresh tokens in a row (401)")
            case Refusal.RENEW if not self.refusal:
                self._good.clear()
                self.ready = None
                self._renew()
            case _:
                pass
        await self._good.wait()

    def _give_up(self, reason: str) -> None:
        self.refusal = self.refusal or reason
        self._good.set()

    def _take(self, token: Token) -> None:
        hide(token.value)
        bearer = {"Authorization": f"Bearer {token.value}"}
        # In the form that aiohttp makes of them, so that they are made once.
        self.ready = (token.generation, CIMultiDict(self._session.headers, **bearer))
        self._good.set()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(token.renew_at, self._renew)

    def _renew(self) -> None:
        """Begin a renewal, unless one is under way."""
        if self._renewal is None or self._renewal.done():
            self._renewal = self._loop.create_task(self._renewed(), name="token renewal")

    async def _renewed(self) -> None:
        """Try until there is a token; ahead of time the old one stays in use meanwhile."""
        pause, wanted = FIRST_PAUSE, None
        while not self.refusal:
            try:
                self._take(await self._fetched())
            except TokenRefused as error:
                if not self._good.is_set():
                    self._give_up(f"the token URL refused the account ({error})")
            except TokenUnusable as error:  # requests wait at the gate as long as their time-out
                wanted = error.retry_after
            else:
                return
            await asyncio.sleep(pause if wanted is None else min(wanted, LONGEST_WAIT))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _fetched(self) -> Token:
        while True:
            try:
                return await self._fetch()
            except TokenUnusable as error:
                if not error.at_once:
                    raise

    def _check_status(self, response: aiohttp.ClientResponse) -> None:
        """Raise `TokenUnusable` where it is not the token endpoint that answers."""
        if response.status == PROXY_REFUSES and self._service.proxy:
            raise TokenUnusable(proxy_refusal(PROXY_REFUSES))
        if is_redirect(response.status):
            raise TokenUnusable(redirected(response.status, response.headers))

    async def _fetch(self) -> Token:
        headers, body = self._keeper.request()
        await asyncio.sleep(self._keeper.wait(self._loop.time()))
        try:
            async with self._session.post(
                self._service.token_url,
                data=body,
                headers=headers,
                allow_redirects=False,
                proxy=self._service.proxy,
                timeout=aiohttp.ClientTimeout(total=self._service.timeout),
            ) as response:
                told = await response.content.read(LONGEST)
                while more := await response.content.read(LONGEST):
                    told += more
                    if len(told) > LONGEST:
                        raise TokenUnusable("its answer is too long")
                self._check_status(response)
                wait = retry_after(response.headers)
                return self._keeper.accept(response.status, told, self._loop.time(), wait)
        except TimeoutError:
            raise TokenUnusable("no answer in time") from None
        except aiohttp.ClientProxyConnectionError:
            raise TokenUnusable(NO_PROXY) from None
        except aiohttp.ClientHttpProxyError as error:
            raise TokenUnusable(proxy_refusal(error.status)) from None
        except (aiohttp.ClientError, OSError) as error:
            # While a machine starts, its names may not be known yet.
            cause = getattr(error, "os_error", error)
            passing = getattr(cause, "errno", None) == socket.EAI_AGAIN
            raise TokenUnusable(_why(error), passing=passing) from None


def proxy_refusal(status: int) -> str:
    """What a proxy means that answers in place of the service."""
    return f"the proxy does not let us through ({status})"


def _why(error: Exception) -> str:
    """A network error in words, without addresses or secrets."""
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return UNREADABLE
    cause = getattr(error, "os_error", error)
    words = getattr(cause, "strerror", None) or type(cause).__name__
    return str(words)
