"""A provider's stream -> events: server-sent events (`alt=sse`), or the elements of one JSON array. Correct for any split."""

from typing import Final

from msgspec import DecodeError, json

from waystation.codec.framing import SseParser
from waystation.dialects.gemini.array_frames import ArrayParser
from waystation.dialects.gemini.reader import Reader
from waystation.errors import BadResponse, ProviderError
from waystation.operations.chat_events import Event, StreamError

_DECODE: Final = json.Decoder().decode
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"


class GenerationParser:
    """One stream. `feed` bytes as they come; `close` when the provider has no more: this wire has no closing event."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._sse = SseParser()
        self._array: ArrayParser | None = None
        self._began = False
        self._over = False

    def feed(self, data: bytes) -> list[Event]:
        """Events completed by this piece; nothing after the end."""
        if self._over:
            return []
        try:
            for document in self._documents(data):
                self._read(document)
        except ProviderError as error:
            return self._fail(error)
        return self._reader.take()

    def close(self) -> list[Event]:
        """The end: good if every candidate had a finish reason, else the stream was cut."""
        if self._over:
            return []
        try:
            if self._array is None:
                for frame in self._sse.close():
                    self._read(frame.data)
            elif not self._array.is_between_elements:
                raise BadResponse("The provider's stream was cut.")
            self._reader.finish()
        except ProviderError as error:
            return self._fail(error)
        self._over = True
        return self._reader.take()

    def _documents(self, data: bytes) -> list[bytes]:
        """Complete JSON texts. The first byte that is not blank tells an array from events."""
        if not self._began:
            first = data.lstrip(_BLANK)[:1]
            self._began = bool(first)
            if first in {b"[", b"{"}:
                self._array = ArrayParser()
        if self._array is not None:
            return self._array.feed(data)
        return [frame.data for frame in self._sse.feed(data)]

    def _read(self, document: bytes) -> None:
        if document.strip() == b"[DONE]":
            return
        try:
            value = _DECODE(document)
        except (DecodeError, RecursionError, UnicodeDecodeError):
            raise BadResponse("The provider sent an event that is not valid JSON.") from None
        for chunk in value if isinstance(value, list) else [value]:
            if not isinstance(chunk, dict):
                raise BadResponse("The provider sent an event that is not an object.")
            self._reader.read(chunk)

    def _fail(self, error: ProviderError) -> list[Event]:
        self._over = True
        return [*self._reader.take(), StreamError(error)]
