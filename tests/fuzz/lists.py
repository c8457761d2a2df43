"""Byte strings as whole files: rows or an error that says so, and every row in exactly one place.

Rule: a case follows from its seed and number alone.
"""

import gzip
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import polars as pl

import pipeline
from pipeline.errors import MsisdnError
from pipeline.model import OWN
from pipeline.normalise import normalise
from pipeline.read import Listing, find, read
from pipeline.settings import Settings
from tests.fuzz.edits import PIECES, Edit, edit
from tests.fuzz.failures import Failure

__all__ = ("Outcome", "RawList", "check_list", "list_of")

ROOT = Path(__file__).parents[2]
WHOLE = 40
"""One list of so many goes through the whole of `clean`."""

ALLOWED = frozenset({2, 10})
"""Exit codes of what may end a run here: the settings or the input are to blame."""

_BEFORE = ("row_id", "source_file", "line_number", "bad_row", "bad_line")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32")


class RawList(NamedTuple):
    """A case: the file's bytes, and what the settings say of it."""

    number: int
    data: bytes
    chosen: dict[str, str]
    sound: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """Line numbers and cells that no damage came near: they must be there."""


class Outcome(NamedTuple):
    """What became of a list; all zero where it was refused."""

    rows: int = 0
    valid: int = 0
    rejected: int = 0
    refused: str = ""
    """The class of the error that ended it."""


def list_of(seed: int, number: int) -> RawList:
    """The case of that number."""
    dice = Random(f"list {seed} {number}")
    if dice.randrange(3) == 0:
        return _with_sound_lines(dice, number)
    data = _any_bytes(dice)
    if dice.randrange(8) == 0:
        text = data.decode("utf-8", "replace").encode(dice.choice(_ENCODINGS), "replace")
        data = edit(dice, text).applied(text) if dice.randrange(2) else text
    if dice.randrange(8) == 0:
        packed = gzip.compress(data, 1, mtime=0)
        data = edit(dice, packed).applied(packed) if dice.randrange(2) else packed
    return RawList(number, data, _chosen(dice))


def _any_bytes(dice: Random) -> bytes:
    kind = dice.randrange(8)
    if kind == 0:
        return dice.randbytes(dice.choice((1, 3, 30, 300)))
    if kind == 1:
        words = (*PIECES, b"phone", b"name", b"447911123456", b"+442079460018", b"0", b"a")
        return b"".join(dice.choices(words, k=dice.choice((2, 10, 40, 100))))
    data = dice.choice(_corpus())
    # Some lines of it: short cases show more in the same time.
    lines = data.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    data = b"".join([*lines[: dice.choice((0, 1, 1, 1))], *lines[at : at + dice.choice((3, 30))]])
    for _ in range(dice.choice((0, 1, 2, 4, 8))):
        data = edit(dice, data).applied(data)
    return data


@cache
def _corpus() -> tuple[bytes, ...]:
    folders = (ROOT / "sample_data", ROOT / "tests" / "data")
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    return tuple(
        path.read_bytes() for path in paths if path.suffix in {".csv", ".txt"} and path.is_file()
    )


def _chosen(dice: Random) -> dict[str, str]:
    chosen = {"region": dice.choice(("GB", "US", "DE"))}
    if dice.randrange(2):
        chosen["header"] = dice.choice(("yes", "no"))
    if dice.randrange(2):
        chosen["column"] = dice.choice(("phone", "column_1", "column_2", "x", '"', ""))
    if dice.randrange(4) == 0:
        chosen["delimiter"] = dice.choice((",", ";", "\t", "|", '"', "'", "é", "\n", "::"))
    if dice.randrange(4) == 0:
        chosen["encoding"] = dice.choice((*_ENCODINGS, "latin-1", "utf-7", "shift_jis", "base64"))
    return chosen


def _with_sound_lines(dice: Random, number: int) -> RawList:
    """A tidy list with damage in one place; every line but those it touches is sound."""
    end, quote = dice.choice((b"\n", b"\r\n", b"\r")), dice.choice((b"", b'"'))
    rows = [(f"+4479111{row:05}", f"name {row}", "") for row in range(dice.choice((3, 20, 200)))]
    texts = [[quote + cell.encode() + quote for cell in row] for row in rows]
    lines = [b",".join(cells) + end for cells in [[b"phone", b"name", b"note"], *texts]]
    data = b"".join(lines)
    damage = edit(dice, data, len(lines[0]))
    sound = tuple(_untouched(lines, damage, rows))
    chosen = {"delimiter": ",", "header": "yes", "encoding": "utf-8", "column": "phone"}
    return RawList(number, damage.applied(data), chosen, sound)


