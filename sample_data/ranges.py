"""Telephone numbers that belong to nobody: the ranges that regulators keep for fiction.

Rules. Every number in `sample_data` comes from a row of this table. Each row says what
libphonenumber makes of its numbers: a plan type, or `INVALID` where its plan does not know the
range, so that these numbers end as rejected. The tests hold every row against libphonenumber.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

__all__ = ("INVALID", "RANGES", "Number", "Range")

INVALID = "invalid"
"""Kept for fiction by the regulator, but not a number in libphonenumber's plan."""

CALLING_CODES = {"AU": "61", "DE": "49", "FR": "33", "GB": "44", "SE": "46"}
NANP = "1"
"""Calling code of all regions that are not in `CALLING_CODES`."""


class Number(NamedTuple):
    """One fictitious number."""

    region: str
    national: str
    """National significant number: without trunk prefix."""
    plan_type: str

    @property
    def calling_code(self) -> str:
        """Digits of the country calling code."""
        return CALLING_CODES.get(self.region, NANP)

    @property
    def msisdn(self) -> str:
        """E.164 digits."""
        return self.calling_code + self.national


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that begin with one of `prefixes` and end in `first` … `last`; or these themselves."""

    region: str
    plan_type: str
    prefixes: tuple[str, ...]
    first: str
    last: str
    source: str
    """Who keeps it for fiction, and where that is written."""

    def numbers(self) -> tuple[Number, ...]:
        """Every number of the range, prefix by prefix."""
        return _numbers(self)


@cache
def _numbers(known: Range) -> tuple[Number, ...]:
    tails = [""]
    if known.last:
        tails = [f"{n:0{len(known.last)}}" for n in range(int(known.first), int(known.last) + 1)]
    return tuple(
        Number(known.region, prefix + tail, known.plan_type)
        for prefix in known.prefixes
        for tail in tails
    )


_NANPA = "NANPA, line numbers 0100–0199 of exchange 555"
_BNETZA = "Bundesnetzagentur, Mitteilung 148/2021, Amtsblatt 7/2021"
_ACMA = "ACMA, phone numbers for use in TV shows, films and creative works"
_PTS = "PTS, telefonnummer för användning i böcker och filmer"
_OFCOM = "Ofcom, telephone numbers for use in TV and radio drama programmes"
_ARCEP = "Arcep, décision 2018-0881, numbers for audiovisual works"

_US = """
    201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234
    239 240 248 251 252 253 254 256 260 262 267 269 270 301 302 303 304 305 307 308 309 310 312
    313 314 315 316 401 402 404 405 406 408 410 412 413 414 415 502 503 505 510 512 513 602 605
    612 614 615 617 702 703 713 801 802 803 804 907 913
"""
_CA = "204 236 250 306 403 416 418 438 506 514 519 587 604 613 709 780 867 902"
_AU_MOBILE = """
    0006 0110 0156 0157 0158 0159 0313 0737 1266 1491 1804 2549 2665 2983 3087 3770 4118 4632
    5254 5789 6398 6801 7426 7644 8148 8888 8957 9212 9455 9760
"""


def _nanp(region: str, plan_type: str, *area_codes: str) -> Range:
    prefixes = tuple(area_code + "5550" for area_code in area_codes)
    return Range(region, plan_type, prefixes, "100", "199", _NANPA)


def _singles(region: str, plan_type: str, source: str, *nationals: str) -> Range:
    return Range(region, plan_type, nationals, "", "", source)


RANGES: tuple[Range, ...] = (
    _nanp("US", "fixed_line_or_mobile", *_US.split()),
    _nanp("CA", "fixed_line_or_mobile", *_CA.split()),
    _nanp("DO", "fixed_line_or_mobile", "809", "829", "849"),
    _nanp("PR", "fixed_line_or_mobile", "787", "939"),
    _nanp("JM", "mobile", "876"),
    _singles("US", "toll_free", _NANPA, "8005550199"),
    Range("DE", "mobile", ("17139200", "176040690"), "00", "99", _BNETZA),
    _singles("DE", "mobile", _BNETZA, "15228817386", "15228895456", "15254599371"),
    Range(
        "DE",
        "fixed_line",
        ("3023125", "6990009", "4066969", "2214710", "8999998"),
        "000",
        "999",
        _BNETZA,
    ),
    _singles("AU", "mobile", _ACMA, *("49157" + tail for tail in _AU_MOBILE.split())),
    Range(
        "AU",
        "fixed_line",
        tuple(area + block for area in "2378" for block in ("5550", "7010")),
        "0000",
        "9999",
        _ACMA,
    ),
    _singles("AU", "toll_free", _ACMA, "1800160401"),
    _singles("AU", "shared_cost", _ACMA, "1300975707"),
    Range("SE", "mobile", ("7017406",), "05", "99", _PTS),
    Range("SE", "fixed_line", ("8465004", "3139006", "4062804"), "00", "99", _PTS),
    Range("GB", "fixed_line", ("2079460", "1614960", "1214960", "2920180"), "000", "999", _OFCOM),
    Range("GB", "toll_free", ("808157",), "0000", "0999", _OFCOM),
    Range("GB", "premium_rate", ("909879",), "0000", "0999", _OFCOM),
    Range("GB", "uan", ("3069990",), "000", "999", _OFCOM),
    Range("GB", INVALID, ("7700900", "1632960"), "000", "999", _OFCOM),
    Range(
        "FR",
        "fixed_line",
        ("19900", "26191", "35301", "46571", "53649"),
        "0000",
        "9999",
        _ARCEP,
    ),
    Range("FR", INVALID, ("63998",), "0000", "9999", _ARCEP),
)
"""Every range that the sample lists draw from."""
