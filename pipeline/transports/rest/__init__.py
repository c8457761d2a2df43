"""REST: one question a request, over kept connections, with a bearer token."""

from pipeline.transports.rest.workers import RestTransport

__all__ = ("RestTransport",)
