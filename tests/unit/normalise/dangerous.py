"""Cells that are read wrongly without care: a table for the tests and for the documentation.

Each row: the cell, the region of national numbers, the number that comes out (None: refused), its
rule or the reason, and what libphonenumber alone makes of the cell (measured with
phonenumbers 9.0.43): its number and whether it holds that to be valid, or an error.
"""

from typing import NamedTuple

__all__ = ("DANGEROUS", "Dangerous")


class Dangerous(NamedTuple):
    """One cell and what becomes of it."""

    cell: str
    region: str | None
    msisdn: str | None
    read: str
    """The `rule`, or the `reject_reason` where there is no number."""
    alone: str


# fmt: off
_BARE = (
    ("4915112345678", "DE", "4915112345678", "bare_international", "+49 4915112345678, valid"),
    ("491511234567", "DE", None, "ambiguous", "+49 491511234567, valid"),
    ("49151123456", "DE", None, "ambiguous", "+49 49151123456, valid"),
    ("3906698123", "IT", None, "ambiguous", "+39 3906698123, valid"),
    ("447911123456", "GB", "447911123456", "bare_international", "+44 7911123456, valid"),
    ("447911123456", None, "447911123456", "bare_international", "an error"),
    ("447911123456", "DE", None, "ambiguous", "+49 447911123456, valid"),
    ("07911123456", None, None, "no_region", "an error"),
    ("0012125550123", "US", "12125550123", "idd_prefix", "+1 0012125550123, not valid: 00 is no prefix in the USA"),
    ("00447911123456", "US", "447911123456", "idd_prefix", "+1 00447911123456, not valid"),
    ("00447911123456", None, "447911123456", "idd_prefix", "an error"),
    ("011447911123456", "US", "447911123456", "idd_prefix", "+44 7911123456, valid"),
    ("0011447911123456", "AU", "447911123456", "idd_prefix", "+44 7911123456, valid"),
    ("810447911123456", "RU", "447911123456", "idd_prefix", "+44 7911123456, valid"),
    ("+00447911123456", None, "447911123456", "repair:plus_zero", "an error"),
    ("+0447911123456", None, "447911123456", "repair:plus_zero", "an error"),
    ("0+447911123456", "GB", "447911123456", "repair:plus_zero", "an error"),
    ("++447911123456", None, "447911123456", "international", "+44 7911123456, valid"),
    ("+ 44 7911 123456", None, "447911123456", "international", "+44 7911123456, valid"),
    ("+-447911123456", None, "447911123456", "international", "+44 7911123456, valid"),
    ("+0", None, None, "empty", "an error"),
    ("+00", None, None, "empty", "an error"),
    ("44+7911123456", "GB", None, "not_a_number", "an error"),
    ("+44 (0)7911 123456", None, "447911123456", "repair:trunk_zero", "+44 7911123456, valid"),
    ("+44(0)7911123456", None, "447911123456", "repair:trunk_zero", "+44 7911123456, valid"),
    ("0044 (0) 7911 123456", "GB", "447911123456", "repair:trunk_zero", "+44 7911123456, valid"),
    ("+4407911123456", None, "447911123456", "repair:trunk_zero", "+44 7911123456, valid"),
    ("+61 0412 345 678", None, "61412345678", "repair:trunk_zero", "+61 412345678, valid"),
    ("+39 (0)6 69812345", None, "390669812345", "international", "+39 0669812345, valid: Italy keeps the zero"),
    ("+39 06 69812345", None, "390669812345", "international", "+39 0669812345, valid: Italy keeps the zero"),
    ("+396698123456", None, None, "invalid", "+39 6698123456, not valid: the zero is missing"),
    ("+5215512345678", None, "525512345678", "repair:mx_521", "+52 15512345678, not valid: 1 is no longer dialled"),
    ("0445512345678", "MX", "525512345678", "repair:mx_521", "+52 0445512345678, not valid"),
    ("015512345678", "MX", "525512345678", "repair:mx_521", "+52 015512345678, not valid"),
    ("011 15 2345-6789", "AR", "5491123456789", "national", "+54 91123456789, valid: 15 becomes 9 behind 54"),
    ("+54 11 2345 6789", None, "541123456789", "international", "+54 1123456789, valid: another number than with 9"),
    ("+55 11 9345 6789", None, None, "invalid", "+55 1193456789, not valid: mobiles have nine digits"),
    ("+225 0712 3456", None, None, "too_short", "+225 07123456, not valid: numbers have ten digits now"),
    ("00000000000", "GB", None, "invalid", "+44 0000000000, not valid"),
    ("000000", "GB", None, "invalid", "+44 000000, not valid"),
    ("+44791112345612345", None, None, "too_long", "+44 791112345612345, not valid"),
    ("4111 1111 1111 1111", "GB", None, "too_long", "+44 4111111111111111, not valid: the number of a card"),
    ("1234", "GB", None, "too_short", "+44 1234, not valid"),
)

