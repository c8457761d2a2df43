"""Requests and answers on the wire, as the document has them and as they may come instead."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import ANSWER
from pipeline.protocol.codec import (
    DirectRequests,
    Head,
    NotAnAnswer,
    NotARequest,
    Request,
    decode_columns,
    decode_head,
    decode_query,
    decode_request,
    encode_answer,
    encode_message,
    encode_wrapped,
    rest_query,
)
from pipeline.protocol.messages import Credentials, Lookup

EXAMPLE = (
    b'{"cc":"GBR","lookup":"hlr","np":"na","mnc":"30","roaming":"na","pres":"na","rmnc":"",'
    b'"tadig":"GBRME","e":"","nt":"mobile","cn":"EE-TM-23430","imsi":"23430","ndc":"7506",'
    b'"mcc":"234","rmcc":"","npdi":"","ppcin":"EE","tel":"441234567890","rn":"","cic":"44548",'
    b'"dc":"44"}'
)
"""The provider's document, section "Direct connection"."""


def test_a_request_is_the_documents_own() -> None:
    requests = DirectRequests(Credentials("XXX", "YYY"), Lookup.HLR)

    assert requests.encode("441234567890") == (
        b'{"clientid":"XXX","password":"YYY","tel":"441234567890","lookup":"hlr"}'
    )


def test_lookup_is_left_out_for_the_accounts_profile() -> None:
    assert b"lookup" not in DirectRequests(Credentials("a", "b")).encode("44")
    assert rest_query("44", Lookup.PROFILE) == "tel=44"
    assert rest_query("44", Lookup.MNP) == "tel=44&lookup=mnp"


@given(st.text(), st.text(), st.from_regex(r"[0-9]{1,15}", fullmatch=True), st.sampled_from(Lookup))
def test_a_request_comes_out_as_it_went_in(
    client: str, secret: str, tel: str, lookup: Lookup
) -> None:
    raw = DirectRequests(Credentials(client, secret), lookup).encode(tel)
    asked = "" if lookup is Lookup.PROFILE else lookup.value

    if not any("\ud800" <= character <= "\udfff" for character in client + secret):
        assert decode_request(raw) == Request(client, secret, tel, asked)
    assert json.loads(raw)["tel"] == tel


def test_a_request_may_have_spaces_any_order_and_numbers() -> None:
    raw = b' { "tel" : 441234567890 , "password":"YYY","x":[1], "clientid":"XXX" } \n'

    assert decode_request(raw) == Request("XXX", "YYY", "441234567890", "")


@pytest.mark.parametrize("raw", [b"", b"[]", b"failed", b'"x"', b'{"tel":[]}', b'{"tel":"\xff"}'])
def test_what_is_no_request_is_said(raw: bytes) -> None:
    with pytest.raises(NotARequest):
        decode_request(raw)


def test_a_query_of_rest_may_leave_out_anything() -> None:
    assert decode_query({"tel": "44", "lookup": "mnp"}) == ("44", "mnp")
    assert decode_query({}) == ("", "")


def test_secrets_show_in_no_repr() -> None:
    requests = DirectRequests(Credentials("XXX", "YYY"))

    assert "YYY" not in repr(requests)
    assert "YYY" not in repr(decode_request(requests.encode("44")))


