"""The ways to the service: asyncio around `protocol/`.

To add one: a module with a class that keeps the promises of `contract.py`, a line in `TRANSPORTS`,
and its endpoint in `endpoints.py`; the conformance tests pick it up.
"""

from collections.abc import Callable

from pipeline.transports.contract import Deliver, Service, Transport
from pipeline.transports.rest import RestTransport
from pipeline.transports.tcp import TcpTransport
from pipeline.transports.udp import UdpTransport

__all__ = ("TRANSPORTS",)

TRANSPORTS: dict[str, Callable[[Service, Deliver], Transport]] = {
    "rest": RestTransport,
    "tcp": TcpTransport,
    "udp": UdpTransport,
}
"""Every transport by the name that users know."""
