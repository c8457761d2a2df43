"""Cell → the digits it holds and how they are written, or why it holds no number.

Rules: expressions over columns, no numbering plan and no region here. Nothing is guessed: a
repair undoes damage whose cause is known and loses no digit; everything else is refused. Cells
that need none of it, digits with a plus sign and the usual noise, take a short way.

Noise (spaces, dots, hyphens, brackets, slashes, marks of direction, digits of other scripts) is
no repair: `rule` stays what it would be without.

All patterns are Rust regular expressions: no look-around, and `\\d` would match every script.
"""

import unicodedata

import polars as pl

from pipeline.normalise.verdict import BARE, PLUS, PLUS_ZERO

__all__ = ("read_cells",)

_TIDY = r"^(?:\(?\+[ (]*[1-9]|\(?[0-9])(?:[ ()\-]*[0-9]){3,14}[ ()\-]*$"
"""Nothing but digits, a plus sign and the usual noise between, four to fifteen digits in all."""

_LOOKALIKES = dict(
    zip("＋﹢（）［］．／＼，、；：＝｜＃∕⁄−ー⁃‘’´`", "++()[]./\\,,;:=|#//---''''", strict=True)
)
_DIGITS = {
    digit: str(unicodedata.decimal(digit))
    for digit in map(chr, range(0x80, 0x20000))  # no script's digits lie beyond
    if unicodedata.category(digit) == "Nd"
}
_SAME = _LOOKALIKES | _DIGITS
_UNUSUAL = r"[^\x20-\x7E]"
_INVISIBLE = r"[\p{Cf}\p{So}\x{FE0F}\x{20E3}\x00-\x08\x0E-\x1F\x7F]"
"""Marks of direction, zero-width and soft characters, controls; and symbols such as ☎."""

_WORDS_FOR_NOTHING = """
    null nil none nan nat na n/a n.a. n.a n\\a #n/a #na <na> <null> (null) [null] (none) (blank) \\n
    empty blank undefined unknown missing tbc tbd #null! #value! #ref! #name? #div/0! #num! 0 00 000 0.0
"""

_SHELL = r"""^[='" ]+"""
_URI = r"(?i)^(?:tel|callto|sms)\s*:\s*(?:/{2})?"
_CONTEXT = r"(?i);phone-context=(\+[0-9][0-9.\-]*)"
_PARAMETER = r"(?i);(?:isub|phone-context|postd|cic|rn|npdi|tgrp|trunk-context|verstat|user)[^;]*"
"""Parameters of a `tel:` URI that are no part of the number; `ext` is not among them."""

_SCIENTIFIC = r"(?i)^([+-]?)([0-9]+)(?:[.,]([0-9]*))?\s*e\s*([+-]?)\s*([0-9]+)$"
_THOUSANDS = r"^\+?[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}(?:\.0*)?$"
_FLOAT_TAIL = r"^(\+?[0-9]{7,})(?:\.0+|,0{1,6})$"
"""A point after seven plain digits is a decimal point; telephone numbers are grouped earlier."""
_FRACTION = r"^[+-]?[0-9]{7,}(?:\.[0-9]*[1-9][0-9]*|,[0-9]{1,6})$"
_TOO_NARROW = r"^#{3,}$"
"""What a spreadsheet shows, and some export, where the column is too narrow."""

_EXTENSION = (
    r"(?i)^(?:[^\p{L}#0-9]*[0-9]){5}[^\p{L}#]*"
    r"(?:,{2,}|[\s.,;(\-]*(?:ext(?:ensi[oó]n|n)?|xtn?|xx?|#|anexo|доб)[\s.:=#\-]*)[0-9]{1,9}\s*[)#]*$"
)
_JUNK_BEFORE = r"^[\s\"':;,./|\\_~<>\[\]{}#\-]+"
_JUNK_AFTER = r"[\s\"':;,./|\\_~<>\[\]{}\-]+$"
_STRONG = r"(?i)[0-9][^0-9]*(?:[;|&]|\s(?:or|and|oder|und|ou|et)\s)[^0-9]*[0-9]"
_WEAK = r"(?:[0-9][ ().\-]*){7,}[/,\\\n\r]+[ +(/]*(?:[0-9][ ().\-]*){7,}"
"""A slash or a line break parts numbers only where each part is long enough to be one: 030/123456."""
_SHORTHAND = r"^[+(]?(?:[0-9 ().\-]*/)?(?:[0-9][ ().\-]*){6,}/\s*[0-9]{1,2}$"
"""030 1234567/8 stands for two numbers."""
_TWICE_PLUS = r"(?:[0-9][^0-9+]*){7,}\+"
_LONG_RUNS = r"[0-9]{7,}[^0-9]+[0-9]{7,}"
_PARTED = r"[/,\\\n\r]"
_TOO_MANY = r"(?:[0-9][^0-9]*){16}"
"""An E.164 number has at most 15 digits."""