@pytest.mark.parametrize(
    ("raw", "head"),
    [
        (EXAMPLE, Head("441234567890", "")),
        (b'{"statuscode":200,"response":' + EXAMPLE + b"}", Head("441234567890", "", 200)),
        (b'{"response":{"tel":"44","e":"01"},"statuscode":"200"}', Head("44", "01", 200)),
        (b'{"tel":441234567890,"e":5}', Head("441234567890", "5")),
        (b'{"tel":"44","e":null}', Head("44", "")),
        (b'{"tel":"44","e":"na"}', Head("44", "")),
        (b'{"tel":"44","e":false}', Head("44", "")),
        (b'{"tel":"44","e":"false"}', Head("44", "")),
        (b'{"statuscode":%s,"response":{"tel":"44"}}' % (b"9" * 400), Head("44", "")),
        (b'{"statuscode":-7e999,"response":{"tel":"44"}}', Head("44", "")),
        (b'{"statuscode":2.5,"response":{"tel":"44"}}', Head("44", "")),
        (b'{"tel":"na","e":"F3"}', Head("", "F3")),
        (b'{"tel":"","e":"F2"}', Head("", "F2")),
        (b'{"e":"F2"}', Head("", "F2")),
        (b'{"tel":" +44 "}', Head("44", "")),
        (b'{"mcc":"234"}', Head("", "")),
        (b'{"message":"Unauthorized"}', Head("", "", None, "Unauthorized")),
        (encode_message(401, "Unauthorized"), Head("", "", 401, "Unauthorized")),
        (b'{"tel":"44","cn":"\xe9t\xe9"}', Head("44", "")),
    ],
)
def test_the_head_of_an_answer_in_every_shape(raw: bytes, head: Head) -> None:
    assert decode_head(raw) == head


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"failed",
        b"{}",
        b'{"x":1}',
        b"[]",
        b"[" + EXAMPLE + b"]",
        EXAMPLE + EXAMPLE,
        EXAMPLE[:-1],
        b'{"tel":["44"]}',
        b'{"tel":{}}',
        b'{"tel":"\xff"}',
        b'{"tel":NaN}',
        b'{"tel":01}',
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf" + EXAMPLE + EXAMPLE,
        b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"response":{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}}",
    ],
)
def test_what_is_no_answer_is_said(raw: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        decode_head(raw)


@pytest.mark.parametrize(
    ("field", "read"),
    [
        (b'"cn":"a\tb"', {"carrier": "a\tb"}),
        (b'"cn":"a\nb"', {"carrier": "a\nb"}),
        (b'"cn":"a\x01b"', {"carrier": "a\x01b"}),
        (b'"cn":"C:\\data"', {"carrier": "C:\\data"}),
        (b'"cn":"50\\% \\u12"', {"carrier": "50\\% \\u12"}),
        (b'"cn":"a\\ud83d b"', {"carrier": "a\N{REPLACEMENT CHARACTER} b"}),
        (b'"cn":"\\ud83d\\ude00\t"', {"carrier": "\N{GRINNING FACE}\t"}),
        (b'"x":NaN', {}),
        (b'"cn":Infinity,"mnc":01', None),
        (b'"x":-Infinity,"mnc":10', {"mnc": "10"}),
        (b'"x":[1,"\t",{"np":"no"}]', {}),
        (b'"np":true', {"ported": True}),
        (b'"pres":false,"roaming":null', {"present": False}),
        (b'"cc":"UK"', {"country": "GB"}),
        (b'"cc":"EL"', {"country": "GR"}),
        (b'"cn":"a,}b",', {"carrier": "a,}b"}),
        (b'"cn":"a\\",]",\n ', {"carrier": 'a",]'}),
        (b'"x":[1,],', {}),
        (b'"x":{"np":"no",},"e":false', {}),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_trifle_in_one_field_does_not_cost_an_answer(
    field: bytes, read: dict[str, object] | None, wrapped: bool
) -> None:
    answer = b'{"tel":"447700900123","mcc":"234",' + field + b"}"
    raw = b'{"statuscode":200,"response":' + answer + b"}" if wrapped else answer

    if read is None:
        with pytest.raises(NotAnAnswer):
            decode_head(raw)
        return
    assert decode_head(raw).tel == "447700900123"
    told = {name: values[0] for name, values in decode_columns([raw]).items()}
    assert {name: value for name, value in told.items() if value is not None} == {
        "mcc": "234",
        **read,
    }


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\0\0", b"\n\xef\xbb\xbf\n"])
@pytest.mark.parametrize("behind", [b"", b"\0", b"\0\0\r\n\0"])
def test_what_stands_around_an_answer_does_not_cost_it(before: bytes, behind: bytes) -> None:
    raw = before + EXAMPLE + behind

    assert decode_head(raw) == decode_head(EXAMPLE)
    assert decode_columns([raw]) == decode_columns([EXAMPLE])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
field_names = st.sampled_from(["tel", "e", "cc", "np", "cn", "response", "statuscode", "message"])


@given(
    st.binary() | st.dictionaries(field_names, json_values).map(lambda v: json.dumps(v).encode())
)
def test_whatever_has_a_head_has_columns_and_nothing_crashes(raw: bytes) -> None:
    try:
        decode_head(raw)
    except NotAnAnswer:
        return
    columns = decode_columns([raw])

    assert all(len(column) == 1 for column in columns.values())


@given(st.binary(max_size=8), st.sampled_from(["cn", "tadig", "x"]))
def test_odd_bytes_in_one_field_cost_no_other(odd: bytes, name: str) -> None:
    raw = b'{"tel":"44","mnc":"001","' + name.encode() + b'":"' + odd + b'"}'
    try:
        decode_head(raw)
    except NotAnAnswer:
        return

    assert decode_columns([raw])["mnc"] == ["001"]


def test_columns_are_the_models_that_come_from_the_wire() -> None:
    columns = decode_columns([EXAMPLE])

    assert list(columns) == [column.name for column in ANSWER if column.wire]
    assert {name: values[0] for name, values in columns.items() if values[0] is not None} == {
        "lookup_type": "hlr",
        "calling_code": "44",
        "country": "GB",
        "ndc": "7506",
        "mcc": "234",
        "mnc": "30",
        "imsi": "23430",
        "tadig": "GBRME",
        "cic": "44548",
        "carrier": "EE-TM-23430",
        "ppcin": "EE",
        "number_type": "mobile",
    }


def test_no_answers_have_empty_columns() -> None:
    assert set(map(len, decode_columns([]).values())) == {0}


@pytest.mark.parametrize(
    ("wire", "column", "value"),
    [
        ('"np":"yes"', "ported", True),
        ('"np":"NO"', "ported", False),
        ('"np":"na"', "ported", None),
        ('"np":"maybe"', "ported", None),
        ('"pres":" yes "', "present", True),
        ('"roaming":""', "roaming", None),
        ('"cc":"GB"', "country", "GB"),
        ('"cc":"gbr"', "country", "GB"),
        ('"cc":"na"', "country", None),
        ('"cc":"NA"', "country", "NA"),
        ('"cc":"NAM"', "country", "NA"),
        ('"cc":"XKX"', "country", "XK"),
        ('"cc":"Britain"', "country", None),
        ('"mnc":"001"', "mnc", "001"),
        ('"mnc":"01"', "mnc", "01"),
        ('"mnc":1', "mnc", "1"),
        ('"imsi":23430123456789012345678', "imsi", "23430123456789012345678"),
        ('"cn":null', "carrier", None),
        ('"cn":"na"', "carrier", None),
        ('"cn":"   "', "carrier", None),
        ('"cn":["x"]', "carrier", None),
        ('"lookup":"HLR"', "lookup_type", "hlr"),
        ('"lookup":"cache"', "lookup_type", None),
        ('"e":"1b"', "error_code", "1b"),
        ('"e":"na"', "error_code", None),
        ('"e":""', "error_code", None),
        ('"e":false', "error_code", None),
        ('"e":"FALSE"', "error_code", "FALSE"),
    ],
)
@pytest.mark.parametrize("shape", ["{%s}", '{"statuscode":200,"response":{%s}}', '{%s,"tel":7}'])
def test_a_field_becomes_its_column(shape: str, wire: str, column: str, value: object) -> None:
    assert decode_columns([EXAMPLE, (shape % wire).encode()])[column][1] == value


def test_columns_keep_the_order_of_the_answers() -> None:
    raws = [encode_answer({"msisdn": "44", "ndc": str(n)}) for n in range(2000)]

    assert decode_columns(raws)["ndc"] == [str(n) for n in range(2000)]


def test_what_is_no_answer_has_no_columns() -> None:
    with pytest.raises(NotAnAnswer):
        decode_columns([EXAMPLE, b"junk"])


def test_the_simulators_answer_has_the_documents_fields_in_their_order() -> None:
    fields = {"msisdn": "441234567890", "country": "GBR", "carrier": 'E "E"'}

    flat = json.loads(encode_answer(fields))
    wrapped = json.loads(encode_wrapped(fields))

    assert list(flat) == list(json.loads(EXAMPLE))
    assert (flat["tel"], flat["cc"], flat["cn"], flat["mnc"]) == (
        "441234567890",
        "GBR",
        'E "E"',
        "",
    )
    assert wrapped == {"statuscode": 200, "response": flat}


def test_an_unknown_field_of_an_answer_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="cc"):
        encode_answer({"cc": "GBR"})
