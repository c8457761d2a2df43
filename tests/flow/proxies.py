"""nginx and haproxy as Debian has them, before a simulator: each scenario is a piece of their settings."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

__all__ = ("haproxy", "nginx")

_NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream service {{ server {to}; keepalive 256; }}
    {outer}
    server {{
        listen 127.0.0.1:{port};
        {inner}
        location / {{
            {at}
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""

_HAPROXY = """
global
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    {defaults}
frontend in
    bind 127.0.0.1:{port}
    {inner}
    default_backend service
backend service
    server one {to}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def nginx(
    folder: Path, endpoint: str, *, outer: str = "", inner: str = "", at: str = ""
) -> Iterator[str]:
    """It runs with these directives of its blocks http, server and location; gives the endpoint."""
    settings = _NGINX.format(
        folder=folder,
        to=urlsplit(endpoint).netloc,
        port=(port := _free_port()),
        outer=outer,
        inner=inner,
        at=at,
    )
    (folder / "nginx.conf").write_text(settings)
    command = ["nginx", "-p", str(folder), "-e", str(folder / "error.log")]
    yield from _running([*command, "-c", str(folder / "nginx.conf")], port, endpoint)


@contextmanager
def haproxy(folder: Path, endpoint: str, *, defaults: str = "", inner: str = "") -> Iterator[str]:
    """Likewise, with these lines of its sections defaults and frontend."""
    settings = _HAPROXY.format(
        to=urlsplit(endpoint).netloc,
        port=(port := _free_port()),
        defaults=defaults,
        inner=inner,
    )
    (folder / "haproxy.cfg").write_text(settings)
    yield from _running(["haproxy", "-f", str(folder / "haproxy.cfg")], port, endpoint)


def _running(command: list[str], port: int, endpoint: str) -> Iterator[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed; Debian: apt-get install nginx haproxy")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}{urlsplit(endpoint).path}"
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < until, "it does not listen"
            time.sleep(0.02)
        else:
            return
