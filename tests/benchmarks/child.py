"""Runs one command and writes down what it took: `child.py RESULT COMMAND...`

Rule: this file imports little. A process begins with the peak memory of the one that started it
(Linux keeps it across `exec`), so what starts the measured command must itself be small.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

__all__ = ("main",)

KIB = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of `ru_maxrss`."""


def main() -> None:
    """Run it; its output is ours, and so is its exit code."""
    result, *command = sys.argv[1:]
    began = time.perf_counter()
    with subprocess.Popen(command) as child:
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    took = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * KIB}
    Path(result).write_text(json.dumps(took), encoding="utf-8")
    sys.exit(child.returncode)


if __name__ == "__main__":
    main()
