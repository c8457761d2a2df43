"""Writes the sample lists, and `expected.json` with what must become of them.

    python -m sample_data.generate [FOLDER]

Rules. Everything follows from `SEED`: the same bytes every time (the Parquet file: with the same
pyarrow). Nobody's number is here: all come from `ranges.py`. What is expected is counted from
what was meant by each cell, never from what the pipeline makes of it.
"""

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sample_data.lists import CUSTOMER_COLUMNS, TO_ASK, Row, customers, numbers, subscribers
from sample_data.ranges import Number

__all__ = ("EXPECTED", "LISTS", "SEED", "SampleList", "expected", "main", "write")

SEED = 20_260_101
EXPECTED = "expected.json"


class SampleList(NamedTuple):
    """One sample list: how it is made, how it is written, how it is to be run."""

    make: Callable[[Random, int], list[Row]]
    rows: int
    encode: Callable[[Sequence[Row]], bytes]
    options: tuple[str, ...]
    """Options of `msisdn run` and `msisdn clean` that `expected.json` holds for."""

    def listed(self) -> list[Row]:
        """The rows, in the order of the file."""
        return self.make(Random(f"{SEED}/{self.make.__name__}"), self.rows)


def _as_csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CUSTOMER_COLUMNS)
    for row in rows:
        if row.meaning == "bad_row":  # as a program writes that knows nothing of quotes
            text.write(",".join(row.cells).replace("\n", " ") + "\n")
        else:
            writer.writerow(row.cells)
    return text.getvalue().encode()


def _as_lines(rows: Sequence[Row]) -> bytes:
    """No header, a byte order mark, and the line ends of another system."""
    return ("\ufeff" + "".join(f"{row.cells[0]}\r\n" for row in rows)).encode()


def _as_parquet(rows: Sequence[Row]) -> bytes:
    schema = pa.schema(
        {
            "subscriber_id": pa.int64(),
            "mobile": pa.int64(),
            "tariff": pa.string(),
            "since": pa.date32(),
        }
    )
    columns = zip(*(row.cells for row in rows), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    file = io.BytesIO()
    table = pa.Table.from_arrays(arrays, schema=schema)
    pq.write_table(table, file, compression="zstd", row_group_size=512)
    return file.getvalue()


LISTS: dict[str, SampleList] = {
    "customers.csv": SampleList(customers, 5_000, _as_csv, ("--region-column", "country")),
    "numbers.csv": SampleList(numbers, 1_500, _as_lines, ()),
    "subscribers.parquet": SampleList(subscribers, 2_000, _as_parquet, ()),
}
"""Every sample list by its file name."""


def expected(rows: Sequence[Row]) -> dict[str, Any]:
    """What must become of the rows: every one is unique, a duplicate, or rejected."""
    found = [row.meaning for row in rows if isinstance(row.meaning, Number)]
    rejected = Counter(row.meaning for row in rows if isinstance(row.meaning, str))
    unique = set(found)
    to_ask = sum(number.plan_type in TO_ASK for number in unique)
    return {
        "rows": len(rows),
        "unique": len(unique),
        "duplicates": len(found) - len(unique),
        "rejected": sum(rejected.values()),
        "to_ask": to_ask,
        "skipped": len(unique) - to_ask,
        "reject_reasons": dict(sorted(rejected.items())),
        "plan_types": dict(sorted(Counter(number.plan_type for number in unique).items())),
        "regions": dict(sorted(Counter(number.region for number in unique).items())),
    }


def write(folder: Path) -> None:
    """Write every list and `expected.json` into `folder`."""
    record: dict[str, Any] = {"seed": SEED, "lists": {}}
    for name, known in LISTS.items():
        rows = known.listed()
        (folder / name).write_bytes(known.encode(rows))
        record["lists"][name] = {"options": list(known.options), **expected(rows)}
    (folder / EXPECTED).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Write into the folder named on the command line; into this one if none is."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    write(folder)
    print(f"{', '.join((*LISTS, EXPECTED))}: written to {folder}")


if __name__ == "__main__":
    main()
