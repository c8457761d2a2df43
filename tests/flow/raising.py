"""`msisdn`, in which something goes wrong at a place that the environment names.

Run as a script, so that worker processes, which import it, have the same fault.
"""

import ast
import asyncio
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

import polars as pl

import pipeline.cli
import pipeline.cli.results
import pipeline.flow
import pipeline.job.local
import pipeline.job.opened
import pipeline.job.rows
import pipeline.job.shard
import pipeline.lookup.engine
import pipeline.report.progress
import pipeline.stop
import pipeline.transports.tcp.transport

TEXT = ast.literal_eval(os.environ["RAISED"])
"""What the exception says."""


class Odd(ValueError):
    """An exception that nobody foresaw."""


def fail(*_: object, **__: object) -> NoReturn:
    raise Odd(TEXT)


def panic(*_: object, **__: object) -> NoReturn:
    os.write(2, f"thread '<unnamed>' panicked at src/lib.rs:7:5:\n{TEXT}\n".encode())
    raise pl.exceptions.PanicException(TEXT)


class Leaving:
    def __del__(self) -> None:
        fail()


def in_a_thread() -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def logged() -> None:
    try:
        fail()
    except Odd:
        logging.getLogger("aiohttp.client").exception("odd: %s", TEXT)


def in_halves() -> None:
    half = len(TEXT) // 2
    sys.stderr.write(TEXT[:half])
    sys.stderr.flush()
    sys.stderr.write(TEXT[half:] + "\n")


def in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(fail)


def in_a_task() -> None:
    async def go() -> None:
        fail()

    asyncio.get_running_loop().create_task(go())


def in_the_signal_handler() -> None:
    setattr(pipeline.stop.Stop, "request", fail)  # noqa: B010  mypy would have it otherwise
    after(pipeline.flow, "report", lambda: os.kill(os.getpid(), signal.SIGTERM))


def printed() -> None:
    """What Python, libraries and native code say while the run goes on."""
    Leaving()
    warnings.warn(TEXT, stacklevel=1)
    logged()
    os.write(2, TEXT.encode(errors="replace") + b"\n")
    in_halves()
    os.system('printf "%s\\n" "$SAID" >&2')


def after(place: Any, name: str, more: Callable[[], object]) -> None:
    """Do something more at the beginning of a function, then go on."""
    usual = getattr(place, name)

    def both(*given: Any, **named: Any) -> Any:
        more()
        return usual(*given, **named)

    setattr(place, name, both)


PLACES: dict[str, Callable[[], object]] = {
    "read": lambda: setattr(pipeline.job.opened, "read", fail),
    "fingerprint": lambda: setattr(pipeline.job.opened, "fingerprint", fail),
    "normalise": lambda: setattr(pipeline.job.rows, "learn", fail),
    "dedupe": lambda: setattr(pipeline.job.rows, "dedupe", fail),
    "plan": lambda: setattr(pipeline.flow, "plan", fail),
    "shard": lambda: setattr(pipeline.flow, "keep", fail),
    "limiter": lambda: setattr(pipeline.job.local, "SharedLimiter", fail),
    "engine": lambda: setattr(pipeline.lookup.engine.Engine, "_go_out", fail),
    "send": lambda: setattr(pipeline.transports.tcp.transport.TcpTransport, "send", fail),
    "deliver": lambda: setattr(pipeline.lookup.engine.Engine, "deliver", fail),
    "journal": lambda: setattr(pipeline.lookup.engine.Engine, "add", fail),
    "answers": lambda: setattr(pipeline.job.shard, "answers", fail),
    "write": lambda: setattr(pipeline.job.shard, "write", fail),
    "report": lambda: setattr(pipeline.flow, "report", fail),
    "table": lambda: setattr(pipeline.cli.results, "summary_table", fail),
    "announce": lambda: setattr(pipeline.report.progress, "sentence", fail),
    "panic": lambda: setattr(pipeline.job.rows, "learn", panic),
    "signal handler": in_the_signal_handler,
    "callback": lambda: after(pipeline.lookup.engine.Engine, "add", in_a_callback),
    "task": lambda: after(pipeline.lookup.engine.Engine, "add", in_a_task),
    "thread": lambda: after(pipeline.flow, "report", in_a_thread),
    "printed": lambda: after(pipeline.flow, "report", printed),
    "nowhere": lambda: None,
}

PLACES[os.environ["PLACE"]]()

if __name__ == "__main__":
    pipeline.cli.main()
