"""Lists as programs and people write them: what stands above, rows and header of different width."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.read import Listing, find, read
from pipeline.settings import Settings

A, B, C = "+447911123456", "+447911123457", "+447911123458"
ROWS = f"{A},Ann,Leeds\n{B},Bob,York\n{C},Cy,Bath\n"


def listing(folder: Path, text: str | bytes, **chosen: Any) -> Listing:
    path = folder / "list.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(find([str(path)]), Settings(**chosen))


def numbers(found: Listing) -> list[str]:
    """The cells of the number's column in the rows that are sound."""
    (column,) = found.number_columns
    frame = pl.concat(list(found)).filter(pl.col("bad_row").is_null())
    return [cell for cell in frame["in:" + column.name] if cell]


def bad(found: Listing) -> list[int]:
    frame = pl.concat(list(found))
    return frame.filter(pl.col("bad_row").is_not_null())["line_number"].to_list()


SIXTEEN = "".join(f"+4479111234{at:02},Ann,x\n" for at in range(10, 26))
CUT = "".join(f"+4479111234{at:02},Ann\n" for at in range(26, 42))


@pytest.mark.parametrize(
    ("text", "columns", "count"),
    [
        # A delimiter at the end of each row, or two, or of the header, or of some.
        (
            f"phone,name\n{A},Ann,\n{B},Bob,\n{C},Cy,\n",
            ("phone", "name", "column_3"),
            3,
        ),
        (
            f"phone;name\n{A};Ann;;\n{B};Bob;;\n{C};Cy;;\n",
            ("phone", "name", "column_3", "column_4"),
            3,
        ),
        (f"phone,name,,\n{A},Ann\n{B},Bob\n{C},Cy\n", ("phone", "name"), 3),
        (f"phone,name\n{A},Ann\n{B},Bob,\n{C},Cy,,\n", ("phone", "name"), 3),
        (f'phone,name\n{A},Ann\n{B},"Bob\nRay",\n{C},Cy\n', ("phone", "name"), 3),
        (
            f"phone,name,,\n{A},Ann,,\n{B},Bob,,\n{C},Cy\n",
            ("phone", "name", "column_3", "column_4"),
            3,
        ),
        (
            f'"phone";"name"\n"{A}";"Ann";"\n"\n"{B}";"Bob";"\n"\n',
            ("phone", "name", "column_3"),
            2,
        ),
        # Row names as R writes them, counted or not, and with one row.
        (f'"phone","name"\n"1","{A}","Ann"\n"2","{B}","Bob"\n', ("column_1", "phone", "name"), 2),
        (f'"name","phone"\n"a","Ann","{A}"\n"b","Bob","{B}"\n', ("column_1", "name", "phone"), 2),
        (f"phone\tname\n1\t{A}\tAnn\n", ("column_1", "phone", "name"), 1),
        (f"name phone\n1 Ann {A}\n2 Bob {B}\n", ("column_1", "name", "phone"), 2),
        # A column without name behind the last one.
        (f"phone,name\n{A},Ann,x\n{B},Bob,y\n", ("phone", "name", "column_3"), 2),
        (f"name,phone\nAnn,{A},,x\nBob,{B},,y\n", ("name", "phone", "column_3", "column_4"), 2),
        # Headers longer than rows, and last cells that Excel or another program leaves out.
        (f"phone,name,city\n{A},Ann\n{B},Bob\n{C},Cy\n", ("phone", "name", "city"), 3),
        (f"phone,name,note,x\n{A},Ann\n{B},Bob\n{C},Cy\n", ("phone", "name", "note", "x"), 3),
        (f"phone,name,note\n{SIXTEEN}{CUT}{SIXTEEN}", ("phone", "name", "note"), 48),
        (f"phone,name,note\n{A},Ann,x\n{B}\n{C},Cy\n{A},Al,y\n", ("phone", "name", "note"), 4),
        (
            f"{A},Ann,x\n{B},Bob\n{C},Cy\n{A},Al,y\n{B},Ba,z\n",
            ("column_1", "column_2", "column_3"),
            5,
        ),
    ],
)
def test_rows_and_header_of_different_width_are_read(
    tmp_path: Path, text: str, columns: tuple[str, ...], count: int
) -> None:
    chosen: dict[str, Any] = {"delimiter": " "} if text.startswith("name phone") else {}
    if columns[0] == "column_1" and "phone" not in columns:
        chosen["column"] = "column_1"
    found = listing(tmp_path, text, **chosen)

    assert found.columns == columns
    assert len(numbers(found)) == count
    assert all(cell.startswith("+4479111") for cell in numbers(found))
    assert bad(found) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"phone,name,city\n{ROWS}{A},Ann\n", [5]),
        (f"phone,name,city\n{A}\n{ROWS}", [2]),
        (f"phone,name,city\n{ROWS}{A},Smith, Ann,Leeds\n{B},Bob\n", [5, 6]),
        (f"phone,name,city\n{ROWS}{A},Ann,Leeds,x,\n", [5]),
        (f"phone,name,city\n{ROWS}{A},An\nn,Leeds\n{ROWS}", [5, 6]),
        # At which end the cell is too much cannot be said.
        (f"phone,mobile\n{A},{B},{C}\n{B},{C},{A}\n", [2, 3]),
        # A number that the short rows do not have where the others have theirs.
        (f"name,phone,city\nAnn,{A},Leeds\nBob,{B},York\n{C},Bath\n{A},Ely\nCy,{C},Ely\n", [4, 5]),
    ],
)
def test_truly_ragged_lines_stay_bad_rows(tmp_path: Path, text: str, lines: list[int]) -> None:
    assert bad(listing(tmp_path, text, column="phone")) == lines


