"""The head of a request as bytes, and the refusal of anything in it that could be read as a second header or a second request."""

import re
from collections.abc import AsyncIterable, Sequence
from typing import Final

from waystation.errors import InternalError
from waystation.upstream.origin import Target

Headers = Sequence[tuple[str | bytes, str | bytes]]
Body = bytes | AsyncIterable[bytes]

_HEAD: Final = re.compile(
    rb"[A-Z]+ [!-~]+ HTTP/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)*\r\n"
)
_OWN: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Framing and hop-by-hop headers (RFC 9110 7.6.1): the client's own, a caller may not set them."""
_BODIED: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose empty body is stated (RFC 9110 8.6)."""


def render_head(
    method: str, target: Target, headers: Headers, body: Body, proxied: tuple[bytes, ...] | None = None
) -> bytes:
    """Request line and headers up to the empty line; text is sent as UTF-8.

    `proxied`: for a plain request through a proxy, the header lines which the proxy is owed; the request line
    then has the absolute form (RFC 9112 3.2.2).
    """
    path = target.path if proxied is None else f"http://{target.origin.authority}{target.path}"
    lines = [f"{method} {path} HTTP/1.1\r\n".encode(), *(proxied or ())]
    host = True
    for given_name, given_value in headers:
        name = given_name.encode() if isinstance(given_name, str) else given_name
        value = given_value.encode() if isinstance(given_value, str) else given_value
        lower = name.lower()
        if lower == b"host":
            host = False
        elif lower in _OWN:
            raise InternalError("A request header is the upstream client's own to set.")
        lines.append(b"%b: %b\r\n" % (name, value))
    if host:
        lines.insert(1, f"host: {target.origin.authority}\r\n".encode())
    if not isinstance(body, bytes):
        lines.append(b"transfer-encoding: chunked\r\n")
    elif body or method in _BODIED:
        lines.append(b"content-length: %d\r\n" % len(body))
    lines.append(b"\r\n")
    head = b"".join(lines)
    if _HEAD.fullmatch(head) is None or head.count(b"\n") != len(lines):
        raise InternalError("A request line or header holds a character that HTTP does not allow there.")
    return head
