"""Newline-separated JSON (NDJSON): bytes of a stream -> lines. It knows how lines are cut, and nothing of what they say."""

from waystation.codec.framing import BYTE_ORDER_MARK, MAX_FRAME_BYTES
from waystation.errors import BadResponse


class LineParser:
    """A push parser, correct for any split: `feed` bytes, get the lines they complete; `close` for the last one."""

    def __init__(self, max_line_bytes: int = MAX_FRAME_BYTES) -> None:
        self._pending = bytearray()
        self._max_line_bytes = max_line_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Lines completed by this piece, without blank ones; `BadResponse` where one grows beyond the limit."""
        end = data.rfind(b"\n")
        if end < 0:
            self._keep(data)
            return []
        lines = (bytes(self._pending) + data[:end]).split(b"\n")
        self._pending.clear()
        self._keep(data[end + 1 :])
        return [line for piece in lines if (line := _bare(piece))]

    def close(self) -> list[bytes]:
        """The stream ended: the line that had no line feed after it, if there is one."""
        line = _bare(bytes(self._pending))
        self._pending.clear()
        return [line] if line else []

    def _keep(self, data: bytes) -> None:
        self._pending += data
        if len(self._pending) > self._max_line_bytes:
            raise BadResponse("The provider sent a line that is too large.")


def _bare(line: bytes) -> bytes:
    return line.strip().removeprefix(BYTE_ORDER_MARK)
