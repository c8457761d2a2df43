"""On what the figures were measured: they mean little without it."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from pathlib import Path

__all__ = ("machine",)

_LIBRARIES = ("polars", "pyarrow", "numpy", "phonenumbers", "aiohttp")


def machine() -> str:
    """One line: system, processor, cores, memory, versions."""
    versions = (f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    return ", ".join([*_hardware(), f"Python {platform.python_version()}", *versions])


def _hardware() -> Iterator[str]:
    yield f"{platform.system()} {platform.machine()}"
    known = Path("/proc/cpuinfo")
    lines = known.read_text("utf-8").splitlines() if known.exists() else []
    models = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    yield from sorted(models)
    yield f"{os.cpu_count()} cores"
    if "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield f"{memory / 2**30:.0f} GiB"
