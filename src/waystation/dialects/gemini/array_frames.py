"""The stream without `alt=sse`: one JSON array, whose elements arrive one by one. Cuts it into elements, for any split.

A bare object is read like an array of one: so some gateways answer a stream that failed.
"""

import re
from typing import Final

from waystation.codec.framing import MAX_FRAME_BYTES
from waystation.errors import BadResponse

_STRUCTURE: Final = re.compile(rb'["\\{}]')
_IN_STRING: Final = re.compile(rb'["\\]')


class ArrayParser:
    """A push parser: `feed` bytes, get the objects they complete, as JSON text."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._at = 0
        self._depth = 0
        self._in_string = False

    @property
    def is_between_elements(self) -> bool:
        """True where no element is open."""
        return self._depth == 0

    def feed(self, data: bytes) -> list[bytes]:
        """Elements completed by this piece; `BadResponse` where one grows beyond the limit."""
        self._pending += data
        elements: list[bytes] = []
        while (mark := self._next_mark()) is not None:
            character = self._pending[mark]
            self._at = mark + 1
            if character == 0x22:  # "
                self._in_string = not self._in_string
            elif character == 0x5C:  # a backslash hides the next character, which may not have come yet
                self._at += 1
            elif character == 0x7B:  # {
                if self._depth == 0:
                    self._drop(mark)
                self._depth += 1
            elif self._depth > 0:
                self._depth -= 1
                if self._depth == 0:
                    elements.append(bytes(self._pending[: self._at]))
                    self._drop(self._at)
        if len(self._pending) > MAX_FRAME_BYTES:
            raise BadResponse("The provider sent an event that is too large.")
        return elements

    def _next_mark(self) -> int | None:
        """Where the next character of meaning stands. Quotes count within elements only: between them stands no text."""
        pattern = _IN_STRING if self._in_string else _STRUCTURE
        found = pattern.search(self._pending, self._at)
        if found is None:
            self._at = max(self._at, len(self._pending))
            return None
        return found.start()

    def _drop(self, count: int) -> None:
        del self._pending[:count]
        self._at = max(self._at - count, 0)
