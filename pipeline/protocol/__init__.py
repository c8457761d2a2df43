"""The service's protocol without input and output: shared by client and simulator.

Rule: no sockets, no clock, no dice, no Polars. Time is an argument.
"""

__all__ = ()
