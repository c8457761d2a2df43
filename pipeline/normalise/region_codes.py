"""Numbers in a region column: ISO 3166's numeric codes, or calling codes; the column as a whole tells.

591 is Panama to ISO and Bolivia to the telephone, 31 Azerbaijan and the Netherlands. Rules: all
codes of a column are of one kind; the kind is the one that has nearly all of them (840 and 276 are
no calling codes, 49 is none of ISO's); where both have, it is the one in whose regions the cells
are numbers; where that does not tell either, no row has a region by its code.

Source: ISO 3166-1, numeric codes of the regions that have a numbering plan.
"""

import re
from collections.abc import Iterable, Mapping

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as CALLING_CODES

__all__ = ("CALLING", "ISO", "UNDECIDED", "iso_region", "kind_of", "kind_that_fits", "numeric_code")

CALLING, ISO, UNDECIDED = "calling", "iso", "undecided"
"""Kinds of codes. A column without any is of none: an empty text."""

_NUMERIC = """
    AF 004 AL 008 DZ 012 AS 016 AD 020 AO 024 AG 028 AZ 031 AR 032 AU 036 AT 040 BS 044 BH 048 BD 050 AM 051
    BB 052 BE 056 BM 060 BT 064 BO 068 BA 070 BW 072 BR 076 BZ 084 IO 086 SB 090 VG 092 BN 096 BG 100 MM 104
    BI 108 BY 112 KH 116 CM 120 CA 124 CV 132 KY 136 CF 140 LK 144 TD 148 CL 152 CN 156 TW 158 CX 162 CC 166
    CO 170 KM 174 YT 175 CG 178 CD 180 CK 184 CR 188 HR 191 CU 192 CY 196 CZ 203 BJ 204 DK 208 DM 212 DO 214
    EC 218 SV 222 GQ 226 ET 231 ER 232 EE 233 FO 234 FK 238 FJ 242 FI 246 AX 248 FR 250 GF 254 PF 258 DJ 262
    GA 266 GE 268 GM 270 PS 275 DE 276 GH 288 GI 292 KI 296 GR 300 GL 304 GD 308 GP 312 GU 316 GT 320 GN 324
    GY 328 HT 332 VA 336 HN 340 HK 344 HU 348 IS 352 IN 356 ID 360 IR 364 IQ 368 IE 372 IL 376 IT 380 CI 384
    JM 388 JP 392 KZ 398 JO 400 KE 404 KP 408 KR 410 KW 414 KG 417 LA 418 LB 422 LS 426 LV 428 LR 430 LY 434
    LI 438 LT 440 LU 442 MO 446 MG 450 MW 454 MY 458 MV 462 ML 466 MT 470 MQ 474 MR 478 MU 480 MX 484 MC 492
    MN 496 MD 498 ME 499 MS 500 MA 504 MZ 508 OM 512 NA 516 NR 520 NP 524 NL 528 CW 531 AW 533 SX 534 BQ 535
    NC 540 VU 548 NZ 554 NI 558 NE 562 NG 566 NU 570 NF 574 NO 578 MP 580 FM 583 MH 584 PW 585 PK 586 PA 591
    PG 598 PY 600 PE 604 PH 608 PL 616 PT 620 GW 624 TL 626 PR 630 QA 634 RE 638 RO 642 RU 643 RW 646 BL 652
    SH 654 KN 659 AI 660 LC 662 MF 663 PM 666 VC 670 SM 674 ST 678 SA 682 SN 686 RS 688 SC 690 SL 694 SG 702
    SK 703 VN 704 SI 705 SO 706 ZA 710 ZW 716 ES 724 SS 728 SD 729 EH 732 SR 740 SJ 744 SZ 748 SE 752 CH 756
    SY 760 TJ 762 TH 764 TG 768 TK 772 TO 776 TT 780 AE 784 TN 788 TR 792 TM 795 TC 796 TV 798 UG 800 UA 804
    MK 807 EG 818 GB 826 GG 831 JE 832 IM 833 TZ 834 US 840 VI 850 BF 854 UY 858 UZ 860 VE 862 WF 876 WS 882
    YE 887 ZM 894
"""
_NUMERIC_CODE = re.compile(r"([0-9]{1,3})(?:\.0+)?")
_NEARLY_ALL = 0.9
"""Of the different codes; the others are typing errors."""
_FITS_BETTER = 3
"""How many times as many cells must be numbers in the regions of one kind."""

_WORDS = _NUMERIC.split()
_REGIONS: Mapping[int, str] = {
    int(code): region for region, code in zip(_WORDS[::2], _WORDS[1::2], strict=True)
}


def numeric_code(word: str) -> int | None:
    """The code of a word that is one to three digits; None where it is something else, such as +44."""
    found = _NUMERIC_CODE.fullmatch(word.strip())
    return int(found[1]) if found else None


def iso_region(code: int) -> str | None:
    """Alpha-2 for a numeric code of ISO 3166-1."""
    return _REGIONS.get(code)


def kind_of(words: Iterable[str]) -> str:
    """The kind of the codes among these words; `UNDECIDED` where the codes alone do not tell it."""
    written = {word.strip() for word in words}
    codes = {code for word in written if (code := numeric_code(word)) is not None}
    if not codes:
        return ""
    if any(re.fullmatch("0[0-9]{2}", word) for word in written):
        return ISO  # no calling code begins with 0
    if any(re.fullmatch(r"(?:\+|00)[1-9][0-9]*", word) for word in written):
        return CALLING
    iso = len(codes & _REGIONS.keys()) / len(codes)
    calling = len(codes & CALLING_CODES.keys()) / len(codes)
    if iso == calling or max(iso, calling) < _NEARLY_ALL:
        return UNDECIDED
    return ISO if iso > calling else CALLING


def kind_that_fits(iso: int, calling: int) -> str:
    """The kind in whose regions cells are numbers: so many are if the codes are of this kind or of that."""
    if iso >= _FITS_BETTER * max(calling, 1) or (iso and not calling):
        return ISO
    if calling >= _FITS_BETTER * max(iso, 1) or (calling and not iso):
        return CALLING
    return UNDECIDED
