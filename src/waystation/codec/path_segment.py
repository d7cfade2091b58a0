"""A model's name as one segment of a path (RFC 3986): all but unreserved characters and `@` is percent-encoded."""

import re
from typing import Final

_RESERVED: Final = re.compile(r"[^A-Za-z0-9_.~@-]")


def path_segment(text: str) -> str:
    """The text with slashes, colons and the like escaped; versions after an `@` stay readable."""
    return _RESERVED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
