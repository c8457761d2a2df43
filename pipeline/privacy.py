"""Numbers are personal data: how one may appear in a log line, an error or a table on screen.

Rule: everything that prints a number goes through `mask`, free text through `redact`.
"""

import re

__all__ = ("mask", "redact")

_RUN_OF_DIGITS = re.compile(r"\d{7,}")


def mask(number: str) -> str:
    """`447911123456` becomes `4479******56`: enough to recognise one's own, too little to call."""
    if len(number) < 7:
        return "*" * len(number)
    return number[:4] + "*" * (len(number) - 6) + number[-2:]


def redact(text: str) -> str:
    """Mask every run of seven or more digits in a text from outside, such as a server's message."""
    return _RUN_OF_DIGITS.sub(lambda found: mask(found.group()), text)
