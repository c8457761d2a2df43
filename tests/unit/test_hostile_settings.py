"""Values that will not do, of every option from every source: a sentence that names it, never a defect."""

import os
from pathlib import Path

import pytest

from pipeline.cli.options import settings_from
from pipeline.errors import UsageError
from pipeline.settings import OPTIONS, Option, from_text

NAMES = sorted(OPTIONS)
SWITCHES = {name for name, known in OPTIONS.items() if known.is_switch}
VALUED = [name for name in NAMES if name not in SWITCHES]
NUMBERS = ["rate", "timeout", "concurrency", "attempts", "workers", "max_lookups", "shard_rows"]
WHOLE = ["concurrency", "attempts", "workers", "max_lookups", "shard_rows"]
ODD = [
    *(
        "",
        " ",
        "\t",
        "NaN",
        "inf",
        "-inf",
        "1e400",
        "-1",
        "0",
        "5e-324",
        "9" * 400,
        "1" * 5000,
        "²",
    ),
    *("99999999999999999999", "x\ny", "\0", "a\0b", "\udcff", "a\udce4b", "a" * 300, "a/" * 3000),
    *("25:00", "2026-02-30T06:30", "0001-01-01T00:00", "2026-01-31T06:30+99:99", "1e5h", "0s"),
    *(
        "http://[::1",
        "http://x:99999",
        "[/red]",
        "\u202e",
        "\u2028",
        "mnp=nan",
        "mnp",
        "=",
        "\x1b[2J",
    ),
]


def refused(name: str, value: str, source: str = "--flag") -> str:
    with pytest.raises(UsageError) as error:
        from_text((), {name: (value, source)})
    return str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_given_it_is_taken_or_refused_in_one_short_line(name: str) -> None:
    for value in ODD:
        try:
            from_text((), {name: (value, "--flag")})
        except UsageError as error:
            said = str(error)
            assert said.startswith("--"), value
            assert said.isprintable(), value
            assert len(said) < 420, value


@pytest.mark.parametrize("name", VALUED)
@pytest.mark.parametrize("blank", ["", " ", "\t", "\u2003"])
def test_blank_is_refused_since_an_unset_variable_would_mean_the_default(
    name: str, blank: str
) -> None:
    if (name, blank) in {("delimiter", " "), ("delimiter", "\t"), ("delimiter", "\u2003")}:
        assert from_text((), {name: (blank, "--flag")}).delimiter == blank
        return
    assert refused(name, blank).startswith("--flag: ")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "inf",
        "-inf",
        "1e400",
        "-1",
        "0",
        "1e-320",
        "9" * 400,
        "1" * 5000,
        "9" * 20,
        "0x10",
        "²",
    ],
)
def test_a_number_without_bounds_is_refused(name: str, value: str) -> None:
    assert "is needed" in refused(name, value)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", ["1.5", "1e3", "1_000", "+5", "٣", "１", "0b1"])
def test_a_whole_number_is_written_in_plain_digits(name: str, value: str) -> None:
    assert "is needed" in refused(name, value)


def test_limits_that_leave_room_for_every_use() -> None:
    given = {"rate": "10000000", "timeout": "0.001", "workers": "512", "shard_rows": f"{10**15}"}
    made = from_text((), {name: (value, "-") for name, value in given.items()})
    assert (made.rate, made.timeout, made.workers, made.shard_rows) == (1e7, 0.001, 512, 10**15)


@pytest.mark.parametrize("name", [name for name in VALUED if name != "delimiter"])
@pytest.mark.parametrize("value", ["\0", "a\0b", "\0a", "a\0"])
def test_a_nul_is_refused_before_any_library_meets_it(name: str, value: str) -> None:
    assert refused(name, value).startswith("--flag: ")


@pytest.mark.parametrize(
    "name", ["column", "region_column", "endpoint", "client_id", "out", "state_dir"]
)
@pytest.mark.parametrize("value", ["\udcff", "Stra\udcdfe", "a\udce4b", "x" * 40 + "\udcfc"])
def test_bytes_that_are_not_utf_8_are_refused(name: str, value: str) -> None:
    assert "bytes are not UTF-8" in refused(name, value)


