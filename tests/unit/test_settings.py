"""A proxy's address: what will do, and that nobody reads the password in one that will not."""

import pytest

from pipeline.errors import UsageError
from pipeline.lookup.service import service_of
from pipeline.settings import Settings, from_text


def settings(proxy: str, source: str, **more: str) -> Settings:
    others = {name: (text, "--" + name) for name, text in more.items()}
    return from_text((), {"proxy": (proxy, source), **others})


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:3128",
        "http://proxy.example",
        "http://proxy.example:8080/",
        "HTTP://[2001:db8::1]:3128",
        "http://bücher.example:3128",
    ],
)
@pytest.mark.parametrize("source", ["--proxy", "MSISDN_PROXY", "msisdn.toml: proxy"])
def test_a_proxy_that_will_do(address: str, source: str) -> None:
    assert settings(address, source).proxy == address


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("", "http://host:port"),
        ("proxy.example:3128", "http://host:port"),
        ("127.0.0.1:3128", "http://host:port"),
        ("https://proxy.example:3128", "other proxies are not supported"),
        ("socks5://127.0.0.1:1080", "other proxies are not supported"),
        ("http://", "http://host:port"),
        ("http://:3128", "http://host:port"),
        ("http://proxy.example:0", "http://host:port"),
        ("http://proxy.example:99999", "http://host:port"),
        ("http://proxy.example:port", "http://host:port"),
        ("http://[::1:3128", "http://host:port"),
        ("http://proxy..example:3128", "http://host:port"),
        ("http://pro xy:3128", "http://host:port"),
        ("http://proxy.example:3128/path", "nothing may follow"),
        ("http://proxy.example:3128?a=1", "nothing may follow"),
    ],
)
def test_a_proxy_that_will_not_do_is_said_with_what_to_do(address: str, advice: str) -> None:
    with pytest.raises(UsageError, match=r"^--proxy: its value will not do for proxy: ") as error:
        settings(address, "--proxy")

    assert advice in str(error.value)


def test_a_proxys_password_comes_from_the_environment() -> None:
    made = settings("http://me:p%40ss@127.0.0.1:3128", "MSISDN_PROXY")

    assert made.proxy == "http://me:p%40ss@127.0.0.1:3128"
    account = {"client_id": ("me", "-"), "client_secret": ("word", "-")}
    service = service_of(from_text((), {"proxy": (made.proxy, "MSISDN_PROXY"), **account}))
    assert service.proxy == made.proxy
    assert "p%40ss" not in f"{made!r} {service!r}"


@pytest.mark.parametrize("source", ["--proxy", "msisdn.toml: proxy"])
@pytest.mark.parametrize("address", ["http://me:word@host:3128", "me:word@host", "http://me@host"])
def test_a_proxys_password_is_refused_where_others_may_read_it(source: str, address: str) -> None:
    with pytest.raises(UsageError, match=f"^{source}: .*MSISDN_PROXY") as error:
        settings(address, source)

    assert "word@" not in str(error.value)


@pytest.mark.parametrize(
    ("login", "advice"),
    [
        ("me:sec/ret", "%2F"),
        ("me:sec?ret", "%3F"),
        ("me:sec#ret", "http://host:port"),
        ("m%3Ae:secret", "colon"),
        ("me:s%E2%82%ACcret", "Latin-1"),
    ],
)
def test_a_password_that_will_not_do_is_not_repeated(login: str, advice: str) -> None:
    with pytest.raises(UsageError, match=r"^MSISDN_PROXY: ") as error:
        settings(f"http://{login}@host:3128", "MSISDN_PROXY")

    assert advice in str(error.value)
    assert login.partition(":")[2][:3] not in str(error.value)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("source", ["--proxy", "MSISDN_PROXY"])
def test_no_direct_connection_goes_past_a_proxy(transport: str, source: str) -> None:
    with pytest.raises(UsageError, match=rf"^{source}: .*--transport rest.* {transport} "):
        settings("http://127.0.0.1:3128", source, transport=transport)
