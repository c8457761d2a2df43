"""The command and the child process: ready line, signals, ports, and dying with the parent."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli.simulate import simulate
from pipeline.errors import ServiceError, UsageError
from pipeline.simulator.embedded import embedded
from pipeline.simulator.faults import FAULTS
from pipeline.simulator.population import Population

COMMAND = (sys.executable, "-m", "pipeline", "simulate")
KEYS = ["rest", "token_url", "tcp", "udp", "client_id", "client_secret"]
PARENT = """
import time
from pipeline.simulator.embedded import embedded
with embedded() as endpoints:
    print(endpoints.tcp, flush=True)
    time.sleep(60)
"""


def ask(tcp: str, fields: dict[str, str]) -> bytes:
    host, port = tcp.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(json.dumps(fields).encode())
        return connection.recv(4096)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_simulator_says_where_it_is_and_ends_cleanly_on_a_signal(
    number: signal.Signals, tmp_path: Path
) -> None:
    meter = tmp_path / "meter.json"
    with subprocess.Popen(
        [*COMMAND, "--client-id", "me", "--client-secret", "mine", "--meter-file", str(meter)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        ready = json.loads(child.stdout.readline())
        ask(ready["tcp"], {"clientid": "me", "password": "mine", "tel": "447400123456"})
        child.send_signal(number)

        assert child.wait(10) == 0
        assert child.stderr.read() == b""
    assert list(ready)[:6] == KEYS
    assert (ready["client_id"], ready["client_secret"]) == ("me", "mine")
    assert json.loads(meter.read_bytes())["numbers"] == {"447400123456": 1}


def test_embedded_simulator_answers_and_is_gone_after_its_block() -> None:
    with embedded(seed="s", arguments=["--day", "7"]) as endpoints:
        fields = {"clientid": endpoints.client_id, "password": endpoints.client_secret}
        said = ask(endpoints.tcp, fields | {"tel": "447400123456"})

    assert json.loads(said) == Population("s", 7).expected("447400123456")
    with pytest.raises(ConnectionRefusedError):
        ask(endpoints.tcp, fields)


def test_embedded_simulator_dies_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        tcp = parent.stdout.readline().decode().strip()
        ask(tcp, {})
        parent.kill()

    give_up = time.monotonic() + 10
    while listens(tcp):
        assert time.monotonic() < give_up, "the simulator outlived its parent"


def listens(tcp: str) -> bool:
    try:
        ask(tcp, {})
    except OSError:
        return False
    return True


def test_simulator_that_does_not_start_says_why() -> None:
    with (
        pytest.raises(ServiceError, match=r"did not start: .*--fault 'loss=often'"),
        embedded(faults=["loss=often"]),
    ):
        pass


def test_surroundings_do_not_change_an_embedded_simulator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MSISDN_SIMULATE_CLIENT_ID", "other")

    with embedded() as endpoints:
        assert endpoints.client_id == "simulator"


def test_taken_port_is_named_with_the_flag_to_change() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--tcp-port", port], capture_output=True, check=False, text=True
        )

    assert done.returncode == 2
    assert f"port {port}" in done.stderr
    assert "--tcp-port" in done.stderr


@pytest.mark.parametrize(
    ("flag", "value", "advice"),
    [
        ("--lookup-types", "sms", "--lookup-types: write mnp, hlr"),
        ("--allow-countries", "UK", "--allow-countries: no such region: UK"),
        ("--allow-address", "here", "--allow-address: "),
        ("--fault", "loss=2", "a share such as"),
    ],
)
def test_wrong_option_is_refused_with_advice(flag: str, value: str, advice: str) -> None:
    with pytest.raises(UsageError, match=advice):
        CliRunner().invoke(simulate, [flag, value], catch_exceptions=False)


def test_environment_sets_options() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.invalid"):
        CliRunner(env={"MSISDN_SIMULATE_HOST": "nowhere.invalid"}).invoke(
            simulate, catch_exceptions=False
        )


def test_help_lists_every_fault_with_its_meaning() -> None:
    said = CliRunner().invoke(simulate, ["--help"], terminal_width=200).output

    for name, fault in FAULTS.items():
        assert f"{name}=" in said
        assert fault.help in said
