"""Where in a file does the table begin, and how do its rows fit its header? Pure.

Titles, comments and units stand above many a header, and rows have a cell more or less than it. As
DuckDB's sniffer does, the table is taken to be the lines of the usual width, and its header the
line above its numbers that reads like one; what stands above is passed over, and told. Where rows
and header differ, the names say how they belong together: a column that is called a telephone's
has numbers in it. Where that says nothing, nothing is guessed: such rows are bad.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pipeline.read.columns import looks_like_number
from pipeline.read.headers import Kind, kind_of

__all__ = ("Fit", "Row", "fit", "is_header", "is_sure", "table_start", "usual_width")

Row = tuple[str | None, ...]
"""Cells of a record, null where blank; none at all for one that is not sound."""

_ABOVE = 60
"""Records that may stand above a header."""
_BELOW = 100
"""Records below it that are looked at."""
_ALIKE = 0.95
"""Share of the rows that have one width, where it is said of all of them: some may be damaged."""
_TRIMMED = 0.1
"""Share of the rows that lack last cells, at least, where a program leaves blank ones out."""
_NUMBERED = 0.9
"""Share of short rows with a number where the others have theirs, at least."""
_NAMED = 0.25
"""Share of the cells below a telephone's name that are numbers, at least."""
_COMMENT = ("#", "//", "%", "--", ";")
_NUMBER = re.compile(r"\d(?:[ ()./-]{0,3}\d){6}")
_LONELY = 3
"""Words that make a header of a line below titles, which have one cell each."""
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_NO_VALUE = frozenset(("null", "none", "nan", "n/a", "na", "nil", "-", "unknown", "#n/a", "empty"))


_SPARE_ROWS, _SPARE = 1, 0.02
"""Rows with a blank cell too many, and their share, from which on such rows are sound."""


class Fit(NamedTuple):
    """How rows belong to their header."""

    names: Row
    """The header, with a blank name for each cell of the rows that it has none for."""
    given: int
    """Cells that a row usually has."""
    fewest: int
    """Cells that a row may have: those that it lacks were left out since they are blank."""
    spare: bool = False
    """Rows have blank cells behind their last one often enough for that to be how they are written."""
    said: str = ""
    """What was made of a difference, in words."""


def is_header(first: Row, rows: Sequence[Row]) -> bool:
    """Say whether no number stands in it where the rows have numbers, and there is a name in it."""
    if not any(cell and any(map(str.isalpha, cell)) for cell in first):
        return False
    there = [cell for at, cell in enumerate(first) if _has_numbers(rows, at)]
    if any(map(looks_like_number, there or first)):
        return False
    # `no` and `na` are names as well as words for nothing.
    return not any(
        cell and kind_of(cell) is None and cell.strip().lower() in _NO_VALUE for cell in there
    )


def usual_width(rows: Sequence[Row]) -> int:
    """Give the number of cells that most rows have; 0 if none is sound."""
    counts = Counter(len(row) for row in rows if row)
    return counts.most_common(1)[0][0] if counts else 0


def table_start(rows: Sequence[Row]) -> tuple[int, bool]:
    """Give the place of the header among the first records, or of the first row if there is none.

    0 unless what stands above reads like no part of the table. Beside it: whether one of its names
    is a telephone's, and has numbers below.
    """
    # A table may be shorter than what stands above it.
    wide = usual_width([row for row in rows if len(row) > 1])
    at = 0
    for usual in dict.fromkeys((wide, usual_width(rows))):
        at, named = _start(rows, usual)
        if named:
            return at, True
    return at, False


def _start(rows: Sequence[Row], usual: int) -> tuple[int, bool]:
    """Give the header's place in a table of that width, and whether a telephone's column names it."""
    plain = commented = 0
    begins = not rows or _may_be_row(rows[0], usual)
    lonely = True  # no line above has more than one cell with something in it
    for at, row, below in _above_numbers(rows, usual):
        if _is_named(row, below):
            if not (row[0] or "").lstrip().startswith(_COMMENT):
                return at, True
            commented = commented or at
        elif not (begins or plain) and len(row) == usual:
            few = _LONELY <= _filled(row) == _words(row) and lonely
            plain = at if few or _is_plain_header(row, below) else 0
        lonely = False
    if commented or any(_may_be_row(row, usual) for row in rows[1:plain]):
        return commented, bool(commented)
    return plain, False