TABLE = f"Name,Phone,City\nAnn,{A},Leeds\nBob,{B},York\n"


@pytest.mark.parametrize(
    ("above", "table", "lines"),
    [
        ("Customer export\nCreated,2024-03-01\n\n", TABLE, 3),
        ('"List of contacts"\n"C=2; made 2024"\n', TABLE, 2),
        ("# exported by the shop, all customers\n# do not edit\n", TABLE, 2),
        ("# Phone list, all, of 2024\n", TABLE, 1),
        ("Kundenliste;;\n\n", TABLE.replace(",", ";"), 2),
        ("Report,,\n,,\n", TABLE, 2),
        ("Contact,,Address\n", TABLE, 1),
        ("Hotline: +44 20 7946 0018\n", TABLE, 1),
        ('title "draft\n', TABLE, 1),
        ("Customer export\n", f"phone\n{A}\n{B}\n", 1),
        ("Some title\n", f"A,B,C\n{A},1,2\n{B},3,4\n", 1),
        ("a\nb\nc\nd\ne\nf\n", f"name;phone\nAnn;{A}\n", 6),
        ("Title one\nTitle two\nTitle three\n", TABLE.replace(",", "\t"), 3),
    ],
)
def test_lines_above_the_header_are_passed_over_and_told(
    tmp_path: Path, above: str, table: str, lines: int
) -> None:
    chosen = {"column": "A"} if table.startswith("A,") else {}
    found = listing(tmp_path, above + table, **chosen)
    told = list(found.told())

    assert found.skipped() == {found.sources[0].name: lines}
    assert f"line{'s' * (lines > 1)} above the header" in told[0]
    assert numbers(found)[0] == A
    assert pl.concat(list(found))["line_number"][0] == lines + 2


