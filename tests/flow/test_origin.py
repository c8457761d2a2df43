"""The secret goes where a named file says, or to the provider; a file that was only found says so."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.cli.options import settings_from
from pipeline.errors import UsageError
from pipeline.settings import Settings
from tests.flow.conftest import Command, Simulated, write_list

THERE = "https://lookup.example/x"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MSISDN_")]:
        monkeypatch.delenv(name)
    return tmp_path


def read(toml: str, given: Mapping[str, str], command: str = "run") -> Settings:
    Path("msisdn.toml").write_text(toml)
    return settings_from(command, (), given)


LEADING_ELSEWHERE = {
    "endpoint": f'endpoint = "{THERE}"',
    "token url alone": f'token_url = "{THERE}"',
    "proxy": 'proxy = "http://proxy.example:3128"',
    "this machine": 'endpoint = "http://127.0.0.1:8080/enumlookup"',
    "tcp": 'transport = "tcp"\nendpoint = "tcp://lookup.example:10054"',
    "another port": 'transport = "udp"\nendpoint = "udp://dnsenum.linkmobility.co.uk:10056"',
    "profile": f'[profiles.nightly]\nendpoint = "{THERE}"',
    "plain text": 'endpoint = "http://lookup.linkmobility.co.uk/enumlookup"\nallow_plaintext = true',
}


@pytest.mark.parametrize("toml", LEADING_ELSEWHERE.values(), ids=LEADING_ELSEWHERE)
@pytest.mark.parametrize("secret", ["environment", "file in the environment", "file by flag"])
@pytest.mark.usefixtures("folder")
def test_a_found_file_cannot_have_a_foreign_secret(
    toml: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"profile": "nightly"} if "profiles" in toml else {}
    if secret == "environment":
        monkeypatch.setenv("MSISDN_CLIENT_SECRET", "hidden-1")
    elif secret == "file by flag":
        given |= {"client_secret_file": "secret"}
    else:
        monkeypatch.setenv("MSISDN_CLIENT_SECRET_FILE", "secret")
    for command in ("run", "lookup", "doctor"):
        with pytest.raises(UsageError, match=r"msisdn\.toml.*--config") as raised:
            read(toml, given, command)
        assert "hidden-1" not in str(raised.value)
        assert read(toml, given | {"config": "msisdn.toml"}, command).told == ""
    if "simulate" not in toml:
        assert read(f"simulate = true\n{toml}", given).told == ""


@pytest.mark.parametrize("toml", LEADING_ELSEWHERE.values(), ids=LEADING_ELSEWHERE)
@pytest.mark.usefixtures("folder")
def test_a_found_file_with_a_secret_of_its_own_is_said(toml: str) -> None:
    given = {"profile": "nightly"} if "profiles" in toml else {}
    settings = read(f'client_secret_file = "secret"\n{toml}', given)
    assert "msisdn.toml" in settings.told
    assert "://" in settings.told


@pytest.mark.parametrize("where", ["absolute", "above", "link"])
def test_a_secret_from_outside_the_files_folder_is_foreign(where: str, folder: Path) -> None:
    outside = folder.parent / f"{folder.name}-secret"
    outside.write_text("hidden")
    (folder / "link").symlink_to(outside)
    named = {"absolute": str(outside), "above": f"../{outside.name}", "link": "link"}[where]
    with pytest.raises(UsageError, match="--config"):
        read(f'client_secret_file = "{named}"\nendpoint = "{THERE}"', {})


@pytest.mark.parametrize(
    "toml",
    [
        'endpoint = "https://lookup.linkmobility.co.uk/enumlookup"',
        'transport = "tcp"\nendpoint = "tcp://dnsenum.linkmobility.co.uk:10054"',
        "rate = 5\nallow_plaintext = true",
        f'[profiles.other]\nendpoint = "{THERE}"',
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_file_that_leads_to_the_provider_is_used(
    toml: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSISDN_CLIENT_SECRET", "hidden-1")
    assert read(toml, {}).told == ""


@pytest.mark.usefixtures("folder")
def test_a_flag_or_the_environment_says_it_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSISDN_CLIENT_SECRET", "hidden-1")
    monkeypatch.setenv("MSISDN_TOKEN_URL", THERE)
    toml = f'endpoint = "{THERE}"\ntoken_url = "{THERE}"'
    assert read(toml, {"endpoint": "https://mine.example/x"}).told == ""
    monkeypatch.setenv("MSISDN_CONFIG", "msisdn.toml")
    assert read(toml, {"config": "msisdn.toml"}).told == ""


@pytest.mark.parametrize("flag", ["endpoint", "token_url"])
@pytest.mark.parametrize(
    "url",
    ["https://name:hidden@host/x", "tcp://:hidden@host:1", "name:hidden@host", "//a:hidden@b"],
)
@pytest.mark.usefixtures("folder")
def test_an_address_with_a_password_is_refused_and_not_repeated(flag: str, url: str) -> None:
    for given, toml in (({flag: url}, ""), ({"config": "msisdn.toml"}, f'{flag} = "{url}"')):
        with pytest.raises(UsageError, match="MSISDN_CLIENT_SECRET") as raised:
            read(toml, given)
        assert "hidden" not in str(raised.value)


def test_nothing_is_sent_before_it_is_said_or_refused(
    account: Command, simulator: Simulated
) -> None:
    write_list(account.folder / "list.csv", 3)
    endpoints = simulator.endpoints
    toml = account.folder / "msisdn.toml"
    toml.write_text(f'endpoint = "{endpoints.rest}"\ntoken_url = "{endpoints.token_url}"\n')
    refused = account("run", "list.csv", "-o", "out")
    assert (refused.returncode, simulator.meter()["billed"]) == (2, 0)
    assert "127.0.0.1" in refused.stderr
    secret = account.folder / "secret"
    secret.write_text(account.environment.pop("MSISDN_CLIENT_SECRET"))
    secret.chmod(stat.S_IRUSR)
    toml.write_text(f'{toml.read_text()}client_secret_file = "secret"\n')
    said = account("run", "list.csv", "-o", "out")
    assert (said.returncode, simulator.meter()["billed"]) == (0, 3)
    assert said.stderr.startswith("warning: msisdn.toml: this file of the current directory sets")
