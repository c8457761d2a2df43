"""Normalising against `phonenumbers`, and under changes that must not matter."""

import re
from typing import NamedTuple

import phonenumbers
import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumberFormat
from phonenumbers.phonemetadata import PhoneMetadata

from pipeline.model import PLAN_TYPES, REJECT_REASONS, RULES
from pipeline.normalise import normalise

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
FORMATS = (
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
)
WRITTEN = "0123456789+ ()-./;,|#xeE='\"\n*\u200b"
MOBILE = {"mobile", "fixed_line_or_mobile"}


class Read(NamedTuple):
    msisdn: str | None
    region: str | None
    plan_type: str | None


NOTHING = Read(None, None, None)


def by_phonenumbers(text: str, region: str | None) -> Read:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return NOTHING
    if not phonenumbers.is_valid_number(number):
        return NOTHING
    return Read(
        phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:],
        phonenumbers.region_code_for_number(number),
        PLAN_TYPES[phonenumbers.number_type(number)],
    )


def normalised(cells: list[tuple[str | None, str | None]]) -> list[dict[str, str | None]]:
    frame = pl.DataFrame(cells, schema={"cell": pl.String, "in": pl.String}, orient="row")
    return normalise(frame, "cell", region_column="in").to_dicts()


@st.composite
def numbers(draw: st.DrawFn, formats: tuple[int, ...] = FORMATS) -> tuple[str, str]:
    """A number as written in some region, valid or nearly, and that region."""
    region = draw(st.sampled_from(REGIONS))
    kind = draw(st.integers(0, len(PLAN_TYPES) - 1))
    example = phonenumbers.example_number_for_type(region, kind)
    example = example or phonenumbers.example_number(region)
    assert example is not None
    national = phonenumbers.national_significant_number(example)
    keep = draw(st.integers(0, len(national)))
    rest = draw(st.text("0123456789", min_size=0, max_size=len(national) - keep + 2))
    # Mostly a tail of the same length, so that many stay valid.
    tail = rest if draw(st.integers(0, 4)) == 0 else rest[: len(national) - keep]
    national = national[:keep] + tail + national[keep + len(tail) :]
    number = phonenumbers.PhoneNumber(
        country_code=example.country_code,
        national_number=int(national),
        italian_leading_zero=national.startswith("0") or None,
        number_of_leading_zeros=(len(national) - len(national.lstrip("0"))) or None,
    )
    return phonenumbers.format_number(number, draw(st.sampled_from(formats))), region


@settings(max_examples=20, deadline=None)
@given(st.lists(numbers((PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL)), min_size=40))
def test_international_numbers_are_what_phonenumbers_says(cells: list[tuple[str, str]]) -> None:
    for row in normalised([*cells]):
        text, region = row["cell"], row["in"]
        assert text is not None
        expected = by_phonenumbers(text, region)
        if row["rule"] in {"repair:mx_521", "repair:plus_zero"}:
            assert expected == NOTHING
        elif len(expected.msisdn or "") > 15:
            assert row["reject_reason"] == "too_long"
        elif row["reject_reason"] == "ambiguous":
            assert re.search(r" \d{1,2}$", text), "it is no second value behind a number"
        else:
            assert (row["msisdn"], row["region"], row["plan_type"]) == expected


@settings(max_examples=20, deadline=None)
@given(st.lists(numbers((PhoneNumberFormat.NATIONAL,)), min_size=40))
def test_national_numbers_are_what_phonenumbers_says_unless_they_read_as_international(
    cells: list[tuple[str, str]],
) -> None:
    for row in normalised([*cells]):
        text, region = row["cell"], row["in"]
        assert text is not None
        assert region is not None
        digits = re.sub("[^0-9]", "", text)
        expected, full = by_phonenumbers(text, region), by_phonenumbers("+" + digits, None)
        read = Read(row["msisdn"], row["region"], row["plan_type"])
        plan = PhoneMetadata.metadata_for_region(region)
        assert plan is not None
        own = digits.startswith(str(plan.country_code))
        dialled = digits.startswith("00") or re.match(plan.international_prefix or "$", digits)
        if len(expected.msisdn or "") > 15:
            assert row["reject_reason"] == "too_long"
        elif own:
            assert read in {expected, full} or row["reject_reason"] == "ambiguous"
        elif expected.plan_type == "fixed_line" and full.plan_type == "mobile":
            assert read == expected or row["reject_reason"] == "ambiguous"
        elif expected != NOTHING and not dialled:
            # Two digits behind a longer group may be a second value; some plans are written so.
            parted = re.search(r"\d{3}[ -]\d{1,2}$", text) and row["reject_reason"] == "ambiguous"
            assert read == expected or parted
        elif row["rule"] == "bare_international":
            assert read == full
        elif read != NOTHING:
            assert row["rule"] in {"repair:mx_521", "repair:trunk_zero", "idd_prefix"} or (
                dialled and read == expected
            )
        else:
            # What would be a number abroad, beside ones that are written nationally, is not taken.
            refused = row["reject_reason"] in {"ambiguous", "no_region"}
            assert dialled or full == NOTHING or refused


