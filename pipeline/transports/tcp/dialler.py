"""How a TCP connection comes about: names, several addresses, and the time that it may take."""

import asyncio
import socket

from pipeline.transports.contract import Service
from pipeline.transports.endpoints import Address, address_of
from pipeline.transports.tcp.connection import Connection

__all__ = ("Dialler",)

LONGEST = 10.0
"""Seconds for a connection to come about, where the time-out is not shorter."""


class Dialler:
    """Opens connections to one endpoint; remembers where it was reached last."""

    def __init__(self, service: Service) -> None:
        self._address = address_of(service.endpoint)
        self._patience = min(LONGEST, service.timeout)
        self._reached: Address | None = None

    async def connect(self, connection: Connection) -> None:
        """Connect where it was reached last, else at the first address that answers.

        Each address has its share of the time, so that one family without a way there (IPv6,
        often) does not use it all up. Raises `OSError` or `TimeoutError` when none answers.
        """
        loop = asyncio.get_running_loop()
        addresses = [self._reached] if self._reached else await self._resolve()
        for place, address in enumerate(addresses, 1):
            try:
                async with asyncio.timeout(self._patience / len(addresses)) as patience:
                    connection.patience = patience
                    await loop.create_connection(lambda: connection, *address)
            except (OSError, TimeoutError):
                self._reached = None
                if place == len(addresses):
                    raise
            else:
                self._reached = address
                return

    async def _resolve(self) -> list[Address]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._patience):
            found = await loop.getaddrinfo(*self._address, type=socket.SOCK_STREAM)
        return [Address(str(address[0]), int(address[1])) for *_, address in found]
