"""Times calls of the library and of their baselines within one process: `inside.py ORDERS RESULT`.

ORDERS is JSON: `what` to time, how often (`runs`), and what that needs; RESULT gets seconds by name,
one for each run, and processor seconds likewise. Ours and theirs run in turn. Rule: nothing is imported or opened before its clock
says so, since the first call is measured as well.
"""

import gc
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ("main",)

Orders = dict[str, Any]
Seconds = dict[str, list[float]]
_PROCESSOR = ", processor"


def main() -> None:
    """Do what the orders say."""
    orders, result = json.loads(sys.argv[1]), Path(sys.argv[2])
    works = {"normalise": _normalise, "read": _read, "dedupe": _dedupe}
    result.write_text(json.dumps(works[orders["what"]](orders)), encoding="utf-8")


def _took(work: Callable[[], object]) -> float:
    """Seconds; what an earlier call left is thrown away before, what this one gives after."""
    return _spent(work)[0]


def _spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and processor seconds of all threads."""
    gc.collect()
    began, cpu = time.perf_counter(), time.process_time()
    made = work()
    found = time.perf_counter() - began, time.process_time() - cpu
    del made
    return found


def _in_turn(runs: int, works: dict[str, Callable[[], object]]) -> Seconds:
    """Every work once a run; the order is turned round each time."""
    found: Seconds = {name + word: [] for name in works for word in ("", _PROCESSOR)}
    for run in range(runs):
        for name in list(works)[:: -1 if run % 2 else 1]:
            for word, seconds in zip(("", _PROCESSOR), _spent(works[name]), strict=True):
                found[name + word].append(seconds)
    return found


def _normalise(orders: Orders) -> Seconds:
    """`pipeline.normalise` of a list, and `phonenumbers` on a sample of its cells, row by row."""
    import polars as pl  # noqa: PLC0415  everyone who has a frame has it

    import pipeline  # noqa: PLC0415

    runs, given = orders["runs"], orders["given"]
    frame = pl.read_parquet(orders["list"])
    rows = frame.height // runs
    one = frame.head(1)
    first = [_took(lambda: pipeline.normalise(one, "phone", **given))]
    again = [_took(lambda: pipeline.normalise(one, "phone", **given)) for _ in range(20)]
    # Each run has cells of its own, which nothing has seen before: no cache flatters it.
    parts = iter([frame.slice(run * rows, rows) for run in range(runs)])
    samples = [
        _pairs(frame.slice(run * rows, rows).sample(orders["sample"], seed=run), given)
        for run in range(runs)
    ]
    listed, by_region = iter(samples), iter(sorted(sample, key=_place) for sample in samples)
    works: dict[str, Callable[[], object]] = {
        "ours": lambda: pipeline.normalise(next(parts), "phone", **given),
        "theirs": lambda: row_by_row(next(listed)),
        "theirs by region": lambda: row_by_row(next(by_region)),
    }
    found = {"first": first, "again": again, **_in_turn(runs, works)}
    if orders["agree"]:
        last = frame.slice((runs - 1) * rows, rows).sample(orders["sample"], seed=runs - 1)
        accepted = pipeline.normalise(last, "phone", **given)["msisdn"].count()
        _check(accepted, row_by_row(samples[-1]))
    return found


def _pairs(frame: Any, given: Orders) -> list[tuple[str, str | None]]:
    """Cells and the region of each."""
    by_row = given["region_column"]
    cells = frame["phone"].to_list()
    return list(
        zip(cells, frame[by_row] if by_row else [given["region"]] * len(cells), strict=True)
    )


def _place(pair: tuple[str, str | None]) -> tuple[str, str]:
    cell, region = pair
    return region or cell[:4], cell


def row_by_row(pairs: list[tuple[str, str | None]]) -> int:
    """What `phonenumbers` finds out about each cell in its region; how many are valid."""
    import phonenumbers  # noqa: PLC0415

    valid = 0
    for cell, region in pairs:
        try:
            number = phonenumbers.parse(cell, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            valid += 1
            phonenumbers.region_code_for_number(number)
            phonenumbers.number_type(number)
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return valid


def _check(ours: int, theirs: int) -> None:
    """Both must have done the same work, or the speeds cannot be compared."""
    if ours != theirs:
        raise RuntimeError(f"ours accepts {ours} cells of the sample, phonenumbers {theirs}")


def _read(orders: Orders) -> Seconds:
    """The stage `read`, frame by frame, and Polars that collects the same file as text."""
    import polars as pl  # noqa: PLC0415

    from pipeline.read import find, read  # noqa: PLC0415
    from pipeline.settings import Settings  # noqa: PLC0415

    listed, rows = orders["list"], orders["rows"]
    settings = Settings(inputs=(listed,), column="phone")
    absent = Path(orders["absent"])

    def ours() -> None:
        sources = find(settings.inputs, stdin_copy=absent, stdin=sys.stdin.buffer, outside=absent)
        found = sum(frame.height for frame in read(sources, settings))
        assert found == rows, found

    def theirs() -> None:
        parquet = listed.endswith(".parquet")
        lazy = pl.scan_parquet(listed) if parquet else pl.scan_csv(listed, infer_schema=False)
        assert lazy.collect().height == rows

    return _in_turn(orders["runs"], {"ours": ours, "theirs": theirs})


def _dedupe(orders: Orders) -> Seconds:
    """The stage `dedupe` over normalised frames, and Polars' `unique` of the same files."""
    import polars as pl  # noqa: PLC0415

    from pipeline.dedupe import dedupe  # noqa: PLC0415
    from pipeline.ledger.files import Files  # noqa: PLC0415

    spool = sorted(Path(orders["spool"]).iterdir())
    scratch = Path(orders["scratch"])

    def ours() -> None:
        frames = (pl.read_parquet(path) for path in spool)
        found = sum(unique.height for unique, _ in dedupe(frames, scratch, Files(), "in:phone"))
        shutil.rmtree(scratch)
        assert found == orders["distinct"], found

    def theirs() -> None:
        unique = pl.scan_parquet(spool).unique("msisdn", keep="first", maintain_order=True)
        assert unique.collect().height == orders["distinct"]

    return _in_turn(orders["runs"], {"ours": ours, "theirs": theirs})


if __name__ == "__main__":
    main()
