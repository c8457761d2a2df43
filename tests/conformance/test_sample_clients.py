"""The provider's own sample clients work against the simulator, but for address and account."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.simulator.embedded import embedded
from pipeline.simulator.population import Population
from pipeline.simulator.server import Endpoints

SAMPLES = Path(__file__).parent.parent / "data" / "sample_clients"
SEED = "samples"
TEL = "447400123456"


@pytest.fixture(scope="module")
def kept_open() -> Iterator[Endpoints]:
    with embedded(seed=SEED) as endpoints:
        yield endpoints


@pytest.fixture(scope="module")
def closing() -> Iterator[Endpoints]:
    """The Java sample for TCP reads until the server closes."""
    with embedded(seed=SEED, faults=["close=1"]) as endpoints:
        yield endpoints


def sample(name: str, endpoints: Endpoints, folder: Path) -> Path:
    """A sample with address, account and number filled in."""
    text = (SAMPLES / name).read_text("utf-8")
    for mark, value in _places(endpoints).items():
        text = text.replace(mark, value)
    target = folder / name.removesuffix(".txt")
    target.write_text(text, "utf-8")
    return target


def _places(endpoints: Endpoints) -> Mapping[str, str]:
    host, tcp_port = endpoints.tcp.removeprefix("tcp://").split(":")
    return {
        "https://lookupauth.linkmobility.co.uk/oauth2/token": endpoints.token_url,
        "https://lookup.linkmobility.co.uk/enumlookup": endpoints.rest,
        "dnsenum.linkmobility.co.uk": host,
        "10054": tcp_port,
        "10055": endpoints.udp.rpartition(":")[2],
        "'xxxx'": repr(endpoints.client_id),
        "'yyyy'": repr(endpoints.client_secret),
        "client_ID_from_LINK_Support": endpoints.client_id,
        "clientid from LINK Support": endpoints.client_id,
        "password_from_LINK_Support ": endpoints.client_secret,
        "password_from_LINK_Support": endpoints.client_secret,
        "password from LINK Support": endpoints.client_secret,
        "tel_number": TEL,
        "tel number": TEL,
        "telephone number": TEL,
        "lookup type (optional)": "mnp",
    }


def run(*command: str | Path, **variables: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=30,
        text=True,
        check=True,
        env=os.environ | variables,
    )
    return done.stdout


def billed(endpoints: Endpoints) -> int:
    with urllib.request.urlopen(endpoints.meter) as answer:
        count: int = json.load(answer)["billed"]
    return count


def known() -> dict[str, str]:
    return Population(SEED).expected(TEL, ("mnp",))


def test_python_sample_for_tcp_prints_the_answer(kept_open: Endpoints, tmp_path: Path) -> None:
    said = run(sys.executable, sample("python_tcp.py.txt", kept_open, tmp_path))

    assert json.loads(said.partition("Response: ")[2]) == known()


def test_python_sample_for_udp_gets_an_answer_that_is_billed(
    kept_open: Endpoints, tmp_path: Path
) -> None:
    before = billed(kept_open)

    said = run(sys.executable, sample("python_udp.py.txt", kept_open, tmp_path))

    assert said.endswith("}\nR\n"), "it prints the first letter of `Response`"
    assert billed(kept_open) == before + 1


def test_python_sample_for_rest_gets_a_token_and_f2_for_its_lookup_type_mnnp(
    kept_open: Endpoints, tmp_path: Path
) -> None:
    path = sample("python_rest.py.txt", kept_open, tmp_path)

    said = run(sys.executable, path, OAUTHLIB_INSECURE_TRANSPORT="1")

    assert "Fetched token" in said
    assert "Response: 200 - " in said
    assert "'e': 'F2'" in said


def test_python_sample_for_rest_prints_the_answer_once_its_lookup_type_is_right(
    kept_open: Endpoints, tmp_path: Path
) -> None:
    path = sample("python_rest.py.txt", kept_open, tmp_path)
    path.write_text(path.read_text("utf-8").replace("mnnp", "mnp"), "utf-8")

    said = run(sys.executable, path, OAUTHLIB_INSECURE_TRANSPORT="1")

    assert f"Received tel{TEL}" in said
    assert str(known()) in said


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize("name", ["c_tcp", "c_udp"])
def test_c_sample_prints_the_answer(name: str, kept_open: Endpoints, tmp_path: Path) -> None:
    run("cc", "-w", "-o", tmp_path / name, sample(f"{name}.c", kept_open, tmp_path))

    said = run(tmp_path / name)

    assert json.loads(said.partition("Response")[2].lstrip(" :")) == known()


@pytest.fixture(scope="module")
def java_classes(closing: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("javac") is None or shutil.which("java") is None:
        pytest.skip("no Java compiler")
    folder = tmp_path_factory.mktemp("java")
    names = ("TcpDirect.java", "UdpDirect.java")
    run("javac", "-d", folder, *(sample(name, closing, folder) for name in names))
    return folder


@pytest.mark.parametrize("name", ["TcpDirect", "UdpDirect"])
def test_java_sample_prints_the_answer(name: str, java_classes: Path) -> None:
    said = run("java", "-cp", java_classes, name)

    assert json.loads(said[said.index("{") :].strip().strip("\0")) == known()