_SPREADSHEETS = (
    ("+4366412345678.0", None, "4366412345678", "repair:float_tail", "+43 664123456780, valid"),
    ("+491711234567.0", None, "491711234567", "repair:float_tail", "+49 17112345670, valid"),
    ("+358401234567.0", None, "358401234567", "repair:float_tail", "+358 4012345670, valid"),
    ("447911123456.0", None, "447911123456", "repair:float_tail", "an error"),
    ("447911123456.00", None, "447911123456", "repair:float_tail", "an error"),
    ("447911123456,00", None, "447911123456", "repair:float_tail", "an error"),
    ("447,911,123,456.00", None, "447911123456", "repair:float_tail", "an error"),
    ("447'911'123'456.00", None, "447911123456", "repair:float_tail", "an error"),
    ("447 911 123 456,00", None, "447911123456", "repair:float_tail", "an error"),
    ("447.911.123.456,00", None, "447911123456", "repair:float_tail", "an error"),
    ("+43 664 12345678.0", None, None, "ambiguous", "+43 664123456780, valid"),
    ("447911123456.5", None, None, "spreadsheet_damage", "an error"),
    ("3012345.67", "DE", None, "spreadsheet_damage", "+49 301234567, valid: it is a sum of money"),
    ("3012.34", "DE", None, "spreadsheet_damage", "+49 301234, valid: it is a sum of money"),
    ("£20.00", "GB", None, "not_a_number", "+44 2000, not valid"),
    ("447.911.123.456", None, "447911123456", "bare_international", "an error"),
    ("07911.123.456", "GB", "447911123456", "national", "+44 7911123456, valid"),
    ("4,479,111,234,56", None, None, "not_a_number", "an error"),
    ("4.47911E+11", "GB", None, "spreadsheet_damage", "an error"),
    ("4,47911E+11", "GB", None, "spreadsheet_damage", "an error"),
    ("4.915112345678E12", "DE", "4915112345678", "repair:scientific", "+49 1511234567812, not valid: E is read as keypad digit 3"),
    ("4.47911123456e+11", None, "447911123456", "repair:scientific", "an error"),
    ("7.911123456E9", "GB", "447911123456", "repair:scientific", "+44 79111234569, not valid: E is read as keypad digit 3"),
    ("4,47911123456E+11", None, "447911123456", "repair:scientific", "an error"),
    ("########", None, None, "spreadsheet_damage", "an error"),
    ('="07911123456"', "GB", "447911123456", "repair:excel_formula", "+44 7911123456, valid"),
    ('=""07911123456""', "GB", "447911123456", "repair:excel_formula", "+44 7911123456, valid"),
    ("=+447911123456", None, "447911123456", "repair:excel_formula", "+44 7911123456, valid"),
    ("'07911123456", "GB", "447911123456", "repair:apostrophe", "+44 7911123456, valid"),
    ("'+447911123456", None, "447911123456", "repair:apostrophe", "+44 7911123456, valid"),
    ("`+447911123456", None, "447911123456", "repair:apostrophe", "+44 7911123456, valid"),
    ("#REF!", "GB", None, "empty", "an error"),
    ("#BEZUG!", "GB", None, "empty", "an error"),
    ('=HYPERLINK("tel:+447911123456")', None, None, "not_a_number", "+44 7911123456, valid"),
    ("2024-01-05", "DE", None, "not_a_number", "+49 20240105, valid: it is a date"),
    ("05/01/2024", "GB", None, "not_a_number", "+44 5012024, not valid: it is a date"),
    ("05.01.2024", "DE", None, "not_a_number", "+49 5012024, not valid: it is a date"),
    ("30/12/24", "DE", None, "not_a_number", "+49 301224, valid: it is a date"),
    ("2024-01-05 12:30:00", "GB", None, "not_a_number", "an error: it is a date"),
    ("192.168.1.1", "GB", None, "not_a_number", "+44 19216811, not valid: it is an IP address"),
    ("192.168.100.200", "DE", None, "not_a_number", "+49 192168100200, not valid: it is an IP address"),
    ("91.123.45.67", "ES", "34911234567", "national", "+34 911234567, valid: no IP address"),
)

