"""The simulator as a child process, for `--simulate` and for tests.

A process of its own, so that it does not share a core's time with what it serves. It ends with
the block, and with this process, even when that is killed with -9.
"""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import msgspec

from pipeline.errors import ServiceError
from pipeline.simulator.server import Endpoints

__all__ = ("embedded",)

READY_WITHIN = 20.0
"""Seconds; it takes half of one on an idle machine."""

END_WITHIN = 5.0


@contextmanager
def embedded(
    *, seed: str = "", faults: Sequence[str] = (), arguments: Sequence[str] = ()
) -> Iterator[Endpoints]:
    """A running simulator, by its endpoints.

    `faults` are `name=value` texts, `arguments` more options of `msisdn simulate`. Raises
    `ServiceError` with the simulator's own words when it does not start.
    """
    command = [sys.executable, "-m", "pipeline", "simulate", "--exit-with-parent", "--seed", seed]
    for fault in faults:
        command += ["--fault", fault]
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("MSISDN_SIMULATE_")}
    # What it says goes to a file: a pipe that nobody reads would stop it when full.
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603  our own program
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=surroundings,
            # A group of its own: Ctrl-C at the terminal is for the run, which still asks questions
            # while it winds up.
            process_group=0,
        ) as child,
    ):
        try:
            yield _ready(child, said)
        finally:
            _end(child)


def _ready(child: subprocess.Popen[bytes], said: IO[bytes]) -> Endpoints:
    assert child.stdout is not None  # noqa: S101  a pipe was asked for
    ready, _, _ = select.select([child.stdout], [], [], READY_WITHIN)
    line = child.stdout.readline() if ready else b""
    try:
        return msgspec.json.decode(line, type=Endpoints)
    except msgspec.DecodeError:
        _end(child)
        said.seek(0)
        words = said.read().decode(errors="replace").strip()
        reason = words or ("no sign of life in time" if not ready else "no reason given")
        raise ServiceError(f"the simulator did not start: {reason}") from None


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(END_WITHIN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