_ZEROS_PLUS = r"^[ (]*0{1,2}[ )]*\+"
_PLUS_SIGN = r"^[ ()\[\].\-/]*\+[ +]*"
_NOISE = dict.fromkeys(r" ()[].-/\~", "")
_NOT_A_NUMBER = r"[^0-9 ()\[\].\-/\\~]"
_BRACKETED_ZERO = r"\(\s*0\s*\)"
_SPARE = r"[0-9][^0-9]*\(\s*0\s*\)"

_REFUSALS = {
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
    "extension": ("extension", "The number has an extension; give the number alone."),
    "multiple": ("multiple_numbers", "The cell holds more than one number; give each a row of its own."),
    "letters": ("not_a_number", "The cell holds letters or signs that no number has; give digits only."),
}  # fmt: skip


def read_cells(cells: pl.Series) -> pl.DataFrame:
    """For each cell: `digits form spare rule reject_reason reject_detail`, all String.

    `digits` is null exactly where `reject_reason` is not. `form` is one of `verdict.FORMS`;
    `spare` the digits without a zero in brackets, if there is one; `rule` a repair, or null.
    """
    frame = cells.rename("cell").to_frame()
    cell = pl.col("cell")
    is_tidy = cell.str.contains(_TIDY) & ~cell.str.contains(_BRACKETED_ZERO)
    tidy = frame.select(is_tidy.fill_null(value=False)).to_series()
    messy = _mended(frame.filter(~tidy))
    plus = cell.str.contains("+", literal=True)
    short_way = frame.select(
        digits=cell.str.replace_many(_NOISE | {"+": ""}),
        form=pl.when(plus).then(pl.lit(PLUS)).otherwise(pl.lit(BARE)),
    )
    if messy.is_empty():
        others = [name for name in messy.columns if name not in short_way.columns]
        return short_way.with_columns(pl.lit(None, pl.String).alias(name) for name in others)
    # A row's place among the messy ones; null where it is tidy, and `gather` then gives null.
    place = (~tidy).cast(pl.UInt32).cum_sum() - 1
    gathered = messy.select(pl.all().gather(place.set(tidy, None)))
    return gathered.with_columns(
        pl.when(tidy).then(short_way[name]).otherwise(gathered[name]).alias(name)
        for name in short_way.columns
    )


def _mended(frame: pl.DataFrame) -> pl.DataFrame:
    """`read_cells` for cells that are more than digits, a step a line."""
    text, cell = pl.col("text"), pl.col("cell").fill_null("")
    unusual = frame["cell"].str.contains(_UNUSUAL).any()
    return (
        frame.select(text=_folded(cell) if unusual else cell.str.strip_chars())
        .with_columns(shell=text.str.extract(_SHELL, 0).fill_null(""))
        .with_columns(text=text.str.strip_chars("=\"' \t\r\n"), word=text.str.to_lowercase())
        .with_columns(text=_bare_uri(text), scientific=text.str.contains(_SCIENTIFIC))
        .with_columns(_expanded(text))
        .with_columns(_float_tail(text))
        .with_columns(refusal=_refusal_of_text(text))
        .with_columns(text=text.str.replace(_JUNK_BEFORE, "").str.replace(_JUNK_AFTER, ""))
        .with_columns(zeros_plus=text.str.contains(_ZEROS_PLUS))
        .with_columns(text=text.str.replace(_ZEROS_PLUS, "+"))
        .with_columns(
            plus=text.str.contains(_PLUS_SIGN),
            body=text.str.replace(_PLUS_SIGN, "").str.replace_all(r"[\r\n]+", " "),
            refusal=pl.coalesce("refusal", _refusal_of_numbers(text)),
        )
        .with_columns(
            digits=pl.col("body").str.replace_many(_NOISE),
            spare=pl.when(pl.col("body").str.contains(_SPARE)).then(
                pl.col("body").str.replace(_BRACKETED_ZERO, "").str.replace_many(_NOISE)
            ),
        )
        .with_columns(refusal=pl.coalesce("refusal", _refusal_of_body(pl.col("body"))))
        .select(*_result())
    )


def _folded(cell: pl.Expr) -> pl.Expr:
    """Characters that look alike become the ASCII ones, those that are not seen go."""
    return (
        cell.str.replace_many(_SAME)
        .str.replace_all(_INVISIBLE, "")
        .str.replace_all(r"\p{Pd}", "-")
        .str.replace_all(r"[\p{Zs}\t]", " ")
        .str.strip_chars()
    )