_SEVERAL = (
    ("07911123456;07911123457", "GB", None, "multiple_numbers", "+44 7911123456 ext. 07911123457, valid"),
    ("07911123456 / 07911123457", "GB", None, "multiple_numbers", "an error"),
    ("07911123456, 07911123457", "GB", None, "multiple_numbers", "an error"),
    ("07911123456|07911123457", "GB", None, "multiple_numbers", "an error"),
    ("07911123456\n07911123457", "GB", None, "multiple_numbers", "an error"),
    ("07911 123456 07911 123457", "GB", None, "multiple_numbers", "an error"),
    ("+44 7911 123 456 / +44 7911 123 457", None, None, "multiple_numbers", "an error"),
    ("+447911123456+447911123457", None, None, "multiple_numbers", "an error"),
    ("+44 7911 123456 & 457", None, None, "multiple_numbers", "an error"),
    ("+44 7911 123456/457", None, None, "multiple_numbers", "+44 7911123456457, not valid"),
    ("07911 123456/7/8", "GB", None, "multiple_numbers", "+44 791112345678, not valid"),
    ("+7 800 555/35/35", None, "78005553535", "international", "+7 8005553535, valid: pairs of one number"),
    ("030/1234567/8", "DE", None, "multiple_numbers", "+49 3012345678, valid"),
    ("020 7946 0018 Mob: 07911 123456", "GB", None, "multiple_numbers", "an error"),
    ("079'123'45'67 / 079'123'45'68", "CH", None, "multiple_numbers", "an error"),
    ("020 7946 0018 ext 12", "GB", None, "extension", "+44 2079460018 ext. 12, valid"),
    ("07911123456,ext 5", "GB", None, "extension", "+44 7911123456 ext. 5, valid"),
    ("07911 123456 x12", "GB", None, "extension", "+44 7911123456 ext. 12, valid"),
    ("+1 212 555 0123,,12", None, None, "extension", "+1 2125550123 ext. 12, valid"),
    ("tel:+44-20-7946-0018;ext=12", None, None, "extension", "+44 2079460018 ext. 12, valid"),
    ("tel:+44-20-7946-0018;isub=12", None, "442079460018", "international", "+44 2079460018, valid"),
    ("tel:20-7946-0018;phone-context=+44", None, "442079460018", "international", "+44 2079460018, valid"),
    ("07911\n123456", "GB", "447911123456", "national", "an error: one number over two lines"),
    ("07911123456\r", "GB", "447911123456", "national", "+44 7911123456, valid"),
)

