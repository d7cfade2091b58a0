"""The head of a request as bytes, and the refusal of anything in it that could be read as a second header or a second request."""

import re
from collections.abc import AsyncIterable, Sequence
from functools import lru_cache
from typing import Final

from waystation.errors import InternalError
from waystation.upstream.origin import Target

Header = tuple[str | bytes, str | bytes]
Headers = Sequence[Header]
Body = bytes | AsyncIterable[bytes]

_BODIED: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose empty body is stated (RFC 9110 8.6)."""
_METHODS: Final = _BODIED | {"GET", "HEAD", "OPTIONS", "DELETE"}
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""In a header's value (RFC 9110 5.5): every control character but the tab."""
_OWN: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Framing and hop-by-hop headers (RFC 9110 7.6.1): the client's own, a caller may not set them."""
_HOST: Final = "host: "


def render_head(
    method: str, target: Target, headers: Headers, body: Body, proxied: str | None = None
) -> bytes:
    """Request line and headers up to the empty line; text is sent as UTF-8, bytes as they are.

    `proxied`: for a plain request through a proxy, the header lines which the proxy is owed; the request line
    then has the absolute form (RFC 9112 3.2.2).
    """
    opening = _opening(method, target, tuple(headers), proxied)
    if not isinstance(body, bytes):
        return opening + b"transfer-encoding: chunked\r\n\r\n"
    if body or method in _BODIED:
        return b"%bcontent-length: %d\r\n\r\n" % (opening, len(body))
    return opening + b"\r\n"


@lru_cache(maxsize=256)
def _opening(method: str, target: Target, headers: tuple[Header, ...], proxied: str | None) -> bytes:
    """All but what the body decides: of one endpoint and key it is always the same."""
    if method not in _METHODS:
        raise InternalError("An upstream request has a method that is not known.")
    lines = [f"host: {target.authority}\r\n"]
    for given_name, given_value in headers:
        name = _field(given_name)
        value = (
            given_value if isinstance(given_value, str) else given_value.decode("utf-8", "surrogateescape")
        )
        if not value.isprintable() and _FORBIDDEN.search(value):
            raise InternalError("An upstream request has a header whose value HTTP does not allow.")
        if name == _HOST:
            lines[0] = ""
        lines.append(f"{name}{value}\r\n")
    path = target.path if proxied is None else f"http://{target.authority}{target.path}"
    text = f"{method} {path} HTTP/1.1\r\n{proxied or ''}{''.join(lines)}"
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InternalError("An upstream request has a header that is not text.") from None


@lru_cache(maxsize=1024)
def _field(given: str | bytes) -> str:
    """A header's name with its colon, once found fit: a gateway sends the same few names all day."""
    name = given if isinstance(given, str) else given.decode("latin-1")
    lower = name.lower()
    if not _TOKEN.fullmatch(name):
        raise InternalError("An upstream request has a header whose name HTTP does not allow.")
    if lower in _OWN:
        raise InternalError("An upstream request sets a header that is the client's own to set.")
    return _HOST if lower == "host" else f"{name}: "
