"""What is done to cells that are not tidy: steps in their order, expressions over columns.

Rules: no numbering plan and no region here, and nothing is guessed: a repair undoes damage whose
cause is known and loses no digit; everything else is refused. Each step says which signs a cell must
hold for it to matter (`signs.py`), so that costly patterns see few cells; that saves time and changes
no result.

Noise (spaces, dots, hyphens, brackets, slashes, marks of direction, digits of other scripts) is
no repair: `rule` stays what it would be without.
"""

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from pipeline.normalise import writing
from pipeline.normalise.signs import (
    AMPERSAND,
    COLON,
    COMMA,
    DOT,
    EDGE,
    HASH,
    HYPHEN,
    LETTER,
    LETTER_E,
    LINE,
    OTHER,
    PERCENT,
    PLUS,
    QUOTE,
    SLASH,
    SPLIT,
    UNUSUAL,
)

__all__ = ("REFUSALS", "REPAIRS", "STEPS", "Step")

_WORDS = LETTER | LETTER_E

REPAIRS = (
    "repair:scientific",
    "repair:float_tail",
    "repair:plus_zero",
    "repair:excel_formula",
    "repair:apostrophe",
    "repair:escaped",
    "repair:encoding",
    "repair:label",
)
"""Where a cell needed several, the first of these is its `rule`."""

REFUSALS = {
    "empty": ("empty", "The cell holds no number; fill it in or leave the row out."),
    "narrow": (
        "spreadsheet_damage",
        "A spreadsheet column was too narrow to show the number; widen it and export again as text.",
    ),
    "rounded": (
        "spreadsheet_damage",
        "A spreadsheet wrote the number in scientific notation and lost digits; export the column again as text.",
    ),
    "fraction": (
        "spreadsheet_damage",
        "The number has decimal places, so it was calculated or rounded; export the column again as text.",
    ),
    "decimal": (
        "ambiguous",
        "Ends in a point and zeros, which may be decimal places or digits; write the number without the point.",
    ),
    "date": ("not_a_number", "The cell reads as a date; give a telephone number, grouped with spaces."),
    "address": ("not_a_number", "The cell reads as an IP address; give a telephone number, grouped with spaces."),
    "extension": ("extension", "The number has an extension; give the number alone."),
    "multiple": ("multiple_numbers", "The cell holds more than one number; give each a row of its own."),
    "commas": ("not_a_number", "Commas part the digits in no known way; write the number without them."),
    "masked": ("not_a_number", "Some digits are hidden by signs such as * or x; get the whole number."),
    "letters": ("not_a_number", "The cell holds letters or signs that no number has; give digits only."),
}  # fmt: skip
"""Why a cell holds no number: key → (`reject_reason`, `reject_detail`)."""

_ANY = range(1 << 40)
_OTHER_NUMBER = 5
"""Digits in a name that may be a number of its own."""

# -- what a step does: expressions over the text, named for what they give ----------------------------


def _recoded(text: pl.Expr) -> list[pl.Expr]:
    plain = text.str.replace_many(writing.LOST_CODING)
    return [plain.alias("text"), (plain != text).alias("repair:encoding")]


def _folded(text: pl.Expr) -> list[pl.Expr]:
    return [text.str.replace_many(writing.folds()).alias("text")]


def _without_symbols(text: pl.Expr) -> list[pl.Expr]:
    return [text.str.replace_all(writing.SYMBOL, "").alias("text")]


def _unescaped(text: pl.Expr) -> list[pl.Expr]:
    """HTML entities and percent signs of web addresses become what they stand for."""
    form = text.str.contains("(?i)%2B")  # in a web form a space is sent as a plus sign
    spaced = pl.when(form).then(text.str.replace_all("+", " ", literal=True)).otherwise(text)
    once = spaced.str.replace_many(writing.ESCAPES, ascii_case_insensitive=True)
    plain = once.str.replace_many(writing.ESCAPES, ascii_case_insensitive=True)  # &amp;nbsp;
    return [
        plain.alias("text"),
        (plain != text).alias("repair:escaped"),
        plain.str.contains(writing.ENTITY).alias("letters"),
    ]


def _named(text: pl.Expr) -> list[pl.Expr]:
    """The number in angle brackets behind a name that is no other number."""
    name = text.str.extract(writing.NAMED, 1).str.replace_all("[^0-9]", "")
    number = text.str.extract(writing.NAMED, 2)
    same = (name.str.len_bytes() < _OTHER_NUMBER) | (name == number.str.replace_all("[^0-9]", ""))
    return [
        pl.when(same).then(number).otherwise(text).alias("text"),
        same.alias("repair:label"),
    ]


def _shelled(text: pl.Expr) -> list[pl.Expr]:
    shell = text.str.extract(writing.SHELL, 0)
    return [
        text.str.strip_chars("=\"'` \t\r\n").alias("text"),
        shell.str.contains("=", literal=True).alias("repair:excel_formula"),
        shell.str.contains("['`]").alias("repair:apostrophe"),
    ]


