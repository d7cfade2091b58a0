"""What a request asks for: its target in the forms of RFC 9112 3.2, and the host it names."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from waystation.server.request import Refused

_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE)
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_BAD_TARGET: Final = "The request target is not valid."


@lru_cache(maxsize=256)
def is_host(value: bytes) -> bool:
    """Whether this may stand in a Host header: a name or an address, and a port; it may be empty."""
    return _HOST.fullmatch(value) is not None


def split_target(target: bytes) -> tuple[bytes | None, bytes, str, bytes]:
    """The authority of an absolute target, else None; the path as received; the path decoded; and the query."""
    return _split(target) if len(target) <= 256 else _split.__wrapped__(target)


@lru_cache(maxsize=256)
def _split(target: bytes) -> tuple[bytes | None, bytes, str, bytes]:
    authority = None
    if target != b"*" and not target.startswith(b"/"):
        match = _ABSOLUTE.fullmatch(target)
        if match is None:
            raise Refused(400, _BAD_TARGET)
        authority, target = match[1], match[2]
        if not target.startswith(b"/"):
            target = b"/" + target
    raw_path, _, query = target.partition(b"?")
    if b"#" in target or not raw_path.isascii():
        raise Refused(400, _BAD_TARGET)
    path = raw_path.decode()
    return authority, raw_path, unquote(path) if "%" in path else path, query