_WORDS = (
    ("2125550123 home", "US", None, "not_a_number", "+1 21255501234663, not valid"),
    ("CALL 2125550123", "US", None, "not_a_number", "+1 2125550123, valid"),
    ("1-800-FLOWERS", "US", None, "not_a_number", "+1 8003569377, valid"),
    ("+44 7911 123456 WhatsApp", None, None, "not_a_number", "an error"),
    ("O7911 123456", "GB", None, "not_a_number", "+44 7911123456, valid: the letter is dropped"),
    ("+44 7911 l23456", None, None, "not_a_number", "+44 791123456, not valid: the letter is dropped"),
    ("+44 7911 12****", None, None, "not_a_number", "+44 791112, not valid"),
    ("07911123456*", "GB", None, "not_a_number", "+44 7911123456, valid: right, unless a digit is hidden"),
    ("07911123456#", "GB", None, "not_a_number", "an error: right, unless a digit is hidden"),
    ("07911xxxxxx", "GB", None, "not_a_number", "+44 7911999999, not valid"),
    ("john123456789@example.com", "GB", None, "not_a_number", "an error"),
    ("Phone 2 07911123456", "GB", None, "not_a_number", "+44 207911123456, not valid"),
    ("Tel. 020 7946 0018", "GB", "442079460018", "repair:label", "+44 2079460018, valid"),
    ("T: 020 7946 0018", "GB", "442079460018", "repair:label", "+44 2079460018, valid"),
    ("Mob: 07911 123456", "GB", "447911123456", "repair:label", "+44 7911123456, valid"),
    ("phone +447911123456", None, "447911123456", "repair:label", "+44 7911123456, valid"),
    ("020 7946 0018 (home)", "GB", "442079460018", "repair:label", "+44 20794600184663, not valid"),
    ("https://wa.me/447911123456", None, "447911123456", "repair:label", "an error"),
    ("447911123456@c.us", "DE", "447911123456", "repair:label", "an error"),
    ("whatsapp:+447911123456", None, "447911123456", "international", "+44 7911123456, valid"),
    ("NULL", "GB", None, "empty", "an error"),
    ("n/a", "GB", None, "empty", "an error"),
    ("nulo", "ES", None, "empty", "an error"),
    ("неизвестно", "RU", None, "empty", "an error"),
    ("0", "GB", None, "empty", "an error"),
    ("-", "GB", None, "empty", "an error"),
    ("Tel:", "GB", None, "empty", "an error"),
)

_SIGNS = (
    ("\u202a+447911123456\u202c", None, "447911123456", "international", "+44 7911123456, valid"),
    ("\u2066+447911123456\u2069", None, "447911123456", "international", "+44 7911123456, valid"),
    ("+44\xa07911\xa0123456", None, "447911123456", "international", "+44 7911123456, valid"),
    ("+44\u200d7911\u200b123456", None, "447911123456", "international", "an error"),
    ("+44\xad7911123456", None, "447911123456", "international", "+44 7911123456, valid"),
    ("＋４４７９１１１２３４５６", None, "447911123456", "international", "+44 7911123456, valid"),
    ("+٤٤٧٩١١١٢٣٤٥٦", None, "447911123456", "international", "+44 7911123456, valid"),
    ("०७९१११२३४५६", "GB", "447911123456", "national", "+44 7911123456, valid"),
    ("➕447911123456", "DE", "447911123456", "international", "+49 447911123456, valid"),
    ("+44�7911123456", None, None, "not_a_number", "an error: a lost sign is dropped"),
    ("+44Â\xa07911Â\xa0123456", None, "447911123456", "repair:encoding", "an error"),
    ("â€ª+447911123456â€¬", None, "447911123456", "repair:encoding", "an error"),
    ("079'123'45'67", "CH", "41791234567", "national", "an error"),
    ("079’123’45’67", "CH", "41791234567", "national", "an error"),
    ("06·12·34·56·78", "FR", "33612345678", "national", "an error"),
    ("&#43;447911123456", None, "447911123456", "repair:escaped", "an error"),
    ("+44&nbsp;7911&nbsp;123456", None, "447911123456", "repair:escaped", "an error"),
    ("%2B447911123456", None, "447911123456", "repair:escaped", "an error"),
    ("%2B44+7911+123456", None, "447911123456", "repair:escaped", "an error"),
    ("tel:%2B44%207911%20123456", None, "447911123456", "repair:escaped", "an error"),
)
# fmt: on

DANGEROUS = tuple(
    Dangerous(*row) for table in (_BARE, _SPREADSHEETS, _SEVERAL, _WORDS, _SIGNS) for row in table
)
