"""REST services that are written byte for byte, for what no library would send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from tests.conformance.services import Client, Running, plainly

__all__ = ("TOKEN", "asked_of", "raw_rest")

TOKEN = b'{"access_token":"a","token_type":"Bearer","expires_in":"3600"}'

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def asked_of(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    """The number of each request of a connection; blank where a token is wanted."""
    while True:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        if head.startswith("GET"):
            yield head.partition("tel=")[2][:11]
            continue
        length = int(head.lower().partition("content-length: ")[2].partition("\r")[0])
        await reader.readexactly(length)
        yield ""


@asynccontextmanager
async def raw_rest(
    serve: Serve, running: Running | None = None, *, patience: float = 30
) -> AsyncIterator[Client]:
    """A client of a service whose connections are served so."""
    served: list[asyncio.Task[None] | None] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    running = running or Running(plainly)
    running.endpoint = f"http://{host}:{port}/enumlookup"
    running.token_url = f"http://{host}:{port}/oauth2/token"
    client = Client("rest", running, timeout=patience)
    try:
        async with client.transport:
            yield client
    finally:
        server.close()
        # The client has gone, so they see the end of what it sent.
        async with asyncio.timeout(patience):
            await asyncio.gather(*filter(None, served), return_exceptions=True)
