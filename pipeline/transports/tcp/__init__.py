"""TCP: JSON objects on connections that the server may or may not keep open."""

from pipeline.transports.tcp.pool import TcpTransport

__all__ = ("TcpTransport",)
