"""Whatever a list looks like: its cells come back, its rows are counted, nothing crashes."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.read import Listing, find, read
from pipeline.read.blocks import Reading
from pipeline.read.damage import FAULTS, sort_records
from pipeline.read.records import Dialect, count_fault, records
from pipeline.read.sniff import Sniffed
from pipeline.read.survey import survey
from pipeline.settings import Settings

quick = settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.differing_executors]
)

cells = st.text(
    st.one_of(
        st.sampled_from("0123456789+ ,;|\t\"'\n\r\x1f\ufeff"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=8,
)
crooked = st.lists(
    st.sampled_from(
        [
            b"a",
            b"1",
            b",",
            b'"',
            b'""',
            b"\n",
            b"\r\n",
            b"\r",
            b"\xe9",
            b"\xc3\xa9",
            b"\xef\xbb\xbf",
            b" ",
            b"\\",
        ]
    ),
    max_size=60,
).map(b"".join)
COMMA = Dialect(b",")
ODD = [replace(COMMA, escape=True), replace(COMMA, blanks=True), replace(COMMA, wrapped=True)]

# Where it quotes only what needs it, the module leaves a line end bare that is not its own.
STYLES = ((csv.QUOTE_MINIMAL, "\r\n"), *((csv.QUOTE_ALL, end) for end in ("\n", "\r\n", "\r")))


@contextmanager
def listing(data: bytes, **chosen: str) -> Iterator[Listing]:
    with TemporaryDirectory() as directory:
        path = Path(directory, "list.csv")
        path.write_bytes(data)
        yield read(find([str(path)]), Settings(**{"column": "column_1", **chosen}))  # type: ignore[arg-type]  # text is what all of these fields take


def rows_of(data: bytes, **chosen: str) -> pl.DataFrame:
    with listing(data, **chosen) as found:
        return pl.concat(list(found))


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=8))
    return [list(row) for row in rows]


@quick
@given(
    table=tables(),
    delimiter=st.sampled_from([",", ";", "\t", "|", "§", " "]),
    style=st.sampled_from(STYLES),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
)
def test_a_table_written_by_the_csv_module_reads_back_cell_for_cell(
    table: list[list[str]], delimiter: str, style: tuple[int, str], encoding: str
) -> None:
    quoting, end = style
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(table)  # type: ignore[arg-type]  # one of the constants
    # What looks like a byte order mark at the beginning is taken for one.
    assume(not text.getvalue().startswith("\ufeff"))
    # A delimiter that never occurs is refused where another one does.
    assume(len(table[0]) > 1 or not any(other in text.getvalue() for other in "\t;|,\x1f\x01^~"))
    data = text.getvalue().encode(encoding)

    frame = rows_of(data, delimiter=delimiter, header="no", encoding=encoding)

    own = frame.select(pl.col("^in:.*$").fill_null(""))
    assert [list(row) for row in own.rows()] == table
    assert frame["bad_row"].null_count() == len(table)


@quick
@given(st.binary(min_size=1, max_size=400) | crooked.filter(bool))
def test_any_bytes_give_rows_that_are_counted_or_an_error_that_names_the_file(data: bytes) -> None:
    frames: list[pl.DataFrame] = []
    message = "list.csv"
    try:
        with listing(data, header="no") as found:
            frames = list(found)
    except InputError as error:
        message = str(error)
    assert "list.csv" in message
    row_ids = [row_id for frame in frames for row_id in frame["row_id"]]
    assert row_ids == list(range(len(row_ids)))
    lines = [line for frame in frames for line in frame["line_number"]]
    assert lines == sorted(set(lines))


@quick
@given(crooked)
def test_every_line_with_something_on_it_is_in_exactly_one_record(data: bytes) -> None:
    found = list(records(data, COMMA, None, final=True))

    assert sum(record.lines for record in found) == len(re.findall(rb"\r\n|\r|\n|[^\r\n]\Z", data))
    ends = [0, *(record.end for record in found)]
    assert ends[-1] == len(data)
    for start, record in zip(ends, found, strict=False):
        assert data[start : record.end].rstrip(b"\r\n") == record.raw.rstrip(b"\r\n")


@quick
@given(crooked, st.booleans())
def test_the_survey_of_a_block_agrees_with_the_walk_through_it(data: bytes, final: bool) -> None:
    found = survey(data, COMMA, final=final) if data else None
    if found is None:
        return
    walked = list(records(data, COMMA, None, final=final))

    assert not any(record.fault for record in walked if record.raw.isascii())
    assert found.size == (walked[-1].end if walked else 0)
    assert found.records == len(walked)
    assert found.lines == sum(record.lines for record in walked)
    sound = [record for record in walked if record.raw]
    if all(record.fields for record in sound):
        assert found.delimiters == sum(len(record.fields) - 1 for record in sound)


@quick
@given(crooked, st.integers(1, 3), st.integers(1, 3), st.booleans())
@example(data=b',"\n",', width=2, fewest=2, final=True)
@example(data=b'a,"\n",,', width=2, fewest=2, final=True)
@example(data=b'a\n"\n"\na,a,', width=3, fewest=1, final=True)
@example(data=b',,""', width=2, fewest=1, final=True)
@example(data=b'a,"",,""\n"a,"",""', width=1, fewest=1, final=True)
def test_records_sorted_at_once_are_those_of_the_walk(
    data: bytes, width: int, fewest: int, final: bool
) -> None:
    dialect = COMMA if width > 1 else Dialect(None)
    fewest = min(fewest, width)
    found = sort_records(data, dialect, width, final=final, fewest=fewest)
    assert found is not None
    walked: list[tuple[int, str, bytes]] = []
    at = line = 0
    for record in records(data, dialect, width, final=final, fewest=fewest):
        if record.raw:
            walked.append((line, record.fault, record.raw))
        at, line = record.end, line + record.lines

    words = [
        FAULTS[fault] or (count_fault(fields, width) if fault else "")
        for fault, fields in zip(found.fault.tolist(), found.fields.tolist(), strict=True)
    ]
    parts = zip(found.starts.tolist(), found.stops.tolist(), strict=True)
    raw = [data[start:stop] for start, stop in parts]
    got = list(zip(found.line.tolist(), words, raw, strict=True))
    # The walk may see in the last, unfinished line that the one before is at fault.
    assert got == walked if final else got == walked[: len(got)]
    assert not final or (found.size, found.lines) == (at, line)


@quick
@given(
    crooked,
    st.integers(1, 3),
    st.lists(st.integers(1, 20), max_size=8),
    st.integers(0, 40),
    st.sampled_from([COMMA, COMMA, *ODD]),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_rows_depend_neither_on_how_the_stream_is_cut_nor_on_which_way_they_are_read(
    data: bytes,
    width: int,
    cuts: list[int],
    tiny: int,
    dialect: Dialect,
    lacking: tuple[int, int],
) -> None:
    dialect = dialect if width > 1 or dialect.wrapped else replace(dialect, delimiter=None)
    given, fewest = (min(count, width) for count in lacking)
    sniffed = Sniffed(
        encoding="utf-8",
        dialect=dialect,
        header=False,
        columns=tuple("abc"[:width]),
        given=given,
        fewest=fewest,
        skip=0,
        lines=0,
        rows=(),
    )
    stream = io.BytesIO(data)
    chunks = [*(stream.read(size) for size in cuts), stream.read()]

    got = [row for frame in Reading(sniffed, tiny=tiny).frames(chunks) for row in frame.rows()]

    expected: list[tuple[int | str | None, ...]] = []
    line = 1
    for record in records(data, dialect, width, final=True, fewest=fewest):
        if record.fault:
            shown = record.raw.decode("utf-8", "backslashreplace")
            expected.append((line, record.fault, shown, *(record.fields or [None] * width)))
        elif record.fields:
            expected.append((line, None, None, *record.fields))
        line += record.lines
    assert got == expected
