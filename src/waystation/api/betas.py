"""Features in beta that a caller asks endpoints of Anthropic's wire for: a comma list in either of two headers (contract section 1)."""

import re
from typing import Final

BETA_HEADERS: Final = frozenset((b"x-anthropic-beta", b"anthropic-beta"))
MOST: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


def betas(headers: dict[bytes, bytes]) -> tuple[str, ...]:
    """Their names, each once; what is no name, and all after the first 32, is left out."""
    listed = [headers.get(name, b"") for name in sorted(BETA_HEADERS)]
    names = (name.strip() for name in b",".join(listed).decode("latin-1").split(","))
    return tuple(dict.fromkeys(name for name in names if _NAME.fullmatch(name)))[:MOST]
