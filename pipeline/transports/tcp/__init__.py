"""TCP: JSON objects on connections that the server may or may not keep open.

What stands where:

    transport.py   questions out, outcomes back; what waits is given up when it is due
    waiting.py     what waits for a connection, and is paid for when it leaves
    pool.py        the connections: opened, in use, taken out of use, closed
    connection.py  one of them, and `dialler.py` how it comes about
    manners.py     how the server treats them: how deep, how many
    width.py       how many, where it closes each after its answer
"""

from pipeline.transports.tcp.transport import TcpTransport

__all__ = ("TcpTransport",)