def _bare_uri(text: pl.Expr) -> pl.Expr:
    """What a `tel:` URI calls, with the calling code of its context if it has none itself."""
    called = text.str.replace(_URI, "").str.replace("(?i)^%2B", "+")
    context = called.str.extract(_CONTEXT).fill_null("")
    called = called.str.replace_all(_PARAMETER, "")
    joined = pl.when(called.str.starts_with("+")).then(called).otherwise(context + called)
    return pl.when(text.str.contains(_URI)).then(joined).otherwise(text)


def _expanded(text: pl.Expr) -> list[pl.Expr]:
    """Scientific notation written out where no digit is missing; `lossy` where some are."""
    whole, fraction = (
        text.str.extract(_SCIENTIFIC, 2),
        text.str.extract(_SCIENTIFIC, 3).fill_null(""),
    )
    exponent = text.str.extract(_SCIENTIFIC, 5).cast(pl.UInt32, strict=False).fill_null(1000)
    complete = (fraction.str.len_chars() >= exponent) & (
        fraction.str.slice(exponent).str.strip_chars("0") == ""
    )
    sign = text.str.extract(_SCIENTIFIC, 1)
    exact = complete & (sign != "-") & (text.str.extract(_SCIENTIFIC, 4) != "-")
    exact = exact.fill_null(value=False)
    return [
        pl.when(exact)
        .then(sign + whole + fraction.str.head(exponent))
        .otherwise(text)
        .alias("text"),
        (pl.col("scientific") & ~exact).alias("lossy"),
    ]


def _float_tail(text: pl.Expr) -> list[pl.Expr]:
    """`.0` taken off, after the commas between thousands."""
    grouped = text.str.contains(_THOUSANDS)
    plain = pl.when(grouped).then(text.str.replace_all(",", "")).otherwise(text)
    return [
        plain.str.replace(_FLOAT_TAIL, "${1}").alias("text"),
        plain.str.contains(_FLOAT_TAIL).alias("float_tail"),
    ]


def _first_of(**refusals: pl.Expr) -> pl.Expr:
    """The key, in `_REFUSALS`, of the first that is true; null if none is."""
    return pl.coalesce(pl.when(true).then(pl.lit(key)) for key, true in refusals.items())


def _refusal_of_text(text: pl.Expr) -> pl.Expr:
    return _first_of(
        narrow=text.str.contains(_TOO_NARROW),
        empty=pl.col("word").is_in([*_WORDS_FOR_NOTHING.split(), ""]),
        rounded=pl.col("lossy"),
        fraction=text.str.contains(_FRACTION),
        extension=text.str.contains(_EXTENSION),
    )


def _refusal_of_numbers(text: pl.Expr) -> pl.Expr:
    parted = text.str.contains(_LONG_RUNS) | text.str.contains(_PARTED)
    several = pl.any_horizontal(
        text.str.contains(pattern) for pattern in (_STRONG, _WEAK, _SHORTHAND, _TWICE_PLUS)
    )
    return _first_of(multiple=several | (text.str.contains(_TOO_MANY) & parted))


def _refusal_of_body(body: pl.Expr) -> pl.Expr:
    return _first_of(
        empty=~body.str.contains(r"[0-9\p{L}]"),
        letters=body.str.contains(_NOT_A_NUMBER) | (pl.col("digits") == ""),
    )


def _result() -> list[pl.Expr]:
    """The columns that `read_cells` promises."""
    digits, sound = pl.col("digits"), pl.col("refusal").is_null()
    zeros = pl.col("plus") & digits.str.starts_with("00")
    one_zero = pl.col("plus") & digits.str.starts_with("0") & ~zeros
    form = pl.when(one_zero).then(pl.lit(PLUS_ZERO)).when("plus").then(pl.lit(PLUS))
    rule = _first_of(
        **{
            "repair:scientific": pl.col("scientific"),
            "repair:float_tail": pl.col("float_tail"),
            "repair:plus_zero": pl.col("zeros_plus") | zeros,
            "repair:excel_formula": pl.col("shell").str.contains("=", literal=True),
            "repair:apostrophe": pl.col("shell").str.contains("'", literal=True),
        }
    )
    whole = [
        pl.when(zeros)
        .then(pl.col(name).str.strip_chars_start("0"))
        .otherwise(pl.col(name))
        .alias(name)
        for name in ("digits", "spare")
    ]
    return [
        *(pl.when(sound).then(column) for column in whole),
        pl.when(sound).then(form.otherwise(pl.lit(BARE))).alias("form"),
        pl.when(sound).then(rule).alias("rule"),
        *(
            pl.col("refusal")
            .replace_strict(
                {key: said[place] for key, said in _REFUSALS.items()}, return_dtype=pl.String
            )
            .alias(name)
            for place, name in enumerate(("reject_reason", "reject_detail"))
        ),
    ]