def _nothing(text: pl.Expr) -> list[pl.Expr]:
    word = text.str.to_lowercase()
    nothing = word.is_in(writing.NOTHING) | text.str.contains(writing.SPREADSHEET_ERROR)
    return [
        text.str.contains(writing.TOO_NARROW).alias("narrow"),
        (nothing | ~text.str.contains(r"[\p{N}\p{L}]")).alias("empty"),
        (~text.str.contains("[0-9]")).alias("letters"),
    ]


def _messaged(text: pl.Expr) -> list[pl.Expr]:
    """The full number that the address of a messenger is made of."""
    return [
        ("+" + text.str.replace_all("[^0-9]", "")).alias("text"),
        pl.lit(value=True).alias("repair:label"),
    ]


def _without_parameters(text: pl.Expr) -> list[pl.Expr]:
    """What a `tel:` URI calls, with the calling code of its context if it has none itself."""
    called = text.str.replace(writing.URI, "")
    context = called.str.extract(writing.CONTEXT).fill_null("")
    called = called.str.replace_all(writing.PARAMETER, "")
    full = called.str.starts_with("+")
    return [pl.when(full).then(called).otherwise(context + called).alias("text")]


def _called(text: pl.Expr) -> list[pl.Expr]:
    return [text.str.replace(writing.URI, "").alias("text")]


def _unlabelled(text: pl.Expr) -> list[pl.Expr]:
    plain = text.str.replace(writing.BEFORE_NUMBER, "")
    return [plain.alias("text"), pl.lit(value=True).alias("repair:label")]


def _unremarked(text: pl.Expr) -> list[pl.Expr]:
    plain = text.str.replace(writing.LAST_BRACKET, "")
    return [plain.alias("text"), pl.lit(value=True).alias("repair:label")]


def _expanded(text: pl.Expr) -> list[pl.Expr]:
    """Scientific notation written out where no digit is missing."""
    parts = text.str.to_lowercase().str.replace(",", ".", literal=True).str.split_exact("e", 1)
    power = parts.struct.field("field_1").str.strip_chars(" ")
    exponent = power.str.strip_chars("+- ").cast(pl.UInt32, strict=False).fill_null(1000)
    mantissa = parts.struct.field("field_0").str.strip_chars(" ").str.split_exact(".", 1)
    whole = mantissa.struct.field("field_0")
    fraction = mantissa.struct.field("field_1").fill_null("")
    complete = (fraction.str.len_bytes() >= exponent) & (
        fraction.str.slice(exponent).str.strip_chars("0") == ""
    )
    exact = complete & ~text.str.starts_with("-") & ~power.str.starts_with("-")
    written_out = whole + fraction.str.head(exponent)
    return [
        pl.when(exact).then(written_out).otherwise(text).alias("text"),
        exact.alias("repair:scientific"),
        (~exact).alias("rounded"),
    ]


def _ungrouped(text: pl.Expr) -> list[pl.Expr]:
    """The signs between thousands taken out, and decimal places of zeros."""
    tail = text.str.contains(writing.DECIMAL_MARK)
    whole = pl.when(tail).then(text.str.replace("[.,]0*$", "")).otherwise(text)
    return [
        whole.str.replace_many(dict.fromkeys(",.' ", "")).alias("text"),
        (tail & text.str.ends_with("0")).alias("repair:float_tail"),
    ]


def _whole(text: pl.Expr) -> list[pl.Expr]:
    """`.0` taken off."""
    tail = text.str.contains(writing.FLOAT_TAIL)
    plain = text.str.strip_chars_end("0").str.strip_chars_end(".,")
    return [
        pl.when(tail).then(plain).otherwise(text).alias("text"),
        tail.alias("repair:float_tail"),
        (~tail & text.str.contains(writing.FRACTION)).alias("fraction"),
        (~tail & text.str.contains(writing.DECIMAL)).alias("decimal"),
    ]


def _trimmed(text: pl.Expr) -> list[pl.Expr]:
    plain = text.str.replace(writing.JUNK_BEFORE, "").str.replace(writing.JUNK_AFTER, "")
    return [plain.alias("text")]


def _plus_before_zeros(text: pl.Expr) -> list[pl.Expr]:
    return [
        text.str.replace(writing.ZEROS_PLUS, "+").alias("text"),
        text.str.contains(writing.ZEROS_PLUS).alias("repair:plus_zero"),
    ]


def _plus_behind(text: pl.Expr) -> list[pl.Expr]:
    return [
        text.str.replace("+", "", literal=True).alias("text"),
        pl.lit(value=True).alias("plus_behind"),
    ]


