"""The API gateway: `/oauth2/token`, `/enumlookup`; and `/meter` and `/faults`, the simulator's own.

`GET /meter` gives the meter as JSON, `?numbers=1` with the numbers billed more than once,
`?numbers=all` with all; `POST /meter/reset` begins anew. `POST /faults` replaces the faults by
those in its body, a line `name=value` each. They need no token.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from pipeline.errors import UsageError
from pipeline.simulator.account import Refusal
from pipeline.simulator.faults import faults_from_text
from pipeline.simulator.service import Reply, Service

__all__ = ("Gateway",)

JSON = "application/json"
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: a close becomes a reset."""

Clock = Callable[[], float]


class Gateway:
    """The handler of all HTTP requests, for aiohttp's low-level server.

    `clock` is a steady one, in seconds; `wall` gives seconds since 1970, for the date form of
    Retry-After.
    """

    def __init__(self, service: Service, clock: Clock, wall: Clock) -> None:
        self._service = service
        self._clock = clock
        self._wall = wall
        self._tokens_down = service.faults["token_down"]
        self._paths: dict[tuple[str, str], Callable[[web.BaseRequest], Awaitable[web.Response]]] = {
            ("POST", "/oauth2/token"): self._token,
            ("GET", "/meter"): self._meter,
            ("POST", "/meter/reset"): self._reset_meter,
            ("POST", "/faults"): self._set_faults,
        }

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, _, query = request.raw_path.partition("?")
        if request.method == "GET" and path.rstrip("/") == "/enumlookup":
            return await self._lookup(request, query)
        handler = self._paths.get((request.method, path))
        if handler is not None:
            return await handler(request)
        return web.Response(status=404, body=b'{"message":"Not Found"}', content_type=JSON)

    async def _lookup(self, request: web.BaseRequest, query: str) -> web.StreamResponse:
        now = self._clock()
        self._service.meter.requests("rest", now)
        asked = dict(parse_qsl(query))
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        reply = self._service.rest(
            asked.get("tel", ""),
            asked.get("lookup", ""),
            token if scheme.lower() == "bearer" else "",
            request.remote or "",
            now,
        )
        if reply.struck or reply.body is None:
            await self._misbehave(request, reply)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if "truncated" in reply.struck:
            return await self._truncated(request, reply)
        response = web.Response(status=reply.status, body=reply.body, content_type=JSON)
        if reply.status in (429, 503):
            self._retry_after(response)
        return response

    async def _misbehave(self, request: web.BaseRequest, reply: Reply) -> None:
        """Faults that leave nothing to be said."""
        if "reset" in reply.struck and request.transport is not None:
            raw = request.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            request.transport.abort()
        if reply.body is None or "hang" in reply.struck:
            await asyncio.Event().wait()  # until the client gives up: aiohttp cancels us then

    @staticmethod
    async def _truncated(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
        """Promise a whole body, send a part, and close."""
        body = reply.body or b""
        response = web.StreamResponse()
        response.content_type = JSON
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: 1 + int(reply.amount * (len(body) - 2))])
        if request.transport is not None:
            request.transport.close()
        return response

    def _retry_after(self, response: web.Response) -> None:
        seconds = self._service.faults["retry_after"]
        if not seconds and self._service.account.rate_limit:
            seconds = 1.0
        if self._service.faults["retry_date"]:
            moment = datetime.fromtimestamp(self._wall() + seconds, UTC)
            response.headers["Retry-After"] = format_datetime(moment, usegmt=True)
        elif seconds:
            response.headers["Retry-After"] = f"{seconds:g}"

    async def _token(self, request: web.BaseRequest) -> web.Response:
        self._service.meter.requests("token", self._clock())
        if self._tokens_down > 0:
            self._tokens_down -= 1
            return _json({"error": "temporarily_unavailable"}, 503)
        form = dict(parse_qsl((await request.read()).decode("latin-1"), keep_blank_values=True))
        try:
            answer = self._service.tokens.issue(
                form, request.headers.get("Authorization"), self._clock()
            )
        except Refusal as refusal:
            return _json({"error": refusal.error}, refusal.status)
        told = self._service.faults["expires_in"]
        if told == "missing":
            del answer["expires_in"]
        elif told:
            answer["expires_in"] = int(told) if told.lstrip("-").isdecimal() else told
        return _json(answer)

    async def _meter(self, request: web.BaseRequest) -> web.Response:
        return _json(self._service.meter.summary(request.query.get("numbers", "")))

    async def _reset_meter(self, request: web.BaseRequest) -> web.Response:
        self._service.meter.reset()
        return _json({})

    async def _set_faults(self, request: web.BaseRequest) -> web.Response:
        try:
            self._service.misbehave(faults_from_text((await request.text()).split()))
        except UsageError as error:
            return _json({"message": str(error)}, 400)
        return _json({})


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(value),
        content_type=JSON,
        headers={"Cache-Control": "no-store"},
    )
