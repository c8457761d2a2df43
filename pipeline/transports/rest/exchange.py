"""One request and the head of its answer, over a pool of kept connections.

Rule: what is asked here goes out once. `aiohttp.ClientSession` sends a request again by itself when
a kept connection turns out to be dead, and has no public switch for that. So it is left out, and
its parts are used as it uses them: the connector, the request and the response. It would also look
at redirects, cookies and credentials in an address, none of which there are: a seventh of a lookup.
"""

import asyncio

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from pipeline.transports.contract import Service
from pipeline.transports.rest.attempt import Departure

__all__ = ("LONGEST_HEADER", "Exchange")

LONGEST_HEADER = 65_536
"""Bytes of one header of an answer; some services send tokens and policies of more than 8 KiB."""


class Exchange:
    """Asks over the connector of `session`, by way of the proxy that the service has."""

    def __init__(self, service: Service, session: aiohttp.ClientSession) -> None:
        assert session.connector is not None  # noqa: S101  it is open
        self._session = session
        self._connector = session.connector
        self._timeout = session.timeout
        self._loop = asyncio.get_running_loop()
        self._proxy = URL(service.proxy) if service.proxy else None

    async def get(
        self, url: URL, headers: CIMultiDict[str], departure: Departure
    ) -> aiohttp.ClientResponse:
        """The answer, whose body is still to be read; to be released in any case.

        Raises `aiohttp.ClientError`, `OSError` and `Withdrawn`; `departure.is_out` says whether the
        service may have got the request.
        """
        request = aiohttp.ClientRequest(
            "GET", url, headers=headers, loop=self._loop, session=self._session, proxy=self._proxy
        )
        try:
            connection = await self._connector.connect(request, [], self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error
        try:
            assert connection.protocol is not None  # noqa: S101  it is open
            connection.protocol.set_response_params(
                read_until_eof=True, max_line_size=LONGEST_HEADER, max_field_size=LONGEST_HEADER
            )
            await departure.leave()
            response = await request.send(connection)
            return await response.start(connection)
        except BaseException:
            connection.close()
            raise