def test_the_file_of_a_secret_may_be_called_by_any_bytes() -> None:
    made = from_text((), {"client_secret_file": ("s\udce4cret", "-")})
    assert os.fsencode(str(made.client_secret_file)) == b"s\xe4cret"


@pytest.mark.parametrize(
    ("typed", "meant"), [(b"Stra\xdfe", "Straße"), (b"T\xe9l", "Tél"), (b"\xc3\xa4", "ä")]
)
def test_in_a_latin_1_locale_bytes_are_the_letters_that_were_typed(
    monkeypatch: pytest.MonkeyPatch, typed: bytes, meant: str
) -> None:
    monkeypatch.setattr("locale.getencoding", lambda: "ISO-8859-1")
    assert from_text((), {"column": (os.fsdecode(typed), "--column")}).column == (meant,)


@pytest.mark.parametrize("name", ["out", "state_dir", "client_secret_file"])
@pytest.mark.parametrize("value", ["a" * 256, "x/" + "ä" * 128, "a/" * 3000, "/" + "b" * 5000])
def test_a_name_longer_than_a_file_system_takes_is_refused(name: str, value: str) -> None:
    assert "longer than a file system takes" in refused(name, value)


@pytest.mark.parametrize(
    "value", ["s\udce4cret", "sec\nret", "se\x1bcret", "se\0cret", "\ufeff", " ", "a\u2028b"]
)
def test_a_secret_that_will_not_do_is_not_repeated(value: str) -> None:
    said = refused("client_secret", value, "MSISDN_CLIENT_SECRET")
    assert said.startswith("MSISDN_CLIENT_SECRET: its value will not do")
    assert "cret" not in said.removeprefix(
        "MSISDN_CLIENT_SECRET: its value will not do for client_secret"
    )


@pytest.mark.parametrize("written", ["word\r", "\ufeffword", " word ", "word\n", "\ufeff word\r\n"])
def test_what_an_editor_puts_around_a_secret_is_left_out(written: str) -> None:
    made = from_text((), {"client_secret": (written, "MSISDN_CLIENT_SECRET")})
    assert made.client_secret == "word"


@pytest.mark.parametrize(
    "value",
    [
        *("2026-02-30T06:30", "2026-13-01T06:30", "2026-01-31T24:01", "2026-01-31T06:30+99:99"),
        *(
            "0001-01-01T00:00",
            "9999-12-31T23:59",
            "24:00",
            "06:60",
            "6:30",
            "0h",
            "0.0s",
            "99999999h",
        ),
        *("9" * 400 + "h", "٣h", "٠٦:٣٠", "-5m", "5", "5d", "tomorrow", "06:30Z"),
    ],
)
def test_a_deadline_that_never_comes_is_refused(value: str) -> None:
    assert refused("deadline", value, "--deadline").startswith("--deadline: ")


# ---- the same by TOML ------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MSISDN_")]:
        monkeypatch.delenv(name)
    return tmp_path


