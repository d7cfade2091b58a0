"""Request bodies gathered from the bytes of a connection, by a declared length or in chunks, never beyond a limit."""

import re
from enum import Enum, auto
from typing import Final

from waystation.server.request import CHUNKED, Refused

_MAX_LINE: Final = 4096
"""Bytes of one line between chunks: a size with its extensions, or a trailer."""
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")


class SizedBody:
    """A body of a declared length."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._data = bytearray()

    def feed(self, data: bytes) -> bytes | None:
        """Take what was read: the bytes after the body's end, or None where more is wanted."""
        missing = self._length - len(self._data)
        if len(data) < missing:
            self._data += data
            return None
        self._data += data[:missing]
        return data[missing:]

    def whole(self) -> bytes:
        """The body, once its end has come."""
        return bytes(self._data)


class _Next(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()


class ChunkedBody:
    """A body in chunks (RFC 9112 7.1). Extensions and trailers are dropped, and bounded."""

    def __init__(self, limit: int, max_extra: int) -> None:
        self._limit = limit
        self._extra = max_extra
        self._data = bytearray()
        self._rest = b""
        self._left = 0
        self._next = _Next.SIZE

    def feed(self, data: bytes) -> bytes | None:
        """Take what was read: the bytes after the body's end, or None where more is wanted; `Refused` where it is wrong."""
        data, self._rest = self._rest + data, b""
        at = 0
        while True:
            if self._next is _Next.DATA:
                piece = data[at : at + self._left]
                self._data += piece
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    return None
                self._next = _Next.DATA_END
            end = data.find(b"\r\n", at)
            if end < 0:
                self._keep(data[at:])
                return None
            line, at = data[at:end], end + 2
            if self._next is _Next.TRAILER and not line:
                return data[at:]
            self._take_line(line)

    def whole(self) -> bytes:
        """The body, once its end has come."""
        return bytes(self._data)

    def _take_line(self, line: bytes) -> None:
        if self._next is _Next.SIZE:
            self._begin_chunk(line)
        elif self._next is _Next.DATA_END:
            if line:
                raise _malformed()
            self._next = _Next.SIZE
        else:
            self._spend(len(line) + 2)
            if not _TRAILER.fullmatch(line):
                raise _malformed()

    def _begin_chunk(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line)
        if match is None or len(line) > _MAX_LINE:
            raise _malformed()
        self._spend(len(line) - len(match[1]))
        self._left = int(match[1], 16)
        if len(self._data) + self._left > self._limit:
            raise too_large()
        self._next = _Next.DATA if self._left else _Next.TRAILER

    def _keep(self, rest: bytes) -> None:
        """Wait for the rest of a line, unless it cannot become a right one."""
        if self._next is _Next.DATA_END and rest not in {b"", b"\r"}:
            raise _malformed()
        if len(rest) > _MAX_LINE or b"\n" in rest or b"\r" in rest[:-1]:
            raise _malformed()
        self._rest = rest

    def _spend(self, size: int) -> None:
        self._extra -= size
        if self._extra < 0:
            raise Refused(431, "The trailers or chunk extensions of the request are too large.")


def body_reader(length: int, limit: int, max_extra: int) -> SizedBody | ChunkedBody:
    """What gathers a body of this declared length (or `CHUNKED`); `Refused` where it is declared over the limit."""
    if length == CHUNKED:
        return ChunkedBody(limit, max_extra)
    if length > limit:
        raise too_large()
    return SizedBody(length)


def too_large() -> Refused:
    """The refusal of a body over its limit."""
    return Refused(413, "The request body is too large.")


def _malformed() -> Refused:
    return Refused(400, "The chunks of the request's body are not well-formed.")