def _zeros_after_plus(text: pl.Expr) -> list[pl.Expr]:
    """No calling code begins with 0: several are dropped, one may be a trunk prefix (`PLUS_ZERO`)."""
    several = text.str.contains("^[^0-9]*0[^0-9]*0")
    return [
        pl.when(several)
        .then(text.str.replace("^[^0-9]*(?:0[^0-9]*)+", "+"))
        .otherwise(text)
        .alias("text"),
        several.alias("repair:plus_zero"),
        (~several).alias("plus_zero"),
        (~text.str.contains("[1-9]")).alias("empty"),
    ]


def _strange(text: pl.Expr) -> list[pl.Expr]:
    strange = text.str.contains(writing.NOT_A_NUMBER) | text.str.contains(writing.SECOND_PLUS)
    masked = text.str.contains(writing.MASKED)
    return [
        (strange & text.str.contains(writing.COMMAS)).alias("commas"),
        (strange & masked).alias("masked"),
        strange.alias("letters"),
    ]


def _too_many(text: pl.Expr) -> list[pl.Expr]:
    patterns = (writing.LONG_RUNS, writing.PARTED, writing.AGAIN)
    parted = pl.any_horizontal(text.str.contains(each) for each in patterns)
    return [(parted & text.str.contains(writing.TOO_MANY)).alias("multiple")]


def _refused(key: str, *patterns: str) -> Callable[[pl.Expr], list[pl.Expr]]:
    """Cells with any of these patterns are refused."""

    def does(text: pl.Expr) -> list[pl.Expr]:
        return [pl.any_horizontal(text.str.contains(each) for each in patterns).alias(key)]

    return does


class Step(NamedTuple):
    """One step: what it does to a text, and which cells it can matter to."""

    does: Callable[[pl.Expr], list[pl.Expr]]
    """Expressions named `text` (what it becomes), or as in `REPAIRS`, `REFUSALS` or `FORMS` (is it so?)."""
    needs: tuple[int, ...]
    """Sets of signs; a cell must hold one of each."""
    digits: range | None = None
    """How many digits it may have."""
    suspects: str = ""
    """A pattern that each cell must have too; empty where any may. To find is cheap, to replace is not."""


_APART = LETTER | LETTER_E | SPLIT | AMPERSAND
STEPS = (
    Step(_recoded, (UNUSUAL,), suspects=writing.CODED),
    Step(_folded, (UNUSUAL,)),
    Step(_without_symbols, (UNUSUAL,), suspects=writing.SYMBOL),
    Step(_unescaped, (AMPERSAND | PERCENT | OTHER,), suspects="[&%<]"),
    Step(_named, (OTHER,), suspects=writing.NAMED),
    Step(_shelled, (EDGE,)),
    Step(_nothing, (), range(4)),
    Step(_messaged, (_WORDS, SLASH | OTHER), suspects=writing.CHAT),
    Step(_without_parameters, (_WORDS, COLON, SPLIT), suspects=writing.URI),
    Step(_called, (_WORDS, COLON), suspects=writing.URI),
    Step(_unlabelled, (_WORDS,), suspects=writing.LABEL),
    Step(_unremarked, (_WORDS,), suspects=writing.REMARK),
    Step(_expanded, (LETTER_E,), suspects=writing.SCIENTIFIC),
    Step(_ungrouped, (DOT | COMMA | QUOTE,), _ANY[7:], f"{writing.THOUSANDS}|{writing.LAKHS}"),
    Step(
        _whole,
        (DOT | COMMA,),
        _ANY[4:],
        "|".join((writing.FLOAT_TAIL, writing.FRACTION, writing.DECIMAL)),
    ),
    Step(_refused("date", writing.DATE), (DOT | SLASH | HYPHEN,), range(9)),
    Step(_refused("date", writing.MOMENT), (COLON,)),
    Step(_refused("address", writing.ADDRESS), (DOT,), range(4, 13)),
    Step(_refused("extension", writing.EXTENSION), (_WORDS | HASH | COMMA,)),
    Step(_trimmed, (EDGE,)),
    Step(_plus_before_zeros, (PLUS,), suspects=writing.ZEROS_PLUS),
    Step(_plus_behind, (PLUS,), suspects=writing.PLUS_BEHIND),
    Step(_refused("multiple", writing.STRONG, writing.WORD_BETWEEN), (_APART,)),
    Step(_refused("multiple", writing.WEAK), (SLASH | COMMA | LINE,), _ANY[14:]),
    Step(_refused("multiple", writing.SHORTHAND), (SLASH,), _ANY[7:]),
    Step(_refused("multiple", writing.TWICE_PLUS), (PLUS,), _ANY[7:], writing.SECOND_PLUS),
    Step(_too_many, (), _ANY[16:]),
    Step(_strange, (_APART | COMMA | QUOTE | PERCENT | HASH | COLON | OTHER,)),
    Step(_strange, (PLUS,), suspects=writing.SECOND_PLUS),
    Step(_zeros_after_plus, (PLUS,), suspects=r"^[^0-9]*\+[^0-9]*0"),
)
