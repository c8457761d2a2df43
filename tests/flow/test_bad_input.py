"""Whatever is wrong ends with its exit code and words that say what to do, never with a traceback."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from tests.flow.conftest import Command, Simulated, numbers, write_list

GOOD = "phone\n" + "\n".join(numbers(3)) + "\n"


def nothing(folder: Path) -> None:
    """The input is not there."""


def listed(text: str | bytes, name: str = "list.csv") -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)

    return make


def empty_directory(folder: Path) -> None:
    (folder / "list.csv").mkdir()


def foreign_output(folder: Path) -> None:
    listed(GOOD)(folder)
    (folder / "out" / "enriched").mkdir(parents=True)
    (folder / "out" / "enriched" / "theirs.txt").write_text("theirs")


def output_is_a_file(folder: Path) -> None:
    listed(GOOD)(folder)
    (folder / "out").write_text("a file")


def bad_settings(folder: Path) -> None:
    listed(GOOD)(folder)
    (folder / "msisdn.toml").write_text("rate = 5\nregoin = 'GB'\n")


JUNK = Random(1).randbytes(5000)
SIMULATE = ("--simulate",)

CASES: dict[str, tuple[Callable[[Path], None], tuple[str, ...], int, str]] = {
    "missing file": (nothing, SIMULATE, 10, "list.csv: no such file"),
    "empty file": (listed(""), SIMULATE, 10, "list.csv: is empty"),
    "no number column": (listed("id,town\n1,Ulm\n"), SIMULATE, 10, "--column from: id, town"),
    "no such column": (listed(GOOD), ("--simulate", "--column", "tel"), 10, "phone"),
    "directory without lists": (empty_directory, SIMULATE, 10, "no list in this directory"),
    "broken Parquet": (listed(b"PAR1" + JUNK, "list.csv"), SIMULATE, 10, "not a sound Parquet"),
    "junk called .csv": (listed(JUNK), SIMULATE, 10, "is not text"),
    "unknown key in msisdn.toml": (bad_settings, SIMULATE, 2, "did you mean region?"),
    "no credentials": (listed(GOOD), (), 2, "MSISDN_CLIENT_SECRET"),
    "unknown region": (listed(GOOD), ("--simulate", "--region", "XX"), 2, "XX"),
    "no such region column": (listed(GOOD), ("--simulate", "--region-column", "x"), 2, "phone"),
    "bad rate": (listed(GOOD), ("--simulate", "--rate", "fast"), 2, "--rate"),
    "budget without price": (listed(GOOD), ("--simulate", "--budget", "5"), 2, "--price"),
    "no scheme in --proxy": (
        listed(GOOD),
        ("--simulate", "--proxy", "proxy:3128"),
        2,
        "--proxy: its value will not do for proxy: write it http://host:port",
    ),
    "password in --proxy": (
        listed(GOOD),
        ("--simulate", "--proxy", "http://me:word@proxy:3128"),
        2,
        "environment (MSISDN_PROXY)",
    ),
    "proxy for UDP": (
        listed(GOOD),
        ("--simulate", "--transport", "udp", "--proxy", "http://proxy:3128"),
        2,
        "--proxy: a proxy is for --transport rest",
    ),
    "plain text elsewhere": (
        listed(GOOD),
        ("--client-id", "me", "--endpoint", "http://example.com/x", "--token-url", "http://x/t"),
        2,
        "--allow-plaintext",
    ),
    "output of something else": (foreign_output, SIMULATE, 2, "choose another --out"),
    "output is a file": (output_is_a_file, SIMULATE, 16, "choose another --out"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_ends_with_its_code_and_says_what_to_do(msisdn: Command, case: str) -> None:
    prepare, options, code, words = CASES[case]
    prepare(msisdn.folder)
    if "--client-id" in options:
        msisdn.environment["MSISDN_CLIENT_SECRET"] = "secret"
    before = contents(msisdn.folder)
    ended = msisdn("run", "list.csv", "-o", "out", *options)
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    assert ended.stderr.startswith("msisdn: ")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""
    assert contents(msisdn.folder) == before


def contents(folder: Path) -> dict[str, bytes | None]:
    found = folder.rglob("*")
    return {str(path): path.read_bytes() if path.is_file() else None for path in found}


def test_a_changed_input_is_refused_and_nothing_is_touched(msisdn: Command) -> None:
    listed(GOOD)(msisdn.folder)
    assert msisdn("run", "list.csv", "-o", "out", "--simulate").returncode == 0
    listed(GOOD + numbers(4)[3] + "\n")(msisdn.folder)
    before = contents(msisdn.folder)
    ended = msisdn("run", "list.csv", "-o", "out", "--simulate")
    assert ended.returncode == 15
    assert "input list.csv changed" in ended.stderr
    assert "--restart" in ended.stderr
    assert contents(msisdn.folder) == before
    changed = msisdn("run", "list.csv", "-o", "out", "--simulate", "--restart", "--json")
    assert json.loads(changed.stdout)["rows"] == 4


def test_a_changed_setting_is_named(msisdn: Command) -> None:
    listed(GOOD)(msisdn.folder)
    assert msisdn("run", "list.csv", "-o", "out", "--simulate").returncode == 0
    ended = msisdn("run", "list.csv", "-o", "out", "--simulate", "--lookup", "hlr")
    assert ended.returncode == 15
    assert "--lookup was profile, is now hlr" in ended.stderr


def test_an_output_without_permission_is_told(msisdn: Command) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    listed(GOOD)(msisdn.folder)
    (msisdn.folder / "locked").mkdir(mode=0o500)
    ended = msisdn("run", "list.csv", "-o", "locked/out", "--simulate")
    assert (ended.returncode, "permission denied" in ended.stderr) == (16, True)


def test_a_secret_file_that_others_can_read_is_refused(msisdn: Command) -> None:
    listed(GOOD)(msisdn.folder)
    secret = msisdn.folder / "secret"
    secret.write_text("secret\n")
    secret.chmod(0o644)
    ended = msisdn(
        "run", "list.csv", "-o", "out", "--client-id", "me", "--client-secret-file", secret
    )
    assert ended.returncode == 2
    assert "chmod 600" in ended.stderr


@pytest.mark.parametrize("transport", ["rest", "tcp", "udp"])
def test_wrong_credentials_end_with_12(
    msisdn: Command, simulator: Simulated, transport: str
) -> None:
    listed(GOOD)(msisdn.folder)
    msisdn.environment |= {"MSISDN_CLIENT_ID": "me", "MSISDN_CLIENT_SECRET": "wrong-secret"}
    ended = msisdn("run", "list.csv", "-o", "out", *simulator.options(transport))
    assert ended.returncode == 12
    assert "refused the account" in ended.stderr
    assert "wrong-secret" not in ended.stderr
    assert simulator.meter()["billed"] == 0
    # The account mended, the same command goes on.
    msisdn.environment |= simulator.account
    assert msisdn("run", "list.csv", "-o", "out", *simulator.options(transport)).returncode == 0


@pytest.mark.parametrize("transport", ["rest", "tcp", "udp"])
def test_an_unreachable_endpoint_ends_with_13(
    account: Command, simulator: Simulated, transport: str
) -> None:
    listed(GOOD)(account.folder)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    scheme = "http" if transport == "rest" else transport
    path = "/enumlookup" if transport == "rest" else ""
    options = ["--transport", transport, "--endpoint", f"{scheme}://127.0.0.1:{port}{path}"]
    if transport == "rest":
        options += ["--token-url", f"http://127.0.0.1:{port}/token"]
    ended = account("run", "list.csv", "-o", "out", "--timeout", "1", *options)
    assert ended.returncode == 13, ended.stderr
    assert "msisdn doctor" in ended.stderr
    again = account("run", "list.csv", "-o", "out", *simulator.options(transport))
    assert again.returncode == 0, again.stderr


class _WebPage(BaseHTTPRequestHandler):
    """A web server that is not the service."""

    def do_GET(self) -> None:
        body = b"<html>Welcome! {not json}</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = b'{"access_token":"abc","token_type":"bearer","expires_in":3600}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  its own name
        """Be quiet."""


@contextmanager
def web_server() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _WebPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def udp_echo() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)
        port = server.getsockname()[1]

        def serve() -> None:
            while True:
                data, sender = server.recvfrom(2048)
                if data == b"stop":
                    return
                server.sendto(data, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        yield port
        server.sendto(b"stop", ("127.0.0.1", port))
        thread.join()


@pytest.mark.parametrize("transport", ["rest", "tcp"])
def test_a_web_server_is_not_the_service(account: Command, transport: str) -> None:
    write_list(account.folder / "list.csv", 50)
    with web_server() as port:
        urls = {
            "rest": [f"http://127.0.0.1:{port}/", "--token-url", f"http://127.0.0.1:{port}/t"],
            "tcp": [f"tcp://127.0.0.1:{port}"],
        }[transport]
        options = ("--transport", transport, "--timeout", "1", "--endpoint", *urls)
        ended = account("run", "list.csv", "-o", "out", "--rate", "500", *options)
    assert ended.returncode == 13, ended.stderr + ended.stdout
    assert not (account.folder / "out" / "enriched").exists()


def test_an_echo_is_not_the_service(account: Command) -> None:
    write_list(account.folder / "list.csv", 50)
    with udp_echo() as port:
        endpoint = f"udp://127.0.0.1:{port}"
        options = ("--transport", "udp", "--timeout", "1", "--endpoint", endpoint)
        ended = account("run", "list.csv", "-o", "out", "--rate", "500", *options)
    assert ended.returncode == 13, ended.stderr + ended.stdout


def test_no_command_shows_a_traceback_for_nonsense(msisdn: Command) -> None:
    for arguments in (["status", "nowhere"], ["verify", "nowhere"], ["run"], ["frobnicate"]):
        ended = msisdn(*arguments)
        assert ended.returncode in {2, 15}
        assert "Traceback" not in ended.stderr
