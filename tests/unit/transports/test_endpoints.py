"""Where the service may be."""

import pytest

from pipeline.errors import UsageError
from pipeline.transports import TRANSPORTS
from pipeline.transports.endpoints import (
    ENDPOINTS,
    TOKEN_URL,
    Address,
    address_of,
    check_endpoint,
    check_url,
)


def test_every_transport_has_an_endpoint_that_will_do() -> None:
    assert set(ENDPOINTS) == set(TRANSPORTS)
    for transport, url in ENDPOINTS.items():
        check_endpoint(transport, url)
    check_url("--token-url", TOKEN_URL)


@pytest.mark.parametrize(
    ("transport", "url"),
    [
        ("rest", "https://host:8443/enumlookup"),
        ("rest", "https://host/enumlookup?tenant=1"),
        ("rest", "http://127.0.0.1:8080/enumlookup"),
        ("rest", "http://localhost/enumlookup"),
        ("rest", "http://[::1]:80/enumlookup"),
        ("tcp", "tcp://[2001:db8::1]:10054"),
        ("udp", "udp://host:10055/"),
    ],
)
def test_these_will_do(transport: str, url: str) -> None:
    check_endpoint(transport, url)


@pytest.mark.parametrize(
    ("transport", "url", "advice"),
    [
        ("rest", "http://host/enumlookup", "allow-plaintext"),
        ("rest", "http://localhost.example/enumlookup", "allow-plaintext"),
        ("rest", "tcp://host:1", "https://host/enumlookup"),
        ("rest", "host/enumlookup", "https://host/enumlookup"),
        ("rest", "https://user:pass@host/", "MSISDN_CLIENT_SECRET"),
        ("rest", "https://host/#part", "#"),
        ("tcp", "tcp://host", "port"),
        ("tcp", "tcp://host:0", "tcp://host:port"),
        ("tcp", "tcp://host:99999", "tcp://host:port"),
        ("tcp", "tcp://host:1/path", "nothing may follow"),
        ("tcp", "https://host", "tcp://host:port"),
        ("udp", "tcp://host:1", "udp://host:port"),
        ("udp", "udp://[::1:10055", "udp://host:port"),
        ("udp", "", "udp://host:port"),
        ("udp", "udp://ho st:1", "udp://host:port"),
    ],
)
def test_what_will_not_do_is_said_with_what_to_do(transport: str, url: str, advice: str) -> None:
    with pytest.raises(UsageError) as error:
        check_endpoint(transport, url)

    assert advice in str(error.value)
    assert "pass" not in str(error.value)


def test_plain_text_elsewhere_is_accepted_when_asked_for() -> None:
    check_endpoint("rest", "http://host/enumlookup", allow_plaintext=True)
    with pytest.raises(UsageError):
        check_url("--token-url", "ftp://host/", allow_plaintext=True)


def test_plain_text_through_a_proxy_elsewhere_is_plain_text_elsewhere() -> None:
    here = "http://127.0.0.1/enumlookup"
    check_endpoint("rest", here, proxy="http://localhost:3128")
    check_endpoint("rest", here, proxy="http://proxy:3128", allow_plaintext=True)
    check_endpoint("rest", "https://host/enumlookup", proxy="http://proxy:3128")
    with pytest.raises(UsageError, match=r"in plain text to proxy: .*--allow-plaintext"):
        check_endpoint("rest", here, proxy="http://me:pass@proxy:3128")


def test_an_address_is_taken_from_an_endpoint() -> None:
    assert address_of("tcp://[2001:db8::1]:10054") == Address("2001:db8::1", 10054)
    assert str(address_of("tcp://[2001:db8::1]:10054")) == "[2001:db8::1]:10054"
    assert str(address_of("udp://host:10055")) == "host:10055"
    with pytest.raises(UsageError):
        address_of("udp://host")
