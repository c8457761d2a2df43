"""What is masked, and what people need and keep."""

import pytest

from pipeline.privacy import hide, mask, redact


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("+44 7700 900123", "+44 77** ****23"),
        ("call 07700-900-123 now", "call 0770*-***-*23 now"),
        ("(0770) 090.0123", "(0770) ***.**23"),
        ("00447700900123", "0044********23"),
        ("\uff14\uff14\uff17\uff17\uff10\uff10\uff19\uff10\uff10", "\uff14\uff14*******"),
        ("\u0664\u0664 \u0667\u0667\u0660\u0660 900123", "\u0664\u0664 \u0667\u0667** ****23"),
        ("44\xa07700\u202f900123", "44\xa077**\u202f****23"),
        (r'"44\u00a07700\u00a0900123"', r'"44\u00a077**\u00a0****23"'),
        (
            r"b'+\xd9\xa4\xd9\xa4\xd9\xa7\xd9\xa7\xd9\xa0\xd9\xa9\xd9\xa9'",
            r"b'+\xd9\xa4\xd9\xa4*****'",
        ),
        ("?tel=447700900123&lookup=mnp", "?tel=4477******23&lookup=mnp"),
        ("tel=%2B44%207700%20900123", "tel=%2B44%2077**%20****23"),
        ("9,19,87,65,43,210", "9,19,8*,**,**,*10"),
        ("447,700,900,123", "447,7**,***,*23"),
        ("['447700900123', '12125550142']", "['4477*"),
        ("22.33.44.55 and 07.70.09.00.12", "22.**.**.** and 07.70.**.**.12"),
        ("'447700…", "'******…"),
        ("row 447700900123", "row 4477******23"),
        ("4.47700900123E+11", "4.477******23E+11"),
    ],
)
def test_numbers_are_masked_however_they_are_written(said: str, masked: str) -> None:
    assert redact(said).startswith(masked)


@pytest.mark.parametrize(
    "said",
    [
        "line 1234567 of list.csv:1234567",
        "lookup 9,999,999/10,000,000 (100 %) · 5,000/s of 5,000",
        "input a.csv changed from 123456789012 to 223456789012 bytes",
        "2026-11-30 15:29:02.123456+00:00, /data/20261130/20261130T152902-list.csv",
        "http://127.0.0.1:54321/enumlookup, 10.0.0.7:10054, [::1]:65535, https://203.0.113.77/x",
        "Python 3.11.9, polars 26.0.1, phonenumbers 9.0.43, Linux 6.8.0-111",
        "enriched/part-00000.parquet, journal/shard-00012.journal",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08, run b11eff78c15cac0e",
        "<object at 0x7f1234567890>, 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "exit 15: 12,345 rows of 999,999,999, 123456789 rows, 1048576 kB",
        "process 1234567 on host, since 2026-11-30 15:29:02 UTC",
        'File "pipeline/lookup/engine.py", line 120, in run',
        "ulimit -n 4096; sysctl -w net.core.rmem_max=8388608",
        "the account's secret, a token, Basic authentication, bearer of news",
    ],
)
def test_what_people_need_stays_readable(said: str) -> None:
    assert redact(said) == said


@pytest.mark.parametrize(
    "said",
    [
        "Authorization: Basic bjpzM2NyM3Q=",
        "{'Authorization': 'Bearer s3cr3t'}",
        "sent with bearer s3cr3t-1 to",
        "proxy http://name:s3cr3t@proxy:8080",
        "client_secret=s3cr3t&scope=x",
        "{'password': 's3cr3t'}",
        '{"access_token":"s3cr3t"}',
        "Credentials(client_id='a', client_secret='s3cr3t')",
    ],
)
def test_secrets_are_left_out_where_they_are_named(said: str) -> None:
    told = redact(said)
    assert "s3cr3t" not in told
    assert "bjpzM2" not in told
    assert "***" in told


@pytest.mark.parametrize("form", ["{}", "a={}&b", "<{}>", "{0}{0}"])
def test_a_secret_that_is_known_is_left_out_wherever_it_stands(form: str) -> None:
    hide("kn0wn/hidden+x=")
    for spelled in ("kn0wn/hidden+x=", "kn0wn%2Fhidden%2Bx%3D"):
        assert "hidden" not in redact(form.format(spelled))


def test_short_numbers_keep_their_beginning_alone() -> None:
    assert [mask("447911123456"), mask("7700900"), mask("123456")] == [
        "4479******56",
        "77*****",
        "******",
    ]
