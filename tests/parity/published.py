"""The numbers that libphonenumber's own tests parse, as cells (`published.json` says whence).

Those tests ask artificial numbering plans; here the numbers are inputs only, asked of the real
plans, so that all the ways of writing that libphonenumber's authors thought of are met.
"""

import json
from pathlib import Path

from tests.parity.cells import Cell

__all__ = ("published",)

_ALSO_IN = (None, "US", "GB", "DE", "NZ", "MX", "AR", "BR", "JP", "AU", "IT", "KR")


def published() -> list[Cell]:
    """Each with the region of its test, and with some others."""
    told = json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
    cells = [Cell(text, region) for text, region in told["cells"]]
    cells += [Cell(cell.text, region) for cell in cells for region in _ALSO_IN]
    return list(dict.fromkeys(cells))
