"""What a service, a list, a name, a setting or the environment says is shown, and never obeyed."""

import json
import re
import socketserver
import threading
from collections.abc import Iterator

import polars as pl
import pytest

import pipeline.expressions  # noqa: F401  adds `.msisdn`
from tests.flow.conftest import Command, numbers

ODD = "\x1b[31m[/red][bold]{0}%s\x9b2J\u202e:x:"
"""Commands to the terminal of both kinds, markup that would fail, a format, a mark of direction."""
SEEN = r"\x1b[31m[/red][bold]{0}%s\x9b2J\u202e:x:"
COMMANDS = ("\x1b", "\x9b", "\u202e", "\x07", "\x00")
NUMBER = numbers(1)[0][1:]


class Odd(socketserver.BaseRequestHandler):
    """The service over TCP, with odd words in all fields that are words."""

    def handle(self) -> None:
        text = ""
        while data := self.request.recv(4096):
            text += data.decode()
            while found := re.search(r"\{[^}]*\}", text):
                text = text[found.end() :]
                tel = str(json.loads(found.group())["tel"])
                fields = ("cn", "nt", "rn", "tadig", "ppcin", "cic", "ndc", "mcc", "mnc", "imsi")
                said = {"tel": tel, "lookup": "mnp", "cc": "US", "e": ODD} | dict.fromkeys(
                    fields, ODD
                )
                self.request.sendall(json.dumps(said).encode() + b"\n")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Odd) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def odd(msisdn: Command) -> Command:
    msisdn.environment |= {"MSISDN_CLIENT_ID": "an id", "MSISDN_CLIENT_SECRET": "hidden-1"}
    return msisdn


def said_by(command: Command, code: int, *arguments: object) -> str:
    ended = command(*arguments)
    said = ended.stdout + ended.stderr
    assert ended.returncode == code, said
    assert [sign for sign in COMMANDS if sign in said] == []
    assert "a defect" not in said
    return said


def test_what_the_service_says_is_shown_as_it_is_written(odd: Command, endpoint: str) -> None:
    way = ("--transport", "tcp", "--endpoint", endpoint)
    told = said_by(odd, 0, "lookup", f"+{NUMBER}", *way)
    assert r"\x1b[31m[/red]" in re.sub(r"\s", "", told)  # the rest stands on further lines
    answer = json.loads(said_by(odd, 0, "lookup", f"+{NUMBER}", *way, "--json", "-q"))
    assert [answer[name] for name in ("carrier", "number_type", "error_code")] == [ODD] * 3


def test_what_a_list_says_is_shown_as_it_is_written(odd: Command, endpoint: str) -> None:
    name = f"list[1]{ODD.replace('/', '')}"
    out, seen = (f"out{text.replace('[/red][bold]', '').replace('[', '(')}" for text in (ODD, SEEN))
    header = f'"{ODD}","^.*$","*",phone'
    (odd.folder / f"{name}.csv").write_text(f"{header}\na,b,c,+{NUMBER}\n{ODD},^b$,*,{ODD}\n")
    way = ("--transport", "tcp", "--endpoint", endpoint, "--rows", "all")
    shown = said_by(odd, 0, "run", f"{name}.csv", "-o", out, *way)
    assert f"Starting run in {seen}" in shown
    assert SEEN.replace("/", "") in shown
    rows = pl.read_parquet(odd.folder / out / "enriched" / "part-00000.parquet", glob=False)
    assert rows.columns[:4] == [ODD, "^.*$", "*", "phone"]
    for command in (("status", out), ("verify", out), ("status", out, "--json")):
        assert "{0}%s" in said_by(odd, 0, *command)
    summary = json.loads(said_by(odd, 0, "run", f"{name}.csv", "-o", out, *way, "--json", "-q"))
    assert summary["error_codes"] == {ODD: 1}


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (10, ("plan", "list.csv", "--column", "no" + ODD)),
        (2, ("plan", "list.csv", "--region-column", "no" + ODD, "--column", "a")),
        (2, ("plan", "list.csv", "--region", ODD)),
        (2, ("plan", "list.csv", "--rate", ODD)),
        (2, ("plan", "list.csv", "--delimiter", ODD)),
        (10, ("plan", "there is no " + ODD)),
        (2, ("plan", "list.csv", "--config", ODD)),
        (2, ("plan", "list.csv", f"--{ODD}")),
        (2, (ODD,)),
        (15, ("status", "no" + ODD)),
        (13, ("doctor", "--transport", "tcp", "--endpoint", "tcp://[::1]:9", "--timeout", "1")),
    ],
)
def test_settings_and_names_are_shown_as_they_are_written(
    code: int, arguments: tuple[str, ...], odd: Command
) -> None:
    (odd.folder / "list.csv").write_text(f'a,"{ODD}"\n+{NUMBER},x\n')
    said = said_by(odd, code, *arguments)
    assert "[/red]" in said or "[::1]:9" in said


def test_the_environment_is_shown_as_it_is_written(odd: Command) -> None:
    (odd.folder / "list.csv").write_text(f"phone\n+{NUMBER}\n")
    odd.environment["MSISDN_TYPES"] = ODD
    assert SEEN in said_by(odd, 2, "plan", "list.csv").replace("\\\\", "\\")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--region-column", "country", "--header", "yes"),
        ("--column", "none"),
        ("--header", "yes"),
        (),
    ],
)
def test_a_number_that_stands_as_a_header_is_not_told(
    arguments: tuple[str, ...], odd: Command
) -> None:
    spelled = ["+44 7700 900123", "07700-900-123", f"+{NUMBER}", "(0770) 090.0123"]
    (odd.folder / "list.csv").write_text(";".join(spelled) + "\n" + ";".join(spelled[::-1]) + "\n")
    ended = odd("plan", "list.csv", *arguments)
    digits = re.sub(r"\D", "", ended.stderr)
    assert ended.returncode in {2, 10}
    assert [n for n in ("7700900123", "0900123", NUMBER[1:]) if n in digits] == []


@pytest.mark.parametrize("name", ["^.*$", "*", "^country$", "[/red]", "a\x1b"])
def test_an_expression_takes_the_name_of_a_column_as_a_name(name: str) -> None:
    frame = pl.DataFrame({"phone": ["212 555 0123"], "country": ["GB"], name: ["US"]})
    told = frame.select(pl.col("phone").msisdn.e164(region_of=name))  # type: ignore[attr-defined]
    assert told["phone"].to_list() == ["+12125550123"]
