"""A forward proxy, and a service behind TLS, in threads of the test: both keep what passed them."""

import http.client
import select
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_OF_THE_CONNECTION = {"connection", "proxy-authorization", "transfer-encoding"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Passing"

    def _pass_on(self) -> None:
        """A proxy is asked for whole addresses, a service for paths."""
        self.server.note(self.command, self.path, self.headers.get("Proxy-Authorization", ""))
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        further = http.client.HTTPConnection(target.netloc or self.server.upstream)
        path = target._replace(scheme="", netloc="").geturl()
        further.request(self.command, path, body, _passed(self.headers))
        answer = further.getresponse()
        content = answer.read()
        further.close()
        self.send_response(answer.status)
        for name, value in _passed(answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _pass_on

    def do_CONNECT(self) -> None:
        self.server.note(self.command, self.path, self.headers.get("Proxy-Authorization", ""))
        host, _, port = self.path.rpartition(":")
        self.close_connection = True
        with socket.create_connection((host, int(port))) as further:
            self.send_response(200)
            self.end_headers()
            other = {self.connection: further, further: self.connection}
            while True:
                ready, _, _ = select.select(list(other), [], [])
                for come_by in ready:
                    if not (data := come_by.recv(1 << 16)):
                        return
                    other[come_by].sendall(data)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  its own name
        """Be quiet."""


def _passed(headers: Any) -> dict[str, str]:
    return {name: text for name, text in headers.items() if name.lower() not in _OF_THE_CONNECTION}


class Passing(ThreadingHTTPServer):
    """Passes requests on: to where they are addressed, or all to `upstream`."""

    request_queue_size = 128

    def __init__(self, upstream: str = "", tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.passed: list[tuple[str, str]] = []
        """Methods and targets, in the order in which they came."""
        self.credentials: set[str] = set()
        """What came as Proxy-Authorization."""
        self._tls = tls

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def note(self, method: str, target: str, credentials: str) -> None:
        self.passed.append((method, target))
        self.credentials.add(credentials)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        with self._tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone, or does not trust us, is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def passing(upstream: str = "", tls: ssl.SSLContext | None = None) -> Iterator[Passing]:
    with Passing(upstream, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
