"""Data URLs taken apart (RFC 2397): what kind of thing it is, and its bytes in base64."""

import base64
import binascii
import re
from typing import Final

from msgspec import Struct

from waystation.errors import InvalidRequest

_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


class DataUrl(Struct, frozen=True):
    """`data` is base64 as it came, or made from percent-encoded text."""

    media_type: str
    data: str

    @property
    def content(self) -> bytes:
        """The bytes themselves; `InvalidRequest` where the base64 is none."""
        try:
            return base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidRequest("A data URL holds base64 that is none.") from None


def parse_data_url(url: str) -> DataUrl | None:
    """The data URL taken apart; None where this is another kind of URL. `InvalidRequest` where it holds nothing."""
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    if not comma:
        raise InvalidRequest("A data URL holds no data.")
    media_type, *parameters = head.split(";")
    if "base64" not in parameters:
        raw = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), data.encode())
        data = base64.b64encode(raw).decode()
    return DataUrl(media_type.strip().lower() or "text/plain", data)
