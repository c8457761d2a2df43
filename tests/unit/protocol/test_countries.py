"""Country codes."""

import phonenumbers

from pipeline.protocol.countries import ALPHA_2, alpha_2


def test_every_region_of_libphonenumber_that_iso_knows_is_known() -> None:
    # AC (Ascension) and TA (Tristan da Cunha) are reserved codes; ISO counts them with SH.
    assert set(phonenumbers.SUPPORTED_REGIONS) - ALPHA_2 == {"AC", "TA"}


def test_all_codes_of_iso_3166_1_are_there_once() -> None:
    assert len(ALPHA_2) == 249 + 1


def test_either_length_and_case_is_read() -> None:
    assert [alpha_2(code) for code in ("GBR", "gb", " DEU ", "XKX", "uk", "", "QQQ")] == [
        "GB",
        "GB",
        "DE",
        "XK",
        "GB",
        None,
        None,
    ]
