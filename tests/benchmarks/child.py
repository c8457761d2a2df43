"""Runs one command and writes down what it took: `child.py RESULT COMMAND...`

Rule: this file imports little. A process begins with the peak memory of the one that started it
(Linux keeps it across `exec`), so what starts the measured command must itself be small.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

__all__ = ("main",)

KIB = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of `ru_maxrss`."""
EVERY = 0.05
"""Seconds between two looks at the memory that is the command's own; each takes 50 µs."""


class _Watch(threading.Thread):
    """The most anonymous memory at any look; 0 where the system does not tell.

    Unlike the resident set it leaves out pages of mapped files, which the system takes back as soon
    as it wants them.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = f"/proc/{pid}/status"
        self._ended = threading.Event()
        self.most = 0

    def run(self) -> None:
        """Until the process is gone."""
        while not self._ended.wait(EVERY):
            try:
                with open(self._status, encoding="ascii") as lines:  # noqa: PTH123  imports little
                    found = [int(line.split()[1]) for line in lines if line.startswith("RssAnon")]
            except (OSError, ValueError):
                return
            self.most = max(self.most, *(size * 1024 for size in found), 0)

    def end(self) -> int:
        """Stop looking; the most seen, in bytes."""
        self._ended.set()
        self.join()
        return self.most


def main() -> None:
    """Run it; its output is ours, and so is its exit code."""
    result, *command = sys.argv[1:]
    began = time.perf_counter()
    with subprocess.Popen(command) as child:
        watch = _Watch(child.pid)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        own = watch.end()
        child.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * KIB
    took = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": peak, "own": own}
    Path(result).write_text(json.dumps(took), encoding="utf-8")
    sys.exit(child.returncode)


if __name__ == "__main__":
    main()
