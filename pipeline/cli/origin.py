"""Where the account's secret would go, when nobody has named the file that says so.

`msisdn.toml` of the current directory is read without being asked for, so whoever can put one there
could have the secret sent to themselves. What such a file says of addresses other than the provider's is
therefore said before anything is sent, and refused where the secret is not the file's own: where it
comes from the environment, from a flag, or from a file outside its folder. `--config` names the
file and is consent. This machine's own addresses are no exception: others may listen on them.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import UsageError
from pipeline.parsing import boolean

__all__ = ("check_origin",)

_ADDRESSES = ("endpoint", "token_url", "proxy")
Given = Mapping[str, tuple[str, str]]
"""Settings by name: the text, and where it came from."""


def check_origin(values: Given, found: str) -> str:
    """What has to be said of addresses in the file `found`, which nobody named; maybe nothing.

    Raises `UsageError` where the secret would go there without being the file's own.
    """
    elsewhere = {} if _on(values, "simulate") else _elsewhere(values, found)
    if not elsewhere:
        return ""
    told = ", ".join(f"{name} ({host})" for name, host in elsewhere.items())
    secret = _foreign_secret(values, found)
    if secret:
        raise UsageError(
            f"{found}: this file of the current directory sets {told}, which is not the provider's,"
            f" and would send the account's secret from {secret} there: name the file if that is"
            f" meant (--config {found}), or remove it"
        )
    return (
        f"{found}: this file of the current directory sets {told}, which is not the provider's: the"
        " account's secret and the numbers go there"
    )


def _elsewhere(values: Given, found: str) -> dict[str, str]:
    """The settings of the file that lead elsewhere than to the provider, and the hosts they name."""
    known = {
        name: _place(values[name][0])
        for name in _ADDRESSES
        if name in values and _is_from(values[name], found)
    }
    if _on(values, "allow_plaintext") and _is_from(values["allow_plaintext"], found):
        written = [values[name][0] for name in _ADDRESSES[:2] if name in values]
        plain = [_place(url) for url in written if url.lower().startswith("http:")]
        known |= dict.fromkeys(("allow_plaintext",) * bool(plain), ", ".join(plain))
    if not known:
        return {}
    # Imported here for start-up time: the transports bring aiohttp along.
    from pipeline.transports.endpoints import ENDPOINTS, TOKEN_URL  # noqa: PLC0415

    providers = {_place(url) for url in (*ENDPOINTS.values(), TOKEN_URL)}
    return {name: place for name, place in known.items() if place not in providers}


def _foreign_secret(values: Given, found: str) -> str:
    """Where the secret comes from, if not from the file's own folder by the file's own word."""
    if "client_secret_file" not in values:
        return values["client_secret"][1] if "client_secret" in values else ""
    text, source = values["client_secret_file"]
    folder = Path(found).absolute().parent.resolve()
    if _is_from((text, source), found) and Path(text).resolve().is_relative_to(folder):
        return ""
    return f"{text} ({source})"


def _is_from(given: tuple[str, str], found: str) -> bool:
    return given[1].startswith(found)


def _on(values: Given, name: str) -> bool:
    return name in values and boolean(values[name][0])


def _place(url: str) -> str:
    """Scheme, host and port, without a name or password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"