REFUSED = {"ambiguous", "too_long", "spreadsheet_damage"}
"""What a cell may be called instead; the last where several of a list end in zeros."""


@settings(max_examples=20, deadline=None)
@given(st.lists(numbers((PhoneNumberFormat.E164,)), min_size=40))
def test_full_digits_of_a_mobile_are_never_given_another_calling_code(
    cells: list[tuple[str, str]],
) -> None:
    rows = normalised([(text[1:], region) for text, region in cells])
    for row, (text, _) in zip(rows, cells, strict=True):
        full = by_phonenumbers(text, None)
        if full.plan_type in MOBILE:
            assert row["msisdn"] == full.msisdn or row["reject_reason"] in REFUSED


@settings(max_examples=12, deadline=None)
@given(st.lists(numbers(), min_size=30))
def test_a_normalised_number_is_read_as_itself(cells: list[tuple[str, str]]) -> None:
    once = [row for row in normalised([*cells]) if row["msisdn"] is not None]
    again = normalised([(f"+{row['msisdn']}", row["in"]) for row in once])
    for before, after in zip(once, again, strict=True):
        assert after["rule"] == "international"
        for name in ("msisdn", "region", "plan_type"):
            assert after[name] == before[name]


@settings(max_examples=12, deadline=None)
@given(st.lists(numbers(), min_size=30))
def test_every_row_has_a_number_or_a_reason_of_the_closed_lists(
    cells: list[tuple[str, str]],
) -> None:
    for row in normalised([*cells]):
        assert row["msisdn_input"] == row["cell"]
        if row["msisdn"] is None:
            assert row["reject_reason"] in REJECT_REASONS
            assert row["reject_detail"]
            assert row["region"] is row["plan_type"] is row["rule"] is None
        else:
            assert row["rule"] in RULES
            assert row["reject_reason"] is row["reject_detail"] is None
            assert re.fullmatch("[1-9][0-9]{4,14}", row["msisdn"])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text() | st.text(WRITTEN), min_size=1),
    st.sampled_from([None, "GB", "DE", "MX", "JP", "BR"]),
)
def test_no_text_at_all_breaks_it(cells: list[str], region: str | None) -> None:
    out = normalise(pl.DataFrame({"cell": cells}), "cell", region)
    assert out["cell"].to_list() == cells
    assert (out["msisdn"].is_null() == out["reject_reason"].is_not_null()).all()


NOISE = st.sampled_from(["", "", " ", "-", "\u00a0", "\u200b", "\u202a", "  ", "\u2011", " - "])
HIDDEN = st.sampled_from(["", "\u200b", "\u202a"])
SCRIPTS = st.sampled_from(["0", "\uff10", "\u0660", "\u06f0", "\u0966"])


@st.composite
def noisy(draw: st.DrawFn) -> tuple[str, str, str]:
    """Digits as they are, the same with noise, and a region."""
    text, region = draw(numbers((PhoneNumberFormat.E164,)))
    text = draw(st.sampled_from([text, "00" + text[1:], text[1:]]))
    zero = ord(draw(SCRIPTS))
    spread = (chr(zero + int(sign)) if sign.isdecimal() else sign for sign in text)
    *most, _, _, _, _ = signs = [*spread]
    # Groups of bare digits tell whether they are a full number, and a blank or a dash before up to
    # three digits at the end may part a second value from the number.
    noise = NOISE if text.startswith(("+", "00")) else HIDDEN
    dirty = draw(NOISE) + "".join(sign + draw(noise) for sign in most)
    dirty += "".join(sign + draw(HIDDEN) for sign in signs[len(most) :])
    # "0 0…" is still 00; a noise that splits off a lone run of seven digits twice is two numbers.
    assume(len(re.findall("[0-9]{7,}", dirty)) < 2)
    return text, dirty, region


@settings(max_examples=12, deadline=None)
@given(st.lists(noisy(), min_size=20))
def test_noise_changes_nothing(cells: list[tuple[str, str, str]]) -> None:
    clean = normalised([(text, region) for text, _, region in cells])
    dirty = normalised([(text, region) for _, text, region in cells])
    for expected, row in zip(clean, dirty, strict=True):
        if not (expected["cell"] or "").startswith(("+", "00")):
            # What bare digits are the whole column decides; they are never another number.
            assert (
                None in (expected["msisdn"], row["msisdn"]) or row["msisdn"] == expected["msisdn"]
            )
            continue
        for name in ("msisdn", "region", "plan_type", "rule", "reject_reason"):
            if "multiple_numbers" not in {row["reject_reason"], expected["reject_reason"]}:
                assert row[name] == expected[name], (expected, row)