@pytest.mark.parametrize(
    ("text", "header"),
    [
        (f"{A}\n{B}\n{C}\n", False),
        (f"{A}\n{B},Bob\n{C},Cy\n", False),
        (f"#{A},Ann\n{B},Bob\n{C},Cy\n", False),
        (f"{A},\n{B},Bob\n{C},Cy\n", False),
        (f"Ann,{A}\nphone shop,{B}\nCy,{C}\n", False),
        (f"Kundenliste 2024\n{A}\n{B}\n", True),
        (f"#phone,name\n{A},Ann\n{B},Bob\n", True),
        (f"phone,name,city\nE.164,text,text\n{ROWS}", True),
        (f"phone\n{A},{B}\n{C}\n{B}\n", True),
        (f"phone,name\nphone,name\n{A},Ann\n{B},Bob\n", True),
        (f"phone\nphone\n{A}\n{B}\n", True),
        (f"\n\nphone,name\n{A},Ann\n", True),
        (f"sep=,\nphone,name\n{A},Ann\n", True),
    ],
)
def test_nothing_is_passed_over_where_nothing_stands_above(
    tmp_path: Path, text: str, header: bool
) -> None:
    found = listing(tmp_path, text, column="column_1" if not header else ())

    assert found.skipped() == {}
    assert found.layouts[0].header is header or not header
    rows = len([line for line in text.splitlines() if line and not line.startswith("sep=")])
    assert pl.concat(list(found)).height == rows - found.layouts[0].header


@pytest.mark.parametrize(
    ("text", "skip", "columns", "count"),
    [
        (f"Title\n{TABLE}", 1, ("Name", "Phone", "City"), 2),
        (f"Title\n\n\n{TABLE}", 3, ("Name", "Phone", "City"), 2),
        (f"Phone,x,y\n{TABLE}", 1, ("Name", "Phone", "City"), 2),
        (f"sep=,\nTitle,a,b\n{TABLE}", 2, ("Name", "Phone", "City"), 2),
        (TABLE, 0, ("Name", "Phone", "City"), 2),
        (f"Title\r\rName,Phone\rAnn,{A}\r", 2, ("Name", "Phone"), 1),
    ],
)
def test_the_lines_to_skip_can_be_set(
    tmp_path: Path, text: str, skip: int, columns: tuple[str, ...], count: int
) -> None:
    found = listing(tmp_path, text, skip_lines=skip)

    assert found.columns == columns
    assert len(numbers(found)) == count


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_commas_in_texts_are_no_table_with_a_hundred_lines_above(
    tmp_path: Path, delimiter: str
) -> None:
    plain = [f"{at};+4479111234{at};a text without" for at in range(10, 60)]
    commas = [f'{at};+4479111234{at};"a, b, {at} and {at}"' for at in range(60, 80)]
    text = "\n".join(["id;phone;text", *plain, "x;y, Portable grill, z;some, words", *commas, ""])
    found = listing(tmp_path, text.replace(";", delimiter))

    assert found.layouts[0].delimiter == delimiter
    assert found.skipped() == {}
    assert len(numbers(found)) == 71


def test_a_damaged_first_line_does_not_hide_the_delimiter(tmp_path: Path) -> None:
    found = listing(tmp_path, f'"phone,name\n{A},"Ann"\n{B},"Bob"\n', column="column_1")

    assert found.columns == ("column_1", "column_2")
    assert (numbers(found), bad(found)) == ([A, B], [1])


def test_with_skip_lines_0_the_first_line_is_the_header_whatever_it_looks_like(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="no column"):
        listing(tmp_path, f"Contact,,Address\n{TABLE}", skip_lines=0, column="Phone")


@pytest.mark.parametrize(
    "text",
    [
        f'phone, name, city\n"{A}", "Smith, Ann", "Leeds"\n"{B}", "Jones, Bob", "York"\n',
        f'phone;name\n"{A}" ;"Smith; Ann" ;\n"{B}" ;"Jones; Bob" ;\n'.replace(";\n", "\n"),
        f'phone,\tname\n"{A}",\t"Smith, Ann"\n"{B}",\t"Jones, Bob"\n',
        f'"phone","name"\n"{A}",  "Ann ""A"", Lee"\n"{B}",  "Bob"\n',
        f'"phone", "name"\n"{A}", "Ann\nLee"\n"{B}", "Bob"\n',
        f'"phone","name"\n"{A}","Ann \\"Annie\\", Lee"\n"{B}","Bob, \\"B\\", Ray"\n',
        f'"phone";"name"\n"{A}";"back\\\\"\n"{B}";"a \\"b\\"; c"\n',
        f'"phone"\t"name"\n"{A}"\t"O\\"Ne\\"il\tAnn"\n"{B}"\t"Bob"\n',
        f'"phone","name"\n"{A}", "Ann \\"A\\", Lee"\n"{B}", "Bob \\"B\\", Ray"\n',
        f'"phone","name"\n"{A}","say ""hi"", \\"you\\", all"\n"{B}","x \\"y\\", z"\n',
        f'"phone,name"\n"{A},""Smith, Ann"""\n"{B},""Jones, Bob"""\n',
        f'"phone;name"\n"{A};Ann"\n"{B};Bob"\n',
        f'"phone\tname"\n"{A}\tAnn"\n"{B}\tBob"\n',
        f'"id,phone"\n"1,{A}"\n"2,{B}"\n',
        f'phone,name\n"{A},Ann"\n"{B},Bob"\n'.replace("phone,name", '"phone,name"'),
    ],
)
def test_odd_quoting_is_found_out(tmp_path: Path, text: str) -> None:
    found = listing(tmp_path, text)

    assert numbers(found) == [A, B]
    assert bad(found) == []
    assert not any(name.startswith("column_") for name in found.columns)


