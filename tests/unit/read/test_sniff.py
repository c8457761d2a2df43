"""Bytes in, dialect out."""

from typing import Any

import pytest

from pipeline.read.encodings import NotTextError, find_encoding
from pipeline.read.sniff import Sniffed, Wishes, sniff


def found(text: str | bytes, **wishes: Any) -> Sniffed:
    head = text.encode() if isinstance(text, str) else text
    return sniff(head, Wishes(**wishes), complete=True)


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"phone\n+44", "ascii"),
        ("naïve\n".encode(), "utf-8"),
        ("naïve".encode()[:3], "utf-8"),
        ("caf\u00e9\n12\n".encode("cp1252"), "cp1252"),
        ("é\n".encode() * 9 + b"broken \xe9\n", "utf-8"),
        (b"\xef\xbb\xbfphone", "utf-8"),
        ("phone".encode("utf-16"), "utf-16"),
        ("phone".encode("utf-16-le"), "utf-16-le"),
        ("phone".encode("utf-16-be"), "utf-16-be"),
        ("phone".encode("utf-32"), "utf-32"),
        (b"ORCA,phone\n", "ascii"),
    ],
)
def test_the_encoding_is_found(head: bytes, encoding: str) -> None:
    assert find_encoding(head) == encoding


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00" + bytes(20), "Excel workbook or a zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "old Excel"),
        (b"SQLite format 3\x00" + bytes(84), "SQLite"),
        (bytes(range(256)), "not text"),
        (b"447911123456\x00\x00\x00\x00\x00\x00", "not text"),
    ],
)
def test_bytes_that_are_no_list_are_named_for_what_they_are(head: bytes, words: str) -> None:
    with pytest.raises(NotTextError, match=words):
        find_encoding(head)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("phone,name\n1,2\n", b","),
        ("phone;price\n442079460018;12,50\n442079460019;13,50\n", b";"),
        ("442079460018;12,50\n442079460019;13,50\n", b";"),
        ("phone\tname\n1\ta,b\n", b"\t"),
        ("phone|name\n1|2\n", b"|"),
        ("phone^name\n1^2\n", b"^"),
        ('"a;b",c\n"d;e",f\n', b","),
        ("phone,name\n1\n2\n3,x,y\n", b","),
        ("phone\n442079460018,442079460019\n442079460010\n442079460011\n", None),
        ("phone\n442079460018;442079460019\n", None),
        ("tel:+442079460018\ntel:+442079460019\n", None),
        ("020 7946 0018\n020 7946 0019\n", None),
        ("sep=;\nphone;name\n", b";"),
        ("no,yes\n1\n2\n3\n", None),
    ],
)
def test_the_delimiter_is_found(text: str, delimiter: bytes | None) -> None:
    assert found(text).dialect.delimiter == delimiter


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("phone,name\n'442079460018','O, B'\n", b"'"),
        ("phone,name\n'442079460018,OB\n'442079460019,OB\n", b'"'),
        ("phone,name\n\"442079460018\",'x'\n", b'"'),
        ("phone,name\n442079460018,O'Brien\n", b'"'),
    ],
)
def test_apostrophes_quote_only_where_they_wrap_cells(text: str, quote: bytes) -> None:
    assert found(text).dialect.quote == quote


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("phone\n442079460018\n", True),
        ("phone\n", True),
        ("Kundenliste 2024\n442079460018\n", True),
        ("442079460018\n442079460019\n", False),
        ("+44 20 7946 0018 (home)\n+44 20 7946 0019\n", False),
        ("4.42079E+11\n442079460019\n", False),
        ("n/a\n442079460018\n", False),
        ("-\n442079460018\n", False),
        ("mobile,442079460018,Ann\nfixed,442079460019,Bob\n", False),
        ("phone,2024-01-01,2024-02-01\n442079460018,1,2\n", True),
        ("id,no\n1,442079460018\n", True),
        ("Ann,442079460018\nBob,442079460019\n", False),
        ("name,town\nAnn,Bonn\n", True),
        ("телефон\n442079460018\n", True),
    ],
)
def test_a_header_is_told_from_data(text: str, header: bool) -> None:
    assert found(text).header is header


def test_the_settings_are_not_questioned() -> None:
    sniffed = found("phone;a,b\n1;2,3\n", delimiter=",", header="no", encoding="latin-1")

    assert sniffed.dialect.delimiter == b","
    assert sniffed.columns == ("column_1", "column_2")
    assert sniffed.encoding == "latin-1"


def test_what_precedes_the_first_row_is_measured() -> None:
    sniffed = found('\ufeffsep=,\r\n\r\n"pho\nne",name\r\n1,2\r\n')

    assert sniffed.columns == ("pho\nne", "name")
    assert sniffed.lines == 4
    assert sniffed.skip == len('sep=,\r\n\r\n"pho\nne",name\r\n')
    assert sniffed.rows == (("1", "2"),)


@pytest.mark.parametrize("text", ["\n\r\n\n", "\ufeff", "sep=;\n"])
def test_blank_lines_alone_are_no_list(text: str) -> None:
    with pytest.raises(NotTextError, match="nothing in it but blank lines"):
        found(text)


def test_a_first_line_without_end_is_no_list() -> None:
    with pytest.raises(NotTextError, match="no line end in its first MiB"):
        sniff(b"a" * 100, Wishes(), complete=False)


def test_a_header_that_must_be_one_and_is_broken_is_an_error() -> None:
    with pytest.raises(NotTextError, match="a quote is never closed"):
        found('phone,"name\n1,2\n', header="yes", delimiter=",")


def test_a_codec_that_is_none_for_text_is_an_error() -> None:
    with pytest.raises(NotTextError, match="no encoding of text"):
        found("phone\n", encoding="zlib")
