"""`msisdn`, and `python -m pipeline`.

Rules: next to nothing is imported before signals can come, since one may come at once; when all is
done the process ends, and is not taken apart first.
"""

import atexit
import contextlib
import gc
import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

__all__ = ("main",)

_TRACKED = 500_000
"""Objects made and not dropped between two looks for garbage in cycles: some 50 MB. At the usual 700
the imports, which make 130,000, are looked through over and over: a tenth of what a list of one row takes."""


def main() -> None:
    """Run the command line and exit."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` and `command &` leave them
            signal.signal(number, _leave)
    gc.set_threshold(_TRACKED, 20, 100)
    if not sys.flags.utf8_mode and sys.getfilesystemencoding() != "utf-8":
        _begin_in_utf8()
    from pipeline.cli import main as command_line  # noqa: PLC0415  after signals can come

    try:
        command_line()
    except SystemExit as ended:
        if isinstance(ended.code, int) and not sys.flags.dev_mode:
            _end(ended.code)
        raise


def _end(code: int) -> NoReturn:
    """End as children of `multiprocessing` do, once what was to be done at the end has been done.

    Python would free every object and module one by one first: 0.15 s, in which `clean` reads
    150,000 rows. `python -X dev` does, and tells what was left open.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  ends pools' threads, and waits
    atexit._run_exitfuncs()  # noqa: SLF001  there is no other name for it
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # closed, or gone
            stream.flush()
    os._exit(code)


def _leave(number: int, _frame: FrameType | None) -> None:
    """Until a job takes signals over nothing is begun, and so nothing is lost."""
    os._exit(128 + number)


def _begin_in_utf8() -> None:
    """Begin again where names are bytes of UTF-8, as they are to Polars and PyArrow.

    In a Latin-1 locale Python gives them names in which each of those bytes is a letter, and they
    look for another file. What is shown stays in the terminal's encoding.
    """
    shown = f"{getattr(sys.stderr, 'encoding', None) or 'utf-8'}:backslashreplace"
    os.environ.setdefault("PYTHONIOENCODING", shown)
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
