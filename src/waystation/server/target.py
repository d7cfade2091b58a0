"""What a request asks for: its target in the forms of RFC 9112 3.2, and the host it names."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from waystation.server.request import Refused

_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE)
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_BAD_TARGET: Final = "The request target is not valid."


class Target(Struct, frozen=True):
    """A request target, taken apart."""

    authority: bytes | None
    """The host and port of an absolute target: they count in place of the Host header's (RFC 9112 3.2.2)."""
    raw_path: bytes
    path: str
    """The path decoded."""
    query: bytes


@lru_cache(maxsize=256)
def is_host(value: bytes) -> bool:
    """Whether this may stand in a Host header: a name or an address, and a port; it may be empty."""
    return len(value) <= 512 and _HOST.fullmatch(value) is not None


def parse_target(target: bytes, *, wild: bool) -> Target:
    """Take a target apart; `Refused` where it is none. `wild`: it may be `*`."""
    authority = None
    if not target.startswith(b"/") and not (wild and target == b"*"):
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
    return Target(authority, raw_path, unquote(path) if "%" in path else path, query)
