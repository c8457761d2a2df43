"""UDP: one datagram a question.

What stands where:

    transport.py  questions out, outcomes back; which question gets which socket
    port.py       one socket: what is asked on it, heard, given up
"""

from pipeline.transports.udp.transport import UdpTransport

__all__ = ("UdpTransport",)