def test_the_quotes_of_odd_quoting_are_no_part_of_the_cells(tmp_path: Path) -> None:
    escaped = listing(tmp_path, f'"phone","name"\n"{A}","A \\"B\\", \\\\ \\n ""C"""\n')
    assert pl.concat(list(escaped))["in:name"].to_list() == ['A "B", \\ \\n "C"']

    apart = listing(tmp_path, f'phone, name\n"{A}", "Smith, Ann"\n{B}, Bob\n')
    assert pl.concat(list(apart))["in:name"].to_list() == ["Smith, Ann", " Bob"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f'"phone","path"\n"{A}","C:\\dir\\"\n"{B}","C:\\"\n', ["C:\\dir\\", "C:\\"]),
        (f'phone,name\n{A}, "x" y\n{B}, Bob\n', [' "x" y', " Bob"]),
        (f'phone,name\n{A},6\\" pipe\n{B},7\\" pipe\n', ['6\\" pipe', '7\\" pipe']),
        (f'"phone","name"\n"{A}\\"\n{B}","Ann"\n"{C}","Bob"\n', [None, "Ann", "Bob"]),
        (f'"phone","name"\n"{A}","Smith, Ann"\n"{B}","Bob"\n', ["Smith, Ann", "Bob"]),
    ],
)
def test_ordinary_quoting_stays_what_it_is(
    tmp_path: Path, text: str, names: list[str | None]
) -> None:
    found = listing(tmp_path, text)

    assert pl.concat(list(found))["in:" + found.columns[1]].to_list() == names


def test_quoted_cells_of_one_column_are_no_lines_of_csv(tmp_path: Path) -> None:
    found = listing(tmp_path, f'"phone"\n"{A}, {B}"\n"{C}, {B}"\n')

    assert found.columns == ("phone",)
    assert numbers(found) == [f"{A}, {B}", f"{C}, {B}"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" * 2 + f"phone,name\n{A},Ann\n".encode(),
        b"\xef\xbb\xbf" * 3 + f"phone,name\n{A},Ann\n".encode(),
        ("\ufeff" + f"phone,name\n{A},Ann\n").encode("utf-16"),
        ("\ufeff\ufeff" + f"phone,name\n{A},Ann\n").encode("utf-16-le"),
        b"\xef\xbb\xbf" * 2 + f"{A},Ann\n{B},Bob\n".encode(),
    ],
)
def test_a_second_byte_order_mark_is_no_part_of_the_list(tmp_path: Path, data: bytes) -> None:
    found = listing(tmp_path, data, column=() if b"p" in data else "column_1")

    assert not any("\ufeff" in name for name in found.columns)
    assert numbers(found)[0] == A


def test_many_blocks_with_and_without_last_cells_read_as_one_by_one(tmp_path: Path) -> None:
    block = SIXTEEN + CUT + f"{A},Ann,x,,\n{A},Ann,x,y\n"
    found = listing(tmp_path, "phone,name,note\n" + block * 40)

    assert len(numbers(found)) == 33 * 40
    assert bad(found) == list(range(35, 34 * 40 + 2, 34))
