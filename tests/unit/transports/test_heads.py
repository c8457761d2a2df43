"""Heads of answers that are not in good order, and that other clients take."""

import asyncio

import pytest

from pipeline.protocol.messages import Answer, Query
from pipeline.transports.rest.heads import end_of_head, mended
from tests.conformance.services import TELS, answer
from tests.unit.transports.raw_rest import TOKEN, asked_of, raw_rest

IN_ORDER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def in_chunks(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


ODD = {
    "a blank before a colon": (b"X-A : b\r\nContent-Length: %d", None),
    "a tab before a colon": (b"X-A\t: b\r\nContent-Length: %d", None),
    "a blank before the colon of the length": (b"Content-Length : %d", None),
    "a blank and a colon in a value": (b"X-A: b : c\r\nContent-Length: %d", None),
    "the length twice": (b"Content-Length: %d\r\nContent-Length: %d", None),
    "the length twice, written otherwise": (b"Content-Length: %d\r\ncontent-length:%d", None),
    "a length beside chunks": (b"Content-Length: %d\r\nTransfer-Encoding: chunked", in_chunks),
    "chunks beside a wrong length": (
        b"Transfer-Encoding: Chunked\r\nContent-Length: 9%d",
        in_chunks,
    ),
    "a header of 60 kB": (b"X-A: " + b"a" * 60_000 + b"\r\nContent-Length: %d", None),
    "a folded header": (b"X-A: a\r\n  b\r\nContent-Length: %d", None),
    "a header in Latin-1": (b"X-A: \xe9\r\nContent-Length: %d", None),
    "a length with a sign": (b"Content-Length: +%d", None),
    "a length listed twice": (b"Content-Length: %d, %d", None),
    "a header without a name": (b": foo\r\nContent-Length: %d", None),
    "a name in Latin-1": (b"X-\xe9: foo\r\nContent-Length: %d", None),
    "a NUL in a value": (b"X-A: a\0b\r\nContent-Length: %d", None),
    "a coding that is none": (b"Transfer-Encoding: identity\r\nContent-Length: %d", None),
    "gzip that is none": (b"Content-Encoding: gzip\r\nContent-Length: %d", None),
    "a word behind the body": (b"Content-Length: %d", lambda body: body + b"junk\r\n"),
    "a line behind the body": (b"Content-Length: %d", lambda body: body + b"\r\n"),
    "in good order": (b"Content-Length: %d", None),
}
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink : <a>\r\n\r\n"


class Answering:
    """A service whose answers have such a head."""

    def __init__(self, how: str, *, cut: int | None = None, before: bytes = b"") -> None:
        self._head, self._body_as = ODD[how]
        self._cut, self._before = cut, before

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for tel in asked_of(reader):
            said = self._before + self._said(tel) if tel else IN_ORDER % len(TOKEN) + TOKEN
            if tel and self._cut is not None:
                writer.write(said[: self._cut])
                await asyncio.sleep(0.02)
                said = said[self._cut :]
            writer.write(said)
        writer.close()

    def _said(self, tel: str) -> bytes:
        body = answer(tel)
        head = self._head % ((len(body),) * self._head.count(b"%d"))
        sent = self._body_as(body) if self._body_as else body
        return b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + sent


@pytest.mark.parametrize("how", ODD)
async def test_an_answer_with_an_odd_head_is_read(how: str) -> None:
    async with raw_rest(Answering(how), patience=10) as client:
        outcomes = await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS[:20])))
    assert [outcome.result for outcome in outcomes] == [
        Answer(answer(tel), "") for tel in TELS[:20]
    ]


@pytest.mark.parametrize("how", [*ODD][:16:2])
@pytest.mark.parametrize("cut", [1, 16, 17, 40])
async def test_so_it_is_where_it_comes_in_pieces(how: str, cut: int) -> None:
    async with raw_rest(Answering(how, cut=cut), patience=10) as client:
        outcomes = await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS[:5])))
    assert [outcome.result for outcome in outcomes] == [Answer(answer(tel), "") for tel in TELS[:5]]


@pytest.mark.parametrize("how", [*ODD][1::4])
@pytest.mark.parametrize("cut", [None, 20, 50])
async def test_so_it_is_behind_a_head_that_is_no_answer(how: str, cut: int | None) -> None:
    async with raw_rest(Answering(how, cut=cut, before=INTERIM), patience=10) as client:
        outcomes = await client.ask(*(Query(key, tel) for key, tel in enumerate(TELS[:5])))
    assert [outcome.result for outcome in outcomes] == [Answer(answer(tel), "") for tel in TELS[:5]]


@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content", b"HTTP/1.1 200 OK\r\nX-A: b"])
def test_what_has_no_length_stays_as_it_is(head: bytes) -> None:
    data = head + b"\r\n\r\n"
    assert mended(data, end_of_head(data)) == (data, True)


def test_two_lengths_that_differ_are_left_to_be_refused() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
    assert mended(data, end_of_head(data))[0] == data
