#!/usr/bin/env bash
# rich 15.0.0: when nobody reads the output any more, rich ends the program, with exit code 1.
#
# Guess: `console.print` raises BrokenPipeError, and the program decides what that means.
# Seen:  it raises SystemExit(1): `except BrokenPipeError` and `except Exception` never see it, what
#        comes after is not done, and `program 2>&1 | head` looks like a failure. Standard output leads
#        to the null device from then on, although the console wrote to another stream.
# For us: progress goes to a stream that drops what nobody reads; the exit code tells of the job.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check rich==15.0.0
cat >app.py <<'PY'
import os
from pathlib import Path

from rich.console import Console

read, write = os.pipe()
os.close(read)  # as after `| head`
out = os.fdopen(write, "w", buffering=1)
def say(*words):
    os.write(2, " ".join(map(str, words)).encode() + b"\n")

try:
    Console(file=out, force_terminal=False).print("progress")
    say("printed")
except BrokenPipeError:
    say("BrokenPipeError")
except SystemExit as error:
    say("SystemExit", error.code)
say("standard output leads to", os.readlink("/proc/self/fd/1"))
os._exit(0)  # the stream is not to be flushed once more
PY
{
    echo "rich $(venv/bin/python -c 'from importlib.metadata import version; print(version("rich"))')"
    venv/bin/python -u app.py 2>&1
} >seen
cat seen
diff - seen <<'EXPECTED'
rich 15.0.0
SystemExit 1
standard output leads to /dev/null
EXPECTED
