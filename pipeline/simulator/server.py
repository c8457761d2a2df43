"""All three listeners on one account, from the ready line to the last count.

`simulate` runs until SIGINT, SIGTERM or SIGHUP. The ready line is one JSON object on standard output with
the six keys that programs rely on (`rest`, `token_url`, `tcp`, `udp`, `client_id`,
`client_secret`); more may follow them.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from pipeline.errors import StorageError, UsageError
from pipeline.loop import loop_factory
from pipeline.simulator.account import Account
from pipeline.simulator.faults import IDLE, faults_from_text
from pipeline.simulator.population import Population
from pipeline.simulator.rest import Gateway
from pipeline.simulator.service import Service
from pipeline.simulator.tcp import Connection
from pipeline.simulator.udp import Datagrams

__all__ = ("Endpoints", "SimulatorOptions", "listening", "simulate")

BACKLOG = 1024
TRACKED = 100_000
"""Objects made and not dropped between two looks for garbage: an answer leaves no cycle."""
PAUSE = 0.01
"""Seconds for requests between two steps of what is prepared."""
WATCH = 0.5
"""Seconds between two looks at whether the parent still lives."""


class Endpoints(msgspec.Struct, frozen=True):
    """Where a simulator listens, and the credentials of its account."""

    rest: str
    token_url: str
    tcp: str
    udp: str
    client_id: str
    client_secret: str
    meter: str
    """`GET` it for what was counted and billed."""

    def __repr__(self) -> str:
        return f"<Endpoints {self.rest} {self.tcp} {self.udp}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """Everything that `msisdn simulate` can be told."""

    host: str = "127.0.0.1"
    http_port: int = 0
    """0 takes a free port, here and below."""
    tcp_port: int = 0
    udp_port: int = 0
    seed: str = ""
    day: int = 0
    account: Account = field(default_factory=Account)
    faults: tuple[str, ...] = ()
    """`name=value` texts; names are those of `FAULTS`."""
    remember: int = 0
    """Answers that are kept, so that asking for them again takes less time."""
    meter_file: Path | None = None
    exit_with_parent: bool = False


@asynccontextmanager
async def listening(
    options: SimulatorOptions, wall: Callable[[], float]
) -> AsyncIterator[tuple[Endpoints, Service]]:
    """The three listeners, on the running loop. `wall` gives seconds since 1970.

    Raises `UsageError` for an unknown fault and for an address that cannot be listened on.
    """
    faults = faults_from_text(options.faults)
    population = Population(options.seed, options.day, alpha3=faults["alpha3"])
    service = Service(options.account, population, faults, options.seed, remember=options.remember)
    loop = asyncio.get_running_loop()
    # aiohttp cancels a handler whose client has gone: the answers that never come end there.
    gateway = web.Server(
        Gateway(service, loop.time, wall),
        handler_cancellation=True,
        keepalive_timeout=faults["idle"] or IDLE,
    )
    runner = web.ServerRunner(gateway, access_log=None, shutdown_timeout=0.1)
    http = _bound(options.host, options.http_port, socket.SOCK_STREAM, "--http-port")
    tcp = _bound(options.host, options.tcp_port, socket.SOCK_STREAM, "--tcp-port")
    udp = _bound(options.host, options.udp_port, socket.SOCK_DGRAM, "--udp-port")
    await runner.setup()
    await web.SockSite(runner, http, backlog=BACKLOG).start()
    direct = await loop.create_server(partial(Connection, service, loop), sock=tcp, backlog=BACKLOG)
    datagrams = Datagrams(service, loop, udp, wall)
    try:
        yield _endpoints(options, http, tcp, udp), service
    finally:
        direct.close()
        datagrams.close()
        await runner.cleanup()


def _bound(host: str, port: int, kind: socket.SocketKind, flag: str) -> socket.socket:
    """A socket on an address; the flag is named when that cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, kind)
    if kind is socket.SOCK_STREAM:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise UsageError(
            f"cannot listen on {host} port {port}: {error.strerror}; try another {flag} or --host"
        ) from None
    return made


def _endpoints(
    options: SimulatorOptions, http: socket.socket, tcp: socket.socket, udp: socket.socket
) -> Endpoints:
    host = f"[{options.host}]" if ":" in options.host else options.host
    base = f"http://{host}:{http.getsockname()[1]}"
    return Endpoints(
        rest=f"{base}/enumlookup",
        token_url=f"{base}/oauth2/token",
        tcp=f"tcp://{host}:{tcp.getsockname()[1]}",
        udp=f"udp://{host}:{udp.getsockname()[1]}",
        client_id=options.account.client_id,
        client_secret=options.account.client_secret,
        meter=f"{base}/meter",
    )


def simulate(
    options: SimulatorOptions, announce: Callable[[str], None], wall: Callable[[], float]
) -> None:
    """Be the service until a signal comes, or until the parent is gone when that was asked for.

    `announce` gets the ready line. Raises `UsageError`, and `StorageError` when the meter file
    cannot be written.
    """
    gc.freeze()
    gc.set_threshold(TRACKED, 20, 100)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(options, announce, wall))


async def _serve(
    options: SimulatorOptions, announce: Callable[[str], None], wall: Callable[[], float]
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` leaves it
            loop.add_signal_handler(number, stop.set)
    async with listening(options, wall) as (endpoints, service):
        if options.exit_with_parent:
            _watch_parent(loop, os.getppid(), stop)
        announce(msgspec.json.encode(endpoints).decode())
        _prepare(loop, service.population.prepare())
        await stop.wait()
        if options.meter_file is not None:
            _write_meter(options.meter_file, service.meter.summary("all"))


def _prepare(loop: asyncio.AbstractEventLoop, steps: Iterator[None]) -> None:
    """Compile plans while nobody asks yet: requests that wait for it would be stamped as one bunch."""
    with suppress(StopIteration):
        next(steps)
        loop.call_later(PAUSE, _prepare, loop, steps)


def _watch_parent(loop: asyncio.AbstractEventLoop, parent: int, stop: asyncio.Event) -> None:
    """End when standard input ends or another process has become the parent.

    Either alone would not do: the pipe stays open as long as a sibling has inherited its end, and
    a parent that only lets go of the pipe is done with us too.
    """

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    def look() -> None:
        if os.getppid() != parent:
            stop.set()
        else:
            loop.call_later(WATCH, look)

    loop.add_reader(sys.stdin.fileno(), read)
    loop.call_later(WATCH, look)


def _write_meter(path: Path, summary: dict[str, Any]) -> None:
    try:
        path.write_bytes(msgspec.json.encode(summary))
    except OSError as error:
        raise StorageError(f"--meter-file {path}: {error.strerror}") from None
