"""Framing: bytes of a stream -> frames. It knows how frames are cut, and nothing of what they say.

Server-sent events, as the HTML standard defines them, read generously: a line may be indented, and the last event
counts although the server forgot the blank line after it.
"""

from msgspec import Struct

from waystation.errors import BadResponse

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_FRAME_BYTES = 64 * 1024 * 1024
"""One event may carry a whole picture in base64; more than this is a fault of the provider."""


class Frame(Struct, frozen=True, gc=False):
    """One server-sent event: its data, lines joined by LF, and its name ("" where it has none)."""

    data: bytes
    name: str = ""


class SseParser:
    """A push parser, correct for any split: `feed` bytes, get the frames they complete; `close` for the last one."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._pending = bytearray()
        self._after_cr = False
        self._at_start = True
        self._max_frame_bytes = max_frame_bytes

    @property
    def is_between_frames(self) -> bool:
        """True where nothing of what came waits for more, so that the next piece begins a line."""
        return not self._pending and not self._after_cr

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by this piece; `BadResponse` where one grows beyond the limit."""
        if self._after_cr or b"\r" in data:
            data = self._with_line_feeds(data)
        if self._pending:
            data = self._join(data)
        elif data.startswith(b"data: ") and data.find(b"\n") == len(data) - 2 and data.endswith(b"\n\n"):
            # One whole event a read: the usual case of a stream.
            self._at_start = False
            return [Frame(data[6:-2])]
        blocks = data.split(b"\n\n")
        rest = blocks.pop()
        if rest:
            self._pending += rest
            if len(self._pending) > self._max_frame_bytes:
                raise BadResponse("The provider sent an event that is too large.")
        frames = []
        for block in blocks:
            # Nearly every block is one `data: ...` line.
            if block.startswith(b"data: ") and b"\n" not in block:
                self._at_start = False
                frames.append(Frame(block[6:]))
            elif (frame := self._parse_block(block)) is not None:
                frames.append(frame)
        return frames

    def close(self) -> list[Frame]:
        """The stream ended: the frame that had no blank line after it, if there is one."""
        block, self._pending = bytes(self._pending), bytearray()
        frame = self._parse_block(block)
        return [] if frame is None else [frame]

    def _with_line_feeds(self, data: bytes) -> bytes:
        """CR and CRLF become LF; a CR at the end swallows the LF that the next piece may begin with."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
            if not data:
                self._after_cr = False
                return data
        if data:
            self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _join(self, data: bytes) -> bytes:
        """What waits and this piece, once a frame is complete; else nothing, without looking at old bytes again."""
        start = max(len(self._pending) - 1, 0)
        self._pending += data
        if self._pending.find(b"\n\n", start) < 0:
            if len(self._pending) > self._max_frame_bytes:
                raise BadResponse("The provider sent an event that is too large.")
            return b""
        joined, self._pending = bytes(self._pending), bytearray()
        return joined

    def _parse_block(self, block: bytes) -> Frame | None:
        """The lines between two blank lines; None where they hold no data (comments, retry hints)."""
        if self._at_start:
            if not block.strip(b"\n"):
                return None
            block = block.removeprefix(BYTE_ORDER_MARK)
            self._at_start = False
        data: list[bytes] = []
        name = ""
        for line in block.split(b"\n"):
            field, _, value = line.lstrip(b" ").partition(b":")
            if field == b"data":
                data.append(value.removeprefix(b" "))
            elif field == b"event":
                name = value.removeprefix(b" ").decode("utf-8", "replace")
        return Frame(b"\n".join(data), name) if data else None
