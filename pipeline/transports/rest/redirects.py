"""What is said of an answer that would send us elsewhere: where to, so that the address can be mended."""

from collections.abc import Mapping

from yarl import URL

__all__ = ("is_redirect", "redirected")

_LONGEST = 100


def is_redirect(status: int) -> bool:
    """Whether a status says that what is wanted is elsewhere."""
    return 300 <= status < 400


def redirected(status: int, headers: Mapping[str, str]) -> str:
    """`redirected (302) to https://login.example.com, which is not followed`: of the target neither path
    nor query nor credentials, which may be secret."""
    return f"redirected ({status}){_target(headers.get('Location', ''))}, which is not followed"


def _target(location: str) -> str:
    try:
        url = URL(location)
        host, port = url.raw_host, url.explicit_port
    except ValueError:
        return ""
    if not location:
        return ""
    if not host:
        return " to another path"
    origin = f"{url.scheme or 'the same scheme'}://{host}{f':{port}' if port else ''}"
    return f" to {origin}" if origin.isascii() and len(origin) <= _LONGEST else ""