def _untouched(
    lines: list[bytes], damage: Edit, rows: Sequence[tuple[str, ...]]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    data = damage.applied(b"".join(lines))
    grown = len(damage.new) - (damage.end - damage.start)
    start = len(lines[0])
    for line, row in zip(lines[1:], rows, strict=True):
        stop = start + len(line)
        if stop < damage.start or start > damage.end:
            now = start if stop < damage.start else start + grown
            yield 1 + len(_LINE_END.findall(data, 0, now)), row
        start = stop


def check_list(seed: int, case: RawList, folder: Path) -> Outcome:
    """Read, normalise and, for some, clean the list; check every promise. Raises `Failure`."""
    path = folder / "list"
    # Writing over a file waits for the disk on some file systems; a new one does not.
    path.unlink(missing_ok=True)
    path.write_bytes(case.data)
    try:
        return _checked(case, path, folder)
    except MsisdnError as error:
        if error.exit_code not in ALLOWED:
            raise Failure(_shown(seed, case, f"exit code {error.exit_code}: {error}")) from error
        if case.sound:
            raise Failure(_shown(seed, case, f"its sound lines are lost: {error}")) from error
        return Outcome(refused=f"{type(error).__name__}")
    except Failure as failure:
        raise Failure(_shown(seed, case, str(failure))) from failure.__cause__
    except (Exception, pl.exceptions.PanicException) as error:
        raise Failure(_shown(seed, case, f"{type(error).__name__}: {error}")) from error


def _checked(case: RawList, path: Path, folder: Path) -> Outcome:
    settings = Settings(inputs=(str(path),), **case.chosen)  # type: ignore[arg-type]  # text options only
    listing = read(find([str(path)]), settings)
    frames = list(listing)
    raw = pl.concat(frames) if frames else pl.DataFrame()
    valid = _promises(listing, raw, settings)
    cut = read(find([str(path)]), settings, batch_rows=1 + case.number % 7)
    again = list(cut)
    if (pl.concat(again) if again else pl.DataFrame()).rows() != raw.rows():
        raise Failure("in small frames it reads as other rows")
    own = (
        {(row[2], row[5:]) for row in raw.filter(pl.col("bad_row").is_null()).rows()}
        if frames
        else set()
    )
    for line, cells in case.sound:
        kept = tuple(cell or None for cell in cells)
        if (line, kept) not in own and (line, cells) not in own:
            raise Failure(f"line {line} was sound, and is lost: {cells}")
    if case.number % WHOLE == 0:
        _clean(settings, raw.height, valid, folder)
    return Outcome(raw.height, valid, raw.height - valid)


def _promises(listing: Listing, raw: pl.DataFrame, settings: Settings) -> int:
    """Check the rows; returns how many of them hold a number."""
    if not raw.height:
        return 0
    made = normalise(raw, OWN + listing.number_columns[0].name, settings.region)
    refused = made["reject_reason"].is_not_null()
    is_bad = raw["bad_row"].is_not_null()
    bad = raw.filter(is_bad)
    own = [OWN + name for name in listing.columns]
    lines = raw["line_number"].diff().drop_nulls()
    promises = {
        "the columns are others": raw.columns == [*_BEFORE, *own],
        "row_id does not count the rows": raw["row_id"].to_list() == [*range(raw.height)],
        "lines are out of order, or there twice": bool((lines > 0).all()),
        "a bad row has no line": not bad["bad_line"].has_nulls(),
        "a bad row has cells": all(bad[name].null_count() == bad.height for name in own),
        "normalising moves or loses rows": made["row_id"].equals(raw["row_id"]),
        "a row is neither cleaned nor rejected, or both": bool(
            (made["msisdn"].is_null() == refused).all()
        ),
        "bad_row is not the reason of exactly the bad rows": bool(
            (made["reject_reason"].eq_missing("bad_row") == is_bad).all()
        ),
    }
    for what, kept in promises.items():
        if not kept:
            raise Failure(what)
    return raw.height - int(refused.sum())


def _clean(settings: Settings, rows: int, valid: int, folder: Path) -> None:
    """rows read = cleaned + duplicates + rejected, counted in the files that were written."""
    out = folder / "out"
    summary = pipeline.clean(replace(settings, out=out, restart=out.exists()))
    written = {
        name: sum(pl.read_parquet(part).height for part in (out / name).glob("*.parquet"))
        for name in ("cleaned", "duplicates", "rejected")
    }
    counted = (summary.rows, sum(written.values()), rows)
    if len(set(counted)) != 1:
        raise Failure(f"rows in the summary, in the files, read: {counted}; {written}")
    if written["rejected"] != rows - valid:
        raise Failure(f"{rows - valid} rows rejected, but {written['rejected']} written")


def _shown(seed: int, case: RawList, what: str) -> str:
    with io.StringIO() as shown:
        shown.write(f"{seed}:{case.number}: settings {case.chosen}: {what}\n  data = {case.data!r}")
        return shown.getvalue()
