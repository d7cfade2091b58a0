"""AWS event-stream framing (`application/vnd.amazon.eventstream`): bytes -> messages and back, both checksums verified.

A message is: total length, length of its headers, CRC32 of those eight bytes, headers, payload, CRC32 of all before it;
numbers are big-endian. It knows how messages are cut and what their headers hold, and nothing of what they say.
Source: the Smithy specification "Amazon Event Stream".
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from waystation.errors import BadResponse

PRELUDE_BYTES: Final = 12
OVERHEAD_BYTES: Final = 16
"""Prelude and the closing checksum: what a message without headers and payload takes."""
MAX_MESSAGE_BYTES: Final = 24 * 1024 * 1024
"""The specification allows 16 MiB of payload and 128 KiB of headers."""
_MAX_KNOWN_HEADERS: Final = 64
_PRELUDE: Final = struct.Struct(">III")
_CHECKSUM: Final = struct.Struct(">I")
_STRING: Final = 7
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type, for the types that state no length: bool, integers, timestamp, UUID."""
_MEASURED: Final = frozenset({6, _STRING})
"""Types whose value begins with its own length: bytes and string."""


class EventMessage(Struct, frozen=True, gc=False):
    """One message. Of its headers those that are strings are kept."""

    headers: dict[str, str]
    payload: bytes


class EventStreamParser:
    """A push parser, correct for any split. `BadResponse` for a checksum that is wrong or a message of no sense."""

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._pending = bytearray()
        self._needed = PRELUDE_BYTES
        self._known: dict[bytes, dict[str, str]] = {}
        self._max_message_bytes = max_message_bytes

    def feed(self, data: bytes) -> Iterator[EventMessage]:
        """Messages completed by this piece, to be taken to the end; good ones come before the error of a bad one."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._needed:
                return
            data = bytes(self._pending)
            self._pending.clear()
        start, end = 0, len(data)
        while end - start >= PRELUDE_BYTES:
            total, headers = self._prelude(data, start)
            if end - start < total:
                self._needed = total
                break
            yield self._message(data, start, total, headers)
            start += total
        else:
            self._needed = PRELUDE_BYTES
        self._pending += data[start:]

    def close(self) -> tuple[EventMessage, ...]:
        """The stream ended: nothing is left, or `BadResponse` where it did so inside a message."""
        if self._pending:
            self._pending.clear()
            raise BadResponse("The provider's stream was cut.")
        return ()

    def _prelude(self, data: bytes, start: int) -> tuple[int, int]:
        """Lengths of the whole message and of its headers."""
        total, headers, checksum = _PRELUDE.unpack_from(data, start)
        if zlib.crc32(data[start : start + 8]) != checksum:
            raise BadResponse("The provider's stream is damaged.")
        if not OVERHEAD_BYTES + headers <= total <= self._max_message_bytes:
            raise BadResponse("The provider sent an event of an impossible size.")
        return total, headers

    def _message(self, data: bytes, start: int, total: int, length: int) -> EventMessage:
        end = start + total - 4
        (checksum,) = _CHECKSUM.unpack_from(data, end)
        if zlib.crc32(data[start:end]) != checksum:
            raise BadResponse("The provider's stream is damaged.")
        at = start + PRELUDE_BYTES + length
        return EventMessage(self._headers(data[start + PRELUDE_BYTES : at]), data[at:end])

    def _headers(self, block: bytes) -> dict[str, str]:
        """A stream has few kinds of messages: each block of headers is read once."""
        known = self._known.get(block)
        if known is None:
            try:
                known = _read_headers(block)
            except (IndexError, KeyError, UnicodeDecodeError):
                raise BadResponse("The provider's stream has headers that are none.") from None
            if len(self._known) < _MAX_KNOWN_HEADERS:
                self._known[block] = known
        return known


def _read_headers(block: bytes) -> dict[str, str]:
    """Name and value of each header; an index or key error where the block is malformed."""
    headers: dict[str, str] = {}
    at = 0
    while at < len(block):
        name_end = at + 1 + block[at]
        kind = block[name_end]
        name = block[at + 1 : name_end].decode()
        at = name_end + 1
        if kind in _MEASURED:
            size = block[at] << 8 | block[at + 1]
            at += 2
        else:
            size = _SIZES[kind]
        if at + size > len(block):
            raise IndexError
        if kind == _STRING:
            headers[name] = block[at : at + size].decode()
        at += size
    return headers


def render_event_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message with string headers; a name has at most 255 bytes, a value 65,535."""
    block = b"".join([_header(name.encode(), value.encode()) for name, value in headers.items()])
    sizes = struct.pack(">II", OVERHEAD_BYTES + len(block) + len(payload), len(block))
    message = sizes + _CHECKSUM.pack(zlib.crc32(sizes)) + block + payload
    return message + _CHECKSUM.pack(zlib.crc32(message))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack(">B", len(name)) + name + struct.pack(">BH", _STRING, len(value)) + value
