"""TLS, through a proxy's CONNECT tunnel and without: the certificate is verified."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.conftest import Command, Simulated, write_list
from tests.flow.proxy import Passing, passing

COUNT = 30
# Written out, since what `openssl req` adds by itself differs between its versions.
REQUEST = """
[req]
distinguished_name = name
x509_extensions = of_a_server
prompt = no
[name]
CN = a service of the tests
[of_a_server]
subjectAltName = IP:127.0.0.1
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
subjectKeyIdentifier = hash
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, with its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    (folder / "request.cnf").write_text(REQUEST)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-batch"),
            *("-config", "request.cnf", "-keyout", "key.pem", "-out", "certificate.pem"),
        ],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    return folder / "certificate.pem"


@pytest.fixture
def secured(simulator: Simulated, certificate: Path) -> Iterator[Passing]:
    """The simulator's REST service behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with passing(simulator.endpoints.rest.split("/")[2], context) as server:
        yield server


def through(proxy: Passing, service: str) -> list[str]:
    """Flags for a service at `host:port`, by way of a proxy."""
    urls = ["--endpoint", f"https://{service}/enumlookup"]
    urls += ["--token-url", f"https://{service}/oauth2/token"]
    return [*urls, "--proxy", f"http://{proxy.address}"]


def test_lookups_go_through_the_tunnel(
    account: Command, simulator: Simulated, secured: Passing, certificate: Path
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    account.environment["SSL_CERT_FILE"] = str(certificate)
    with passing() as proxy:
        ended = account("run", listed, "-o", "out", *through(proxy, secured.address))

    assert ended.returncode == 0, ended.stderr
    assert simulator.meter()["billed"] == COUNT
    assert len(secured.passed) == COUNT + 1
    # What the proxy sees is where it goes, and no more of it.
    assert set(proxy.passed) == {("CONNECT", secured.address)}


@pytest.mark.parametrize("known", [False, True], ids=["untrusted", "of another name"])
def test_a_certificate_that_will_not_do_is_refused(
    account: Command, simulator: Simulated, secured: Passing, certificate: Path, known: bool
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    service = secured.address
    if known:
        account.environment["SSL_CERT_FILE"] = str(certificate)
        service = service.replace("127.0.0.1", "localhost")
    with passing() as proxy:
        ended = account("run", listed, "-o", "out", *through(proxy, service))

    assert ended.returncode == 13
    assert "certificate" in ended.stderr.lower()
    assert set(proxy.passed) == {("CONNECT", service)}
    assert secured.passed == []
    assert simulator.meter()["requests"] == {"rest": 0, "tcp": 0, "udp": 0, "token": 0}


def test_a_certificate_of_the_lookup_service_alone_is_told_too(
    account: Command, simulator: Simulated, secured: Passing
) -> None:
    listed = write_list(account.folder / "list.csv", COUNT)
    where = ["--endpoint", f"https://{secured.address}/enumlookup"]
    where += ["--token-url", simulator.endpoints.token_url]
    ended = account("run", listed, "-o", "out", *where, "--rate", "500")

    assert ended.returncode == 13
    assert "certificate is not trusted" in ended.stderr
    assert simulator.meter()["billed"] == 0
