"""Whatever is stored as an answer, the fast reader gives what the codec gives."""

import json
from collections.abc import Sequence

import hypothesis.strategies as st
import polars as pl
from hypothesis import example, given

from pipeline.model import ANSWER
from pipeline.protocol.codec import NotAnAnswer, decode_columns, decode_head, encode_answer
from pipeline.write.decoded import decoded

TEL = "12125550100"
NAMES = [column.wire for column in ANSWER if column.wire]
WORDS = ["", " ", "na", "NA", " na", "yes", "no", "YES", "GB", "GBR", "mnp", "HLR", "01", "0", "é"]

fields = st.sampled_from([*NAMES, "tel", "extra", "statuscode", "response"])
values = st.sampled_from(WORDS) | st.text(max_size=4) | st.integers() | st.none() | st.booleans()
pairs = st.lists(st.tuples(fields, values), max_size=5)


def written(told: Sequence[tuple[str, object]], *, spaced: bool = False) -> bytes:
    """A JSON object with these fields, even one twice."""
    colon, comma = (": ", ", ") if spaced else (":", ",")
    inside = comma.join(
        json.dumps(name) + colon + json.dumps(value, ensure_ascii=False)
        for name, value in [("tel", TEL), *told]
    )
    return b"{" + inside.encode("utf-8", "surrogatepass") + b"}"


plain = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(WORDS), max_size=5)
answers = st.one_of(
    plain.map(lambda told: written(list(told.items()))),
    pairs.map(written),
    pairs.map(lambda told: written(told, spaced=True)),
    pairs.map(lambda told: b'{"statuscode":200,"response":' + written(told) + b"}"),
    st.just(b'{"tel":"12125550100","cn":"Caf\xe9"}'),
    st.just(b'{"tel":"12125550100","cn":"a\\u00e9"}'),
)


@given(st.lists(answers, min_size=1, max_size=8))
@example([written([("e", "01"), ("e", "05")])])
@example([written([("e", "01")]), written([("cn", 1)]), written([("np", "yes")])])
@example([written([("cn", "a\\,"), ("e", "")]), written([])])
def test_it_agrees_with_the_codec_on_every_stored_answer(raws: list[bytes]) -> None:
    stored = [raw for raw in raws if _is_answer(raw)]
    if not stored:
        return
    expected, found = decode_columns(stored), decoded(pl.Series(stored, dtype=pl.Binary))
    assert found.height == len(stored)
    for name, column in expected.items():
        assert found[name].cast(pl.String).to_list() == [
            value if value is None or isinstance(value, str) else str(value).lower()
            for value in column
        ], name


def _is_answer(raw: bytes) -> bool:
    try:
        decode_head(raw)
    except NotAnAnswer:
        return False
    return True


def test_the_services_own_answers_are_read_in_their_order() -> None:
    raws = [encode_answer({"msisdn": TEL, "mnc": f"{n:02}", "present": "na"}) for n in range(100)]
    found = decoded(pl.Series(raws, dtype=pl.Binary))
    assert found["mnc"].to_list() == [f"{n:02}" for n in range(100)]
    assert found["present"].null_count() == 100