def by_toml(here: Path, content: str | bytes) -> str:
    raw = content if isinstance(content, bytes) else content.encode()
    (here / "msisdn.toml").write_bytes(raw)
    with pytest.raises(UsageError) as error:
        settings_from("run", (), {})
    said = str(error.value)
    assert said.startswith("msisdn.toml")
    assert len(said) < 420
    return said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('region_column = ["a", "b"]', "takes one value, not a list"),
        ("region_column = []", "takes one value, not a list"),
        ("column = []", "a name is needed"),
        ("column = {a = 1}", "takes one value, not a table"),
        ("rate = {a = 1}", "takes one value, not a table"),
        ("[column]\na = {b = 1}", "takes one value, not a table"),
        ("[[out]]\na = 1", "takes one value, not a list"),
        ("rate = 2026-01-01", "a number is needed"),
        ("rate = true", "a number is needed"),
        ("rate = nan", "a number above 0"),
        ("rate = inf", "a number above 0"),
        ("attempts = 1.5", "a whole number"),
        ('attempts = "x"', "a whole number"),
        ("attempts = " + "9" * 5000, "not valid TOML"),
        ("attempts = 0x" + "f" * 5000, "number that large"),
        ("shard_rows = 1e3", "a whole number"),
        ('restart = "maybe"', "true or false"),
        ('column = "a\\u0000b"', "NUL"),
        ('state_dir = ""', "directory is needed"),
        ('endpoint = ""', "blank"),
        ("price = {mnp = {a = 1}}", "will not do"),
        ('types = [["mobil"]]', "choose from"),
        ("deadline = 2026-01-31", "write 06:30"),
        ('region-column = "a"\nregion_column = "b"', "set twice"),
        ("profiles = 1", "profiles are tables"),
        ("[[profiles]]\na = 1", "profiles are tables"),
        ("[profiles.x.y]\na = 1", "unknown option 'y'"),
        ('client_secret = "x"', "belongs in the environment"),
        ("rate = 1\nrate = 2", "not valid TOML"),
        ("a = " + "[" * 3000 + "]" * 3000, "not valid TOML"),
    ],
)
def test_toml_of_the_wrong_kind_is_refused(here: Path, content: str, why: str) -> None:
    assert why in by_toml(here, content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'column = "ph\xe4ne"', "not UTF-8, from byte 12 on"),
        ("rate = 5".encode("utf-16"), "not UTF-8"),
        (b"\0\0", "not valid TOML"),
        (b"# \xff\xfe", "not UTF-8"),
        (b"rate = 5\n" * 200_000, "longer than any settings"),
    ],
)
def test_toml_that_is_no_text_is_refused(here: Path, content: bytes, why: str) -> None:
    assert why in by_toml(here, content)


@pytest.mark.parametrize(
    "content", ["\ufeffrate = 7", "rate = 7\r\n", "\ufeffrate = 7\r\n", "rate=7"]
)
def test_toml_as_editors_write_it_is_read(here: Path, content: str) -> None:
    (here / "msisdn.toml").write_bytes(content.encode())
    assert settings_from("run", (), {}).rate == 7


def test_toml_lists_and_tables_where_several_are_meant(here: Path) -> None:
    (here / "msisdn.toml").write_text('types = ["mobile", "pager"]\nprice = {mnp = 0.5, hlr = 1}')
    made = settings_from("run", (), {})
    assert made.types == ("mobile", "pager")
    assert {name: float(price) for name, price in (made.price or {}).items()} == {
        "mnp": 0.5,
        "hlr": 1,
    }


@pytest.mark.parametrize("flag", ["config", "profile"])
@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_blank_config_or_profile_is_not_none(here: Path, flag: str, blank: str) -> None:
    with pytest.raises(UsageError, match=f"^--{flag}: it is blank"):
        settings_from("run", (), {flag: blank})


@pytest.mark.parametrize("kind", ["directory", "loop", "missing", "long", "bytes", "under a file"])
def test_a_settings_file_that_cannot_be_read_is_named(here: Path, kind: str) -> None:
    (here / "a file").write_text("")
    (here / "loop").symlink_to("loop")
    names = {
        "directory": str(here), "loop": "loop", "missing": "none", "long": "a" * 300,
        "bytes": os.fsdecode(b"n\xe4"), "under a file": "a file/x",
    }  # fmt: skip
    with pytest.raises(UsageError, match=r"cannot be read \(.+\); check --config"):
        settings_from("run", (), {"config": names[kind]})


@pytest.mark.parametrize("made", ["directory", "loop", "dangling"])
def test_settings_that_lie_here_and_cannot_be_read_are_not_passed_over(
    here: Path, made: str
) -> None:
    path = here / "msisdn.toml"
    if made == "directory":
        path.mkdir()
    else:
        path.symlink_to("msisdn.toml" if made == "loop" else "nowhere")
    with pytest.raises(UsageError, match=r"^msisdn.toml: cannot be read"):
        settings_from("run", (), {})


@pytest.mark.parametrize("name", VALUED)
def test_the_environment_is_read_as_flags_are(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    known: Option = OPTIONS[name]
    monkeypatch.setenv(known.env, "")  # as `NAME= msisdn …`: not set
    settings_from(known.commands[0], (), {})
    if name == "delimiter":
        return
    monkeypatch.setenv(known.env, " ")
    with pytest.raises(UsageError, match=f"^{known.env}: "):
        settings_from(known.commands[0], (), {})