def _above_numbers(rows: Sequence[Row], usual: int) -> Iterator[tuple[int, Row, Sequence[Row]]]:
    """Give the lines above the first number that may be a header, and the rows below each."""
    for at, row in enumerate(rows[:_ABOVE]):
        below = [each for each in rows[at + 1 : at + 1 + _BELOW] if len(each) == usual]
        if not below:
            return
        # A title or a comment; and what stands above a table is above most lines of its width.
        mostly = 2 * len(below) >= len(rows[at + 1 : at + 1 + _BELOW])
        if (usual > 1 and _filled(row) < 2) or (at and not mostly):
            continue
        if len(row) == usual and _has_number(row, below):
            return
        yield at, row, below


def fit(header: Row | None, rows: Sequence[Row]) -> Fit:
    """Find out how rows, those of damaged records left out, belong to their header."""
    found = _fit(header, rows)
    width = len(found.names)
    spare = sum(len(row) > width and not any(row[width:]) for row in rows)
    # One alone may as well be a row whose cells have moved by one, before a last one that is blank.
    return found._replace(spare=spare >= max(_SPARE_ROWS, _SPARE * len(rows)))


def _fit(header: Row | None, rows: Sequence[Row]) -> Fit:
    usual = usual_width(rows)
    names = header if header is not None else (None,) * max(usual, 1)
    count = len(names)
    if usual > count:
        mostly = 2 * sum(len(row) == usual for row in rows) > len(rows)
        return _wider(names, rows, usual) if mostly else Fit(names, count, count)
    # What lacks in columns without a name is no loss.
    named = max((at for at, cell in enumerate(names, 1) if cell), default=count)
    if not usual or usual == count:
        return Fit(names, count, min(_fewest(rows, count), named))
    most = max(map(len, rows))
    if named <= most < count:
        said = f"the header ends in {_cells(count - most)} more than the rows, all blank: left out"
        return Fit(names[:most], usual, min(_fewest(rows, most), named), said=said)
    here, shifted = _named(names, rows, 0), _named(names, rows, usual - count)
    if _share(rows, usual) < _ALIKE or here < shifted or not here:
        return Fit(names, count, _fewest(rows, count))
    said = f"rows have {_cells(count - usual)} less than the header: blank in its last columns"
    return Fit(names, usual, usual, said=said)


def _wider(names: Row, rows: Sequence[Row], usual: int) -> Fit:
    """Rows have more cells than the header has names."""
    count, more = len(names), usual - len(names)
    blank = (None,) * more
    if not any(cell and cell.strip() for row in rows for cell in row[count:]):
        said = f"rows end in {_cells(more)} more than the header has, blank in all: kept as columns"
        return Fit(names + blank, usual, count, said=said)
    right, left = _named(names, rows, 0), _named(names, rows, more)
    named = right == left and _are_row_names(rows, alone=not left and more == 1)
    if _share(rows, usual) < _ALIKE or (right == left and not named):
        return Fit(names, count, count)
    if right > left:
        said = f"rows have {_cells(more)} more than the header, behind its last column"
        return Fit(names + blank, usual, usual, said=said)
    said = f"rows have {_cells(more)} more than the header, before its first column"
    return Fit(blank + names, usual, usual, said=said)


