"""What a body, a status or an error of the network means."""

from collections.abc import Mapping

import aiohttp

from pipeline.protocol.meaning import LOST, NO_ANSWER, REFUSED, kind_of_status
from pipeline.protocol.messages import Fault, FaultKind
from pipeline.transports.rest.bearer import NO_PROXY, proxy_refusal
from pipeline.transports.rest.heads import UNREADABLE
from pipeline.transports.rest.redirects import is_redirect, redirected
from pipeline.transports.rest.waits import retry_after

__all__ = (
    "LONGEST",
    "body_of",
    "fault_of_error",
    "fault_of_status",
    "stopped_by_proxy",
)

LONGEST = 64 * 1024
"""Bytes of an answer; a sound one has some 400."""


_UNSENT = (
    (aiohttp.ClientProxyConnectionError, NO_PROXY),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted"),
    (aiohttp.ClientConnectorSSLError, "no TLS connection comes about"),
    (aiohttp.ClientConnectorError, "cannot connect"),
    (aiohttp.ConnectionTimeoutError, "cannot connect"),
)
"""Errors before anything left; the first that fits says which. Proxy and TLS are kinds of the fourth."""


async def body_of(response: aiohttp.ClientResponse) -> bytes | None:
    """The body, decompressed; None when it is too long, and then the connection is dropped."""
    content = response.content
    body = await content.read(LONGEST)
    while not content.at_eof():
        body += await content.read(LONGEST)
        if len(body) > LONGEST:
            response.close()
            return None
    return body


def fault_of_error(error: Exception, begun: bool) -> Fault:
    """What an error of the network means; `begun` when aiohttp had the request already."""
    for kind, words in _UNSENT:
        if isinstance(error, kind):
            return Fault(FaultKind.TRANSIENT, words, sent=False)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return stopped_by_proxy(error.status)
    if isinstance(error, TimeoutError):
        return Fault(FaultKind.TIMEOUT, NO_ANSWER, sent=begun)
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.http.HttpProcessingError):
        return Fault(FaultKind.TRANSIENT, UNREADABLE, sent=begun)
    return Fault(FaultKind.DISCONNECTED, LOST, sent=begun)


def stopped_by_proxy(status: int) -> Fault:
    """A proxy answered in place of the service, which never saw the request."""
    return Fault(FaultKind.TRANSIENT, proxy_refusal(status), sent=False)


def fault_of_status(status: int, headers: Mapping[str, str]) -> Fault:
    """What a status says that is neither success nor 401."""
    if status == 403:
        return Fault(FaultKind.ACCOUNT, f"{REFUSED} (403)")
    wait = retry_after(headers)
    kind = FaultKind.THROTTLE if "Retry-After" in headers else kind_of_status(status)
    if is_redirect(status):
        return Fault(FaultKind.REJECTED, redirected(status, headers))
    return Fault(kind, f"the service answered {status}", retry_after=wait)
