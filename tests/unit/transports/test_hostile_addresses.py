"""Addresses whose host no name service can be asked for: said before anything is read."""

import pytest

from pipeline.errors import UsageError
from pipeline.transports.endpoints import check_endpoint, check_url

HOSTS = ["a..b", "a" * 64, "b." + "c" * 300, ".x", "\u200b", "\udce4", "x" * 70 + ".example"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("transport", ["rest", "tcp", "udp"])
def test_a_host_that_is_no_name_is_refused(host: str, transport: str) -> None:
    url = f"https://{host}/" if transport == "rest" else f"{transport}://{host}:1"
    with pytest.raises(UsageError, match=r"^--endpoint for --transport"):
        check_endpoint(transport, url)


@pytest.mark.parametrize("host", HOSTS)
def test_a_token_url_likewise(host: str) -> None:
    with pytest.raises(UsageError, match=r"^--token-url is written"):
        check_url("--token-url", f"https://{host}/token")


@pytest.mark.parametrize(
    "host", ["bücher.example", "xn--a", "localhost", "127.0.0.1", "[::1]", "a_b.example"]
)
def test_a_host_that_may_be_one_is_not(host: str) -> None:
    check_endpoint("tcp", f"tcp://{host}:1")