def _fewest(rows: Sequence[Row], width: int) -> int:
    """Give the number of cells from which on a row is sound, although it has not all.

    Excel leaves out blank cells at the end of sixteen rows at once, other programs those of each
    row; an accident is alone.
    """
    short = [row for row in rows if 0 < len(row) < width]
    if len(short) < 2 or len(short) < sum(any(row[width:]) for row in rows):
        return width
    is_short = [0 < len(row) < width for row in rows]
    beside = [False, *is_short, False]
    together = sum(
        one and (before or after)
        for before, one, after in zip(beside, is_short, beside[2:], strict=False)
    )
    trimmed = len(short) >= _TRIMMED * len(rows) and all(row[-1] for row in rows if row)
    if not (trimmed or 2 * together > len(short)):
        return width
    whole = [row for row in rows if len(row) >= width]
    for at in range(width):
        if _has_numbers(whole, at):
            cells = [row[at] for row in short if len(row) > at]
            if sum(map(looks_like_number, cells)) < _NUMBERED * len(cells):
                return width
    return min(map(len, short))


def _share(rows: Sequence[Row], width: int) -> float:
    return sum(len(row) == width for row in rows) / len(rows)


def _named(names: Row, rows: Sequence[Row], offset: int) -> int:
    """Count the names of a telephone's column that have numbers below, so many cells further on."""
    return sum(
        is_sure(cell) and at + offset >= 0 and _has_numbers(rows, at + offset)
        for at, cell in enumerate(names)
    )


def _is_named(row: Row, below: Sequence[Row]) -> bool:
    """Say whether a column is called a telephone's and has numbers below.

    Not every line below need be a row: the next one may be a header's second.
    """
    offset = len(below[0]) - len(row)
    return any(
        _has_numbers(below, at + by, _NAMED)
        for by in {0, offset}
        for at, cell in enumerate(row)
        if at + by >= 0 and is_sure(cell)
    )


def is_sure(cell: str | None) -> bool:
    """Say whether it is the name of a telephone's column, and not merely `no` or `number`."""
    found = kind_of(cell) if cell else None
    return found is not None and found < Kind.NUMBER


def _are_row_names(rows: Sequence[Row], *, alone: bool) -> bool:
    """Say whether the first cells count the rows, as R's do unless they are named.

    `alone`: no name speaks against any names, of which R has no two alike.
    """
    first = [row[0] for row in rows if row and row[0]]
    if alone and len(first) == len(rows) == len(set(first)):
        return True
    if not all(cell.isascii() and cell.isdigit() and len(cell) <= 9 for cell in first):
        return False
    return len(first) > 1 and all(int(b) - int(a) == 1 for a, b in pairwise(first))


def _is_plain_header(row: Row, below: Sequence[Row]) -> bool:
    """Say whether all its cells are words, and those below some of them are not."""
    if not 2 <= _words(row) == _filled(row):
        return False
    return any(
        cell and _are_values([each[at] for each in below if len(each) > at])
        for at, cell in enumerate(row)
    )


def _words(row: Row) -> int:
    return sum(bool(cell and any(map(str.isalpha, cell))) for cell in row)


def _are_values(cells: Sequence[str | None]) -> bool:
    """Say whether most of them are numbers, sums or dates: there is no letter in them."""
    there = [cell for cell in cells if cell and cell.strip()]
    bare = sum(not any(map(str.isalpha, cell)) for cell in there)
    return bool(there) and 2 * bare > len(there)


def _may_be_row(row: Row, usual: int) -> bool:
    """Say whether it might be a row of the table, so that it is not passed over."""
    if len(row) == usual and _filled(row) > 1:
        return True
    bare = [_DATE.sub("", cell) for cell in row if cell]
    return any(looks_like_number(cell) and _NUMBER.search(cell) for cell in bare)


def _has_number(row: Row, below: Sequence[Row]) -> bool:
    return any(looks_like_number(cell) and _has_numbers(below, at) for at, cell in enumerate(row))


def _has_numbers(rows: Sequence[Row], at: int, share: float = 0.5) -> bool:
    cells = [row[at] for row in rows if len(row) > at and row[at]]
    return bool(cells) and sum(map(looks_like_number, cells)) > share * len(cells)


def _filled(row: Row) -> int:
    return sum(bool(cell and cell.strip()) for cell in row)


def _cells(count: int) -> str:
    return f"{count} cell{'s' * (count != 1)}"
